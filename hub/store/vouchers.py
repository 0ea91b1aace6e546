"""Voucher numbers: one series a company and year of posting, without gaps.

They are dealt when a batch ends, under the lock on the company that is taken last, so that a file of a million payments
keeps nobody waiting for its numbers: an entry has its ordinal, the batch the number before its first.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from hub.errors import HubError
from hub.store import bulk
from hub.store.entries import BatchOf
from hub.store.tables import batch, voucher_range, voucher_series


class SeriesLostError(HubError):
    """Voucher numbers of the year were dealt already, and what says how many is gone."""


def deal_vouchers(conn: Connection, company_id: int, ours: BatchOf) -> None:
    """The caller has locked the company. Raises SeriesLostError."""
    for year, count in ours.vouchers.items():
        series = (voucher_series.c.company_id == company_id, voucher_series.c.year == year)
        if bulk.insert_if_new(conn, voucher_series, company_id=company_id, year=year, last=0):
            _refuse_dealt(conn, company_id, year)
        last = conn.execute(select(voucher_series.c.last).where(*series)).scalar_one()
        conn.execute(insert(voucher_range).values(batch_id=ours.id, year=year, base=last))
        conn.execute(update(voucher_series).where(*series).values(last=last + count))


def _refuse_dealt(conn: Connection, company_id: int, year: int) -> None:
    dealt = (
        select(voucher_range.c.base)
        .join(batch, batch.c.id == voucher_range.c.batch_id)
        .where(voucher_range.c.year == year, batch.c.company_id == company_id)
    )
    if conn.execute(dealt.limit(1)).first() is not None:
        raise SeriesLostError(
            f"voucher numbers of {year} were dealt before, and the row that says up to which is gone",
            why="a number would be dealt twice, and nothing was booked",
            do="run: hub verify, and restore the last backup that proves",
        )
