"""Casi by the sheet's own numbers: items 24.01-24.14 (results), 25.05-25.18 (statements); the export is ours (R36)."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from hub.plugin import ConsumptionResult, Document, HubError, Malformed, Mine
from hub_casi import Plugin
from tests.meter_files import cut, exported, forty, instance_of, line_of, lines_of, view

PDF = b"%PDF-1.7\n%%EOF\n"


def test_every_byte_of_forty_tenancies_stands_where_results_have_it():
    content, remarks = exported(instance_of(Plugin, export={}), forty())
    assert remarks == []
    for line, tenancy in zip(lines_of(content, 31), forty(), strict=True):
        assert cut(line, 1, 2) == b"01"
        assert cut(line, 3, 4) == b"0012"
        assert cut(line, 7, 4) == b"%04d" % int(tenancy.unit)
        assert cut(line, 11, 3) == b"%03d" % int(tenancy.tenant)
        assert cut(line, 14, 8) == b" " * 8  # a gap (R34)
        assert cut(line, 22, 10) == b"%010d" % tenancy.amount


def test_a_number_of_the_key_is_never_cut():
    long = [forty()[0]._replace(unit="12345")]
    with pytest.raises(HubError, match=r"tenancy 1-12-12345-1, export, positions 7-10, field 'unit'"):
        exported(instance_of(Plugin, export={"too_long": "cut"}), long)


def test_results_are_read_where_the_sheet_has_them(tmp_path):
    instance = instance_of(Plugin, result={})
    lines = [
        line_of(
            32,
            {
                1: "01",  # 24.01, 24.02
                3: "0012",  # 24.03, 24.04
                7: f"{int(tenancy.unit):04}",  # 24.05, 24.06
                11: f"{int(tenancy.tenant):03}",  # 24.07, 24.08
                22: f"{tenancy.amount:010}",  # 24.09, 24.10
                32: "-" if tenancy.record % 2 else "+",  # 24.11
            },
        )
        for tenancy in forty()
    ]
    file = view(tmp_path, b"\r\n".join(lines), "resultat.txt")
    assert instance.identify(file) == Mine("result")
    assert list(instance.read(file)) == [
        ConsumptionResult(
            *(tenancy.record, "1", "12", tenancy.unit, tenancy.tenant),
            *(-tenancy.amount if tenancy.record % 2 else tenancy.amount, "balance", None, "75040", None, None),
        )
        for tenancy in forty()
    ]


def test_content_in_the_gap_of_eight_is_remarked(tmp_path):
    file = view(tmp_path, b"0100120304002A1234567000012505" + b"0+", "resultat.txt")
    *_, remark = instance_of(Plugin, result={}).read(file)
    assert remark.text == "1 line has content between the fields (R34), first line 1, positions 14-21: 'A1234567'"


def test_property_documents_are_off_until_their_places_are_given(tmp_path):
    """25.13-25.17 are empty (R36)."""
    instance = instance_of(Plugin, statements={})
    period = (date(2024, 6, 1), date(2025, 5, 31))
    tenants = view(tmp_path, PDF, "1-12-H-20240601-20250531-304-2.pdf")
    assert instance.whose(tenants) == Document("1", "12", "304", "2", "75020", *period)
    propertys = view(tmp_path, PDF, "1-12-W-20240601-20250531.pdf")
    with pytest.raises(Malformed, match=r"found 5, expected 7 \(a tenant's document\)"):
        instance.whose(propertys)

    places = {"company": 1, "property": 2, "type": 3, "period_from": 4, "period_to": 5}
    given = instance_of(Plugin, statements={"property_document": places})
    assert given.whose(view(tmp_path, PDF, propertys.name)) == Document("1", "12", "", "", "73035", *period)


def test_places_half_given_name_the_items_that_are_missing():
    with pytest.raises(ValidationError, match=r"lack period_from \(25.15\), period_to \(25.16\), type \(25.17\)"):
        instance_of(Plugin, statements={"property_document": {"company": 1, "property": 2}})
