"""The next collection on real books: what is charged already is not charged again, whoever charged it and as what."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from hub.acts import charges, contributions
from hub.imports.charges import import_charges
from hub.ledger.preview import Period
from hub.store import views
from hub.store.database import Database
from hub.store.portfolio import tenancies_by_key
from hub.store.views.next_charges import collecting_of
from tests.integration.cli_runner import hub
from tests.teller import COMPANIES, HOME, NEIGHBOUR, OTHER_PROPERTY, SHOP, Teller, moment

TODAY = date(2026, 11, 22)
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
_AT = "2026-11-20"
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def teller(database: Database, tmp_path: Path) -> Teller:
    made = Teller(database, tmp_path)
    made.recurring(HOME, "10", 5000_00, "2026-01-01")
    made.recurring(HOME, "75020", 400_00, "2026-01-01")
    return made


def _next(teller: Teller, collects_from: date | None = None, key: str = HOME) -> tuple[date, list[tuple[str, int]]]:
    with teller.db.read() as conn:
        found = views.next_charge(conn, key, TODAY, collects_from).charge
    return found.period.first, [(line.charge_type, line.amount) for line in found.lines]


@pytest.mark.parametrize("kind", ["rent", "other"])
def test_rent_charged_by_hand_is_not_charged_again_whatever_its_kind(teller: Teller, kind: str) -> None:
    made = teller.charge(HOME, "2026-12-01", ("10", 5000_00), at=_AT, kind=kind)
    assert _next(teller) == (DECEMBER, [("75020", 400_00)])
    teller.reverse(made["entry"], "2026-11-21")
    assert _next(teller) == (DECEMBER, [("10", 5000_00), ("75020", 400_00)])


def test_imported_rent_is_not_charged_again(teller: Teller, tmp_path: Path) -> None:
    table = tmp_path / "open.csv"
    table.write_text(
        "tenancy,due_date,charge_type,amount,reference,period_from,period_to\n"
        f"{HOME},2026-11-25,10,5000.00,R-12,2026-12-01,2026-12-31\n{HOME},2026-12-01,75020,400.00,A-12,,\n"
    )
    company_of = COMPANIES.__getitem__
    assert not import_charges(teller.db, table, now=moment(_AT), actor="test", company_of=company_of).bad
    assert _next(teller)[0] == date(2027, 1, 1)


@sqlite_only
def test_of_who_has_moved_out_it_asks_what_is_open_and_says_so(teller: Teller, tmp_path: Path) -> None:
    teller.charge(NEIGHBOUR, "2026-10-01", ("10", 300_00), reference="LAST")
    with teller.db.read() as conn:
        found = views.next_charge(conn, NEIGHBOUR, TODAY)
        assert (found.after_move_out, found.move_out) == (True, date(2026, 10, 31))
        assert (found.charge.new, found.charge.total) == (0, 300_00)
        assert not views.next_charge(conn, HOME, TODAY).after_move_out


@sqlite_only
def test_a_charge_that_was_credited_was_charged(teller: Teller) -> None:
    teller.charge(HOME, "2026-12-01", ("10", 5000_00), ("75020", 400_00), at=_AT, reference="DEC")
    teller.act("2026-11-21", partial(charges.credit_charge, tenancy_key=HOME, reference="DEC", day=DECEMBER))
    assert _next(teller)[0] == date(2027, 1, 1)


@sqlite_only
def test_a_period_that_has_begun_comes_where_the_company_collects_it(teller: Teller) -> None:
    assert _next(teller, NOVEMBER) == (NOVEMBER, [("10", 5000_00), ("75020", 400_00)])
    teller.charge(HOME, "2026-11-01", ("10", 5000_00), kind="other")
    assert _next(teller, NOVEMBER) == (NOVEMBER, [("75020", 400_00)])
    teller.charge(HOME, "2026-11-01", ("75020", 400_00), kind="other")
    assert _next(teller, NOVEMBER)[0] == DECEMBER
    with teller.db.read() as conn:
        assert views.next_due(conn, HOME, TODAY, NOVEMBER) == DECEMBER


@sqlite_only
def test_the_command_says_from_when_the_company_collects(teller: Teller, database_url: str, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "config/companies").mkdir(parents=True)
    (site / "config/hub.toml").write_text(f'database = "{database_url}"\n', encoding="utf-8")
    settings = site / "config/companies/1.toml"

    def told(*options: str) -> Any:
        return hub("next-charge", "01-1-1-1", "--as-of", TODAY, *options, site=site)

    settings.write_text('number = "1"\n', encoding="utf-8")
    assert (told("--json").json["collects_from"], told("--json").json["due_date"]) == (None, "2026-12-01")
    assert "periods that have begun by 2026-11-22 are left out" in told().out
    settings.write_text('number = "1"\ncollects_from = 2026-11-01\n', encoding="utf-8")
    assert (told("--json").json["collects_from"], told("--json").json["due_date"]) == ("2026-11-01", "2026-11-01")
    assert "left out" not in told().out
    balance = hub("balance", HOME, "--as-of", TODAY, "--json", site=site).json
    assert balance["next_charge"] == "2026-11-01"


def test_what_it_says_booked_line_by_line_leaves_nothing_of_the_period(teller: Teller) -> None:
    """As a collection run would: asked again for the same period it has nothing to charge."""
    period = Period(DECEMBER, date(2026, 12, 31))
    line = charges.LineAsked("30", 250_00)
    once = partial(contributions.add_one_off, tenancy_key=HOME, line=line, due_from=DECEMBER)
    waiting = teller.act(_AT, once)["id"]
    with teller.db.read() as conn:
        ids = {key: ref.id for key, ref in tenancies_by_key(conn, [HOME, OTHER_PROPERTY, SHOP]).items()}
        found = {key: collecting_of(conn, ids.values(), TODAY)[id_].lines(period) for key, id_ in ids.items()}
    assert [(one.charge_type, one.vat_rate, one.one_off) for one in found[HOME]] == [
        ("10", 0, None),
        ("75020", 0, None),
        ("30", 0, waiting),
    ]
    assert found[OTHER_PROPERTY] == found[SHOP] == ()
    lines = tuple(
        charges.LineAsked(one.charge_type, one.amount, one.text, (one.first, one.last)) for one in found[HOME]
    )
    asked = charges.ChargeAsked(DECEMBER, lines, "rent")
    teller.act(_AT, partial(charges.add_charge, tenancy_key=HOME, asked=asked))
    with teller.db.read() as conn:
        left = collecting_of(conn, ids.values(), TODAY)[ids[HOME]].lines(period)
    assert [one.one_off for one in left] == [waiting]


@sqlite_only
def test_many_tenancies_take_as_many_queries_as_one(teller: Teller) -> None:
    asked: list[str] = []
    with teller.db.read() as conn:
        ids = [ref.id for ref in tenancies_by_key(conn, [HOME, OTHER_PROPERTY, SHOP]).values()]
        event.listen(conn, "before_cursor_execute", lambda *given: asked.append(given[2]))
        collecting_of(conn, ids[:1], TODAY)
        for_one = len(asked)
        collecting_of(conn, ids, TODAY)
    assert len(asked) == 2 * for_one
