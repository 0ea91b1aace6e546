"""Whose money in suspense may be, and why: suggestions for a person, who says so with ``hub match``.

Nothing is booked, and nothing is guessed from names. Reasons add up: who owes the very amount and whose reference is a
slip away stands before those who only owe the amount.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, FromClause, Row, Select, case, cast, func, select

from hub.errors import HubError
from hub.ledger import kinds
from hub.ledger.ageing import edges
from hub.money import format_amount
from hub.reports.payers import earlier_of_payers
from hub.reports.typos import one_slip_from
from hub.store.charges import DEMANDS, ID_MARK
from hub.store.lookup import among
from hub.store.origins import ways_back
from hub.store.portfolio import customer_key, resolve_creditor, tenancies_of_posted
from hub.store.positions import NOTHING
from hub.store.tables import (
    account,
    charge,
    charge_line,
    customer_number,
    entry,
    posting,
    suspense,
    tenancy,
)
from hub.store.taking_back import Corrector, history_of
from hub.store.views import Scope, Unmatched, unmatched

#: For each payment.
CANDIDATES_MAX = 5

#: How much a reason weighs beside the others.
_WEIGHTS = {
    "number": 100,
    "reference": 90,
    "same_payer": 80,
    "former_number": 70,
    "outside_group": 60,
    "reference_typo": 50,
    "amount": 30,
    "arrears": 25,
    "balance": 20,
    "number_typo": 15,
    "unknown_group": 0,
    "moved_out": 0,
}


class Reason(NamedTuple):
    """``code`` is one of _WEIGHTS' for programs, ``text`` for people."""

    code: str
    text: str


class Candidate(NamedTuple):
    """A tenancy whose money it may be; ``charge`` is what it may be for, "" = nothing says."""

    tenancy: str
    name: str
    charge: str
    reasons: tuple[Reason, ...]
    #: What a person types to say that it is so.
    command: str


class Suggestion(NamedTuple):
    """``candidates`` the likeliest first; ``more`` were left out."""

    payment: Unmatched
    candidates: list[Candidate]
    more: int


class Suggestions(NamedTuple):
    """``more`` unmatched payments were left out."""

    payments: list[Suggestion]
    more: int


class _Hint(NamedTuple):
    reason: Reason
    tenancy_id: int
    #: As hub match takes it.
    charge: str = ""


class _Owing(NamedTuple):
    property_id: int
    hints: list[_Hint]


class _Place(NamedTuple):
    """Where a payment belongs: its company, and the properties that its debtor group leaves; None = all (R7)."""

    company_id: int
    group: str
    property_ids: frozenset[int] | None

    @property
    def unknown_group(self) -> bool:
        """No property has it: then what the payer says may be anyone's, as the group itself may be wrong."""
        return self.property_ids is not None and not self.property_ids

    def allows(self, property_id: int) -> bool:
        """Whether a tenancy of this property may be suggested for what it owes."""
        return self.property_ids is None or self.unknown_group or property_id in self.property_ids


def suggestions(
    conn: Connection, today_of: Callable[[str], date], *, payment: int | None = None, limit: int = 50
) -> Suggestions:
    """Of one unmatched payment, or of the ``limit`` oldest. ``today_of`` gives the business day of a company.

    Raises HubError where the payment is not unmatched.
    """
    if payment is None:
        chosen = list(islice(unmatched(conn), limit))
        count = conn.execute(select(func.count()).select_from(suspense).where(suspense.c.remaining != 0)).scalar_one()
        more = count - len(chosen)
    else:
        holder = _holder(conn, payment)
        chosen, more = [one for one in unmatched(conn) if one.payment == holder], 0
        if not chosen:
            raise HubError(f"payment {payment} is not unmatched", do="see: hub unmatched")
    by_company: defaultdict[str, list[Unmatched]] = defaultdict(list)
    for one in chosen:
        by_company[one.company].append(one)
    found: dict[int, Suggestion] = {}
    for number, ours in by_company.items():
        found.update((one.payment.payment, one) for one in _of_company(conn, ours, today_of(number)))
    return Suggestions([found[one.payment] for one in chosen], more)


