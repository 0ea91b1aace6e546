"""A vendor that is a config file only: sections 26, 27 and 28 of the sheet, which are empty."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest
from pydantic import ValidationError

from hub.plugin import ConsumptionResult, Document, HubError, Malformed, Mine, NotMine
from hub_own_meter import Plugin
from tests.meter_files import ASKED, cut, exported, forty, instance_of, line_of, lines_of, tenancy, view

FIXED = tomllib.loads("""
title = "Ålborg Målerservice"

[export]
implied_decimals = 2
company_start = 1         # 26.03
company_length = 3        # 26.04
property_start = 4        # 26.05
property_length = 5       # 26.06
unit_start = 9            # 26.07
unit_length = 5           # 26.08
tenant_start = 14         # 26.09
tenant_length = 3         # 26.10
amount_start = 20         # 26.11
amount_length = 9
period_from_start = 29    # 26.12
period_to_start = 37      # 26.13
date_format = "DDMMÅÅÅÅ"
name_start = 45           # 26.14
name_length = 20          # 26.15
new_address_start = 66    # 26.16
new_address_length = 24   # 26.17
new_postal_code_start = 91    # 26.18
new_postal_code_length = 4    # 26.19

[result]
charge_type = "75040"
amounts = "cost"
implied_decimals = 0
sign_tenant_pays = " "
sign_tenant_receives = "-"
company_start = 1         # 27.01
company_length = 3        # 27.02
property_start = 4        # 27.03
property_length = 5       # 27.04
unit_start = 9            # 27.05
unit_length = 5           # 27.06
tenant_start = 14         # 27.07
tenant_length = 3         # 27.08
sign_start = 17           # 27.11
amount_start = 18         # 27.09
amount_length = 6         # 27.10
on_account_start = 24
on_account_length = 6
period_from_start = 30    # 27.12
period_to_start = 36      # 27.13
date_format = "DDMMÅÅ"    # 27.14

[statements]
types = { varme = "75020" }                                                   # 28.05
separator = "_"                                                               # 28.18
# 28.06-28.12
tenant_document = { company = 1, property = 2, unit = 3, tenant = 4, period_from = 5, period_to = 6, type = 7 }
# 28.13-28.17
property_document = { company = 1, property = 2, period_from = 3, period_to = 4, type = 5 }
""")

DELIMITED = tomllib.loads("""
[export]
delimiter = ";"
decimal_mark = ","
implied_decimals = 2
company_column = 1
property_column = 2
unit_column = 3
tenant_column = 4
name_column = 5
amount_column = 7
move_out_column = 8
date_format = "DDMMÅÅÅÅ"

