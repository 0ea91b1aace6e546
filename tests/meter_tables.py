"""The settings of all meter companies side by side, as docs/meters.md has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.plugin.meters import MeterSettings
from hub_brunata.settings import BrunataSettings
from hub_casi.settings import CasiSettings
from hub_ista.settings import IstaSettings
from hub_own_meter.settings import OwnMeterSettings
from hub_sinergi.settings import SinergiSettings
from hub_techem.settings import TechemSettings

VENDORS: Mapping[str, type[MeterSettings]] = {
    "brunata": BrunataSettings,
    "ista": IstaSettings,
    "techem": TechemSettings,
    "casi": CasiSettings,
    "sinergi": SinergiSettings,
    "own_meter": OwnMeterSettings,
}


def table(section: str) -> dict[str, list[str]]:
    """Of ``[settings.SECTION]``, the keys in order and what each vendor has there: ``12.01: 1``; "" = no such key.

    ``asked`` has no default; a default of ours, and not of the sheet, stands in brackets.
    """
    columns = [dict(cells(model_of(sheet, section))) for sheet in VENDORS.values()]
    keys = dict.fromkeys(key for column in columns for key in column)
    return {key: [column.get(key, "") for column in columns] for key in keys}


def model_of(settings: type[MeterSettings], section: str) -> type[BaseModel]:
    if section == "statements":
        return settings.sheet.statements
    model: type[BaseModel] = getattr(settings.sheet, section).fixed
    return model


def cells(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, field in model.model_fields.items():
        below = field.annotation
        if isinstance(below, type) and issubclass(below, BaseModel):
            yield from cells(below, f"{prefix}{key}.")
        else:
            yield prefix + key, _cell(field)


def _cell(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    asked = extra if isinstance(extra, dict) else {}
    item = str(asked.get("item", "")).partition(",")[0]
    return ": ".join(filter(None, (item, _value(field, of_sheet=bool(asked.get("of_sheet"))))))


def _value(field: FieldInfo, *, of_sheet: bool) -> str:
    if field.is_required():
        return "asked"
    shown = _shown(field.default)
    return shown if of_sheet else f"({shown})"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{letter} = {charge_type}" for letter, charge_type in value.items())
    return "none" if value is None else str(value)
