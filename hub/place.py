"""Where in a vendor's files something stands, as people read it."""

from __future__ import annotations


def place(file: str, record: int | None) -> str:
    """As people read it: the file and its record, which need not be a line of it; a file alone for its every entry."""
    return file if record is None else f"{file} record {record}"
