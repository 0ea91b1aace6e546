"""``hub reconcile`` and ``hub settle`` as a person meets them: real files in, what is open told by file and line."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.store import database
from hub.store.tables import settlement
from tests import camt, tiny_site
from tests.integration.cli_runner import Answer, hub

ACCOUNT = "DK5000400440116243"
CLEARING = f"nets_bs:{tiny_site.CREDITOR}:00001"
DAY = date(2026, 7, 1)
_BANK = f'plugin = "iso20022"\n[numbers]\n{ACCOUNT} = "1"\n[settings]\naccounts = ["{ACCOUNT}"]\n'


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "site"
    tiny_site.write_site(root)
    (root / "config/vendors/bank.toml").write_text(_BANK)
    (root / "inbox/bank").mkdir()
    return root


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "site"))


def _ingest(site: Path, name: str, content: bytes) -> None:
    (site / name).write_bytes(content)
    answer = hub("ingest", site / name, "--json", site=site)
    (file,) = answer.json["files"]
    assert file["state"] == "booked", answer.out + answer.err


def _vendor(site: Path, *payments: tuple[str, int]) -> None:
    _ingest(site, "D0602.txt", tiny_site.delivery(*payments))


def _bank(site: Path, *amounts: int, on: date = DAY) -> None:
    lines = [camt.Line(amount, on, text="NETS BS", servicer_reference=f"R{n}") for n, amount in enumerate(amounts)]
    _ingest(site, "statement.xml", camt.statement(ACCOUNT, on, on, 10_000_00, lines, identification="1", sequence=1))


def _reconciled(site: Path, *options: str) -> dict[str, Any]:
    answer = hub("reconcile", "--json", *options, site=site)
    assert answer.status in (0, 2), answer.err
    assert (answer.status == 0) == answer.json["clear"]
    return dict(answer.json)


def _said(answer: Answer) -> str:
    return " ".join(answer.out.split())


def test_a_month_end_at_zero_and_then_one_payment_short(site: Path) -> None:
    _vendor(site, ("101", 500_00), ("201", 250_00))
    _bank(site, 750_00)
    told = hub("reconcile", site=site)
    assert told.status == 0, told.err
    assert "everything nets to 0.00: 1 clearing account, every bank line explained" in told.out
    assert "ends with 10750.00 DKK, the books with 10750.00: they agree" in told.out
    assert hub("verify", "--quick", site=site).status == 0


def test_files_that_are_not_booked_are_told_beside_what_is_at_zero(site: Path) -> None:
    """Nothing open is no proof where a vendor's file waits for a person."""
    _vendor(site, ("101", 500_00))
    _bank(site, 500_00)
    (site / "cut.txt").write_bytes(tiny_site.delivery(("201", 250_00), number=2)[:-200])
    assert hub("ingest", site / "cut.txt", site=site).status == 2
    told = hub("reconcile", site=site)
    assert "everything nets to 0.00" in told.out
    assert "1 file is not booked, or not whole, and not in these figures; see: hub files" in _said(told)
    assert _reconciled(site)["files_held_back"] == 1


def test_one_payment_short_is_named(site: Path) -> None:
    _vendor(site, ("101", 500_00), ("201", 250_00))
    _bank(site, 500_00)
    told = hub("reconcile", site=site)
    assert told.status == 2
    said = _said(told)
    assert "shows 250.00 less: exactly 250.00 is entry" in said
    assert "D0602.txt record 4: " in said
    assert "Mads Holm customer 201" in said
    assert "open: 1 clearing account, 1 bank line" in said
    (account,) = _reconciled(site)["clearing"]
    (item,) = account["items"]
    assert (account["account"], item["target"]) == (CLEARING, f"{CLEARING}@2026-07-01")
    assert (item["short"][0]["record"]["tenancy"], item["short"][0]["amount"]) == ("1-2-1-1", "250.00")


def test_what_the_bank_has_shown_and_the_books_no_longer_have_is_told(site: Path) -> None:
    _vendor(site, ("101", 500_00), ("201", 250_00))
    _bank(site, 750_00)
    moved = hub("movements", "1-1-1-1", "--json", site=site).json["movements"]
    (entry,) = (one["entry"] for one in moved if one["kind"] == "payment")
    assert hub("reverse", entry, "--reason", "wrong_tenancy", site=site).status == 0
    said = _said(hub("reconcile", site=site))
    assert "the bank has shown 500.00 more: exactly -500.00 is entry" in said


def test_what_is_paired_is_told_and_a_dry_run_books_nothing(site: Path) -> None:
    config = site / "config/vendors/bs.toml"
    as_it_was = config.read_text() + '[clearing]\nbank_text = "nets*"\n'
    config.write_text(f"{as_it_was}days_max = 0\n")
    _vendor(site, ("101", 500_00))
    _bank(site, 500_00, on=date(2026, 7, 2))
    (waiting,) = _reconciled(site)["lines"]
    assert waiting["candidates"][0]["why_not"] == "it lies more than 0 days from 2026-07-01"
    config.write_text(as_it_was)
    for options, heading in ((("--dry-run",), "would be paired:"), ((), "paired now:")):
        told = hub("reconcile", *options, site=site)
        assert heading in told.out
        assert f"{CLEARING}@2026-07-01" in told.out
        assert told.status == (2 if options else 0)
    assert _reconciled(site)["paired"] == []


def test_what_a_person_took_back_he_says_anew_and_once(site: Path) -> None:
    _vendor(site, ("101", 500_00))
    _bank(site, 500_00)
    (entry,) = _settlements(site)
    assert hub("reverse", entry, "--reason", "other", site=site).status == 0
    (waiting,) = _reconciled(site)["lines"]
    assert waiting["candidates"][0]["why_not"].startswith("a person has had the line in hand")
    asked = ("settle", waiting["line"], f"{CLEARING}@2026-07-01", "--key", "k", "--json")
    done, again = (hub(*asked, site=site).json for _ in range(2))
    assert (done["amount"], done["left"], done["repeated"]) == ("500.00", "0.00", False)
    assert (again["entry"], again["repeated"]) == (done["entry"], True)
    assert _reconciled(site)["clear"]


def _settlements(site: Path) -> list[int]:
    opened = database.connect(f"sqlite:///{site}/hub.db")
    with opened.read() as conn:
        found = list(conn.scalars(select(settlement.c.entry_id)))
    opened.close()
    return found


def test_settling_a_part_and_what_is_refused(site: Path) -> None:
    _vendor(site, ("101", 500_00))
    _bank(site, 503_00)
    (waiting,) = _reconciled(site)["lines"]
    number = waiting["line"]
    refused = hub("settle", number, f"{CLEARING}@2026-07-01", site=site)
    assert refused.status == 1
    assert "503.00 is more than the 500.00 that is open" in " ".join(refused.err.split())
    assert hub("settle", number, f"{CLEARING}@2026-07-01", "--amount", "500,00", site=site).status == 0
    assert hub("settle", number, "account:roundings", site=site).status == 0
    assert _reconciled(site)["clear"]


def test_one_account_or_company(site: Path) -> None:
    _vendor(site, ("101", 500_00))
    _bank(site, 1_00)
    assert _reconciled(site, "--account", CLEARING)["banks"] == []
    assert _reconciled(site, "--account", ACCOUNT)["clearing"] == []
    assert len(_reconciled(site, "--company", "1")["clearing"]) == 1
    for options in (("--account", "nets_bs:1:1"), ("--company", "7")):
        assert hub("reconcile", *options, site=site).status == 1
