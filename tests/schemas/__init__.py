"""Databases as earlier programs left them, one file a revision of the schema: what migrations are tested with.

``NNNN.json`` has rows of every table that the program of revision NNNN wrote, in the form of a backup's rows. Such a
file is made once, by :func:`kept` on a database of that program's, and never changed: it stands for a site's books.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from hub.backup import rows
from hub.store.database import make_schema, open_bare

FOLDER = Path(__file__).parent


def revisions() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def books_at(revision: str) -> dict[str, Any]:
    """The file's content."""
    content: dict[str, Any] = json.loads((FOLDER / f"{revision}.json").read_text(encoding="utf-8"))
    return content


def fill(url: str, revision: str) -> None:
    """Makes an empty database what it was at that revision, schema and rows."""
    books, database = books_at(revision), open_bare(url)
    with database.write() as conn:
        make_schema(conn, revision)
        columns = rows.tables_of(conn)
        with rows.any_order(conn):
            for table, of_it in books["tables"].items():
                assert of_it["columns"] == [name for name, _ in columns[table]]
                rows.load(conn, table, columns[table], json.dumps(of_it["rows"]).encode())
        rows.set_sequences(conn, books["sequences"])
    database.close()


def kept(conn: Connection) -> dict[str, Any]:
    """What such a file says of a database."""
    tables = {
        table: {
            "columns": [name for name, _ in columns],
            "rows": [row for _, part in rows.dump(conn, table, columns) for row in json.loads(part)],
        }
        for table, columns in rows.tables_of(conn).items()
    }
    return {"sequences": rows.sequences_of(conn), "tables": tables}
