"""The bulk writer: what it was given is there, whatever the rows have in common; a broken rule undoes all of it."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from hub.money import ACCOUNT_ORE_MAX
from hub.store import bulk
from hub.store.bulk import ClashError
from hub.store.database import Database
from hub.store.tables import outcome, posting

#: More than a few statements' worth, and some over.
_MANY = 300


def _postings(conn: Connection) -> list[tuple[int, int, int, int, str]]:
    rows = conn.execute(select(posting).order_by(posting.c.entry_id, posting.c.seq))
    return [(*row[:4], row.value_date.isoformat()) for row in rows]


def test_rows_that_have_nothing_in_common_are_there_as_given(database: Database) -> None:
    rows = [(id_, id_ % 3, id_ * 7, -id_, f"2026-01-{id_ % 28 + 1:02d}") for id_ in range(1, _MANY + 1)]
    with database.write() as conn:
        bulk.insert_rows(conn, posting, rows)
    with database.read() as conn:
        assert _postings(conn) == rows


def test_rows_that_have_all_but_their_key_in_common_are_there_as_given(database: Database) -> None:
    rows = [(id_, 0, 5, 100, "2026-01-01") for id_ in range(1, _MANY + 1)]
    with database.write() as conn:
        bulk.insert_rows(conn, posting, rows)
    with database.read() as conn:
        assert _postings(conn) == rows


def test_what_only_the_last_rows_say_otherwise_is_not_lost(database: Database) -> None:
    """The last rows go in statements of their own, where nothing is held to be alike."""
    rows = [(id_, 0, 5, 100 if id_ < _MANY else 101, "2026-01-01") for id_ in range(1, _MANY + 1)]
    with database.write() as conn:
        bulk.insert_rows(conn, posting, rows)
    with database.read() as conn:
        assert _postings(conn) == rows


def test_nothing_is_nothing_and_not_an_empty_text(database: Database) -> None:
    with database.write() as conn:
        rows = [(1, number, "kept", "", None, None, None, None if number % 2 else "", 0) for number in range(1, 131)]
        bulk.insert_rows(conn, outcome, rows)
    with database.read() as conn:
        assert [tuple(row) for row in conn.execute(select(outcome).order_by(outcome.c.record))] == rows


def test_a_row_that_is_there_already_undoes_the_whole_transaction(database: Database) -> None:
    rows = [(id_, 0, 5, 100, "2026-01-01") for id_ in range(1, _MANY + 1)]
    with pytest.raises((IntegrityError, ClashError)), database.write() as conn:
        bulk.insert_rows(conn, posting, [*rows, rows[0]])
    with pytest.raises((IntegrityError, ClashError)), database.write() as conn:
        bulk.insert_rows(conn, posting, [rows[9], *rows])
    with database.read() as conn:
        assert _postings(conn) == []


def test_amounts_are_added_row_by_row_however_large(database: Database) -> None:
    large = ACCOUNT_ORE_MAX - 1
    with database.write() as conn:
        bulk.insert_rows(conn, posting, [(id_, 0, 5, id_, "2026-01-01") for id_ in (1, 2, 3)])
        assert bulk.add_amounts(conn, posting.c.amount, {3: -5, 1: large})
    with database.read() as conn:
        assert [row[3] for row in _postings(conn)] == [1 + large, 2, -2]


def test_an_amount_beyond_the_limit_is_left_and_told_the_others_are_added(database: Database) -> None:
    with database.write() as conn:
        bulk.insert_rows(conn, posting, [(id_, 0, 5, 90, "2026-01-01") for id_ in (1, 2, 3)])
        assert bulk.add_amounts(conn, posting.c.amount, {1: 10, 2: 11, 3: -190}, most=100) is False
        assert [row[3] for row in _postings(conn)] == [100, 90, -100]
