"""A database in which everything happens, and of which nothing stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from hub.store.database import Database


class _Over(Exception):
    """Rolls the transaction back."""


class Rehearsal(Database):
    """Over ``database``; ``look`` is shown every transaction's end before that is rolled back.

    On SQLite a rehearsal has the write lock for as long as the real thing would.
    """

    def __init__(self, database: Database, look: Callable[[Connection], None]) -> None:
        self.dialect = database.dialect
        self._database = database
        self._look = look

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._database.read() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        try:
            with self._database.write() as conn:
                yield conn
                self._look(conn)
                raise _Over
        except _Over:
            pass

    def close(self) -> None:
        """The database is not ours to close."""
