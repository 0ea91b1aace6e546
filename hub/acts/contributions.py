"""What a tenancy is charged each time or once, and how often: registered and ended; nothing is booked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from hub.acts.act import Acting
from hub.acts.charges import LineAsked, judged_line
from hub.errors import HubError
from hub.money import format_amount
from hub.store import contributions as store
from hub.store.contributions import OneOff, Recurring
from hub.store.journal import add_event
from hub.store.portfolio import TenancyRef
from hub.store.portfolio_history import Said

_Line = TypeVar("_Line", Recurring, OneOff)
_DAY = timedelta(days=1)


class UnknownContributionError(HubError):
    """No recurring contribution or one-off line has this id."""


class CollidingContributionError(HubError):
    """Two contributions of one tenancy, type and text at the same time: the tenant would be charged twice."""


class ContributionDaysError(HubError):
    """A contribution that would end before it begins."""


class OneOffSpentError(HubError):
    """A one-off line that was charged, or withdrawn before."""


class IntervalError(HubError):
    """A number of months into which a year does not fall."""


def add_recurring(
    acting: Acting, tenancy_key: str, line: LineAsked, first_day: date, last_day: date | None
) -> dict[str, Any]:
    """Charges ``line`` with every collection from its first day to its last, both included; its amount is a month's.

    Raises ChargeRefusedError, ContributionDaysError, CollidingContributionError, ClosedCompanyError.
    """
    tenancy = acting.tenancy(tenancy_key)
    values = _values(acting, tenancy, line)
    if last_day is not None and last_day < first_day:
        raise ContributionDaysError(f"it would end on {last_day}, before it begins on {first_day}", where=tenancy.key)
    values |= {"first_day": first_day, "last_day": last_day}
    new = Recurring(id=0, tenancy=tenancy.key, **values)
    _refuse_collision(acting, tenancy, new)
    lines = [{**values, "tenancy_id": tenancy.id}]
    (id_,) = store.add_recurring(acting.conn, lines, now=acting.now, actor=acting.actor)
    return _noted(acting, "recurring added", recurring_document(new._replace(id=id_)))


def end_recurring(acting: Acting, id: int, last_day: date) -> dict[str, Any]:
    """Lets it come for the last time on ``last_day``; the day before its first takes it back, as if it had never been.

    Raises UnknownContributionError, ContributionDaysError, CollidingContributionError, ClosedCompanyError.
    """
    tenancy, found = _locked(acting, store.recurring_by_id, id, "recurring contribution")
    if last_day < found.first_day - _DAY:
        raise ContributionDaysError(
            f"it would end on {last_day}, before it begins on {found.first_day}",
            where=f"recurring contribution #{id}",
            do=f"to take it back, end it on {found.first_day - _DAY}",
        )
    ended = found._replace(last_day=last_day)
    if last_day >= found.first_day:
        _refuse_collision(acting, tenancy, ended)
    store.end_recurring(acting.conn, id, last_day)
    return _noted(acting, "recurring ended", recurring_document(ended))


def add_one_off(acting: Acting, tenancy_key: str, line: LineAsked, due_from: date) -> dict[str, Any]:
    """Charges ``line`` with the first collection due on ``due_from`` or later.

    Raises ChargeRefusedError, ClosedCompanyError.
    """
    tenancy = acting.tenancy(tenancy_key)
    values = _values(acting, tenancy, line)
    values |= {"due_from": due_from}
    row = {**values, "tenancy_id": tenancy.id}
    id_ = store.add_one_off(acting.conn, row, now=acting.now, actor=acting.actor)
    new = OneOff(id=id_, tenancy=tenancy.key, charge_id=None, withdrawn_at=None, **values)
    return _noted(acting, "one-off added", one_off_document(new))


def withdraw_one_off(acting: Acting, id: int) -> dict[str, Any]:
    """Raises UnknownContributionError, OneOffSpentError, ClosedCompanyError."""
    _, found = _locked(acting, store.one_off_by_id, id, "one-off line")
    if found.charge_id is not None:
        raise OneOffSpentError(
            f"one-off line #{id} was charged with charge #{found.charge_id}", do="give the tenant a credit note"
        )
    if found.withdrawn_at is not None:
        raise OneOffSpentError(f"one-off line #{id} was withdrawn on {found.withdrawn_at:%Y-%m-%d %H:%M} UTC")
    store.withdraw_one_off(acting.conn, id, acting.now)
    return _noted(acting, "one-off withdrawn", one_off_document(found._replace(withdrawn_at=acting.now)))


def set_interval(acting: Acting, tenancy_key: str, months: int) -> dict[str, Any]:
    """Collects every ``months`` months from now on. Raises IntervalError, ClosedCompanyError."""
    if months not in store.INTERVALS_MONTHS:
        raise IntervalError(
            f"a collection every {months} months", do=f"one of {', '.join(map(str, store.INTERVALS_MONTHS))} months"
        )
    tenancy = acting.tenancy(tenancy_key)
    before = store.interval_months(acting.conn, tenancy.id)
    store.set_interval_months(acting.conn, tenancy, months, Said(acting.now, acting.actor, "interval set"))
    return _noted(
        acting, "interval set", {"tenancy": tenancy.key, "interval_months": months, "interval_months_before": before}
    )


def recurring_document(one: Recurring) -> dict[str, Any]:
    """As JSON shows it."""
    return {
        "id": one.id,
        "tenancy": one.tenancy,
        "charge_type": one.charge_type,
        "text": one.text,
        "amount": format_amount(one.amount),
        "vat_rate": format_amount(one.vat_rate),
        "first_day": one.first_day.isoformat(),
        "last_day": one.last_day and one.last_day.isoformat(),
    }


def one_off_document(one: OneOff) -> dict[str, Any]:
    """As JSON shows it; ``state`` is waiting, charged or withdrawn."""
    state = "charged" if one.charge_id is not None else "waiting" if one.withdrawn_at is None else "withdrawn"
    return {
        "id": one.id,
        "tenancy": one.tenancy,
        "charge_type": one.charge_type,
        "text": one.text,
        "amount": format_amount(one.amount),
        "vat_rate": format_amount(one.vat_rate),
        "due_from": one.due_from.isoformat(),
        "state": state,
        "charge": one.charge_id,
    }


def _values(acting: Acting, tenancy: TenancyRef, line: LineAsked) -> dict[str, Any]:
    """By column. The text is kept as given, so that a charge type's new text is on the next charge."""
    judged = judged_line(acting.company_of(tenancy), line, tenancy.key)
    return {
        "charge_type": line.charge_type,
        "text": line.text,
        "amount": line.amount,
        "vat_rate": judged.vat_rate,
    }