def _holder(conn: Connection, payment: int) -> int:
    """Who has the money of a payment now, as ``hub match`` finds it: a person may have moved it since it came."""
    row = conn.execute(select(entry.c.id, entry.c.kind, entry.c.key).where(entry.c.id == payment)).one_or_none()
    return payment if row is None else history_of(conn, [payment]).holder_of(Corrector._make(row)).id


def _of_company(conn: Connection, payments: Sequence[Unmatched], today: date) -> Iterator[Suggestion]:
    places = _places(conn, payments)
    company_id = next(iter(places.values())).company_id
    received = [one for one in payments if one.amount > 0]
    said: defaultdict[int, list[_Hint]] = defaultdict(list)
    for one in received:
        said[one.payment] += _by_number(conn, one, places[one.payment])
        said[one.payment] += _by_reference(conn, one, places[one.payment])
    for earlier in earlier_of_payers(conn, company_id, received):
        said[earlier.payment.payment].append(_Hint(Reason("same_payer", earlier.text), earlier.tenancy_id))
    owing = _by_amount(conn, company_id, {one.amount for one in received}, today)
    had = _had_it(conn, received)
    for one in payments:
        not_theirs = had.get(one.payment, set())
        hints = [hint for hint in said[one.payment] if hint.tenancy_id not in not_theirs]
        owe = owing.get(one.amount, {})
        if not_theirs:
            owe = {id_: its for id_, its in owe.items() if id_ not in not_theirs}
        yield _suggestion(conn, one, hints, owe, places[one.payment])


def _had_it(conn: Connection, payments: Sequence[Unmatched]) -> dict[int, set[int]]:
    """By payment, the tenancies from which a person has taken it, to put it into suspense: it is not theirs."""
    ways = ways_back(conn, [one.payment for one in payments])
    whose = tenancies_of_posted(conn, {id_ for way in ways.values() for id_ in way})
    return {id_: {whose[earlier].id for earlier in way if earlier in whose} for id_, way in ways.items()}


def _places(conn: Connection, payments: Sequence[Unmatched]) -> dict[int, _Place]:
    """Creditor and debtor group stand in the name of the clearing account that the money came through."""
    rows = conn.execute(
        select(suspense.c.entry_id, suspense.c.company_id, account.c.code)
        .join_from(suspense, posting, (posting.c.entry_id == suspense.c.entry_id) & (posting.c.seq == 1))
        .join(account, account.c.id == posting.c.account_id)
        .where(among(conn, suspense.c.entry_id, [one.payment for one in payments]))
    ).all()
    groups = {row.code: _group(conn, row.company_id, row.code) for row in rows}
    return {row.entry_id: _Place(row.company_id, *groups[row.code]) for row in rows}


def _group(conn: Connection, company_id: int, code: str) -> tuple[str, frozenset[int] | None]:
    kind, *parts = code.split(":")
    if kind != kinds.CLEARING or len(parts) != 3:
        return "", None
    _, creditor, group = parts
    for one in resolve_creditor(conn, creditor, group):
        if one.company_id == company_id:
            return group, one.property_ids
    return group, None


# --- What the payer said ---------------------------------------------------------------------------------------------


def _by_number(conn: Connection, one: Unmatched, place: _Place) -> Iterator[_Hint]:
    """Whose the customer number is, was, or would be but for a slip."""
    number = customer_key(one.customer)
    if not number:
        return
    near = {customer_key(slip) for slip in one_slip_from(number)} - {"", number}
    owners = conn.execute(
        select(tenancy.c.id, tenancy.c.property_id, tenancy.c.customer_key).where(
            tenancy.c.company_id == place.company_id, among(conn, tenancy.c.customer_key, [number, *near])
        )
    ).all()
    for row in owners:
        if row.customer_key == number:
            text = f"customer number {one.customer} is this tenancy's"
            if place.allows(row.property_id) and not place.unknown_group:
                yield _Hint(Reason("number", f"{text} now"), row.id)
            else:
                text = f"{text}, but its property is outside debtor group {place.group} (R7)"
                yield _Hint(Reason("outside_group", text), row.id)
        elif place.allows(row.property_id):
            text = f"customer number {one.customer} is one slip from its {row.customer_key}"
            yield _Hint(Reason("number_typo", text), row.id)
    formerly = select(customer_number.c.tenancy_id).where(
        customer_number.c.company_id == place.company_id, customer_number.c.customer_key == number
    )
    for id_ in conn.scalars(formerly):
        if id_ not in {row.id for row in owners if row.customer_key == number}:
            text = f"customer number {one.customer} was this tenancy's, and is never given again (R15)"
            yield _Hint(Reason("former_number", text), id_)


