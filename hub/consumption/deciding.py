"""What a person does to a consumption account: opens it, says what it cost in all, books what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from hub.acts.act import Acting, judged_text
from hub.consumption.accounts import account_for, carry_over
from hub.consumption.booking import Booked, book_revision
from hub.consumption.judging import FINAL, Finding, judge
from hub.errors import HubError
from hub.money import AMOUNT_ORE_MAX, format_amount
from hub.store.consumption import results
from hub.store.consumption.accounts import AccountRow, account_with, set_account_state, set_total_cost
from hub.store.consumption.exports import live_exports
from hub.store.portfolio import PropertyRef, lock_properties, property_with
from hub.store.views.scope import company_of, property_of


class AccountRefusedError(HubError):
    """There is no such account, or it cannot be opened or booked as it is."""


class FoundError(HubError):
    """Something speaks against booking, and nobody has accepted it; ``findings`` is what."""

    def __init__(self, account: AccountRow, found: Sequence[Finding]) -> None:
        first = found[0]
        super().__init__(
            f"{len(found)} findings, first {first.tenancy or 'the account'}: {first.text}",
            where=f"consumption account {account.id}",
            why="a result that is wrong is demanded of every tenant of the property",
            do=f'see: hub consumption show {account.id}; where it is right: --accept "why"',
        )
        self.findings = tuple(found)


def open_account(acting: Acting, property_key: str, type: str, period: tuple[date, date]) -> dict[str, Any]:
    """An account that waits for a result; one that is booked waits for another. Raises HubError."""
    of = property_of(acting.conn, property_key)
    type_ = acting.site.company(of.company_number).consumption_type(type)
    if type_ is None:
        raise AccountRefusedError(
            f"company {of.company_number} has no consumption type {type!r}",
            do="use heat, water, electricity, or one of the company's own",
        )
    lock_properties(acting.conn, {of.id})
    account = account_for(acting.conn, of.id, type, period, opened_by=acting.actor, now=acting.now)
    if not results.revisions_of(acting.conn, account.id):
        carry_over(acting.conn, account, type_)
    set_account_state(acting.conn, account.id, "open")
    return _told(of, account) | {"state": "open"}


def withdraw_account(acting: Acting, account_id: int) -> dict[str, Any]:
    """Gives up an account of which nothing stands, as one with a wrong period: its days are free for another.

    Raises AccountRefusedError.
    """
    account, of = _account(acting, account_id)
    where = f"consumption account {account_id}"
    if account.state == "withdrawn":
        raise AccountRefusedError("it is withdrawn already", where=where)
    for revision in results.revisions_of(acting.conn, account.id, standing=True):
        raise AccountRefusedError(
            f"its revision {revision.seq} stands",
            where=where,
            why="what it has booked, or will, belongs to the account",
            do="take back its file first: hub files reverse",
        )
    for told in live_exports(acting.conn, account.id):
        raise AccountRefusedError(
            f"vendor {told.vendor} is told of it by delivery {told.id}",
            where=where,
            why="its answer would find no account",
            do=f"first: hub deliveries withdraw {told.id}; where the vendor has it, agree with the vendor, then "
            f"hub deliveries settle {told.id}",
        )
    set_account_state(acting.conn, account.id, "withdrawn")
    return _told(of, account) | {"state": "withdrawn"}


def set_total(acting: Acting, account_id: int, total_cost: int) -> dict[str, Any]:
    """What the property's consumption cost in all, in øre: what the results are held against (R28, item 01.17)."""
    account, of = _account(acting, account_id)
    if not 0 <= total_cost <= AMOUNT_ORE_MAX:
        raise AccountRefusedError(f"a total cost of {format_amount(total_cost)}", do="give it above zero")
    set_total_cost(acting.conn, account.id, total_cost)
    return _told(of, account) | {"total_cost": format_amount(total_cost)}


def book_account(acting: Acting, account_id: int, accept: str | None) -> dict[str, Any]:
    """Books all that waits in the account, as our books stand now.

    ``accept`` is why it is booked in spite of what was found. Raises AccountRefusedError, FoundError,
    ClosedPeriodError, ClosedCompanyError.
    """
    account, of = _account(acting, account_id)
    currency = company_of(acting.conn, of.company_number).currency
    settings = acting.site.company(of.company_number)
    company = acting.bookable(settings, currency, where=f"consumption account {account_id}")
    day = acting.open_day(company, acting.site.today(of.company_number, acting.now))
    if accept is not None and not judged_text(accept, "a reason").strip():
        raise AccountRefusedError("a reason says something", where=f"consumption account {account_id}")
    waiting = [one for one in results.revisions_of(acting.conn, account.id) if one.state == "waits"]
    if not waiting:
        raise AccountRefusedError(
            f"nothing waits in consumption account {account_id}", do=f"see: hub consumption show {account_id}"
        )
    booked: list[Booked] = []
    for revision in waiting:
        judged = judge(acting.conn, acting.site, account, revision, day)
        if judged.contradictions:
            raise AccountRefusedError(
                judged.contradictions[0],
                where=f"consumption account {account.id}",
                why="what was asked on account has changed since the result came",
                do="take its file back (hub files reverse), and ask the vendor for another",
            )
        final = next((one for one in judged.findings if one.code == FINAL), None)
        if final is not None:
            raise AccountRefusedError(
                f"{final.tenancy} {final.text}",
                where=f"consumption account {account.id}",
                why="set against the cost as well, he would have that money twice (R23)",
            )
        if judged.findings and accept is None:
            raise FoundError(account, judged.findings)
        results.set_figures(acting.conn, judged.lines)
        why = accept if judged.findings else None
        booked += book_revision(acting, judged.of, revision, judged.lines, day=day, by_file=False, accepted=why)
    entered = [one for one in booked if one.entry_id is not None]
    return _told(of, account) | {
        "state": "booked",
        "entries": len(entered),
        "amount": format_amount(sum(one.line.result for one in entered)),
        "date": day.isoformat(),
        "accepted": accept or "",
    }


def _account(acting: Acting, account_id: int) -> tuple[AccountRow, PropertyRef]:
    """The account, its property locked. Raises AccountRefusedError."""
    account = account_with(acting.conn, account_id)
    if account is None:
        raise AccountRefusedError(f"there is no consumption account {account_id}", do="see: hub consumption list")
    lock_properties(acting.conn, {account.property_id})
    locked = account_with(acting.conn, account_id)
    assert locked is not None
    return locked, property_with(acting.conn, account.property_id)


def _told(of: PropertyRef, account: AccountRow) -> dict[str, Any]:
    return {
        "account": account.id,
        "property": f"{of.company_number}-{of.number}",
        "type": account.type,
        "period": f"{account.period_from}..{account.period_to}",
    }
