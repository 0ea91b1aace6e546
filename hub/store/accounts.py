"""Accounts by code, made when they are first needed."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from hub.errors import HubError
from hub.ledger import kinds
from hub.money import format_amount
from hub.store import bulk
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef
from hub.store.tables import account, company


class SeriesFullError(HubError):
    """A company has used up the eight-digit numbers of its receivables and holdings."""


class BalanceTooLargeError(HubError):
    """An account would have more on it than any may have."""


def change_balances(conn: Connection, deltas: Mapping[int, int], most: int) -> None:
    """Adds øre to the balances of accounts, by id. Raises BalanceTooLargeError where one would be beyond ``most``."""
    fits = all(-2 * most <= delta <= 2 * most for delta in deltas.values())
    if fits and bulk.add_amounts(conn, account.c.balance, deltas, most):
        return
    rows = conn.execute(
        select(account.c.id, account.c.code, account.c.balance).where(among(conn, account.c.id, deltas.keys()))
    ).all()
    code = next(row.code for row in rows if abs(row.balance + deltas[row.id]) > most)
    raise BalanceTooLargeError(
        f"account {code} would have more than {format_amount(most)} on it",
        why="sums over all accounts have to fit the database's integers; nothing was booked",
        do="look for an amount that is far too large",
    )


def account_id(conn: Connection, company_id: int, kind: str, code: str) -> int:
    """Another writer may make the same account meanwhile: whoever comes second waits, then finds it."""
    known = _id(conn, company_id, code)
    if known is None:
        bulk.insert_if_new(conn, account, **_values(conn, company_id, kind, code))
        known = _id(conn, company_id, code)
    assert known is not None
    return known


def holding_id(conn: Connection, tenancy: TenancyRef, code: str) -> int:
    """As :func:`account_id`; the company is locked while a number is found for a new one."""
    known = _id(conn, tenancy.company_id, code)
    if known is not None:
        return known
    conn.execute(select(company.c.id).where(company.c.id == tenancy.company_id).with_for_update(key_share=True))
    number = next_number(conn, tenancy.company_id)
    values = _values(conn, tenancy.company_id, kinds.HOLDING, code)
    bulk.insert_if_new(conn, account, **values, number=number, tenancy_id=tenancy.id)
    known = _id(conn, tenancy.company_id, code)
    assert known is not None
    return known


def next_number(conn: Connection, company_id: int, wanted: int = 1) -> int:
    """The first of ``wanted`` free numbers of a company's receivables and holdings. Raises SeriesFullError."""
    # Only of those that are numbered, or the index is of no use and every holding reads all accounts.
    numbered = (account.c.company_id == company_id, account.c.number.is_not(None))
    last = conn.execute(select(func.max(account.c.number)).where(*numbered)).scalar_one()
    first = kinds.FIRST_ACCOUNT_NUMBER if last is None else last + 1
    if first + wanted - 1 > kinds.LAST_ACCOUNT_NUMBER:
        raise SeriesFullError(
            f"the company has no more than {kinds.LAST_ACCOUNT_NUMBER - first + 1} numbers left for {wanted} accounts",
            why="they have eight digits and begin with 99",
            do="spread its tenancies over several companies",
        )
    return first


def _id(conn: Connection, company_id: int, code: str) -> int | None:
    query = select(account.c.id).where(account.c.company_id == company_id, account.c.code == code)
    known: int | None = conn.execute(query).scalar_one_or_none()
    return known


def _values(conn: Connection, company_id: int, kind: str, code: str) -> dict[str, object]:
    currency = select(company.c.currency).where(company.c.id == company_id).scalar_subquery()
    return {"company_id": company_id, "kind": kind, "code": code, "currency": currency}
