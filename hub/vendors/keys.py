"""Nested settings as rows with dotted keys, and the lines of a TOML file on which the keys stand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from hub.settings import HIDDEN, Secret, is_secret
from hub.vendors.messages import SettingValue


def flatten(settings: BaseModel) -> list[SettingValue]:
    """Every value of a settings model, nested ones under ``table.key`` and ``list.0.key``.

    Secrets are hidden; of one that is kept elsewhere it is told where.
    """
    return list(_rows("", settings))


def key_lines(text: str) -> dict[str, int]:
    """The 1-based line on which the statement of each value of a valid TOML text begins.

    The standard library's parser tells no positions. But a beginning of the text that ends within a statement is no
    TOML, so each value's statement begins after the last beginning that is TOML and lacks it. Right for every form of
    key, and quick enough for files of some hundred lines.
    """
    rows = text.replace("\r\n", "\n").split("\n")
    lines: dict[str, int] = {}
    complete = 0
    for number in range(1, len(rows) + 1):
        try:
            parsed = tomllib.loads("\n".join(rows[:number]))
        except tomllib.TOMLDecodeError:
            continue
        for row in _rows("", parsed):
            if row.value != {}:  # a table's header, whose keys are yet to come
                lines.setdefault(row.key, complete + 1)
        complete = number
    return lines


def line_of(key: str, lines: Mapping[str, int]) -> int | None:
    """Where a value comes from: its own line, that of the value it was made from, or None = it is a default."""
    made_from = key
    while made_from:
        if made_from in lines:
            return lines[made_from]
        made_from = made_from.rpartition(".")[0]
    return min((line for given, line in lines.items() if given.startswith(f"{key}.")), default=None)


class _Asked(NamedTuple):
    """What a field says of the set-up sheet: its item there, and whether its default is the sheet's value."""

    item: str = ""
    of_sheet: bool = False

    def or_by(self, field: FieldInfo) -> _Asked:
        """The same of a field below this one, which may say more."""
        extra = field.json_schema_extra
        if not isinstance(extra, dict) or not extra.get("item"):
            return self
        return _Asked(str(extra["item"]), bool(extra.get("of_sheet")))


_NOTHING = _Asked()


def _rows(key: str, value: object, asked: _Asked = _NOTHING) -> Iterator[SettingValue]:
    if isinstance(value, Secret):
        where = f"env {value.env}" if value.file is None else f"file {value.file}"
        yield SettingValue(key=key, item=asked.item, value=where, of_sheet=asked.of_sheet)
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _rows(_join(key, field.alias or name), getattr(value, name), asked.or_by(field))
    elif isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _rows(_join(key, str(name)), inner, asked)
    elif isinstance(value, list | tuple) and any(isinstance(inner, BaseModel | Mapping) for inner in value):
        for index, inner in enumerate(value):
            yield from _rows(_join(key, str(index)), inner, asked)
    else:
        shown = HIDDEN if value is not None and is_secret(key) else to_jsonable_python(value, fallback=str)
        yield SettingValue(key=key, item=asked.item, value=shown, of_sheet=asked.of_sheet)


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
