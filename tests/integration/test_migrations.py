"""Books that an earlier program left are brought to today's schema: nothing of them changes, and work goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby, product
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from sqlalchemy import Connection, select

from hub.imports.charges import import_charges
from hub.ledger import kinds
from hub.ledger.terms import Terms
from hub.settings import CompanyConfig
from hub.store import database as module
from hub.store.books import Books
from hub.store.database import SCHEMA_HEAD, Database, DatabaseError, connect, create
from hub.store.entries import Movement
from hub.store.portfolio import tenancy_by_key
from hub.store.tables import account, batch, company, entry, voucher_range, voucher_series
from hub.store.verify import verify
from tests import schemas

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Postgres(Protocol):
    """The server of tests/conftest.py."""

    def new(self) -> str: ...

    def drop(self, url: str) -> None: ...


class Upgraded(NamedTuple):
    """A database at head that was at ``revision``, and what it held then."""

    database: Database
    url: str
    revision: str
    before: dict[str, Any]


def upgrade(url: str, revision: str) -> Upgraded:
    schemas.fill(url, revision)
    return Upgraded(create(url), url, revision, schemas.books_at(revision))


@pytest.fixture(scope="module", params=product(schemas.revisions(), ("sqlite", "postgresql")), ids="-".join)
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """For all tests that only look at it."""
    revision, dialect = request.param
    if dialect == "sqlite":
        done = upgrade(f"sqlite:///{tmp_path_factory.mktemp('upgraded') / 'hub.db'}", revision)
        yield done
        done.database.close()
    else:
        server: Postgres = request.getfixturevalue("postgres")
        done = upgrade(server.new(), revision)
        yield done
        done.database.close()
        server.drop(done.url)


def dealt(conn: Connection) -> dict[tuple[str, int], list[int]]:
    """Voucher numbers by company and year, in order of batch and entry."""
    query = (
        select(company.c.number, voucher_range.c.year, (voucher_range.c.base + entry.c.voucher).label("voucher"))
        .join_from(entry, batch, batch.c.id == entry.c.batch_id)
        .join(company, company.c.id == batch.c.company_id)
        .join(voucher_range, voucher_range.c.batch_id == batch.c.id)
        .add_columns(entry.c.posting_date)
        .order_by(company.c.number, voucher_range.c.year, batch.c.seq, entry.c.id)
    )
    rows = [row for row in conn.execute(query) if row.posting_date.year == row.year]
    return {key: [row.voucher for row in of_it] for key, of_it in groupby(rows, lambda row: (row.number, row.year))}


def test_every_earlier_schema_has_books_to_try_it_on() -> None:
    made = sorted(path.name[:4] for path in Path(module.__file__).parent.glob("migrations/versions/[0-9]*.py"))
    assert [*schemas.revisions(), SCHEMA_HEAD] == made


@pytest.mark.parametrize("revision", schemas.revisions())
class TestBefore:
    def test_the_books_are_those_of_that_program(self, empty_url: str, revision: str) -> None:
        schemas.fill(empty_url, revision)
        opened = module.connect_at_any(empty_url)
        with opened.read() as conn:
            assert module.revision_of(conn) == revision
            assert schemas.kept(conn) == schemas.books_at(revision) | {"sequences": schemas.kept(conn)["sequences"]}
        opened.close()

    def test_they_are_not_worked_on_as_they_are(self, empty_url: str, revision: str) -> None:
        schemas.fill(empty_url, revision)
        with pytest.raises(DatabaseError, match=rf"schema is at {revision}.*needs {SCHEMA_HEAD}.*run: hub init"):
            connect(empty_url)


class TestUpgraded:
    def test_the_books_are_proved(self, upgraded: Upgraded) -> None:
        with upgraded.database.read() as conn:
            report = verify(conn)
        assert (report.problems, report.entries) == ([], len(upgraded.before["tables"]["entry"]["rows"]))

    def test_every_row_says_what_it_said(self, upgraded: Upgraded) -> None:
        """Balances, hashes, keys: all columns that there are still."""
        with upgraded.database.read() as conn:
            after = schemas.kept(conn)["tables"]
        for table, then in upgraded.before["tables"].items():
            now = after[table]
            common = [name for name in then["columns"] if name in now["columns"]]
            assert told(now, common) == told(then, common), table

    def test_heads_that_were_noted_are_found(self, upgraded: Upgraded) -> None:
        noted = told(upgraded.before["tables"]["company"], ["chain_hash"])
        with upgraded.database.read() as conn:
            for (head,) in noted:
                assert verify(conn, expect=head).problems == []

    def test_vouchers_are_one_gapless_series_a_company_and_year(self, upgraded: Upgraded) -> None:
        with upgraded.database.read() as conn:
            series = dealt(conn)
            last = {
                (row.number, row.year): row.last
                for row in conn.execute(select(company.c.number, voucher_series).join_from(voucher_series, company))
            }
        assert series.keys() == last.keys() != set()
        for key, numbers in series.items():
            assert numbers == list(range(1, len(numbers) + 1)), key
        assert last == {key: len(numbers) for key, numbers in series.items()}

    def test_receivables_and_holdings_are_numbered_from_99(self, upgraded: Upgraded) -> None:
        series = (kinds.RECEIVABLE, kinds.HOLDING)
        with upgraded.database.read() as conn:
            for (company_id,) in conn.execute(select(company.c.id)).all():
                ordered = select(account.c.number).where(account.c.company_id == company_id).order_by(account.c.id)
                numbers = list(conn.scalars(ordered.where(account.c.kind.in_(series))))
                assert numbers == list(range(kinds.FIRST_ACCOUNT_NUMBER, kinds.FIRST_ACCOUNT_NUMBER + len(numbers)))
            others = select(account.c.number).where(account.c.kind.not_in(series))
            assert set(conn.scalars(others)) == {None}

    def test_batches_of_before_are_proved_as_they_were_written(self, upgraded: Upgraded) -> None:
        with upgraded.database.read() as conn:
            has_hash = {allocated is not None for allocated in conn.scalars(select(batch.c.allocated))}
        # What a batch allocates enters its hash since 0003: those of before stay without.
        assert has_hash == {upgraded.revision >= "0003"}

    def test_again_changes_nothing(self, upgraded: Upgraded) -> None:
        with upgraded.database.read() as conn:
            before = schemas.kept(conn)
        create(upgraded.url).close()
        with upgraded.database.read() as conn:
            assert schemas.kept(conn) == before


@pytest.mark.parametrize("revision", schemas.revisions())
def test_work_goes_on(empty_url: str, revision: str, tmp_path: Path) -> None:
    """A charge, a payment of it, a holding: on the numbers that come next."""
    opened = upgrade(empty_url, revision).database
    path = tmp_path / "charges.csv"
    path.write_text("tenancy,due_date,charge_type,amount,reference\n1-2-1-1,2026-03-01,10,100,N3\n")
    report = import_charges(opened, path, now=NOW, actor="ib", company_of=lambda number: CompanyConfig(number=number))
    assert report.added == 1
    with opened.write() as conn:
        before = dealt(conn)["1", 2026]
        found = tenancy_by_key(conn, "1-2-1-1")
        assert found is not None
        books = Books(conn, recorded_at=NOW, actor="ib", terms_of=lambda number: Terms())
        bank = books.shared_account(found.ref.company_id, kinds.BANK, kinds.BANK)
        day = "2026-03-02"
        paid = (kinds.PAYMENT, found.ref, -100_00, day, day, bank, day, "payment|1", b"1" * 16, "Indbetaling")
        books.post(found.ref.company_id, [Movement(*paid)])
        held = Movement(kinds.OPENING, None, -50_00, day, day, bank, day, "held|1", b"2" * 16, "Depositum")
        books.enter(found.ref.company_id, books.holding(found.ref, kinds.DEPOSIT), held)
        books.close()
    with opened.read() as conn:
        assert verify(conn).problems == []
        assert conn.scalars(select(batch.c.allocated).order_by(batch.c.id.desc())).first() is not None
        assert dealt(conn)["1", 2026] == [*before, len(before) + 1, len(before) + 2]
        taken = conn.scalars(
            select(account.c.number)
            .where(account.c.company_id == found.ref.company_id, account.c.number.is_not(None))
            .order_by(account.c.number)
        ).all()
    assert taken == list(range(kinds.FIRST_ACCOUNT_NUMBER, kinds.FIRST_ACCOUNT_NUMBER + len(taken)))
    opened.close()


def told(table: dict[str, Any], columns: list[str]) -> list[list[Any]]:
    at = [table["columns"].index(name) for name in columns]
    return [[row[index] for index in at] for row in table["rows"]]
