"""R17 through the whole hub: both kinds of file of one account, each way that they may be set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.intake import pipeline
from hub.intake.hub import Hub
from hub.store.tables import account
from hub.store.verify import verify
from hub.transport.folders import look_at
from tests import camt, tiny_site

ACCOUNT, CREDITOR = "DK5000400440116243", "88888888"
DAY = date(2026, 7, 2)
SLIPS = (
    camt.Line(250_00, DAY, creditor=CREDITOR, payment_id="000000000001230", servicer_reference="A1"),
    camt.Line(99_00, DAY, creditor=CREDITOR, payment_id="026840149965328", servicer_reference="A2"),
)
TRANSFER = camt.Line(5_00, DAY, text="Gave", servicer_reference="A3")
_BANK = f"""plugin = "iso20022"
books_slips_of = ["{CREDITOR}"]
[numbers]
{ACCOUNT} = "1"
{CREDITOR} = "1"
[settings]
books = """


@pytest.fixture
def hub_of(tmp_path: Path) -> Iterator[Callable[[str], Hub]]:
    opened: list[Hub] = []

    def open_with(books: str) -> Hub:
        root = tmp_path / "site"
        tiny_site.write_site(root)
        (root / "config/vendors/bank.toml").write_text(f'{_BANK}"{books}"\n')
        (root / "inbox/bank").mkdir()
        opened.append(tiny_site.open_hub(root))
        return opened[-1]

    yield open_with
    for hub in opened:
        tiny_site.close_hub(hub)


def drop(hub: Hub, *lines: camt.Line, kind: str) -> str:
    """The state of a file of these lines."""
    path = hub.site.inbox / "bank" / f"{kind}.xml"
    path.write_bytes(camt.statement(ACCOUNT, DAY, DAY, 0, lines, identification=f"{kind}-1", kind=kind))
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    assert outcome is not None
    return outcome.result.state


def balances(hub: Hub) -> dict[str, int]:
    with hub.db.read() as conn:
        assert verify(conn).problems == []
        rows = conn.execute(select(account.c.code, account.c.balance).where(account.c.balance != 0))
        return dict(rows.all())


#: Nobody has these slips, so the money is in suspense: once, whichever file has booked it.
ONCE = {f"bank:{ACCOUNT}": 354_00, "suspense": -354_00}


@pytest.mark.parametrize("order", [("camt.053", "camt.054"), ("camt.054", "camt.053")])
def test_the_statement_books_and_the_notification_confirms(
    hub_of: Callable[[str], Hub], order: tuple[str, str]
) -> None:
    hub = hub_of("camt.053")
    assert [drop(hub, camt.batch(SLIPS), TRANSFER, kind=kind) for kind in order] == ["booked", "booked"]
    assert balances(hub) == ONCE


@pytest.mark.parametrize("order", [("camt.053", "camt.054"), ("camt.054", "camt.053")])
@pytest.mark.parametrize("is_one_line", [True, False])
def test_the_notification_books_the_slips_and_the_statement_settles_them(
    hub_of: Callable[[str], Hub], order: tuple[str, str], is_one_line: bool
) -> None:
    """Whether the bank's statement has one line for all of the day's slips, without details, or each of them."""
    hub = hub_of("camt.054")
    together = camt.Line(349_00, DAY, batch=2)
    lines = {"camt.053": (together,) if is_one_line else SLIPS, "camt.054": (camt.batch(SLIPS),)}
    assert [drop(hub, *lines[kind], TRANSFER, kind=kind) for kind in order] == ["booked", "booked"]
    assert balances(hub) == ONCE


def test_a_payment_made_twice_is_two(hub_of: Callable[[str], Hub]) -> None:
    """Also where the same file tells of both, to the letter alike."""
    hub = hub_of("camt.053")
    twice = replace(SLIPS[0], servicer_reference="")
    assert drop(hub, twice, twice, kind="camt.053") == "booked"
    assert balances(hub)[f"bank:{ACCOUNT}"] == 500_00
