"""Voucher numbers: one series a company and year of posting, without gaps.

They are dealt when a batch ends, under the lock on the company that is taken last, so that a file of a million payments
keeps nobody waiting for its numbers: an entry has its ordinal, the batch the number before its first.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from hub.store import bulk
from hub.store.entries import BatchOf
from hub.store.tables import voucher_range, voucher_series


def deal_vouchers(conn: Connection, company_id: int, ours: BatchOf) -> None:
    """The caller has locked the company."""
    for year, count in ours.vouchers.items():
        series = (voucher_series.c.company_id == company_id, voucher_series.c.year == year)
        bulk.insert_if_new(conn, voucher_series, company_id=company_id, year=year, last=0)
        last = conn.execute(select(voucher_series.c.last).where(*series)).scalar_one()
        conn.execute(insert(voucher_range).values(batch_id=ours.id, year=year, base=last))
        conn.execute(update(voucher_series).where(*series).values(last=last + count))
