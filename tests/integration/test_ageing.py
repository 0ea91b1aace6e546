"""Balances by age: told from the indexes, and the same as adding up everything from the beginning."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from hub.errors import HubError
from hub.ledger.ageing import Ageing, aged
from hub.store import views
from hub.store.database import Database
from hub.store.tables import allocation, batch, charge, charge_line, entry, posting, tenancy
from hub.store.verify import verify
from hub.store.views.ageing import open_by_due
from hub.store.views.counting import AsOf
from hub.store.views.scope import Scope
from tests.teller import ABROAD, HOME, NEIGHBOUR, OTHER_PROPERTY, SHOP, Teller, moment

ALL = (HOME, NEIGHBOUR, OTHER_PROPERTY, SHOP, ABROAD)
FIRST_DAY = date(2026, 6, 1)


@pytest.fixture
def teller(database: Database, tmp_path: Path) -> Teller:
    return Teller(database, tmp_path)


def ageing_of(teller: Teller, as_of: str, **scope: str) -> dict[str, Ageing]:
    with teller.db.read() as conn:
        rows = views.ageing(conn, views.scope_of(conn, **scope), date.fromisoformat(as_of))
    return {row.tenancy: row.ageing for row in rows}


class Naive:
    """All rows of the books in memory, added up from the beginning for every question."""

    def __init__(self, conn: Connection) -> None:
        recorded = dict(
            conn.execute(select(entry.c.id, batch.c.recorded_at).join(batch, batch.c.id == entry.c.batch_id)).all()
        )
        self.entries = {id_: (day, recorded[id_]) for id_, day in conn.execute(select(entry.c.id, entry.c.value_date))}
        self.tenancies = conn.execute(
            select(tenancy.c.id, tenancy.c.key, tenancy.c.account_id, tenancy.c.business)
        ).all()
        self.postings = conn.execute(select(posting.c.entry_id, posting.c.account_id, posting.c.amount)).all()
        self.allocations = conn.execute(
            select(allocation.c.entry_id, allocation.c.payment_id, allocation.c.line_id, allocation.c.amount)
        ).all()
        self.lines = conn.execute(
            select(
                charge_line.c.id, charge.c.entry_id, charge_line.c.tenancy_id, charge.c.due_date, charge_line.c.amount
            ).join(charge, charge.c.id == charge_line.c.charge_id)
        ).all()

    def counts(self, entry_id: int, day: date, at: datetime | None) -> bool:
        value_date, recorded_at = self.entries[entry_id]
        return value_date <= day and (at is None or recorded_at <= at)

    def ageing(self, day: date, at: datetime | None) -> dict[str, Ageing]:
        paid: defaultdict[int, int] = defaultdict(int)
        for act, money, line, amount in self.allocations:
            if self.counts(act, day, at) and self.counts(money, day, at):
                paid[line] += amount
        found = {}
        for id_, key, account_id, business in self.tenancies:
            owed = sum(
                row.amount
                for row in self.postings
                if row.account_id == account_id and self.counts(row.entry_id, day, at)
            )
            lines = sorted(
                (due, line, min(amount, amount - paid[line]))
                for line, act, whose, due, amount in self.lines
                if whose == id_ and self.counts(act, day, at)
            )
            too_much = -sum(min(0, left) for _, _, left in lines)
            unpaid = []
            for due, _, left in lines:
                of_this = min(too_much, max(0, left))
                too_much -= of_this
                unpaid.append((due, max(0, left) - of_this))
            found[key] = aged(unpaid, owed, day, business)
        return found


def do_something(teller: Teller, chance: random.Random, day: date, booked: list[int]) -> Iterator[dict[str, Any]]:
    """One act of any kind, mostly near its day; what the rules refuse is not done."""
    key = chance.choice(ALL)
    when = (day + timedelta(days=chance.randrange(-40, 40))).isoformat()
    match chance.randrange(8):
        case 0 | 1 | 2:
            lines = [
                (chance.choice(("10", "20", "75020")), chance.randrange(1, 900_00))
                for _ in range(chance.randrange(1, 3))
            ]
            yield teller.charge(key, when, *lines, at=day.isoformat(), kind="other")
        case 3 | 4 | 5:
            yield teller.pay(key, when, chance.randrange(1, 1500_00), at=day.isoformat())
        case 6:
            yield teller.pay(key, when, -chance.randrange(1, 200_00), at=day.isoformat())
        case 7 if booked:
            yield teller.reverse(chance.choice(booked), day.isoformat())


@pytest.mark.parametrize("often_back", [0, 0.3], ids=["clock right", "clock often set back"])
# With 101 an act was recorded, by a clock that was set back, before the money that it used.
@pytest.mark.parametrize("seed", [0, 1, 2, 101])
def test_any_day_at_any_moment_is_what_adding_up_from_the_beginning_gives(
    teller: Teller, seed: int, often_back: float
) -> None:
    chance = random.Random(seed)
    booked: list[int] = []
    for number in range(60):
        # Then what is booked later, with higher ids, was recorded before what is there already.
        back = chance.randrange(1, 60) if chance.random() < often_back else 0
        day = FIRST_DAY + timedelta(days=2 * number - back)
        try:
            booked.extend(done["entry"] for done in do_something(teller, chance, day, booked))
        except HubError:
            continue
    assert len(booked) > 30
    with teller.db.read() as conn:
        assert verify(conn).problems == []
        naive = Naive(conn)
        for _ in range(25):
            day = FIRST_DAY + timedelta(days=chance.randrange(-50, 200))
            at = chance.choice((None, moment((FIRST_DAY + timedelta(days=chance.randrange(130))).isoformat())))
            expected = naive.ageing(day, at)
            shown = {key: its for key, its in expected.items() if any(its)}
            assert {row.tenancy: row.ageing for row in views.ageing(conn, Scope(), day, at)} == shown, (day, at)
            key = chance.choice(ALL)
            one = views.balance(conn, key, day, at)
            assert (one.ageing, one.balance, one.overdue) == (
                expected[key],
                expected[key].balance,
                expected[key].overdue,
            )
            far = naive.ageing(date(2200, 1, 1), at)[key].balance
            assert one.coming == far - one.balance
            moved = views.movements(conn, key, until=day, recorded=at)
            assert sum(movement.amount for movement in moved) == one.balance


class TestALineThatWasPaidTwice:
    """A payment of September was taken back in November; one that had come in September too then took its place."""

    @pytest.fixture(autouse=True)
    def _booked(self, teller: Teller) -> None:
        teller.charge(HOME, "2026-09-01", ("10", 500_00), reference="SEP")
        teller.charge(HOME, "2026-10-01", ("75020", 500_00), reference="OCT")
        first = teller.pay(HOME, "2026-09-10", 500_00, at="2026-09-10")["entry"]
        teller.reverse(first, "2026-11-01")
        teller.pay(HOME, "2026-09-20", 500_00, at="2026-11-02")

    @pytest.mark.parametrize(
        ("as_of", "expected"),
        [
            ("2026-09-15", Ageing()),
            ("2026-09-25", Ageing(credit=-500_00)),
            # The money of both was there, for what both charges demanded.
            ("2026-10-05", Ageing()),
            ("2026-11-05", Ageing(from_30_to_60=500_00)),
        ],
    )
    def test_what_was_too_much_of_it_has_paid_the_others(self, teller: Teller, as_of: str, expected: Ageing) -> None:
        with teller.db.read() as conn:
            one = views.balance(conn, HOME, date.fromisoformat(as_of))
            ref = views.tenancy_of(conn, HOME).ref
            left = sum(views.open_by_charge(conn, ref, one.as_of).values())
        assert one.ageing == ageing_of(teller, as_of, tenancy=HOME)[HOME] == expected
        assert ageing_of(teller, as_of).get(HOME, Ageing()) == expected
        assert one.balance == expected.balance
        assert left == expected.balance - expected.credit

    def test_what_is_held_of_it_is_what_had_been_paid(self, teller: Teller) -> None:
        with teller.db.read() as conn:
            before, after = (views.balance(conn, HOME, date(2026, month, 5)) for month in (10, 11))
        assert [(one.held, one.unpaid) for one in (*before.holdings, *after.holdings)] == [(500_00, 0), (0, 500_00)]

    def test_as_recorded_before_the_second_came_it_was_paid_once(self, teller: Teller) -> None:
        with teller.db.read() as conn:
            one = views.balance(conn, HOME, date(2026, 10, 5), moment("2026-10-05"))
        assert one.ageing == Ageing(under_30=500_00)


class TestAgeing:
    @pytest.fixture(autouse=True)
    def _booked(self, teller: Teller) -> None:
        teller.charge(HOME, "2026-09-01", ("10", 500_00), reference="SEP")
        teller.charge(HOME, "2026-11-02", ("10", 500_00), reference="NOV")
        teller.charge(SHOP, "2026-10-05", ("10", 900_00))
        teller.pay(NEIGHBOUR, "2026-10-01", 70_00)
        teller.pay(HOME, "2026-11-10", 200_00, at="2026-11-04")

    def test_a_row_a_tenancy_that_has_anything_and_totals(self, teller: Teller) -> None:
        with teller.db.read() as conn:
            scope = views.scope_of(conn, company="1")
            rows = views.ageing(conn, scope, date(2026, 11, 5))
            properties, companies = views.totals(conn, scope, rows)
        assert {row.tenancy: row.ageing for row in rows} == {
            HOME: Ageing(0, 500_00, 0, 500_00, 0),
            NEIGHBOUR: Ageing(0, 0, 0, 0, -70_00),
            SHOP: Ageing(0, 0, 900_00, 0, 0),
        }
        assert [(one.key, one.tenancies, one.ageing.balance) for one in properties] == [
            ("1-1", 2, 930_00),
            ("1-2", 2, 900_00),
        ]
        assert [(one.key, one.tenancies, tuple(one.ageing)) for one in companies] == [
            ("1", 4, (0, 500_00, 900_00, 500_00, -70_00))
        ]

    def test_of_a_property_and_of_a_tenancy_are_those_alone(self, teller: Teller) -> None:
        assert ageing_of(teller, "2026-11-05", property="01-02").keys() == {SHOP}
        assert ageing_of(teller, "2026-11-05", tenancy=HOME).keys() == {HOME}
        assert ageing_of(teller, "2026-11-05").keys() == {HOME, NEIGHBOUR, SHOP}

    def test_a_tenancy_with_nothing_has_a_row_where_it_is_asked_for(self, teller: Teller) -> None:
        assert ageing_of(teller, "2026-11-05", tenancy=OTHER_PROPERTY) == {OTHER_PROPERTY: Ageing()}

    def test_and_all_of_them_where_everyone_is_asked_for(self, teller: Teller) -> None:
        with teller.db.read() as conn:
            rows = views.ageing(conn, Scope(), date(2026, 11, 5), everyone=True)
        assert {row.tenancy for row in rows} == set(ALL)

    def test_a_tenancy_that_has_been_paid_since_has_a_row_for_the_day_before(self, teller: Teller) -> None:
        teller.charge(OTHER_PROPERTY, "2026-10-20", ("10", 300_00))
        teller.pay(OTHER_PROPERTY, "2026-11-09", 300_00, at="2026-11-09")
        assert ageing_of(teller, "2026-11-05")[OTHER_PROPERTY] == Ageing(0, 300_00, 0, 0, 0)
        assert OTHER_PROPERTY not in ageing_of(teller, "2026-11-09")

    def test_companies_of_two_currencies_are_never_in_one_total(self, teller: Teller) -> None:
        with teller.db.read() as conn:
            _, companies = views.totals(conn, Scope(), views.ageing(conn, Scope(), date(2026, 11, 5)))
        assert [(one.key, one.currency, one.tenancies) for one in companies] == [("1", "DKK", 4), ("2", "SEK", 1)]

    def test_as_the_books_stood_before_the_payment_was_recorded(self, teller: Teller) -> None:
        with teller.db.read() as conn:
            before, after = (
                views.balance(conn, HOME, date(2026, 11, 20), moment(at)) for at in ("2026-11-03", "2026-11-04")
            )
        assert (before.balance, after.balance) == (1000_00, 800_00)

    @pytest.mark.parametrize(
        ("scope", "message"),
        [
            ({"company": "9"}, "no company 9"),
            ({"property": "1-9"}, "no property 1-9"),
            ({"property": "1"}, "no property 1"),
            ({"tenancy": "1-1-1-9"}, "no tenancy 1-1-1-9"),
            ({"company": "1", "tenancy": HOME}, "name one of them"),
        ],
    )
    def test_what_is_not_there_is_named(self, teller: Teller, scope: dict[str, str], message: str) -> None:
        with teller.db.read() as conn, pytest.raises(HubError, match=message):
            views.scope_of(conn, **scope)


def test_every_table_that_grows_is_read_by_an_index(teller: Teller) -> None:
    """Of a company of many, nothing is read that is not that company's, nor what came before the day."""
    teller.charge(HOME, "2026-09-01", ("10", 500_00))
    with teller.db.read() as conn:
        plan = _plan(conn, open_by_due(conn, [1, 2], AsOf(date(2026, 11, 5))))
    for table in ("posting", "allocation", "charge_line", "charge", "entry"):
        assert f"SCAN {table}" not in plan
    if conn.dialect.name == "sqlite":
        for index in ("ix_charge_line_open", "ix_charge_line_changed", "ix_allocation_line_id"):
            assert index in plan


