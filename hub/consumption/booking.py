"""Books a revision of a consumption account: each tenant's result, and what he was asked on account leaves his holding.

One entry a tenant. It demands the result or gives it back, and takes what was asked on account for the account's
period out of his holding, over the clearing type (R26, item 07.04). What of that nobody has paid stays owed on the
charge lines that ask for it, and fills the holding no more: so the tenant owes his cost less what was charged, plus
what of it is unpaid, once (docs/consumption.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple, TypeAlias

from hub.acts.act import Acting
from hub.acts.charges import credit_charge
from hub.consumption.judging import key_of
from hub.consumption.known import Known
from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.store.consumption import results
from hub.store.consumption.accounts import set_account_state
from hub.store.consumption.results import Line, Revision
from hub.store.consumption.settled import Settled, Unsettled, add_settled, unsettled
from hub.store.entries import Account, Movement, NewLine, Part
from hub.store.portfolio import TenancyRef, refs_with


class Booked(NamedTuple):
    """A line with its entry; None = it changes nothing of what was booked before."""

    line: Line
    entry_id: int | None


class _Clearing(NamedTuple):
    """What of one tenancy's on-account money a result settles."""

    parts: tuple[Part, ...] = ()
    #: As of Settled, without its entry.
    rows: tuple[tuple[int | None, int, int | None], ...] = ()


_NOTHING = _Clearing()


def book_revision(
    acting: Acting,
    of: Known,
    revision: Revision,
    lines: Sequence[Line],
    *,
    day: date,
    by_file: bool,
    accepted: str | None,
) -> list[Booked]:
    """Books ``lines``, all of a revision that waits, from ``day``; its property is locked.

    ``by_file``: in the reading that has brought it, whose line an entry then names; posted on the first open day (R22).
    Raises HubError as the acts on charges do.
    """
    conn = acting.conn
    tenancies = refs_with(conn, [line.tenancy_id for line in lines if line.tenancy_id is not None])
    clearings = _clearings(acting, of, revision.what, tenancies, lines, day)
    keys = _keys(of, revision, lines)
    posted: list[tuple[Line, Movement]] = []
    booked: dict[int, int] = {}
    for line, key in zip(lines, keys, strict=True):
        clearing = _NOTHING if line.tenancy_id is None else clearings.get(line.tenancy_id, _NOTHING)
        if revision.what != "first" and not line.result and not clearing.rows:
            continue
        tenancy = None if line.tenancy_id is None else tenancies[line.tenancy_id]
        movement = _movement(acting, of, line, tenancy, key, clearing.parts, day)
        if by_file:
            movement = movement._replace(record=line.record)
        if tenancy is None:
            booked[line.id] = acting.books.enter(of.of.company_id, _owners(acting, of), movement)
        else:
            posted.append((line, movement))
    ids = acting.books.post(of.of.company_id, [movement for _, movement in posted])
    booked |= {line.id: entry_id for (line, _), entry_id in zip(posted, ids, strict=True)}
    results.set_entries(conn, booked.items())
    add_settled(conn, _settled(lines, booked, clearings))
    results.set_booked(conn, revision.id, acting.now, accepted)
    if all(one.state != "waits" for one in results.revisions_of(conn, of.account.id, standing=True)):
        set_account_state(conn, of.account.id, "booked")
    return [Booked(line, booked.get(line.id)) for line in lines]


def due_day(of: Known, line: Line, booked_on: date) -> date:
    """When an additional charge (item 03.06) or a refund (04.04) falls due: the first day of a later month (R28)."""
    months = of.type.additional_charge_months if line.result > 0 else of.type.refund_months
    return max(booked_on, first_of_month_after(booked_on, months))


