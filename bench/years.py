"""Years of rent for thousands of tenancies, written straight into the tables: books that ``hub verify`` accepts.

Every tenancy is charged on the first of each month and pays on that day or some days later. One in twenty has stopped
paying some months ago.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, Table, text

from hub.backup.rows import set_sequences
from hub.ledger import chain, kinds
from hub.store import bulk
from hub.store.database import create, open_bare
from hub.store.tables import (
    account,
    allocation,
    batch,
    charge,
    charge_line,
    company,
    customer_number,
    entry,
    posting,
    property_,
    tenancy,
    unit,
    voucher_range,
    voucher_series,
)

TENANCIES_PER_COMPANY = 10_000
UNITS_PER_PROPERTY = 200
FIRST_MONTH = date(2024, 1, 1)
#: After all of 36 months.
TODAY = date(2026, 12, 22)
RENT, ON_ACCOUNT_HEAT = 512_500, 60_000
_TOTAL = RENT + ON_ACCOUNT_HEAT
_BULK_TABLES = (entry, posting, charge, charge_line, allocation)
#: Accounts that a company has beside its tenancies'.
_INCOME, _HEAT, _CLEARING = range(3)
_SHARED = (
    (kinds.INCOME, kinds.income_code("10")),
    (kinds.INCOME, kinds.income_code("20")),
    (kinds.CLEARING, kinds.clearing_code("nets_bs", "02345678", "00001")),
)
#: Text, VAT rate, VAT, claim, holding.
_REST_OF_LINE = ("", 0, 0, "obligatory", None)


class Size(NamedTuple):
    tenancies: int
    months: int

    @property
    def companies(self) -> int:
        return -(-self.tenancies // TENANCIES_PER_COMPANY)


class Years:
    """A new database with all of it."""

    def __init__(self, url: str, size: Size) -> None:
        create(url).close()
        self._database = open_bare(url)
        self._writer = _Writer(size)
        self._wrote(self._writer.write)

    def charge_ahead(self) -> None:
        """One month more, that is charged and not paid yet."""
        self._wrote(self._writer.charge_ahead)

    def close(self) -> None:
        self._database.close()

    def _wrote(self, write: Callable[[Connection], None]) -> None:
        with self._database.write() as conn:
            write(conn)
            if conn.dialect.name == "sqlite":
                conn.execute(text("DELETE FROM counter"))
            set_sequences(conn, {})
        if self._database.dialect == "postgresql":
            with self._database.write() as conn:
                conn.execute(text("ANALYZE"))


def key_of(number: int) -> str:
    """Of the tenancy with this number from 0."""
    within = number % TENANCIES_PER_COMPANY
    place = f"{within // UNITS_PER_PROPERTY + 1}-{within % UNITS_PER_PROPERTY + 1}-1"
    return f"{number // TENANCIES_PER_COMPANY + 1}-{place}"


def _month(index: int) -> date:
    months = FIRST_MONTH.year * 12 + FIRST_MONTH.month - 1 + index
    return date(months // 12, months % 12 + 1, 1)


def _pays(number: int, months_left: int) -> bool:
    """One in twenty has stopped paying, up to six months ago; nobody pays a month to come."""
    return months_left >= 0 and (number % 20 != 7 or months_left > number % 6)


def _paid_on(number: int, due: date) -> str:
    """ISO."""
    return (due + timedelta(days=number % 5)).isoformat()


class _Writer:
    def __init__(self, size: Size) -> None:
        self._size = size
        self._balances: defaultdict[int, int] = defaultdict(int)
        self._entry_id = self._charge_id = self._batch_id = 0
        self._heads = {number: chain.genesis(str(number)) for number in range(1, size.companies + 1)}
        self._vouchers: defaultdict[tuple[int, int], int] = defaultdict(int)
        self._seqs: defaultdict[int, int] = defaultdict(int)

    def write(self, conn: Connection) -> None:
        self._conn = conn
        # They are made when all rows are there, which takes a tenth of the time.
        for table in _BULK_TABLES:
            for index in table.indexes:
                index.drop(conn)
        self._portfolio()
        for month in range(self._size.months):
            for number in self._heads:
                self._month_of(number, month)
        self._end()
        for table in _BULK_TABLES:
            for index in table.indexes:
                index.create(conn)

    def charge_ahead(self, conn: Connection) -> None:
        self._conn = conn
        for number in self._heads:
            self._month_of(number, self._size.months)
        conn.execute(voucher_series.delete())
        self._end()

    def _end(self) -> None:
        """What the database has of everything: balances, heads of chains, last voucher numbers."""
        bulk.add_amounts(self._conn, account.c.balance, self._balances)
        self._balances.clear()
        for number, head in self._heads.items():
            values = {"number": str(number), "seq": self._seqs[number], "hash": head}
            self._conn.execute(
                text("UPDATE company SET chain_seq = :seq, chain_hash = :hash WHERE number = :number"), values
            )
        bulk.insert_rows(self._conn, voucher_series, [(*key, last) for key, last in sorted(self._vouchers.items())])

    def _portfolio(self) -> None:
        rows: defaultdict[Table, list[bulk.Row]] = defaultdict(list)
        for number in self._heads:
            its = dict.fromkeys(company.columns.keys()) | {"id": number, "number": str(number), "name": "Bænk A/S"}
            its |= {"currency": "DKK", "chain_seq": 0, "chain_hash": chain.genesis(str(number))}
            rows[company].append(tuple(its.values()))
            for at, (kind, code) in enumerate(_SHARED):
                rows[account].append((self._shared(number, at), number, kind, code, "DKK", 0, None, None))
        for index in range(self._size.tenancies):
            self._tenancy(rows, index)
        for table in (company, property_, unit, account, tenancy, customer_number):
            bulk.insert_rows(self._conn, table, rows[table])

    def _tenancy(self, rows: dict[Table, list[bulk.Row]], index: int) -> None:
        key, id_ = key_of(index), index + 1
        owner, number, its_unit, tenant = key.split("-")
        property_id = (int(owner) - 1) * (TENANCIES_PER_COMPANY // UNITS_PER_PROPERTY) + int(number)
        if its_unit == "1":
            rows[property_].append((property_id, int(owner), number, "", None, None))
        rows[unit].append((id_, property_id, its_unit, None))
        account_number = kinds.FIRST_ACCOUNT_NUMBER + index % TENANCIES_PER_COMPANY
        rows[account].append(
            (id_, int(owner), kinds.RECEIVABLE, kinds.receivable_code(key), "DKK", 0, account_number, None)
        )
        its = dict.fromkeys(tenancy.columns.keys()) | {"id": id_, "key": key, "company_id": int(owner)}
        its |= {"property_id": property_id, "unit_id": id_, "number": tenant, "account_id": id_}
        its |= {"name": f"Beboer {id_}", "business": False, "vat_registered": False, "interval_months": 1}
        its |= {"bs_customer": str(id_), "customer_key": str(id_)}
        rows[tenancy].append(tuple(its.values()))
        rows[customer_number].append((int(owner), str(id_), id_, "2020-01-01 00:00:00.000000"))

    def _shared(self, number: int, at: int) -> int:
        return self._size.tenancies + (number - 1) * len(_SHARED) + at + 1

    def _months_left(self, index: int) -> int:
        """After this month; less than none of one to come."""
        return self._size.months - 1 - index

    def _numbers(self, company_number: int) -> range:
        first = (company_number - 1) * TENANCIES_PER_COMPANY
        return range(first, min(first + TENANCIES_PER_COMPANY, self._size.tenancies))

    def _month_of(self, company_number: int, index: int) -> None:
        """A company's charges of one month in a batch, and the payments of it in another: none of a month to come."""
        rows: defaultdict[Table, list[bulk.Row]] = defaultdict(list)
        due = _month(index)
        lines: dict[int, tuple[int, int]] = {}
        self._batch(rows, company_number, due - timedelta(days=20), self._charges(rows, company_number, due, lines))
        paid = self._payments(rows, company_number, due, self._months_left(index), lines)
        self._batch(rows, company_number, due + timedelta(days=6), paid)
        for table in (*_BULK_TABLES, batch, voucher_range):
            bulk.insert_rows(self._conn, table, rows[table])

    def _charges(
        self, rows: dict[Table, list[bulk.Row]], company_number: int, due: date, lines: dict[int, tuple[int, int]]
    ) -> Iterator[bulk.Row]:
        day, first, last = due.isoformat(), due.isoformat(), (_next_month(due) - timedelta(days=1)).isoformat()
        income = (self._shared(company_number, _INCOME), _SHARED[_INCOME][1], RENT)
        heat = (self._shared(company_number, _HEAT), _SHARED[_HEAT][1], ON_ACCOUNT_HEAT)
        told = [("10", RENT, first, last, 0, 0, "obligatory", None)]
        told.append(("20", ON_ACCOUNT_HEAT, first, last, 0, 0, "obligatory", None))
        months_left = self._months_left(_months_between(FIRST_MONTH, due))
        for number in self._numbers(company_number):
            self._charge_id += 1
            charge_id, line_id = self._charge_id, 2 * self._charge_id
            reference = f"{number + 1:06d}{due:%y%m}"
            detail = chain.charge_detail(day, reference, kinds.RENT, told)
            key = f"rent|{key_of(number)}|{day}#1"
            entry_id = self._entry_id + 1
            rows[charge].append(
                (charge_id, entry_id, number + 1, reference, day, "Husleje", kinds.RENT, None, None, None)
            )
            open_ = not _pays(number, months_left)
            since = day if open_ else _paid_on(number, due)
            for seq, line in enumerate(told):
                left = line[1] if open_ else 0
                its = (line_id + seq, charge_id, seq, number + 1, line[0], line[1], left, first, last)
                rows[charge_line].append((*its, *_REST_OF_LINE, day, day, since))
            lines[number] = (line_id, line_id + 1)
            self._allocated.demand([(entry_id, 0, line_id), (entry_id, 1, line_id + 1)])
            yield self._entered(
                rows,
                kinds.CHARGE,
                number,
                _TOTAL,
                day,
                "Husleje",
                key,
                detail,
                (income, heat),
                chain.input_hash(_TOTAL),
            )

    def _payments(
        self,
        rows: dict[Table, list[bulk.Row]],
        company_number: int,
        due: date,
        months_left: int,
        lines: dict[int, tuple[int, int]],
    ) -> Iterator[bulk.Row]:
        clearing = ((self._shared(company_number, _CLEARING), _SHARED[_CLEARING][1], -_TOTAL),)
        for number in self._numbers(company_number):
            if not _pays(number, months_left):
                continue
            day = _paid_on(number, due)
            key = f"nets|02345678|00001|0211|{day}|{number + 1:015d}|{due:%y%m}|0236|{day}#1"
            entry_id = self._entry_id + 1
            first, second = lines[number]
            paid = (
                (entry_id, 0, entry_id, first, RENT, "reference"),
                (entry_id, 1, entry_id, second, ON_ACCOUNT_HEAT, "reference"),
            )
            rows[allocation].extend(paid)
            self._allocated.pay(paid)
            given = chain.input_hash(-_TOTAL)
            yield self._entered(rows, kinds.PAYMENT, number, -_TOTAL, day, "BS", key, "", clearing, given)

    def _entered(
        self,
        rows: dict[Table, list[bulk.Row]],
        kind: str,
        number: int,
        amount: int,
        day: str,
        told: str,
        key: str,
        detail: str,
        parts: tuple[tuple[int, str, int], ...],
        given: bytes,
    ) -> bulk.Row:
        """The entry's row but for its voucher; its postings are noted."""
        self._entry_id += 1
        entry_id = self._entry_id
        rows[posting].append((entry_id, 0, number + 1, amount, day))
        self._balances[number + 1] += amount
        said = [(kinds.receivable_code(key_of(number)), amount, day)]
        for seq, (account_id, code, part) in enumerate(parts, start=1):
            rows[posting].append((entry_id, seq, account_id, -part, day))
            self._balances[account_id] -= part
            said.append((code, -part, day))
        leaf = chain.leaf(kind, key, day, day, None, "", given, detail, said)
        return (entry_id, self._batch_id + 1, kind, day, day, told, None, None, key, given, leaf)

    def _batch(
        self, rows: dict[Table, list[bulk.Row]], company_number: int, on: date, entries: Iterator[bulk.Row]
    ) -> None:
        root, first = chain.Root(), self._entry_id + 1
        self._allocated = chain.Allocated()
        ordinals: defaultdict[int, int] = defaultdict(int)
        leaf_at = entry.columns.keys().index("leaf")
        for row in entries:
            year = int(row[4][:4])
            ordinals[year] += 1
            rows[entry].append((*row, ordinals[year]))
            root.add((row[leaf_at],))
        if not root.entries:
            return
        self._batch_id += 1
        self._seqs[company_number] += 1
        seq, previous = self._seqs[company_number], self._heads[company_number]
        recorded_at = datetime(on.year, on.month, on.day, 5, 30, tzinfo=UTC)
        allocated = self._allocated.digest()
        head = chain.batch_hash(previous, str(company_number), seq, recorded_at, "bench", "", root, allocated)
        self._heads[company_number] = head
        stored_at = recorded_at.strftime("%Y-%m-%d %H:%M:%S.%f")
        rows[batch].append(
            (
                *(self._batch_id, company_number, seq, stored_at, "bench", None, first, self._entry_id),
                *(root.entries, root.digest(), previous, head, allocated),
            )
        )
        for year, count in ordinals.items():
            rows[voucher_range].append((self._batch_id, year, self._vouchers[company_number, year]))
            self._vouchers[company_number, year] += count


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
