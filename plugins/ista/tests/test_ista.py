"""ista by the sheet's own numbers: items 15.01-15.14 (results), 16.05-16.18 (statements); the export is ours (R36)."""

from __future__ import annotations

from datetime import date

from hub.plugin import ConsumptionResult, Document, Mine
from hub_ista import Plugin
from tests.meter_files import cut, exported, forty, instance_of, line_of, lines_of, view


def test_every_byte_of_forty_tenancies_stands_where_results_have_it():
    content, remarks = exported(instance_of(Plugin, export={}), forty())
    assert remarks == []
    for line, tenancy in zip(lines_of(content, 31), forty(), strict=True):
        assert cut(line, 1, 4) == b"0001"
        assert cut(line, 5, 6) == b"000012"
        assert cut(line, 11, 6) == b"%06d" % int(tenancy.unit)
        assert cut(line, 17, 3) == b"%03d" % int(tenancy.tenant)
        assert cut(line, 20, 2) == b"  "  # a gap (R34)
        assert cut(line, 22, 10) == b"%010d" % tenancy.amount


def test_results_are_read_where_the_sheet_has_them(tmp_path):
    instance = instance_of(Plugin, result={})
    lines = [
        line_of(
            32,
            {
                1: "0001",  # 15.01, 15.02
                5: "000012",  # 15.03, 15.04
                11: f"{int(tenancy.unit):06}",  # 15.05, 15.06
                17: f"{int(tenancy.tenant):03}",  # 15.07, 15.08
                22: f"{tenancy.amount:010}",  # 15.09, 15.10
                32: "-" if tenancy.record % 2 else "+",  # 15.11
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


def test_a_period_in_the_file_is_written_as_the_sheet_says(tmp_path):
    instance = instance_of(Plugin, result={"period_from_start": 33, "period_to_start": 41})
    file = view(tmp_path, b"0001000012000304002  0000125050+0106202431052025", "resultat.txt")
    (result,) = instance.read(file)
    assert (result.period_from, result.period_to) == (date(2024, 6, 1), date(2025, 5, 31))  # 15.14


def test_statements_are_named_as_the_sheet_says(tmp_path):
    instance = instance_of(Plugin, statements={})
    pdf = b"%PDF-1.7\n%%EOF\n"
    period = (date(2024, 6, 1), date(2025, 5, 31))
    tenants = view(tmp_path, pdf, "1-12-varme-20240601-20250531-304-2.pdf")
    assert instance.whose(tenants) == Document("1", "12", "304", "2", "75020", *period)
    propertys = view(tmp_path, pdf, "1-12-vand-20240601-20250531.pdf")
    assert instance.whose(propertys) == Document("1", "12", "", "", "73035", *period)
