"""The administrators' set-up sheet: which of its items a setting is, and what value the sheet gives it.

A vendor of the sheet is a small table: the section's number, and in the section's order the start and length of each
field. From such a table :func:`model_of` makes a settings model whose every error names the item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, create_model, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from hub.plugin.vendor import Settings

#: Start, or start and length, of a field in the sheet: as many values as it has items. None = the sheet's is empty.
Places: TypeAlias = Mapping[str, tuple[int | None, ...]]
_ENDS = ("start", "length")


class Item(NamedTuple):
    """One item of the sheet."""

    #: ``12.01``; "" for a value of ours that the sheet does not ask.
    number: str
    #: None = there is none.
    value: Any
    #: Whether the value is the sheet's own; else it is ours.
    of_sheet: bool = False

    def setting(self, otherwise: Any, **limits: Any) -> Any:
        """A pydantic field with the item's value as its default, ``otherwise`` where it has none."""
        if self.value is None:
            return setting(self.number, otherwise, **limits)
        return setting(self.number, self.value, of_sheet=self.of_sheet, **limits)


class SheetSettings(Settings):
    """Settings whose errors name the set-up sheet's items."""

    @classmethod
    def item(cls, field: str) -> str:
        """The sheet's number of a field; "" for what the sheet does not ask."""
        extra = cls.model_fields[field].json_schema_extra if field in cls.model_fields else None
        return str(extra["item"]) if isinstance(extra, dict) and "item" in extra else ""

    @classmethod
    def named(cls, field: str) -> str:
        """A field as an error names it: with its item, where it has one."""
        return f"{field} (sheet item {cls.item(field)})" if cls.item(field) else field

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_items(cls, data: Any, handler: ModelWrapValidatorHandler[SheetSettings]) -> SheetSettings:
        try:
            return handler(data)
        except ValidationError as error:
            findings = error.errors(include_url=False)
        details = []
        for finding in findings:
            item = cls.item(str(finding["loc"][0])) if finding["loc"] else ""
            is_named = not item or "(sheet item" in finding["msg"]
            said = finding["msg"] if is_named else f"{finding['msg']} (sheet item {item})"
            kind = PydanticCustomError("sheet", "{said}", {"said": said})
            details.append(InitErrorDetails(type=kind, loc=finding["loc"], input=finding["input"]))
        raise ValidationError.from_exception_data(cls.__name__, details)


def setting(item: str, default: Any = ..., *, of_sheet: bool = False, **limits: Any) -> Any:
    """A pydantic field that is an item of the sheet. ``of_sheet``: the default is the sheet's own value."""
    return Field(default, json_schema_extra={"item": item, "of_sheet": of_sheet}, **limits)


def items_of(section: int | None, first: int, places: Places) -> dict[str, Item]:
    """The items of a section's fields: ``{"company": (1, 4), ...}`` as ``company_start``, ``company_length``, ...

    ``first`` is the number of the first of them within the section; ``section`` None: they are ours, not the sheet's.
    """
    return dict(_items_of(section, first, places))


def _items_of(section: int | None, first: int, places: Places) -> Iterator[tuple[str, Item]]:
    number = first
    for field, values in places.items():
        for end, value in zip(_ENDS, values, strict=False):
            of_sheet = section is not None and value is not None
            yield f"{field}_{end}", Item(item_number(section, number), value, of_sheet)
            number += 1


def item_number(section: int | None, number: int) -> str:
    return "" if section is None else f"{section}.{number:02}"


_S = TypeVar("_S", bound=SheetSettings)


def model_of(base: type[_S], fields: Mapping[str, tuple[Any, Any]]) -> type[_S]:
    """A model like ``base`` with these fields as well: an annotation and a :func:`setting` by name."""
    definitions: dict[str, Any] = dict(fields)
    model: type[_S] = create_model(base.__name__, __base__=base, __module__=base.__module__, **definitions)
    return model
