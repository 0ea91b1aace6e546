"""Thousands of keys in one query, by the index, with one cached statement whatever their number."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, Text, any_, column, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY


def among(
    connection: Connection, searched: Column[Any], values: Collection[int] | Collection[str]
) -> ColumnElement[bool]:
    """The condition that ``searched`` is one of ``values``.

    An ``IN`` list would need a parameter a value, of which both databases have only so many.
    """
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(values))).table_valued(column("value"))
        return searched.in_(select(listed.c.value))
    # Not the column's own type: a cast to varchar(n) cuts a longer value, which then matches what it is not.
    kind = ARRAY(BigInteger if searched.type.python_type is int else Text)
    return searched == any_(literal(list(values), kind))
