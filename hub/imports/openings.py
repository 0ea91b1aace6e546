"""Opening entries that are imported once: what a second import finds booked, and what has changed in between (R20)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, select

from hub.imports.rows import Said
from hub.imports.table import ImportReport
from hub.store.lookup import among
from hub.store.tables import entry, posting


class Opening(Protocol):
    """A row with the key of its entry, and the hash of what must be equal under an equal key."""

    @property
    def said(self) -> Said: ...

    @property
    def key(self) -> str: ...

    @property
    def given(self) -> bytes: ...


_Opening = TypeVar("_Opening", bound=Opening)


def not_booked_before(
    connection: Connection,
    openings: Sequence[_Opening],
    report: ImportReport,
    told: Callable[[Any], str],
) -> list[_Opening]:
    """The new ones; what was booked before is counted as unchanged, or is bad where its content was another.

    ``told`` says what an entry is: its ``amount`` in øre on its own account, and its ``value_date``.
    """
    earlier = {
        row.key: row
        for row in connection.execute(
            select(entry.c.key, entry.c.input_hash, entry.c.value_date, posting.c.amount)
            .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
            .where(among(connection, entry.c.key, [one.key for one in openings]))
        )
    }
    new = []
    for one in openings:
        before = earlier.get(one.key)
        if before is None:
            new.append(one)
        elif bytes(before.input_hash) == one.given:
            report.unchanged += 1
        else:
            reference, key = one.said.values["reference"], one.said.tenancy.key
            error = f"reference: {reference!r} of tenancy {key} was imported before with other content ({told(before)})"
            report.bad.append(one.said.refused(f"{error}; nothing was changed"))
    return new
