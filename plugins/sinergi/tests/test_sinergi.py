"""SINergi, of which the sheet fills in nothing (sections 17, 18 and 19): off until set, and told what is missing."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from hub.plugin import ConsumptionResult, Document
from hub_sinergi import Plugin
from tests.meter_files import cut, exported, forty, instance_of, line_of, lines_of, view

#: As an admin might agree it with the vendor.
EXPORT = {
    "implied_decimals": 2,
    "distribution_type": "V1",
    "distribution_type_start": 1,
    "distribution_type_length": 3,
    "on_account_type": "75020",
    "on_account_type_start": 4,
    "on_account_type_length": 6,
    "second_tenant_number": "2",
    "second_tenant_number_start": 10,
    "second_tenant_number_length": 1,
    **{"company_start": 11, "company_length": 2, "property_start": 13, "property_length": 4},
    **{"unit_start": 17, "unit_length": 5, "tenant_start": 22, "tenant_length": 3},
    **{"amount_start": 25, "amount_length": 9},
    **{"period_from_start": 34, "period_to_start": 40, "date_format": "ÅÅMMDD"},
    **{"name_start": 46, "name_length": 20},
}
RESULT = {
    **{"company_start": 1, "company_length": 2, "property_start": 3, "property_length": 4},
    **{"unit_start": 7, "unit_length": 5, "tenant_start": 12, "tenant_length": 3},
    **{"amount_start": 15, "amount_length": 9, "sign_start": 24},
}
PARTS = {"company": 1, "property": 2, "unit": 3, "tenant": 4, "period_from": 5, "period_to": 6, "type": 7}


def _missing(tables) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        Plugin.settings_model.model_validate(tables)
    return {".".join(map(str, finding["loc"])): finding["msg"] for finding in refused.value.errors()}


def test_every_byte_of_forty_tenancies_stands_where_config_says():
    content, remarks = exported(instance_of(Plugin, export=EXPORT), forty())
    assert remarks == []
    for line, tenancy in zip(lines_of(content, 65), forty(), strict=True):
        assert cut(line, 1, 3) == b"V1 "  # 17.05
        assert cut(line, 4, 6) == b"75020 "  # 17.06
        assert cut(line, 10, 1) == b"2"  # 17.07
        assert cut(line, 11, 6) == b"010012"
        assert cut(line, 17, 5) == b"%05d" % int(tenancy.unit)
        assert cut(line, 22, 3) == b"%03d" % int(tenancy.tenant)
        assert cut(line, 25, 9) == b"%09d" % tenancy.amount
        assert cut(line, 34, 12) == b"240601250531"
        assert cut(line, 46, 20) == tenancy.name.encode("latin-1").ljust(20)


def test_an_export_asks_for_the_three_values_of_its_section():
    missing = _missing({"export": {}})
    items = {"distribution_type": "17.05", "on_account_type": "17.06", "second_tenant_number": "17.07"}
    for key, item in items.items():
        assert missing[f"export.{key}"] == f"Field required (sheet item {item})"
        assert missing[f"export.{key}_start"] == missing[f"export.{key}_length"] == "Field required"
    without = {key: value for key, value in EXPORT.items() if key != "on_account_type"}
    assert _missing({"export": without}) == {"export.on_account_type": "Field required (sheet item 17.06)"}


def test_results_ask_for_every_item_that_the_sheet_leaves_empty():
    missing = _missing({"result": {}})
    places = [f"{part}_{end}" for part in ("company", "property", "unit", "tenant") for end in ("start", "length")]
    for number, key in enumerate([*places, "amount_start", "amount_length", "sign_start"], 1):
        assert missing[f"result.{key}"] == f"Field required (sheet item 18.{number:02})"
    assert "sheet item 18.10, its decimals" in missing["result.implied_decimals"]
    with pytest.raises(ValidationError, match=r"half filled in, it lacks date_format \(sheet item 18.14\)"):
        instance_of(Plugin, result=RESULT | {"period_from_start": 25, "period_to_start": 33})


def test_results_are_read_where_config_has_them(tmp_path):
    lines = [
        line_of(
            24,
            {
                1: "01",
                3: "0012",
                7: f"{int(tenancy.unit):05}",
                12: f"{int(tenancy.tenant):03}",
                15: f"{tenancy.amount:09}",
                24: "-" if tenancy.record % 2 else "+",
            },
        )
        for tenancy in forty()
    ]
    file = view(tmp_path, b"\r\n".join(lines), "resultat.txt")
    assert list(instance_of(Plugin, result=RESULT).read(file)) == [
        ConsumptionResult(
            *(tenancy.record, "1", "12", tenancy.unit, tenancy.tenant),
            *(-tenancy.amount if tenancy.record % 2 else tenancy.amount, "balance", None, "75040", None, None),
        )
        for tenancy in forty()
    ]


def test_statements_ask_for_their_items_and_are_read_by_them(tmp_path):
    assert _missing({"statements": {}}) == {
        "statements.types": "Field required (sheet item 19.05)",
        "statements.tenant_document": "Field required (sheet item 19.06-19.12)",
    }
    del (half := dict(PARTS))["unit"]
    types = {"V": "75020"}
    assert _missing({"statements": {"types": types, "tenant_document": half}}) == {
        "statements.tenant_document.unit": "Field required (sheet item 19.08)"
    }
    file = view(tmp_path, b"%PDF-1.7\n%%EOF\n", "1-12-304-2-20240601-20250531-V.pdf")
    found = instance_of(Plugin, statements={"types": types, "tenant_document": PARTS}).whose(file)
    assert found == Document("1", "12", "304", "2", "75020", date(2024, 6, 1), date(2025, 5, 31))
