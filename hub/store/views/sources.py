"""Where an entry comes from."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Row, Select

from hub.store.tables import batch, entry, file, reading

#: Rows fetched at once of an answer that may be of any length.
IN_PARTS = {"yield_per": 2_000}
#: Columns that :func:`with_source` adds.
_ADDED = 3


class Source(NamedTuple):
    """Where an entry comes from; all empty for an act of a person."""

    #: The file's name, "" = none.
    file: str
    #: 1-based line of the file, or the record's number where its records are no lines (``FileKind.counted``).
    record: int | None
    file_id: int | None


def with_source(query: Select[Any]) -> Select[Any]:
    """``query`` over entries, with the columns that :func:`split_source` takes off its end."""
    return (
        query.join(batch, batch.c.id == entry.c.batch_id)
        .join(reading, reading.c.id == batch.c.reading_id, isouter=True)
        .join(file, file.c.id == reading.c.file_id, isouter=True)
        .add_columns(file.c.name, entry.c.record, file.c.id)
    )


def split_source(row: Row[Any]) -> tuple[tuple[Any, ...], Source]:
    """A row's own columns, and its source."""
    values = tuple(row)
    name, record, file_id = values[-_ADDED:]
    return values[:-_ADDED], Source(name or "", record, file_id)
