"""docs/meters.md has every setting of every vendor, with its item and its default."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from hub.settings import VendorConfig
from hub_own_meter.settings import OwnMeterSettings
from hub_techem.settings import TechemSettings
from tests.meter_tables import VENDORS, table

TEXT = (Path(__file__).parents[3] / "docs" / "meters.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("section", ["result", "export", "statements"])
def test_every_setting_is_documented_with_item_and_default(section: str) -> None:
    assert _documented(section) == table(section)


def test_delimited_tables_have_a_column_for_each_field_and_what_is_documented() -> None:
    (body,) = re.findall(r"^## Delimited files\n(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL)
    added = set(re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE))
    sheet = OwnMeterSettings.sheet
    places = {"_start", "_length"}
    for section in (sheet.result, sheet.export):
        fixed, delimited = set(section.fixed.model_fields), set(section.delimited.model_fields)
        columns = {key.removesuffix("_start") + "_column" for key in fixed if key.endswith("_start")}
        others = {key for key in fixed if not any(map(key.endswith, places))} - {"fill", "too_long"}
        assert delimited - columns - others == added - ({"heading_lines"} if section is sheet.export else set())
        assert columns <= delimited


def test_the_documented_files_are_right() -> None:
    whole, delimited = map(tomllib.loads, re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
    config = VendorConfig.model_validate(whole)
    settings = TechemSettings.model_validate(config.settings)
    assert settings.export is not None
    assert settings.export.form().place("name") == (48, 97)
    columns = OwnMeterSettings.model_validate(delimited["settings"])
    assert columns.export is not None
    assert columns.export.form().place("name") == (6, 6)


def _documented(section: str) -> dict[str, list[str]]:
    (body,) = re.findall(rf"^## \w+: `\[settings\.{section}\]`\n(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL)
    rows = [line.strip("|").split("|") for line in body.split("\n") if line.startswith("| `")]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1 : 1 + len(VENDORS)]] for row in rows}
