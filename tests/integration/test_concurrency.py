"""Real processes at the same books: nothing is lost, doubled or taken twice, on either database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.acts.act import perform
from hub.acts.money import receive
from hub.settings import Site
from hub.store.database import Database
from hub.store.tables import account, act, entry, suspense
from hub.store.verify import verify
from tests.desk import NOW, Desk, paid
from tests.worker import Workers

PROCESSES = 4
TENANT = "1-1-1-1"

Worked = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


@pytest.fixture
def worked(workers: Workers, desk: Desk, database_url: str) -> Worked:
    """What each process made of the same work, begun together."""

    def worked(work: str, *arguments: object) -> list[dict[str, Any]]:
        given = ("clerk", database_url, str(desk.folder), work, *map(str, arguments))
        return workers.do(*((*given, str(number)) for number in range(PROCESSES)))

    return worked


def proved(desk: Desk) -> None:
    with desk.db.read() as conn:
        assert verify(conn).problems == []


def test_payments_and_charges_of_many_writers_all_count(desk: Desk, worked: Worked) -> None:
    told = worked("pay_and_charge", 15)
    assert [one["done"] for one in told] == [15] * PROCESSES
    # Each round charges 100.00 and pays 60.00, on two tenants of one company and one of another.
    for key in (TENANT, "1-1-2-1", "2-1-1-1"):
        assert desk.balance(key) == PROCESSES * 5 * (100_00 - 60_00)
    proved(desk)
    numbers = desk.all(select(func.count(), func.count(func.distinct(entry.c.key))).select_from(entry))
    assert numbers == [(PROCESSES * 30, PROCESSES * 30)]


def test_the_same_key_is_done_once(desk: Desk, worked: Worked) -> None:
    told = worked("same_key")
    assert Counter(one["repeated"] for one in told) == {False: 1, True: PROCESSES - 1}
    assert len({json.dumps(one["result"], sort_keys=True) for one in told}) == 1
    assert desk.balance(TENANT) == -250_00
    assert desk.one(select(func.count()).select_from(act)) == 1
    proved(desk)


def test_a_holding_is_paid_out_once(desk: Desk, worked: Worked) -> None:
    site = Site(desk.folder)
    perform(
        desk.db,
        site,
        "pay",
        {},
        lambda acting: receive(acting, TENANT, 1_000_00, holding="deposit"),
        actor="test",
        now=NOW,
    )
    told = worked("pay_out_deposit")
    assert Counter(one["refused"] for one in told) == {"": 1, "OverdrawnError": PROCESSES - 1}
    assert desk.one(select(account.c.balance).where(account.c.code == f"holding:deposit:{TENANT}")) == 0
    proved(desk)


def test_money_in_suspense_is_given_away_once(desk: Desk, worked: Worked) -> None:
    desk.book(paid("777", 75_00, "WHO"))
    payment = desk.one(select(suspense.c.entry_id))
    told = worked("match", payment)
    assert Counter(one["refused"] for one in told) == {"": 1, "MatchRefusedError": PROCESSES - 1}
    assert desk.balance(TENANT) == -75_00
    proved(desk)


def test_an_entry_is_reversed_once(desk: Desk, worked: Worked) -> None:
    desk.charge(TENANT, "OCT", "2026-10-01", 500_00)
    told = worked("reverse", desk.one(select(entry.c.id)))
    assert Counter(one["refused"] for one in told) == {"": 1, "ReversalRefusedError": PROCESSES - 1}
    assert desk.balance(TENANT) == 0
    proved(desk)
