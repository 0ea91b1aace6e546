"""``hub verify`` finds what was changed of consumption accounts outside the hub, each by a rule of its own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.settings import CompanyConfig
from hub.store.database import Database
from hub.store.verify import verify
from tests.hand import CHARGE_TYPES, FIRST, Hand
from tests.metering import WATER, ask_on_account, said, settles

_BOOKED = "(SELECT min(id) FROM consumption_result WHERE result > 0)"


class _UndoneError(Exception):
    """Rolls back what was changed."""


def problems_after(hand: Hand, statement: str) -> list[str]:
    """What verify says then; nothing stays changed."""
    problems: list[str] = []
    with suppress(_UndoneError), hand.db.write() as conn:
        conn.execute(text(statement))
        problems = verify(conn).problems
        raise _UndoneError
    return problems


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Hand:
    """A heat account with its on-account chain, a revised water account, and one that waits."""
    hand = Hand(database, tmp_path)
    hand.companies["1"] = CompanyConfig(number="1", charge_types={**CHARGE_TYPES, WATER: "Vandregnskab"})
    ask_on_account(hand, FIRST, paid=10)
    hand.desk.book(said("1", 8_000_00, cost=True), said("2", 30_00, 2, tenant="0"))
    for amount in (100_00, 80_00):
        hand.desk.book(said("1", amount, charge_type=WATER))
    settles(hand, book="by_hand")
    hand.desk.book(said("1", 5_00, property_="2"))
    hand.proved()
    return hand


def test_each_rule_finds_its_own(hand: Hand) -> None:
    for statement, problem in (
        (f"UPDATE consumption_result SET result = result + 1 WHERE id = {_BOOKED}", "which is of 800.00 or another's"),
        (f"UPDATE consumption_result SET amount = amount + 1 WHERE id = {_BOOKED}", "comes to 800.01 by its own"),
        (f"UPDATE consumption_result SET entry_id = NULL WHERE id = {_BOOKED}", "is a result of no revision"),
        ("UPDATE consumption_result SET entry_id = 1 WHERE standing = 'vacant'", "which is of 600.00 or another's"),
        ("UPDATE consumption_revision SET state = 'waits' WHERE what = 'first'", "it is waits, and entry"),
        ("UPDATE consumption_revision SET state = 'withdrawn' WHERE what = 'first'", "it is withdrawn, and entry"),
        ("UPDATE consumption_revision SET state = 'booked'", "it is booked, and nothing books its 5.00"),
        ("UPDATE consumption_account SET state = 'booked'", "says that all of it is booked"),
        ("UPDATE consumption_account SET state = 'withdrawn'", "says that nothing of it stands"),
        ("UPDATE consumption_result SET amount = 70 WHERE amount = 8000", "have booked 80.00, and it says 0.70"),
        (
            "UPDATE consumption_settled SET amount = amount - 1 WHERE id = 1",
            "takes 7200.00 out of holdings, and settles",
        ),
        ("DELETE FROM consumption_settled", "takes 7200.00 out of holdings, and settles 0.00"),
        (
            "UPDATE consumption_settled SET entry_id = (SELECT max(entry_id) FROM consumption_result) WHERE id = 1",
            "takes 7200.00 out of holdings, and settles 6600.00",
        ),
        ("UPDATE consumption_settled SET amount = -amount WHERE id = 1", "is said to be settled by entry"),
        (
            "INSERT INTO consumption_settled (id, entry_id, line_id, amount) SELECT 99, max(r.entry_id), "
            "max(s.line_id), 0 FROM consumption_result r, consumption_settled s",
            "is settled by 2 results",
        ),
        ("UPDATE consumption_result SET reading_id = 999 WHERE id = 1", "consumption result 1 refers to reading 999"),
    ):
        problems = problems_after(hand, statement)
        assert any(problem in one for one in problems), (statement, problems)
    hand.proved()
