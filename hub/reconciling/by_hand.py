"""``hub settle``: a person says what a bank's line is, or a part of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from hub.acts.act import Acting
from hub.errors import HubError
from hub.ledger import kinds
from hub.money import format_amount
from hub.reconciling.days import HeldOfDays
from hub.reconciling.payouts import target_of
from hub.reconciling.settling import Run, Target, settle
from hub.store.clearing.items import ClearingAccount, Item, clearing_accounts, open_days, payout_with
from hub.store.clearing.lines import OpenLine, line_with, locked_lines
from hub.store.clearing.settlements import settlements_of_lines
from hub.store.tables import suspense

#: Before the name of an account of the company's own.
NAMED_PREFIX = "account:"


class SettleRefusedError(HubError):
    """The line is not open, or is not what it was said to be."""


class _Wanted(NamedTuple):
    target: Target
    #: Øre that may be settled there; None = any.
    most: int | None


def settle_line(acting: Acting, line_id: int, target: str, amount: int | None = None) -> dict[str, Any]:
    """Books that ``amount`` øre of a bank line (above zero; None = all that is open of it) belong to ``target``.

    ``target`` is a day of a vendor's clearing (``nets_bs:09999999:00001@2026-07-01``), the entry of a payout, or
    ``account:NAME``. What is left of the line stays open. Raises SettleRefusedError, ClosedCompanyError, CurrencyError.
    """
    line = _locked(acting, line_id)
    config = acting.site.company(line.company)
    acting.bookable(config, line.currency, where=f"bank line {line_id}")
    run = Run(acting, line.company_id, config)
    part = _part(line, amount)
    wanted = _wanted(run, line, target.strip())
    if wanted.most is not None:
        _refuse_more(line, part, wanted.most, target)
    explained = settle(run, line, wanted.target, "person", amount=part)
    return {
        "entry": explained.entry_id,
        "line": line.entry_id,
        "target": target.strip(),
        "account": wanted.target.account.code,
        "amount": format_amount(part),
        "date": line.booking_date.isoformat(),
        "left": format_amount(line.amount - part),
    }


def _locked(acting: Acting, line_id: int) -> OpenLine:
    """The open line with this number. Raises SettleRefusedError."""
    conn = acting.conn
    found = line_with(conn, line_id)
    if found is not None:
        found = next((one for one in locked_lines(conn, found.company_id) if one.entry_id == line_id), None)
    if found is not None:
        return found
    settled = settlements_of_lines(conn, [line_id])
    if settled:
        last = settled[-1]
        raise SettleRefusedError(
            f"bank line {line_id} is explained: entry {last.entry_id} booked {format_amount(last.amount)} of it on "
            f"{last.account}",
            do=f"where that is wrong, first: hub reverse {last.entry_id}",
        )
    waits = conn.execute(select(suspense.c.remaining).where(suspense.c.entry_id == line_id)).scalar_one_or_none()
    if waits:
        raise SettleRefusedError(
            f"entry {line_id} is unmatched money of a vendor, and no bank's line", do=f"hub match {line_id} TENANCY"
        )
    raise SettleRefusedError(f"there is no open bank line {line_id}", do="see: hub reconcile")


def _part(line: OpenLine, amount: int | None) -> int:
    """Signed as the line. Raises SettleRefusedError."""
    if amount is None:
        return line.amount
    if amount <= 0:
        raise SettleRefusedError("an amount is above zero", why="the line says which way the money went")
    if amount > abs(line.amount):
        raise SettleRefusedError(
            f"{format_amount(amount)} is more than the {format_amount(abs(line.amount))} that is open of bank line "
            f"{line.entry_id}",
            do="settle that much at most",
        )
    return amount if line.amount > 0 else -amount


def _wanted(run: Run, line: OpenLine, target: str) -> _Wanted:
    if target.startswith(NAMED_PREFIX):
        name = target.removeprefix(NAMED_PREFIX)
        if not re.fullmatch(kinds.NAMED_PATTERN, name):
            raise SettleRefusedError(
                f"{name!r} is no name of an account",
                do="write small letters, digits and _, a letter first: account:bank_fees",
            )
        return _Wanted(run.named(name, line), None)
    accounts = clearing_accounts(run.acting.conn)
    if target.isascii() and target.isdigit():
        return _payout(run, line, int(target), accounts)
    if "@" in target:
        return _day(run, line, target, accounts)
    raise SettleRefusedError(
        f"{target!r} is nothing that a bank line can settle",
        do="write a day as hub reconcile shows it (nets_bs:09999999:00001@2026-07-01), a payout's entry, or "
        "account:NAME; for a tenancy: hub match",
    )


def _payout(run: Run, line: OpenLine, entry_id: int, accounts: Sequence[ClearingAccount]) -> _Wanted:
    found = payout_with(run.acting.conn, accounts, entry_id)
    if found is None:
        raise SettleRefusedError(f"entry {entry_id} is no payout that stands", do="see: hub reconcile")
    _refuse_other_company(line, found.account)
    if not found.open:
        raise SettleRefusedError(f"payout {entry_id} is settled", do="see: hub reconcile")
    return _Wanted(target_of(found), found.open)


def _day(run: Run, line: OpenLine, target: str, accounts: Sequence[ClearingAccount]) -> _Wanted:
    name, _, told = target.rpartition("@")
    try:
        day = date.fromisoformat(told)
    except ValueError as error:
        raise SettleRefusedError(f"{told!r} is no day", do="write @YYYY-MM-DD") from error
    named = [one for one in accounts if one.name == name]
    ours = next((one for one in named if one.company_id == line.company_id), None)
    if ours is None:
        for other in named:
            _refuse_other_company(line, other)
        raise SettleRefusedError(f"there is no clearing account {name}", do="see: hub reconcile")
    if ours.in_transit or ours.emptied_by_payouts:
        raise SettleRefusedError(
            f"what {name} holds goes out by payouts", do="name the payout's entry, as hub reconcile shows it"
        )
    conn = run.acting.conn
    item = next(iter(open_days(conn, [ours], day, day)), Item(ours, day, 0, 0))
    held = HeldOfDays(conn).sum_of(item)
    most = item.open + held
    if not most:
        raise SettleRefusedError(f"nothing of {target} is open", do="see: hub reconcile")
    return _Wanted(target_of(item), most)


def _refuse_other_company(line: OpenLine, account: ClearingAccount) -> None:
    if account.company_id != line.company_id:
        raise SettleRefusedError(
            f"bank line {line.entry_id} is company {line.company}'s, and {account.name} company {account.company}'s",
            why="money never moves between companies (R7)",
            do="have it paid back, and paid to the right company",
        )


def _refuse_more(line: OpenLine, part: int, most: int, target: str) -> None:
    came = "came in" if line.amount > 0 else "went out"
    if (most > 0) != (part > 0):
        comes = "to come in" if most > 0 else "to go out"
        raise SettleRefusedError(
            f"bank line {line.entry_id} {came}, and of {target} {format_amount(abs(most))} is {comes}",
            do="see: hub reconcile",
        )
    if abs(part) > abs(most):
        raise SettleRefusedError(
            f"{format_amount(abs(part))} is more than the {format_amount(abs(most))} that is open of {target}",
            do=f"settle a part: --amount {format_amount(abs(most))}; what is left of the line stays open",
        )