def _by_reference(conn: Connection, one: Unmatched, place: _Place) -> Iterator[_Hint]:
    """Open charges that the payment names, or would but for a slip."""
    if not one.reference:
        return
    near = [one.reference, *one_slip_from(one.reference)]
    # By the reference alone: led by the company, a database would walk through all that is open in it.
    query = _open_charges(tenancy).where(
        tenancy.c.company_id == place.company_id, among(conn, charge.c.reference, near)
    )
    for row in conn.execute(query):
        if not place.allows(row.property_id):
            continue
        of = f"charge {row.reference} of {format_amount(row.left)} due {row.due_date}"
        if row.reference == one.reference:
            yield _Hint(Reason("reference", f"it names {of}"), row.tenancy_id, _named(row))
        else:
            text = f"reference {one.reference} is one slip from that of {of}"
            yield _Hint(Reason("reference_typo", text), row.tenancy_id, _named(row))


# --- What is owed ----------------------------------------------------------------------------------------------------


def _by_amount(
    conn: Connection, company_id: int, amounts: Collection[int], today: date
) -> dict[int, dict[int, _Owing]]:
    """By amount and tenancy: who has a charge, arrears or a balance of exactly that much, most reasons first."""
    found: defaultdict[int, dict[int, _Owing]] = defaultdict(dict)
    if not amounts:
        return found

    def note(property_id: int, ore: int, hint: _Hint) -> None:
        found[ore].setdefault(hint.tenancy_id, _Owing(property_id, [])).hints.append(hint)

    scope = Scope(company_id)
    charges = _open_charges(scope.tenancies).where(scope.condition)
    for row in conn.execute(charges.having(_LEFT.in_(amounts))):
        text = f"charge {row.reference or _named(row)}, due {row.due_date}, is open with {format_amount(row.left)}"
        note(row.property_id, row.left, _Hint(Reason("amount", text), row.tenancy_id, _named(row)))
    for id_, property_id, ore in conn.execute(_arrears(scope, today).having(_LEFT.in_(amounts))):
        note(property_id, ore, _Hint(Reason("arrears", f"its arrears are {format_amount(ore)}"), id_))
    balances = (
        select(tenancy.c.id, tenancy.c.property_id, account.c.balance)
        .select_from(scope.tenancies.join(account, account.c.id == tenancy.c.account_id))
        .where(scope.condition, account.c.balance.in_(amounts))
    )
    for id_, property_id, ore in conn.execute(balances):
        note(property_id, ore, _Hint(Reason("balance", f"its balance is {format_amount(ore)}"), id_))
    return {
        ore: dict(sorted(owing.items(), key=lambda one: (-_weight(one[1].hints), one[0])))
        for ore, owing in found.items()
    }


_LEFT = cast(func.sum(charge_line.c.remaining), BigInteger)


def _open_charges(tenancies: FromClause) -> Select[Any]:
    """tenancy_id, property_id, id, reference, due_date, left: one row a charge of them that a payment may name."""
    return (
        select(
            tenancy.c.id.label("tenancy_id"),
            tenancy.c.property_id,
            charge.c.id,
            charge.c.reference,
            charge.c.due_date,
            _LEFT.label("left"),
        )
        .select_from(tenancies.join(charge_line, charge_line.c.tenancy_id == tenancy.c.id))
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .join(entry, entry.c.id == charge.c.entry_id)
        .where(charge_line.c.remaining > NOTHING, entry.c.kind.in_(DEMANDS))
        .group_by(tenancy.c.id, tenancy.c.property_id, charge.c.id, charge.c.reference, charge.c.due_date)
    )


