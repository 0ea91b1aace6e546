"""That no id is dealt twice: the next one is after all that there are."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from hub.store.ids import next_ids
from hub.store.tables import metadata


def wrong_ids(conn: Connection) -> Iterator[str]:
    """A sentence for each table whose next row would clash, or stand before others."""
    for name, next_ in next_ids(conn).items():
        last = conn.execute(select(func.max(metadata.tables[name].c.id))).scalar_one()
        if last is not None and next_ <= last:
            yield f"the next {name.replace('_', ' ')} would have id {next_}, and {last} is used already"