def _locked(
    acting: Acting, read: Callable[[Connection, int], _Line | None], id: int, what: str
) -> tuple[TenancyRef, _Line]:
    """The line, and whose it is. Raises UnknownContributionError, ClosedCompanyError."""
    if (seen := read(acting.conn, id)) is not None:
        tenancy = acting.tenancy(seen.tenancy)
        # Whoever had the property locked until now may have changed it.
        if (found := read(acting.conn, id)) is not None:
            return tenancy, found
    raise UnknownContributionError(f"there is no {what} #{id}", do="see the list of its tenancy")


def _refuse_collision(acting: Acting, tenancy: TenancyRef, line: Recurring) -> None:
    others = [
        one
        for one in store.recurring_of(acting.conn, [tenancy.id])
        if (one.charge_type, one.text) == (line.charge_type, line.text) and one.id != line.id
    ]
    if found := store.collision([*others, line]):
        there = next(one for one in found if one.id != line.id)
        until = f"through {there.last_day}" if there.last_day else "until further notice"
        raise CollidingContributionError(
            f"charge type {there.charge_type} comes already from {there.first_day} {until}, as #{there.id}",
            where=tenancy.key,
            why="the tenant would be charged twice",
            do="end that one first, or give this one a text of its own",
        )


def _noted(acting: Acting, what: str, document: dict[str, Any]) -> dict[str, Any]:
    add_event(acting.conn, at=acting.now, actor=acting.actor, what=what, detail=document)
    return document
