"""The keys of a settings model, as a config file writes them: for documents, and for tests that compare these."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from hub.plugin.vendor import Settings

_TYPES: Mapping[Any, str] = {str: "text", int: "integer", float: "number", bool: "`true` or `false`"}


class SettingKey(NamedTuple):
    """One key of a settings model."""

    #: Dotted; ``*`` stands for a name that the config file gives: ``charge_types.*.text``.
    key: str
    #: In words: ``integer, 0 to 4``.
    type: str
    #: As TOML has it, ``required`` or ``none``.
    default: str
    #: Number in the set-up sheet, "" where there is none.
    item: str
    #: What the code says of it, to the end of the first sentence; "" = nothing.
    comment: str


def keys_of(model: type[BaseModel], prefix: str = "", *, values: Collection[type] = ()) -> Iterator[SettingKey]:
    """Every key below ``prefix`` once, in the order of the model; ``values`` are models that are written as one value.

    Of a table that may be one of several models, the keys of the first, then what the others have besides.
    """
    seen: set[str] = set()
    for key in _keys(model, prefix, values):
        if key.key not in seen:
            seen.add(key.key)
            yield key


def _keys(model: type[BaseModel], prefix: str, values: Collection[type]) -> Iterator[SettingKey]:
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        told = model.tables_of(name) if issubclass(model, Settings) else ()
        tables = told or tuple(_tables(field.annotation, values))
        if not tables:
            extra = field.json_schema_extra
            item = str(extra.get("item", "")) if isinstance(extra, dict) else ""
            kind = ", ".join(filter(None, (_type(field.annotation), _bounds(field.metadata))))
            yield SettingKey(key, kind, _default(field), item, _comment(model, name))
        for table in tables:
            yield from _keys(table, f"{key}.", values)
        for each in _tables_by_name(field.annotation, values):
            yield from _keys(each, f"{key}.*.", values)


def _tables(annotation: Any, values: Collection[type]) -> Iterator[type[BaseModel]]:
    if get_origin(annotation) in (Union, UnionType):
        for one in get_args(annotation):
            yield from _tables(one, values)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in values:
        yield annotation


def _tables_by_name(annotation: Any, values: Collection[type]) -> Iterator[type[BaseModel]]:
    if get_origin(annotation) is Mapping:
        value = get_args(annotation)[1]
        yield from _tables(get_args(value)[0] if get_origin(value) is Annotated else value, values)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    return "none" if default is None else _as_toml(to_jsonable_python(default, fallback=str))


def _as_toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_as_toml(key)} = {_as_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_as_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _type(annotation: Any) -> str:
    """A type in words. Aliases of the hub with a pattern are texts."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return ", ".join(filter(None, (_type(inner[0]), _bounds(inner[1:]))))
    if origin is Literal:
        return " or ".join(f"`{_as_toml(one)}`" for one in inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_type(one) for one in inner if one is not NoneType))
    if origin in (tuple, list):
        return "list"
    if origin is Mapping:
        return "table"
    return _TYPES.get(annotation) or str(getattr(annotation, "__name__", annotation)).lower()


def _bounds(metadata: Any) -> str:
    """``0 to 4``, of the limits that a field or an annotation has."""
    found: dict[str, Any] = {}
    for one in metadata:
        for limit in one.metadata if isinstance(one, FieldInfo) else (one,):
            found |= {end: value for end in ("ge", "le") if (value := getattr(limit, end, None)) is not None}
    low, high = found.get("ge"), found.get("le")
    if low is None or high is None:
        return "" if low is high else f"at least {low}" if high is None else f"at most {high}"
    return f"{low} to {high}"


def _comment(model: type[BaseModel], name: str) -> str:
    """What stands above the field in the class that declares it, to the end of the first sentence or clause."""
    said = next((comments[name] for of in model.__mro__ if name in (comments := comments_of(of))), "")
    return re.split(r"(?<=[.:;]) ", said)[0].rstrip(":;")


@cache
def comments_of(of: type) -> Mapping[str, str]:
    """The ``#:`` comment above each field that a class declares; none of a class without a source of its own."""
    try:
        source = inspect.getsource(of)
    except (OSError, TypeError):
        return {}
    blocks = re.findall(r"^((?:    #: .*\n)+)    (\w+):", source, re.MULTILINE)
    return {name: " ".join(line.strip()[3:] for line in block.rstrip().split("\n")) for block, name in blocks}
