"""That what a row refers to is there: every foreign key that the schema declares, and those that it leaves undeclared.

The database refuses such a row itself, as long as nobody has switched that off. Where one is lost, rules that join rows
to what they belong to would pass it by, and a backup that holds it could not be restored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, reduce
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    String,
    cast,
    literal,
    select,
    union_all,
)

from hub.store.tables import (
    account,
    arrival,
    bank_statement,
    consumption_result,
    consumption_settled,
    credit,
    document_named,
    entry,
    file,
    metadata,
    outcome,
    reading,
    slip,
    suspense,
    tenancy,
    witness,
)
from hub.store.verify_rule import told_by


class _Link(NamedTuple):
    child: Column[Any]
    parent: Column[Any]


#: Asked at once: one by one they are most of what a proof of few books waits for.
_LINKS_AT_ONCE = 8

#: What the schema leaves undeclared, as far as no rule of its own looks for it (the chain's, of verify_rows, ...).
_UNDECLARED = (
    _Link(account.c.tenancy_id, tenancy.c.id),
    _Link(arrival.c.parent_id, file.c.id),
    _Link(bank_statement.c.reading_id, reading.c.id),
    _Link(consumption_result.c.reading_id, reading.c.id),
    _Link(consumption_settled.c.credit_id, entry.c.id),
    _Link(credit.c.entry_id, entry.c.id),
    _Link(document_named.c.reading_id, reading.c.id),
    _Link(outcome.c.reading_id, reading.c.id),
    _Link(slip.c.reading_id, reading.c.id),
    _Link(suspense.c.entry_id, entry.c.id),
    _Link(witness.c.reading_id, reading.c.id),
)


def wrong_parents(conn: Connection) -> Iterator[str]:
    """A sentence for each row that refers to one that is not there."""
    yield from _lost(conn, (*_declared(), *_UNDECLARED))


def lost_parents(conn: Connection, tables: Mapping[str, Collection[str]]) -> Iterator[str]:
    """As :func:`wrong_parents`, of what the schema declares: of ``tables`` and their columns, as an earlier schema may
    have fewer of them.
    """
    known = (link for link in _declared() if all(one.name in tables.get(one.table.name, ()) for one in link))
    yield from _lost(conn, known)


def _declared() -> Iterator[_Link]:
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            yield _Link(key.parent, key.column)


def _lost(conn: Connection, links: Iterable[_Link]) -> Iterator[str]:
    left = iter(links)
    while some := tuple(islice(left, _LINKS_AT_ONCE)):
        yield from told_by(conn, _query(some), _tell)


@cache
def _query(links: tuple[_Link, ...]) -> CompoundSelect[Any]:
    return union_all(*map(_rows_without, links))


def _rows_without(link: _Link) -> Select[str, str, str, str, str]:
    table, parent = link.child.table, link.parent.table.alias("parent")
    parts: Iterator[ColumnElement[str]] = (cast(one, String) for one in table.primary_key.columns)
    named = reduce(lambda key, part: key + "/" + part, parts)
    return (
        select(
            literal(table.name).label("child"),
            named.label("key"),
            literal(link.child.name).label("column"),
            cast(link.child, String).label("value"),
            literal(link.parent.table.name).label("parent"),
        )
        .outerjoin_from(table, parent, parent.c[link.parent.name] == link.child)
        .where(link.child.is_not(None), parent.c[link.parent.name].is_(None))
    )


def _tell(row: Row[Any]) -> str:
    child, parent = row.child.replace("_", " "), row.parent.replace("_", " ")
    return f"{child} {row.key} refers to {parent} {row.value} by its {row.column}, and there is no such {parent}"
