"""What a person should see before a result is booked: who is missing, what does not add up (R28, R29, R32)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection

from hub.consumption.known import Known, contradictions, figured, known
from hub.consumption.tenants import AccountTenant, moved_out_by, tenants_of
from hub.money import format_amount
from hub.settings import Site
from hub.store.consumption import results
from hub.store.consumption.accounts import AccountRow
from hub.store.consumption.results import Line, Revision

Code: TypeAlias = Literal[
    "missing_tenant",
    "not_resident",
    "not_counted",
    "tenant_difference",
    "repeated",
    "holding_short",
    "account_difference",
]
#: Nobody can accept it: it has to be mended first.
FINAL: Code = "holding_short"


class Finding(NamedTuple):
    code: Code
    #: company-property-unit-tenant; "" = of the account as a whole.
    tenancy: str
    text: str


class Judged(NamedTuple):
    """A revision that waits, as our books stand now."""

    of: Known
    lines: Sequence[Line]
    findings: Sequence[Finding]
    #: Where it says another thing than our books: then nothing of it is booked (R28).
    contradictions: Sequence[str]


def judge(conn: Connection, site: Site, account: AccountRow, revision: Revision, today: date) -> Judged:
    """What it comes to now, and what speaks against it. Raises NoSuchTypeError."""
    of = known(conn, site, account, revision)
    tenants = tenants_in(conn, of, today)
    lines = with_standing(figured(of, revision.what, results.lines_of(conn, [revision.id])), tenants)
    wrong = contradictions(of, revision.what, lines)
    return Judged(of, lines, findings(of, revision, lines, tenants), wrong)


def tenants_in(conn: Connection, of: Known, today: date) -> list[AccountTenant]:
    """Everybody who lived there within the account's period, by how he stands on ``today`` (R32)."""
    period = (of.account.period_from, of.account.period_to)
    cut_off = moved_out_by(today, of.type.moved_out_months)
    return tenants_of(conn, of.account.property_id, period, moved_out_by=cut_off, vacant=of.type.vacant)


def with_standing(lines: Sequence[Line], tenants: Sequence[AccountTenant]) -> list[Line]:
    """The lines with how each tenant stands now; a vacancy is one whoever has its number."""
    standings = {one.ref.id: one.standing for one in tenants}
    return [
        line if line.tenancy_id is None else line._replace(standing=standings.get(line.tenancy_id, "present"))
        for line in lines
    ]


def findings(of: Known, revision: Revision, lines: Sequence[Line], tenants: Sequence[AccountTenant]) -> list[Finding]:
    """What is odd about a revision, by tenant, then of the account as a whole; empty = it may be booked unseen."""
    return [
        *_missing(of, revision, lines, tenants),
        *_strangers(of, lines, tenants),
        *_not_counted(of, lines),
        *_differing(of, lines),
        *_repeated(of, revision, lines),
        *_short(of, lines),
        *_account(of, revision, lines),
    ]


def _missing(
    of: Known, revision: Revision, lines: Sequence[Line], tenants: Sequence[AccountTenant]
) -> Iterator[Finding]:
    """Who paid on account, or was told to the vendor, and gets no result. Further results may be of some alone."""
    if revision.what not in ("first", "replaces"):
        return
    there = {line.tenancy_id for line in lines}
    for one in tenants:
        asked = of.asked.get(one.ref.id)
        expected = one.ref.id in of.told or (asked is not None and asked.charged)
        if one.standing != "vacant" and one.ref.id not in there and expected:
            charged = format_amount(asked.charged if asked is not None else 0)
            text = f"lived there and has no result; he was asked for {charged} on account"
            yield Finding("missing_tenant", one.key, text)


def _strangers(of: Known, lines: Sequence[Line], tenants: Sequence[AccountTenant]) -> Iterator[Finding]:
    lived = {one.ref.id for one in tenants}
    for line in lines:
        if line.tenancy_id is not None and line.tenancy_id not in lived:
            yield Finding("not_resident", key_of(of, line), "has a result, and did not live there in the period")


