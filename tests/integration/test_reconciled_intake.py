"""A bank's own file dropped into the inbox: booked, then at once explained as far as that is certain."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.intake import pipeline, steps
from hub.intake.hub import Hub
from hub.intake.outcome import FileOutcome
from hub.store.tables import account, event
from hub.store.verify import verify
from hub.transport.folders import look_at
from tests import camt, tiny_site

ACCOUNT = "DK5000400440116243"
DAY = date(2026, 7, 2)
_BANK = f"""plugin = "iso20022"
match = ["tenancy"]
[numbers]
{ACCOUNT} = "1"
[[rules]]
name = "bank-fees"
code = "PMNT/*/CHRG"
account = "bank_fees"
"""
LINES = (
    camt.Line(250_00, DAY, reference="1-1-1-1", payer="Søren Ærø"),
    camt.Line(-4_50, DAY, text="Gebyr", code=("PMNT", "MDOP", "CHRG")),
    camt.Line(99_00, DAY, text="Gave", payer="En onkel", servicer_reference="A1"),
)
STATEMENT = camt.statement(ACCOUNT, DAY, DAY, 1_000_00, LINES, identification="2026-183", sequence=183)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    root = tmp_path / "site"
    tiny_site.write_site(root)
    (root / "config/vendors/bank.toml").write_text(_BANK)
    (root / "inbox/bank").mkdir()
    opened = tiny_site.open_hub(root)
    yield opened
    tiny_site.close_hub(opened)


def drop(hub: Hub, content: bytes = STATEMENT, name: str = "statement.xml") -> FileOutcome:
    path = hub.site.inbox / "bank" / name
    path.write_bytes(content)
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    assert outcome is not None
    return outcome


def balances(hub: Hub) -> dict[str, int]:
    with hub.db.read() as conn:
        rows = conn.execute(select(account.c.code, account.c.balance).where(account.c.balance != 0))
        return dict(rows.all())


def proven(hub: Hub) -> None:
    with hub.db.read() as conn:
        assert verify(conn).problems == []


#: What the file books, and what of it a rule of the bank explains then.
BOOKED = {f"bank:{ACCOUNT}": 344_50, "receivable:1-1-1-1": -250_00, "suspense": -94_50}
EXPLAINED = {**BOOKED, "suspense": -99_00, "named:bank_fees": 4_50}


def test_what_a_file_makes_certain_is_explained_when_it_is_booked(hub: Hub) -> None:
    outcome = drop(hub)
    assert (outcome.result.state, outcome.result.counts.booked, outcome.result.counts.unmatched) == ("booked", 1, 2)
    assert outcome.result.amount == 344_50
    assert balances(hub) == EXPLAINED
    (listed,) = hub.site.lists.glob("*.errors.csv")
    rows = list(csv.DictReader(listed.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert [(row["outcome"], row["amount"], row["text"]) for row in rows] == [("unmatched", "99,00", "Gave")]
    proven(hub)


def test_the_next_statement_is_held_against_it(hub: Hub) -> None:
    drop(hub)
    later = date(2026, 7, 6)
    paid = camt.Line(1_00, later, reference="1-1-1-1", servicer_reference="B1")
    following = {"identification": "2026-185", "sequence": 185}
    told = drop(hub, camt.statement(ACCOUNT, later, later, 1_400_00, [paid], **following), "next.xml").result.reasons
    assert len(told) == 1
    assert "ends with 1344.50, this begins with 1400.00, 55.50 apart" in told[0]


def test_a_dry_run_books_and_explains_nothing(hub: Hub) -> None:
    path = hub.site.root / "statement.xml"
    path.write_bytes(STATEMENT)
    outcome = pipeline.ingest(hub, path, actor="test", vendor="bank", dry_run=True)
    assert (outcome.result.state, outcome.result.amount, balances(hub)) == ("booked", 344_50, {})


def test_a_dry_run_names_its_file_by_name_alone_and_the_earlier_one_by_id_too(hub: Hub) -> None:
    drop(hub)
    path = hub.site.root / "again.xml"
    path.write_bytes(STATEMENT.replace(b"2026-183", b"2026-183 "))
    told = pipeline.ingest(hub, path, actor="test", vendor="bank", dry_run=True).result.reasons
    (repeated,) = [reason for reason in told if "repeats" in reason]
    assert "(again.xml, record 1) repeats" in repeated
    assert "(file 1, statement.xml, record 1)" in repeated


def test_a_fault_of_the_pairing_takes_nothing_back_and_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no pair fits")

    with monkeypatch.context() as broken:
        broken.setattr(steps, "reconcile", fail)
        assert drop(hub).result.state == "booked"
    assert balances(hub) == BOOKED
    with hub.db.read() as conn:
        told = conn.execute(select(event.c.file_id, event.c.detail).where(event.c.what == "not reconciled")).all()
    assert [tuple(row) for row in told] == [(1, {"error": "RuntimeError: no pair fits"})]
    # The next file that is booked makes up for it.
    paid = camt.Line(1_00, DAY, reference="1-1-1-1", servicer_reference="B1")
    drop(hub, camt.statement(ACCOUNT, DAY, DAY, 1_344_50, [paid], identification="2026-184", sequence=184), "next.xml")
    assert balances(hub)["named:bank_fees"] == 4_50
    proven(hub)
