"""That voucher numbers are one gapless series a company and year, in the order of the chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, select

from hub.store.tables import batch, company, voucher_range, voucher_series

#: Rows fetched at once of an answer that may be of any length.
_IN_PARTS = {"yield_per": 2_000}


class Vouchers:
    """Counts entries by batch and year while they pass by in order; grows with batches, not with entries."""

    def __init__(self) -> None:
        self._counts: defaultdict[int, dict[str, int]] = defaultdict(dict)

    def next(self, batch_id: int, posting_date: str) -> int:
        """The ordinal that the next entry of this batch, posted on this ISO date, has to have."""
        counts, year = self._counts[batch_id], posting_date[:4]
        counts[year] = counts.get(year, 0) + 1
        return counts[year]

    def problems(self, conn: Connection) -> Iterator[str]:
        """After the last entry."""
        last: defaultdict[tuple[str, int], int] = defaultdict(int)
        query = (
            select(company.c.number, batch.c.seq, batch.c.id, voucher_range.c.year, voucher_range.c.base)
            .join_from(voucher_range, batch, batch.c.id == voucher_range.c.batch_id)
            .join(company, company.c.id == batch.c.company_id)
            .order_by(company.c.id, batch.c.seq, voucher_range.c.year)
        )
        for number, seq, batch_id, year, base in conn.execute(query, execution_options=_IN_PARTS):
            if base != last[number, year]:
                yield (
                    f"batch {seq} of company {number}: its voucher numbers of {year} begin after {base}, those before"
                    f" it end with {last[number, year]}"
                )
            last[number, year] = base + self._counts[batch_id].pop(str(year), 0)
        for batch_id, counts in self._counts.items():
            for year in counts:
                yield f"the entries of batch {batch_id} posted in {year} have no voucher numbers"
        series = select(company.c.number, voucher_series.c.year, voucher_series.c.last).join_from(
            voucher_series, company, company.c.id == voucher_series.c.company_id
        )
        told = {(number, year): said for number, year, said in conn.execute(series)}
        for number, year in sorted(last.keys() | told.keys()):
            ends, said = last.get((number, year), 0), told.get((number, year))
            if said is None:
                yield (
                    f"company {number}: the voucher numbers of {year} end with {ends}, and the row that says so is "
                    "gone: the next act would begin at 1 again"
                )
            elif said != ends:
                yield f"company {number}: the voucher numbers of {year} end with {ends}, not with {said}"
