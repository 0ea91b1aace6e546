"""Exports to Brunata, cut by the sheet's own numbers: items 11.02-11.21, R33, R34."""

from __future__ import annotations

from hub_brunata import Plugin
from tests.meter_files import cut, exported, forty, instance_of, lines_of


def test_every_byte_of_forty_tenancies_stands_where_the_sheet_says():
    content, remarks = exported(instance_of(Plugin, export={}), forty())
    assert remarks == []
    for line, tenancy in zip(lines_of(content, 118), forty(), strict=True):
        assert cut(line, 1, 4) == b"0001"  # 11.02, 11.03
        assert cut(line, 5, 6) == b"000012"  # 11.04, 11.05
        assert cut(line, 11, 6) == b"%06d" % int(tenancy.unit)  # 11.06, 11.07
        assert cut(line, 17, 3) == b"%03d" % int(tenancy.tenant)  # 11.08, 11.09
        assert cut(line, 20, 1) == b" "  # a gap (R34)
        assert cut(line, 21, 10) == b"%010d" % tenancy.amount  # 11.10, 11.11
        assert cut(line, 31, 8) == f"{tenancy.move_in:%d%m%Y}".encode()  # 11.12, 11.13
        left = f"{tenancy.move_out:%d%m%Y}" if tenancy.move_out else " " * 8
        assert cut(line, 39, 8) == left.encode()  # 11.14, 11.15
        assert cut(line, 47, 25) == tenancy.name.encode("latin-1").ljust(25)  # 11.16, 11.17
        assert cut(line, 72, 6) == b" " * 6  # a gap (R34)
        assert cut(line, 78, 30) == tenancy.new_address.encode("latin-1").ljust(30)  # 11.18, 11.19
        assert cut(line, 108, 1) == b" "  # a gap (R34)
        assert cut(line, 109, 10) == tenancy.new_postal_code.encode().ljust(10)  # 11.20, 11.21
