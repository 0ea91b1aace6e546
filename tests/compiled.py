"""Statements as SQL, once a process. An engine keeps what it has compiled, by itself; here, all engines of one kind of
database share it: nearly every test opens some of its own, and would compile the same few hundred statements again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

_STATEMENTS_MAX = 4_000


class _Compiled(LRUCache[Any, Any]):
    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_of_any_engine(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_of_any_engine(key), value)


def _of_any_engine(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Each engine has a dialect of its own, the first of the key."""
    dialect, *statement = key
    return (type(dialect), *statement)


_compiled = _Compiled(_STATEMENTS_MAX)


@event.listens_for(Engine, "engine_connect")
def _share(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_compiled)