def _arrears(scope: Scope, today: date) -> Select[Any]:
    """tenancy_id, property_id, øre past their last timely day (R21)."""
    home, business = edges(today, business=False), edges(today, business=True)
    in_time = case((tenancy.c.business, business.not_due), else_=home.not_due)
    return (
        select(tenancy.c.id, tenancy.c.property_id, _LEFT)
        .select_from(scope.tenancies.join(charge_line, charge_line.c.tenancy_id == tenancy.c.id))
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .where(scope.condition, charge_line.c.remaining > NOTHING, charge.c.due_date < in_time)
        .group_by(tenancy.c.id, tenancy.c.property_id)
    )


# --- The answer ------------------------------------------------------------------------------------------------------


def _suggestion(
    conn: Connection, one: Unmatched, said: Sequence[_Hint], owing: Mapping[int, _Owing], place: _Place
) -> Suggestion:
    """``owing`` may be half of a company, whose rents are equal: it is walked through, and not sorted again."""
    fitting = [id_ for id_, its in owing.items() if place.allows(its.property_id)]
    hints: defaultdict[int, list[_Hint]] = defaultdict(list)
    for hint in said:
        hints[hint.tenancy_id].append(hint)
    count = len(hints.keys() | set(fitting))
    for id_ in (*(hints.keys() & set(fitting)), *fitting[: CANDIDATES_MAX + len(hints)]):
        hints[id_] = list(dict.fromkeys((*hints[id_], *owing[id_].hints)))
    shown = sorted(hints, key=lambda id_: (-_weight(hints[id_]), id_))[:CANDIDATES_MAX]
    people = {row.id: row for row in conn.execute(_tenants(conn, shown))}
    candidates = [_candidate(conn, one, people[id_], hints[id_], place) for id_ in shown]
    return Suggestion(one, candidates, count - len(shown))


def _weight(hints: Sequence[_Hint]) -> int:
    return sum(_WEIGHTS[code] for code in {hint.reason.code for hint in hints})


def _candidate(conn: Connection, one: Unmatched, person: Row[Any], hints: Sequence[_Hint], place: _Place) -> Candidate:
    ordered = sorted(hints, key=lambda hint: -_WEIGHTS[hint.reason.code])
    reasons = list(dict.fromkeys(hint.reason for hint in ordered))
    if place.unknown_group and all(reason.code != "outside_group" for reason in reasons):
        reasons.append(Reason("unknown_group", f"but debtor group {place.group} is no property's (R7)"))
    if person.move_out is not None and person.move_out < one.value_date:
        reasons.append(Reason("moved_out", _moved_out(conn, person)))
    named = list(dict.fromkeys(hint.charge for hint in ordered if hint.charge))
    by_amount_alone = all(hint.reason.code == "amount" for hint in ordered if hint.charge)
    # Several charges of the same amount: the oldest is paid first anyhow.
    chosen = named[0] if named and not (by_amount_alone and len(named) > 1) else ""
    words = ["hub", "match", str(one.payment), person.key, *([f"--charge={chosen}"] if chosen else [])]
    return Candidate(person.key, person.name, chosen, tuple(reasons), shlex.join(words))


def _tenants(conn: Connection, ids: Sequence[int]) -> Select[Any]:
    columns = (tenancy.c.id, tenancy.c.key, tenancy.c.name, tenancy.c.unit_id, tenancy.c.move_out)
    return select(*columns).where(among(conn, tenancy.c.id, ids))


def _moved_out(conn: Connection, person: Row[Any]) -> str:
    """And who lives there now: a unit let again has another tenancy with another number (R15)."""
    since = conn.execute(
        select(tenancy.c.key, tenancy.c.move_in)
        .where(
            tenancy.c.property_id == select(tenancy.c.property_id).where(tenancy.c.id == person.id).scalar_subquery(),
            tenancy.c.unit_id == person.unit_id,
            tenancy.c.move_in > person.move_out,
        )
        .order_by(tenancy.c.move_in)
        .limit(1)
    ).one_or_none()
    told = f"moved out on {person.move_out}"
    if since is None:
        return told
    return f"{told}; the unit is let to {since.key} since {since.move_in}, who has a number of his own (R15)"


def _named(row: Row[Any]) -> str:
    return row.reference or f"{ID_MARK}{row.id}"
