"""How PostgreSQL finds the rows of a few thousand keys: by index, where no statistics are kept yet, and as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, literal, select

from hub.store.arrays import BIGINTS, TEXTS, int_array, text_array
from hub.store.database import Database, create
from hub.store.lookup import by_index
from hub.store.positions import load_positions
from tests.conftest import Postgres


@pytest.fixture
def on_postgres(postgres: Postgres) -> Iterator[Database]:
    """Of its own: what other tests have left in the statistics of a shared one decides between two indexes."""
    url = postgres.new()
    opened = create(url)
    yield opened
    opened.close()
    postgres.drop(url)


def _plans_of_positions(conn: Connection) -> str:
    """How the database would look for what 2,000 tenancies have open."""
    asked: list[tuple[str, Any]] = []

    def note(_conn: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    ids = range(1, 2_001)
    event.listen(conn, "before_cursor_execute", note)
    load_positions(conn, dict.fromkeys(ids, "oldest"), ids)
    event.remove(conn, "before_cursor_execute", note)
    plans = [conn.exec_driver_sql(f"EXPLAIN {statement}", values).scalars() for statement, values in asked]
    return "\n".join(line for plan in plans for line in plan)


def test_a_booking_finds_what_tenancies_have_open_by_index_and_reads_no_table_whole(on_postgres: Database) -> None:
    with on_postgres.write() as conn:
        by_index(conn)
        plans = _plans_of_positions(conn)
    assert "ix_charge_line_open" in plans
    assert "pk_charge " in plans
    assert "ix_credit_open" in plans
    assert not any(whole in plans for whole in ("Seq Scan", "Hash Join", "Merge Join"))


def test_the_next_transaction_may_read_whole_tables(on_postgres: Database) -> None:
    with on_postgres.write() as conn:
        by_index(conn)
        assert conn.exec_driver_sql("SHOW enable_seqscan").scalar_one() == "off"
    with on_postgres.write() as conn:
        assert conn.exec_driver_sql("SHOW enable_seqscan").scalar_one() == "on"


@given(texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
@example(texts=['"', "\\", "NULL", "", "{}", "a,b", " x ", "æ", '\\"', "line\nbreak"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_postgresql_reads_texts_as_they_were(on_postgres: Database, texts: list[str]) -> None:
    with on_postgres.read() as conn:
        assert conn.execute(select(literal(text_array(texts), TEXTS))).scalar_one() == texts


@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_postgresql_reads_numbers_as_they_were(on_postgres: Database, numbers: list[int]) -> None:
    with on_postgres.read() as conn:
        assert conn.execute(select(literal(int_array(numbers), BIGINTS))).scalar_one() == numbers


@pytest.mark.parametrize("wrong", [[None], [1, "5,6"]])
def test_what_is_no_number_gets_into_no_array(wrong: list[Any]) -> None:
    with pytest.raises(TypeError):
        int_array(wrong)


@pytest.mark.parametrize("wrong", [[None], ["a", 1]])
def test_what_is_no_text_gets_into_no_array(wrong: list[Any]) -> None:
    with pytest.raises(TypeError):
        text_array(wrong)