[result]
charge_type = "75040"
delimiter = ";"
decimal_mark = ","
heading_lines = 1
implied_decimals = 2
sign_tenant_pays = ""
sign_tenant_receives = "-"
company_column = 1
property_column = 2
unit_column = 3
tenant_column = 4
amount_column = 6
""")
HEADING = b"Selskab;Ejendom;Lejemal;Lejer;Navn;Resultat\r\n"


def _instance(given, **changes):
    tables = {
        name: table | changes.get(name, {}) if isinstance(table, dict) else table for name, table in given.items()
    }
    return Plugin(Plugin.settings_model.model_validate(tables))


def test_every_byte_of_forty_tenancies_stands_where_config_says():
    content, remarks = exported(_instance(FIXED), forty())
    assert remarks == []
    for line, one in zip(lines_of(content, 94), forty(), strict=True):
        assert cut(line, 1, 8) == b"00100012"
        assert cut(line, 9, 5) == b"%05d" % int(one.unit)
        assert cut(line, 14, 3) == b"%03d" % int(one.tenant)
        assert cut(line, 17, 3) == b"   "
        assert cut(line, 20, 9) == b"%09d" % one.amount
        assert cut(line, 29, 16) == b"0106202431052025"
        assert cut(line, 45, 20) == one.name.encode("latin-1").ljust(20)
        assert cut(line, 65, 1) == b" "
        assert cut(line, 66, 24) == one.new_address.encode("latin-1").ljust(24)
        assert cut(line, 90, 1) == b" "
        assert cut(line, 91, 4) == one.new_postal_code.encode().ljust(4)


def test_costs_and_the_on_account_amounts_that_are_given_back(tmp_path):
    lines = [
        line_of(41, {1: "001", 4: "00012", 9: "00304", 14: "002", 18: "001250", 24: "000900", 30: "010624310525"}),
        line_of(41, {1: "001", 4: "00012", 9: "00305", 14: "001", 17: "-", 18: "000099", 30: "010624310525"}),
    ]
    period = (date(2024, 6, 1), date(2025, 5, 31))
    assert list(_instance(FIXED).read(view(tmp_path, b"\r\n".join(lines), "r.txt"))) == [
        ConsumptionResult(1, "1", "12", "304", "2", 1250_00, "cost", 900_00, "75040", *period),
        # Blank is not zero: it does not say.
        ConsumptionResult(2, "1", "12", "305", "1", -99_00, "cost", None, "75040", *period),
    ]


def test_statements_are_named_as_config_says(tmp_path):
    found = _instance(FIXED).whose(view(tmp_path, b"%PDF-1.7\n%%EOF\n", "1_12_20240601_20250531_varme.pdf"))
    assert found == Document("1", "12", "", "", "75020", date(2024, 6, 1), date(2025, 5, 31))


def test_people_read_the_name_that_config_gives_the_vendor():
    assert (
        _instance(FIXED).describe().summary == "Ålborg Målerservice: results of type 75040, PDF statements and exports"
    )
    assert _instance(DELIMITED).describe().summary == "Self-configured vendor: results of type 75040 and exports"


def test_an_export_asks_for_the_items_that_the_sheet_leaves_empty():
    with pytest.raises(ValidationError) as refused:
        Plugin.settings_model.model_validate({"export": {}})
    missing = {finding["loc"][1]: finding["msg"] for finding in refused.value.errors()}
    places = [f"{part}_{end}" for part in ("company", "property", "unit", "tenant") for end in ("start", "length")]
    for number, key in enumerate([*places, "amount_start"], 3):
        assert missing[key] == f"Field required (sheet item 26.{number:02})"
    assert missing["amount_length"] == "Field required (sheet item 26.11, its length: not in the sheet)"


# --- Delimited files (R33) ---------------------------------------------------------------------------------------


def test_an_export_in_columns():
    said = [
        tenancy(0, name='Åse "Aa" Ærø; enke', amount=5),
        tenancy(1, name="Bo, Sø", amount=1_234_56),
    ]
    content, remarks = exported(_instance(DELIMITED), said)
    assert remarks == []
    assert content.decode("latin-1") == (
        '1;12;301;1;"Åse ""Aa"" Ærø; enke";;0,05;30112024\r\n1;12;301;1;Bo, Sø;;1234,56;\r\n'
    )


def test_a_negative_amount_has_a_sign_in_front_where_config_gives_one():
    with pytest.raises(HubError, match="the amount is negative: -1 øre, and the file has no place for a sign"):
        exported(_instance(DELIMITED), [tenancy(0, amount=-1)])
    signed = _instance(DELIMITED, export={"sign_positive": "", "sign_negative": "-"})
    content, _ = exported(signed, [tenancy(1, amount=-1), tenancy(1, amount=0)])
    assert [line.split(b";")[6] for line in content.split(b"\r\n")[:2]] == [b"-0,01", b"0,00"]


def test_results_in_columns(tmp_path):
    content = HEADING + '1;0012;304;2;"Ærø; Åse";-1250,50\r\n1;12;305;1;;99,00\r\n'.encode("latin-1")
    file = view(tmp_path, content, "resultat.csv")
    instance = _instance(DELIMITED)
    assert instance.identify(file) == Mine("result")
    assert list(instance.read(file)) == [
        ConsumptionResult(2, "1", "12", "304", "2", -1250_50, "balance", None, "75040", None, None),
        ConsumptionResult(3, "1", "12", "305", "1", 99_00, "balance", None, "75040", None, None),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1;12;304;2;x;1250,5", "line 2, field 'amount (column 6)': found '1250,5', expected an amount in digits"),
        ("1;12;304;2;x;1250.50", "field 'amount (column 6)'"),
        ("1;12;304;2;x;+1250,50", "field 'amount (column 6)'"),
        ("1;12;304;2;x;,50", "field 'amount (column 6)'"),
        ("1;12;304;2;x;", "field 'amount (column 6)'"),
        ("1;12;;2;x;1,00", "field 'unit (column 3)': found '', expected a number, not blank"),
        ("1;12;304;2;1,00", "line 2: wrong number of columns: found 5 columns, expected 6 or more"),
        ("1;12;304;2;x;1,00\r\n1;12;304;2;x;y;1,00", "line 3: wrong number of columns: found 7 columns, expected 6"),
        ('1;12;304;2;"x;1,00', "line 2: cannot be cut into columns"),
        ("1;12;304;2;x;1,00\r\n\r\n1;12;304;3;x;1,00", "line 3: empty line"),
        ("1;12;30\x074;2;x;1,00", "field 'unit (column 3)'"),
        ("", "the file has headings and nothing else"),
    ],
)
def test_columns_that_cannot_be(tmp_path, line, said):
    with pytest.raises(Malformed) as refused:
        list(_instance(DELIMITED).read(view(tmp_path, HEADING + line.encode("latin-1"), "resultat.csv")))
    assert said in str(refused.value)


def test_what_is_plainly_something_else_is_left_to_others(tmp_path):
    for content in (b"", HEADING, HEADING + b"%PDF-1.7", b"\0" * 64):
        assert isinstance(_instance(DELIMITED).identify(view(tmp_path, content, "x.csv")), NotMine)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"unit_column": 2},
            "column 2 is given to property_column (sheet item 27.03) and unit_column (sheet item 27.05)",
        ),
        ({"decimal_mark": ",", "delimiter": ","}, "decimal_mark and delimiter must be two characters"),
        ({"sign_tenant_receives": "7"}, "'7' cannot be a sign in front of an amount"),
        ({"sign_tenant_receives": ""}, "sign_tenant_pays and sign_tenant_receives (sheet item 27.11) must be two"),
        ({"sign_column": 5}, "(sheet item 27.11) must be a character each where they have a column"),
        ({"unit_start": 4}, "Extra inputs are not permitted"),
        ({"delimiter": "x"}, "should match pattern"),
    ],
)
def test_columns_that_config_cannot_ask_for(change, said):
    with pytest.raises(ValidationError) as refused:
        _instance(DELIMITED, result=change)
    assert said in str(refused.value)


def test_the_sheets_positions_are_no_columns():
    """Every column is asked for: a default of a fixed layout would be another vendor's column."""
    with pytest.raises(ValidationError) as refused:
        instance_of(Plugin, result=ASKED | {"delimiter": ";"})
    missing = {finding["loc"][-1] for finding in refused.value.errors()}
    assert missing == {f"{part}_column" for part in ("company", "property", "unit", "tenant", "amount")}