def _not_counted(of: Known, lines: Sequence[Line]) -> Iterator[Finding]:
    """Asked on account for days of this account and of others: what he paid of it is not set against his cost (R27)."""
    by_id = {line.tenancy_id: line for line in lines if line.tenancy_id is not None}
    for one in of.straddling:
        if one.tenancy_id in by_id:
            text = (
                f"was asked for {format_amount(one.amount)} on account for {one.first}..{one.last}, of which only some "
                "days are of the account: it does not count; credit it and charge its parts"
            )
            yield Finding("not_counted", key_of(of, by_id[one.tenancy_id]), text)


def _differing(of: Known, lines: Sequence[Line]) -> Iterator[Finding]:
    """A balance rests on what the vendor was told; since then something was charged or credited (item 31.01)."""
    for line in lines:
        told = of.told.get(line.tenancy_id) if line.tenancy_id is not None else None
        rests_on_it = line.measure == "balance" and of.section.basis == "charged"
        if told is not None and rests_on_it and abs(told - line.on_account) > of.type.tenant_difference:
            was, now = format_amount(told), format_amount(line.on_account)
            text = f"the vendor was told {was} on account, our books have {now} now"
            yield Finding("tenant_difference", key_of(of, line), text)


def _repeated(of: Known, revision: Revision, lines: Sequence[Line]) -> Iterator[Finding]:
    """A supplementary account adds: what an earlier one said too may be the same once more, with some of it mended."""
    if revision.what != "adds":
        return
    for line in lines:
        earlier = of.before.get((line.unit, line.tenant), ())
        if line.amount and any(one.amount == line.amount for one in earlier):
            text = f"has {format_amount(line.amount)} once more, and it would be added"
            yield Finding("repeated", key_of(of, line), text)


def _short(of: Known, lines: Sequence[Line]) -> Iterator[Finding]:
    """What was paid on account has left the holding already: set against the cost too, he would have it twice (R23)."""
    paid: Counter[tuple[int, str]] = Counter()
    for one in of.open:
        if one.holding is not None:
            paid[one.tenancy_id, one.holding] += one.asked - one.unpaid
    by_id = {line.tenancy_id: line for line in lines if line.tenancy_id is not None}
    for (tenancy_id, holding), ore in paid.items():
        held = max(of.held.get((tenancy_id, holding), 0), 0)
        if tenancy_id in by_id and ore > held:
            text = (
                f"paid {format_amount(ore)} on account, and holding {holding!r} has {format_amount(held)}: the rest "
                "was paid out or moved; take that back, or transfer it to the holding, first"
            )
            yield Finding("holding_short", key_of(of, by_id[tenancy_id]), text)


def _account(of: Known, revision: Revision, lines: Sequence[Line]) -> Iterator[Finding]:
    """|sum of results - (total cost - sum on account)| within the limit of item 01.17 (R28)."""
    if of.account.total_cost is None:
        return
    booked = sum(of.booked.values()) + sum(line.result for line in lines)
    on_account = _on_account(of, revision, lines)
    expected = of.account.total_cost - on_account
    if abs(booked - expected) > of.type.account_difference:
        text = (
            f"results come to {format_amount(booked)}, total cost {format_amount(of.account.total_cost)} less "
            f"{format_amount(on_account)} on account is {format_amount(expected)}"
        )
        yield Finding("account_difference", "", text)


def _on_account(of: Known, revision: Revision, lines: Sequence[Line]) -> int:
    """Øre that all lines together set against cost; a revised line takes the place of those before it."""
    by_place: dict[tuple[str, str], int] = {}
    earlier = [(line, line.revision_id in of.replacing) for of_place in of.before.values() for line in of_place]
    ours = [(line, revision.what == "replaces") for line in lines]
    for line, replaces in [*earlier, *ours]:
        place = (line.unit, line.tenant)
        by_place[place] = line.on_account + (0 if replaces else by_place.get(place, 0))
    return sum(by_place.values())


def key_of(of: Known, line: Line) -> str:
    """company-property-unit-tenant, as the file names him."""
    return f"{of.of.company_number}-{of.of.number}-{line.unit}-{line.tenant}"
