"""Techem by the sheet's own numbers: items 20.05-20.29 (export), 21.01-21.14 (results), 22.05-22.18 (statements)."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from hub.plugin import ConsumptionResult, Document, Malformed, Mine
from hub_techem import Plugin
from tests.meter_files import cut, exported, forty, instance_of, line_of, lines_of, view


def test_every_byte_of_forty_tenancies_stands_where_the_sheet_says():
    content, remarks = exported(instance_of(Plugin, export={}), forty())
    assert remarks == []
    for line, tenancy in zip(lines_of(content, 222), forty(), strict=True):
        assert cut(line, 1, 4) == b"0001"  # 20.05, 20.06
        assert cut(line, 5, 6) == b"000012"  # 20.07, 20.08
        assert cut(line, 11, 6) == b"%06d" % int(tenancy.unit)  # 20.09, 20.10
        assert cut(line, 17, 3) == b"%03d" % int(tenancy.tenant)  # 20.11, 20.12
        assert cut(line, 20, 2) == b"  "  # a gap (R34)
        assert cut(line, 22, 8) == b"20240601"  # 20.13, 20.14; written as results are, 21.14 (R33)
        assert cut(line, 30, 8) == b"20250531"  # 20.15, 20.16
        assert cut(line, 38, 10) == b"%010d" % tenancy.amount  # 20.17, 20.18
        assert cut(line, 48, 50) == tenancy.name.encode("latin-1").ljust(50)  # 20.19, 20.20
        assert cut(line, 98, 50) == tenancy.second_name.encode("latin-1").ljust(50)  # 20.21, 20.22
        assert cut(line, 148, 50) == tenancy.new_address.encode("latin-1").ljust(50)  # 20.23, 20.24
        assert cut(line, 198, 4) == tenancy.new_postal_code.encode().ljust(4)  # 20.25, 20.26
        assert cut(line, 202, 20) == tenancy.new_city.encode("latin-1").ljust(20)  # 20.27, 20.28
        assert cut(line, 222, 1) == tenancy.vat.encode()  # 20.29


def test_the_length_that_the_sheet_does_not_give_is_a_setting():
    """20.29, R33."""
    wide = {"vat_length": 3, "vat_registered": "JA", "vat_not_registered": "NEJ"}
    content, _ = exported(instance_of(Plugin, export=wide), forty())
    told = {cut(line, 222, 3) for line in lines_of(content, 224)}
    assert told == {b"JA ", b"NEJ"}
    with pytest.raises(ValidationError, match=r"vat_not_registered 'NEJ' is longer than vat_length \(sheet item 20.29"):
        instance_of(Plugin, export=wide | {"vat_length": 2})


def test_results_are_read_where_the_sheet_has_them(tmp_path):
    instance = instance_of(Plugin, result={"period_from_start": 33, "period_to_start": 41})
    lines = [
        line_of(
            48,
            {
                1: "0001",  # 21.01, 21.02
                5: "000012",  # 21.03, 21.04
                11: f"{int(tenancy.unit):06}",  # 21.05, 21.06
                17: f"{int(tenancy.tenant):03}",  # 21.07, 21.08
                22: f"{tenancy.amount:010}",  # 21.09, 21.10
                32: "-" if tenancy.record % 2 else "+",  # 21.11
                33: "20240601",  # 21.14: ÅÅÅÅMMDD
                41: "20250531",
            },
        )
        for tenancy in forty()
    ]
    file = view(tmp_path, b"\r\n".join(lines), "resultat.txt")
    assert instance.identify(file) == Mine("result")
    assert list(instance.read(file)) == [
        ConsumptionResult(
            *(tenancy.record, "1", "12", tenancy.unit, tenancy.tenant),
            *(-tenancy.amount if tenancy.record % 2 else tenancy.amount, "balance", None, "75040"),
            *(date(2024, 6, 1), date(2025, 5, 31)),
        )
        for tenancy in forty()
    ]


def test_statements_are_named_as_the_sheet_says(tmp_path):
    """V is heat here, and water at Brunata (R35)."""
    instance = instance_of(Plugin, statements={})
    pdf = b"%PDF-1.7\n%%EOF\n"
    period = (date(2024, 6, 1), date(2025, 5, 31))
    tenants = view(tmp_path, pdf, "regnskab-1-12-304-2-20240601-20250531-V.pdf")
    assert instance.whose(tenants) == Document("1", "12", "304", "2", "75020", *period)
    propertys = view(tmp_path, pdf, "regnskab-1-12-20240601-20250531-K.pdf")
    assert instance.whose(propertys) == Document("1", "12", "", "", "73035", *period)
    with pytest.raises(Malformed, match=r"expected 8 \(a tenant's document\) or 6 \(a property's\)"):
        instance.whose(view(tmp_path, pdf, "1-12-V-20240601-20250531-304-2.pdf"))