#: What grows with the tenancies. Of batches there are as many as files, and PostgreSQL may read all of them.
GROWING = ("posting", "allocation", "charge_line", "charge", "entry", "account", "tenancy", "consumption_settled")


@pytest.mark.parametrize("recorded", [None, moment("2026-11-03")])
def test_one_tenancy_is_read_by_indexes_alone(teller: Teller, recorded: datetime | None) -> None:
    teller.charge(HOME, "2026-09-01", ("10", 500_00), ("75020", 100_00))
    with teller.db.read() as conn:
        with _asked(conn) as asked:
            views.balance(conn, HOME, date(2026, 11, 5), recorded)
            views.movements(conn, HOME, until=date(2026, 11, 5), recorded=recorded)
        # Which entries had been recorded by then is asked of the batches, by each of both.
        assert len(asked) == (8 if recorded is None else 10)
        _assert_by_indexes(conn, asked)


@pytest.mark.parametrize("recorded", [None, moment("2026-11-03")])
def test_a_company_is_read_by_indexes_alone(teller: Teller, recorded: datetime | None) -> None:
    teller.charge(HOME, "2026-09-01", ("10", 500_00), ("75020", 100_00))
    with teller.db.read() as conn:
        scope = views.scope_of(conn, company="1")
        with _asked(conn) as asked:
            views.totals(conn, scope, views.ageing(conn, scope, date(2026, 11, 5), recorded))
        assert len(asked) == (4 if recorded is None else 5)
        _assert_by_indexes(conn, asked)


