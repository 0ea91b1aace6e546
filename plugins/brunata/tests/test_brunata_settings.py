"""Config that cannot be is refused with the set-up sheet's item numbers, all of it at once (R25, R26, R31, R35)."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest
from pydantic import ValidationError

from hub.plugin import ENTRY_POINT_GROUP
from hub_brunata import Plugin
from hub_brunata.settings import BrunataSettings

SHEET = BrunataSettings.sheet


def _problems(settings) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        BrunataSettings.model_validate(settings)
    return {".".join(map(str, finding["loc"])): finding["msg"] for finding in refused.value.errors()}


def test_the_entry_point_names_the_plugin():
    (found,) = entry_points(group=ENTRY_POINT_GROUP, name=Plugin.name)
    assert found.load() is Plugin


def test_what_the_sheet_leaves_open_has_no_default():
    assert _problems({"result": {}}) == {
        "result.implied_decimals": "Field required (sheet item 12.10, its decimals: no default, ask the vendor)",
        "result.sign_tenant_pays": "Field required (sheet item 12.11, its characters: no default, ask the vendor)",
        "result.sign_tenant_receives": "Field required (sheet item 12.11, its characters: no default, ask the vendor)",
        "result.charge_type": "Field required",
    }


def test_overlapping_fields_are_both_named(asked):
    problems = _problems({"result": asked | {"property_start": 4, "sign_start": 30}})
    assert "field 'company' of sheet item 12.01-12.02 (1-4)" in problems["result"]
    assert "field 'property' of sheet item 12.03-12.04 (4-9) overlap" in problems["result"]
    assert "field 'amount' of sheet item 12.09-12.10 (21-30)" in problems["result"]
    assert "field 'sign' of sheet item 12.11 (30-30) overlap" in problems["result"]


def test_a_field_beyond_the_record_is_named(asked):
    problem = _problems({"result": asked | {"record_length": 30}})["result"]
    assert "field 'sign' of sheet item 12.11 (31-31) ends beyond the record of 30 bytes" in problem


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        ({"company_start": 0}, "result.company_start", "(sheet item 12.01)"),
        ({"amount_length": 19}, "result.amount_length", "(sheet item 12.10)"),
        ({"date_format": "MMDDÅÅ"}, "result.date_format", "(sheet item 12.14)"),
        ({"sign_tenant_pays": "+-"}, "result.sign_tenant_pays", "(sheet item 12.11, its characters"),
        ({"sign_tenant_pays": "-"}, "result", "(sheet item 12.11) must be two characters"),
        ({"sign_tenant_pays": "€"}, "result", "a character that iso8859-1 cannot write"),
        ({"period_from_start": 32}, "result", "(sheet item 12.12) and its end (12.13), or neither"),
        ({"implied_decimals": 5}, "result.implied_decimals", "(sheet item 12.10, its decimals"),
        ({"encoding": "utf-8"}, "result.encoding", "allowed are ascii, cp1252"),
        ({"amounts": "both"}, "result.amounts", "Input should be 'balance' or 'cost'"),
        ({"charge_type": "75020"}, "result.charge_type", "an on-account type never carries a result (R26)"),
        ({"charge_type": "heat"}, "result.charge_type", "should match pattern"),
        ({"compny_start": 1}, "result.compny_start", "Extra inputs are not permitted"),
    ],
)
def test_results_that_cannot_be(asked, change, key, said):
    assert said in _problems({"result": asked | change})[key]


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        (
            {"property_document": {"type": 7}},
            "statements",
            "tenants' documents (sheet items 13.06-13.12) and properties' (13.13-13.17) both have 7 parts",
        ),
        (
            {"tenant_document": {"type": 7}},
            "statements.tenant_document",
            "part 7 of the name is given to tenant (13.09) and type (13.12)",
        ),
        ({"tenant_document": {"unit": 0}}, "statements.tenant_document", "lack unit (13.08)"),
        ({"property_document": {"type": 0}}, "statements.property_document", "lack type (13.17)"),
        ({"property_document": {"unit": 6}}, "statements.property_document.unit", "Input should be 0"),
        ({"tenant_document": {"unit": -1}}, "statements.tenant_document.unit", "(sheet item 13.08)"),
        ({"separator": ""}, "statements.separator", "(sheet item 13.18)"),
        ({"types": {}}, "statements.types", "(sheet item 13.05)"),
        ({"types": {"V": "water"}}, "statements.types.V", "(sheet item 13.05)"),
        (
            {
                "tenant_document": dict.fromkeys(
                    ("company", "property", "unit", "tenant", "period_from", "period_to", "type"), 0
                )
            },
            "statements.tenant_document",
            "(sheet items 13.06-13.12)",
        ),
    ],
)
def test_statements_that_cannot_be(change, key, said):
    assert said in _problems({"statements": change})[key]


def test_an_instance_that_reads_nothing_is_refused():
    assert "give [settings.result], [settings.export] or [settings.statements]" in _problems({})[""]


def test_every_position_names_its_sheet_item_and_has_the_sheets_value(asked):
    result = SHEET.result.fixed.model_validate(asked)
    sheet = {
        "company": (("12.01", 1), ("12.02", 4)),
        "property": (("12.03", 5), ("12.04", 6)),
        "unit": (("12.05", 11), ("12.06", 6)),
        "tenant": (("12.07", 17), ("12.08", 3)),
        "amount": (("12.09", 21), ("12.10", 10)),
    }
    for field, items in sheet.items():
        for end, (item, value) in zip(("start", "length"), items, strict=True):
            assert SHEET.result.fixed.item(f"{field}_{end}") == item
            assert getattr(result, f"{field}_{end}") == value
    singles = {"sign_start": ("12.11", 31), "period_from_start": ("12.12", 0), "period_to_start": ("12.13", 0)}
    for field, (item, value) in singles.items():
        assert (SHEET.result.fixed.item(field), getattr(result, field)) == (item, value)
    assert (SHEET.result.fixed.item("date_format"), result.date_format) == ("12.14", "DDMMÅÅÅÅ")
    statements = SHEET.statements()
    assert statements.types == {"F": "75020", "V": "73035", "E": "73095"}
    assert statements.tenant_document.model_dump() == {
        "company": 1, "property": 2, "type": 3, "period_from": 4, "period_to": 5, "unit": 6, "tenant": 7
    }  # fmt: skip
    assert statements.property_document.model_dump() == {
        "company": 1, "property": 2, "type": 3, "period_from": 4, "period_to": 5, "unit": 0, "tenant": 0
    }  # fmt: skip


def test_an_instance_is_known_by_what_it_reads(plugin):
    both = plugin({}, {})
    assert both.describe().summary == "Brunata: results of type 75040 and PDF statements"
    assert both.describe().telltales == ("result/fixed-width", "statement/pdf")
    assert plugin(statements={}).describe().telltales == ("statement/pdf",)
    # R1: heat and water of one vendor look the same, so their telltales must clash.
    assert set(plugin({"charge_type": "73039"}).describe().telltales) & set(plugin({}).describe().telltales)


def test_the_room_for_each_number_is_told_with_its_setting(plugin):
    # R34: the hub holds it against the portfolio.
    told = plugin({"unit_length": 5, "tenant_length": 2}, {}).describe().number_lengths
    assert told == (
        ("company", 4, "result.company_length"),
        ("property", 6, "result.property_length"),
        ("unit", 5, "result.unit_length"),
        ("tenant", 2, "result.tenant_length"),
    )
    assert plugin(statements={}).describe().number_lengths == ()
