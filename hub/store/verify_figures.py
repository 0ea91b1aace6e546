"""The figures that ``hub verify`` prints beside its verdict, for a person to hold against other books."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.store.tables import account, charge_line, company, credit, reading, suspense, tenancy


class Figure(NamedTuple):
    """``rows`` that sum to ``amount`` øre in ``currency``."""

    what: str
    rows: int
    amount: int
    currency: str


def figures(conn: Connection) -> list[Figure]:
    """By currency: every kind of account (they sum to zero), open charge lines less credits, suspense, files."""
    currency = company.c.currency
    accounts = (
        select(account.c.kind, func.count(), func.sum(account.c.balance), account.c.currency)
        .group_by(account.c.kind, account.c.currency)
        .order_by(account.c.currency, account.c.kind)
    )
    lines = (
        select(func.count(), func.sum(charge_line.c.remaining), currency)
        .join_from(charge_line, tenancy, tenancy.c.id == charge_line.c.tenancy_id)
        .join(company, company.c.id == tenancy.c.company_id)
        .where(charge_line.c.remaining > 0)
        .group_by(currency)
    )
    credits = (
        select(func.count(), func.sum(credit.c.remaining), currency)
        .join_from(credit, tenancy, tenancy.c.id == credit.c.tenancy_id)
        .join(company, company.c.id == tenancy.c.company_id)
        .where(credit.c.remaining > 0)
        .group_by(currency)
    )
    waiting = (
        select(func.count(), func.sum(suspense.c.remaining), currency)
        .join_from(suspense, company, company.c.id == suspense.c.company_id)
        .where(suspense.c.remaining != 0)
        .group_by(currency)
    )
    files = (
        select(func.count(), func.sum(reading.c.amount), reading.c.currency)
        # A document is booked too, without an amount.
        .where(
            reading.c.booked + reading.c.unmatched > 0,
            reading.c.currency.is_not(None),
            reading.c.reversed_at.is_(None),
        )
        .group_by(reading.c.currency)
    )
    found = [Figure(f"accounts: {kind}", rows, int(total), unit) for kind, rows, total, unit in conn.execute(accounts)]
    for what, query in (
        ("open charge lines", lines),
        ("credits left", credits),
        ("money unmatched", waiting),
        ("booked from files", files),
    ):
        found += [Figure(what, rows, int(total), unit or "") for rows, total, unit in conn.execute(query)]
    return found