def test_as_recorded_then_no_open_line_is_looked_for_in_a_list_of_all_that_came_since(teller: Teller) -> None:
    """PostgreSQL hashes such a list only where it fits into its memory, and reads it for every line otherwise."""
    teller.charge(HOME, "2026-09-01", ("10", 500_00))
    teller.pay(HOME, "2026-11-04", 100_00)
    with teller.db.read() as conn:
        with _asked(conn) as asked:
            views.ageing(conn, Scope(), date(2026, 11, 5), moment("2026-11-03"))
        _, (tenancies, _), (lines, values), *_ = asked
        assert not re.search(r"NOT \(ANY \((charge_line\.)?id =", _explained(conn, lines, values))
        assert "NOT IN" not in lines
    # All that an account ever had is read for what came since: once, for whether there was any and how much.
    assert tenancies.count("FROM posting") == 1


@contextmanager
def _asked(conn: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Statements with their values."""
    asked: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append((statement, values))

    event.listen(conn, "before_cursor_execute", note)
    yield asked
    event.remove(conn, "before_cursor_execute", note)


def _assert_by_indexes(conn: Connection, asked: list[tuple[str, Any]]) -> None:
    for statement, values in asked:
        plan = _explained(conn, statement, values)
        for table in GROWING:
            assert not re.search(rf"SCAN {table}\b", plan), plan


def _plan(conn: Connection, query: Any) -> str:
    compiled = query.compile(conn.engine)
    if conn.dialect.name == "sqlite":
        return _explained(conn, str(compiled), tuple(str(compiled.params[name]) for name in compiled.positiontup))
    return _explained(conn, str(compiled), compiled.params)


def _explained(conn: Connection, statement: str, values: Any) -> str:
    """Of SQLite as it is; of PostgreSQL with whole tables made unattractive, as they are when they are large."""
    if conn.dialect.name == "sqlite":
        return "\n".join(row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values))
    conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
    rows = conn.exec_driver_sql(f"EXPLAIN {statement}", values)
    return "\n".join(row[0] for row in rows).replace("Seq Scan on", "SCAN")