def first_of_month_after(day: date, months: int) -> date:
    """The first day of the month that many months after the month of ``day``."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _keys(of: Known, revision: Revision, lines: Sequence[Line]) -> list[str]:
    """Business keys (R5). A unit that was vacant twice has two lines."""
    seen: Counter[str] = Counter()
    keys = []
    for line in lines:
        period = f"{of.account.period_from}..{of.account.period_to}"
        key = f"result|{line.charge_type}|{key_of(of, line)}|{period}|{revision.seq}"
        seen[key] += 1
        keys.append(f"{key}#{seen[key]}")
    return keys


def _owners(acting: Acting, of: Known) -> Account:
    """What the owner bears of a property, as nobody lived there (R32)."""
    code = kinds.vacancy_code(of.of.company_number, of.of.number)
    return acting.books.shared_account(of.of.company_id, kinds.VACANCY, code)


def _income(acting: Acting, of: Known, charge_type: str) -> Account:
    return acting.books.shared_account(of.of.company_id, kinds.INCOME, kinds.income_code(charge_type))


def _movement(
    acting: Acting,
    of: Known,
    line: Line,
    tenancy: TenancyRef | None,
    key: str,
    clearing: tuple[Part, ...],
    day: date,
) -> Movement:
    """Effective from ``day``: a charge due in a later month, or credit that the next rent uses up (R26, R28)."""
    first, last = of.account.period_from, of.account.period_to
    on = day.isoformat()
    type_ = of.company.charge_type(line.charge_type)
    words = acting.books.words(of.of.company_id)
    named = type_.text if line.charge_type in of.company.charge_types else words.result
    income = _income(acting, of, line.charge_type)
    asked = NewLine(line.charge_type, line.result, first.isoformat(), last.isoformat(), claim=type_.claim)
    own = (Part(income, -line.result),) if line.result else ()
    return Movement(
        kinds.RESULT,
        tenancy,
        line.result,
        on,
        acting.first_open_day(of.company, day).isoformat(),
        income,
        on,
        key,
        input_hash(line.result),
        f"{named} {words.period.format(first=first, last=last)}",
        due_date=due_day(of, line, day).isoformat(),
        lines=(asked,),
        parts=(*own, *clearing) if clearing else (),
    )


# --- What was asked on account -----------------------------------------------------------------------------------

#: Credit notes by charge line.
_Credited: TypeAlias = Mapping[int, int]


def _clearings(
    acting: Acting,
    of: Known,
    what: results.What,
    tenancies: Mapping[int, TenancyRef],
    lines: Sequence[Line],
    day: date,
) -> dict[int, _Clearing]:
    """By tenancy id. Where only what is paid counts, the rest is credited first (R27)."""
    asked = _by_tenancy(of.open)
    credited: dict[int, _Credited] = {}
    if of.section.basis == "paid":
        for line in lines:
            id_ = line.tenancy_id
            if id_ is not None and id_ in asked and not (what == "adds" and id_ in of.carried):
                charged = of.rest[id_].charged if what == "adds" else of.asked[id_].charged
                uncounted = charged - line.on_account
                credited[id_] = _credit(acting, of, tenancies[id_], asked[id_], uncounted, day)
        asked = _by_tenancy(unsettled(acting.conn, of.account, of.type.on_account))
    return {
        id_: _clearing(acting, of, tenancy, asked[id_], credited.get(id_, {}))
        for id_, tenancy in tenancies.items()
        if id_ in asked or credited.get(id_)
    }


def _by_tenancy(asked: Iterable[Unsettled]) -> defaultdict[int, list[Unsettled]]:
    found: defaultdict[int, list[Unsettled]] = defaultdict(list)
    for one in asked:
        found[one.tenancy_id].append(one)
    return found


def _credit(
    acting: Acting, of: Known, tenancy: TenancyRef, asked: Sequence[Unsettled], uncounted: int, day: date
) -> _Credited:
    """A credit note on each charge that asks for more than the result has counted, ``uncounted`` øre in all.

    What is unpaid goes first, then what was paid after the vendor was told: that is the tenant's credit.
    """
    taken: Counter[int] = Counter()
    newest_first = [one for one in reversed(asked) if one.line_id]
    for one, most in chain(
        ((one, one.unpaid) for one in newest_first), ((one, one.asked - one.unpaid) for one in newest_first)
    ):
        part = max(0, min(most, uncounted))
        taken[one.line_id] += part
        uncounted -= part
    by_charge: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for one in newest_first:
        if taken[one.line_id]:
            by_charge[one.charge_id][one.place] = taken[one.line_id]
    counts_from = acting.first_open_day(of.company, day)
    notes = {
        charge_id: credit_charge(acting, tenancy.key, f"#{charge_id}", lines=parts, day=counts_from)["entry"]
        for charge_id, parts in sorted(by_charge.items())
    }
    return {one.line_id: notes[one.charge_id] for one in newest_first if taken[one.line_id]}


def _clearing(
    acting: Acting, of: Known, tenancy: TenancyRef, asked: Sequence[Unsettled], credited: _Credited
) -> _Clearing:
    by_holding: Counter[str] = Counter()
    for one in asked:
        if one.holding is not None:
            by_holding[one.holding] += one.asked
    parts = [Part(acting.books.holding(tenancy, name), ore) for name, ore in by_holding.items() if ore]
    if parts:
        parts.append(Part(_income(acting, of, of.type.clearing), -sum(part.amount for part in parts)))
    left = {one.line_id: one.asked for one in asked}
    # Of what was credited whole, nothing is left to settle: its credit note is remembered all the same.
    of_lines = {**dict.fromkeys(credited, 0), **left}
    rows = ((line_id or None, ore, credited.get(line_id)) for line_id, ore in of_lines.items())
    return _Clearing(tuple(parts), tuple(rows))


def _settled(lines: Sequence[Line], booked: Mapping[int, int], clearings: Mapping[int, _Clearing]) -> list[Settled]:
    return [
        Settled(booked[line.id], *row)
        for line in lines
        if line.id in booked and line.tenancy_id is not None
        for row in clearings.get(line.tenancy_id, _NOTHING).rows
    ]
