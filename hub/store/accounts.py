"""Accounts by code, made when they are first needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, func, insert, select

from hub.errors import HubError
from hub.ledger import kinds
from hub.money import format_amount
from hub.store import bulk
from hub.store.lookup import among
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


def holding_ids(conn: Connection, company_id: int, wanted: Mapping[str, int]) -> dict[str, int]:
    """Ids of a company's holdings by code, a few thousand at a time; ``wanted`` says by code whose each is.

    New ones get the company's next numbers; it is locked from then on, so that no other writer finds the same.
    """
    known = _ids(conn, company_id, wanted)
    if len(known) == len(wanted):
        return known
    ours = select(company.c.currency).where(company.c.id == company_id)
    currency = conn.execute(ours.with_for_update(key_share=True)).scalar_one()
    # Those that another writer has made while we waited are here now.
    known = _ids(conn, company_id, wanted)
    new = [code for code in wanted if code not in known]
    if not new:
        return known
    same = {"company_id": company_id, "kind": kinds.HOLDING, "currency": currency}
    first = next_number(conn, company_id, len(new))
    rows = [
        {**same, "code": code, "number": number, "tenancy_id": wanted[code]} for number, code in enumerate(new, first)
    ]
    conn.execute(insert(account), rows)
    return known | _ids(conn, company_id, new)


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


def _ids(conn: Connection, company_id: int, codes: Collection[str]) -> dict[str, int]:
    query = select(account.c.code, account.c.id).where(
        account.c.company_id == company_id, among(conn, account.c.code, codes)
    )
    return dict(conn.execute(query).all())


def _id(conn: Connection, company_id: int, code: str) -> int | None:
    query = select(account.c.id).where(account.c.company_id == company_id, account.c.code == code)
    known: int | None = conn.execute(query).scalar_one_or_none()
    return known


def _values(conn: Connection, company_id: int, kind: str, code: str) -> dict[str, object]:
    currency = select(company.c.currency).where(company.c.id == company_id).scalar_subquery()
    return {"company_id": company_id, "kind": kind, "code": code, "currency": currency}
