"""Records as data of a JSON file, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, get_args, get_type_hints

from hub.errors import HubError
from hub.plugin.records import Document, Record

#: The key of a record's class.
_CLASS = "is"
_CLASSES: Mapping[str, Any] = {of.__name__: of for of in get_args(Record)}


def as_data(record: Record | Document) -> dict[str, Any]:
    """Its fields by name, the class under ``is``, days as ISO texts."""
    fields = {name: value.isoformat() if isinstance(value, date) else value for name, value in record._asdict().items()}
    return {_CLASS: type(record).__name__} | fields


def as_record(data: Mapping[str, Any]) -> Record:
    """Raises HubError for what is no record."""
    of = _CLASSES.get(str(data.get(_CLASS)))
    if of is None:
        raise HubError(f"{data.get(_CLASS)!r} is no record", do=f'give "{_CLASS}": one of {", ".join(_CLASSES)}')
    given = {name: value for name, value in data.items() if name != _CLASS}
    hints = get_type_hints(of)
    if given.keys() != hints.keys():
        raise HubError(
            f"a {of.__name__} has the fields {', '.join(hints)}", where=", ".join(given.keys() ^ hints.keys())
        )
    record: Record = of(**{name: _value(hints[name], value) for name, value in given.items()})
    return record


def as_text(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _value(hint: Any, value: Any) -> Any:
    if isinstance(value, str) and (hint is date or date in get_args(hint)):
        return date.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value
