"""What a person sees who looks into a file, of broken ones too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hub.plugin import ShownField
from tests.camt import Line, batch, statement

DAY = date(2026, 11, 2)
SLIP = Line(750000, DAY, creditor="80000001", payment_id="000000000001230", servicer_reference="012X0007")
TRANSFER = Line(812500, DAY, text="Husleje november", payer="Bo Æblegård", payer_account="3100 1234567890")


def made(*lines: Line, **more: Any) -> bytes:
    return statement("DK5000400440116243", DAY, DAY, 100_000, lines, identification="2026-211", **more)


@pytest.fixture
def show(plugin, view):
    def go(content: bytes) -> list[ShownField]:
        return list(plugin().show(view(content)))

    return go


def test_every_field_has_its_path_and_record(show, read) -> None:
    """The records are numbered as they are read."""
    content = made(batch([SLIP, SLIP]), TRANSFER)
    shown = {(one.record, one.layout, one.field): one.value for one in show(content)}
    assert shown[1, "Stmt", "Acct/Id/IBAN"] == "DK5000400440116243"
    assert shown[2, "Ntry", "Amt"] == "15000.00"
    assert shown[2, "TxDtls", "RmtInf/Strd/CdtrRefInf/Ref"] == "1230"
    assert shown[3, "TxDtls", "AmtDtls/TxAmt/Amt/@Ccy"] == "DKK"
    assert shown[4, "Ntry", "CdtDbtInd"] == "in"
    assert shown[4, "TxDtls", "RltdPties/Dbtr/Nm"] == "Bo Æblegård"
    assert {number for number, _, _ in shown} == {record.record for record in read(content)}


def test_a_field_stands_where_it_says(show) -> None:
    content = made(TRANSFER)
    (name,) = (one for one in show(content) if one.field == "RltdPties/Dbtr/Nm")
    line = content.decode().split("\n")[1]
    assert line[name.first - 1 : name.last] == "<Nm>Bo Æblegård"


def test_what_is_wrong_is_marked_to_the_end(show) -> None:
    """The first refusal stands at its record; what is wrong behind it is marked as well."""
    content = made(TRANSFER, replace(SLIP, payment_id="000000000001231"), TRANSFER)
    broken = content.replace(b"<BookgDt><Dt>2026-11-02", b"<BookgDt><Dt>02-11-2026", 1)
    wrong = [one for one in show(broken) if one.problem]
    assert [(one.record, one.layout, one.field) for one in wrong] == [
        (2, "Ntry", "BookgDt/Dt"),
        (2, "refused", "Ntry/BookgDt"),
        (3, "TxDtls", "RmtInf/Strd/CdtrRefInf/Ref"),
    ]
    assert wrong[0].problem == "found 02-11-2026, expected a day such as 2026-01-31"
    assert "ends in 1, its check digit is 0" in wrong[2].problem


def test_a_wrong_balance_is_told_at_the_end(show) -> None:
    *_, last = show(made(TRANSFER).replace(b">1000.00<", b">1000.01<"))
    assert (last.record, last.layout) == (2, "refused")
    assert "the closing balance is 9125.00" in last.problem


def test_behind_what_is_no_xml_every_line_is_shown(show) -> None:
    content = made(SLIP, TRANSFER, TRANSFER).replace(b"<NtryRef>2</NtryRef>", b"<NtryRef 2/>")
    shown = show(content)
    lines = [one for one in shown if one.layout == "no XML"]
    assert [one.field for one in lines] == ["line 3", "line 4"]
    assert "<NtryRef 2/>" in lines[0].raw
    assert any(one.layout == "refused" and "this is no XML that can be read" in one.problem for one in shown)
    assert any(one.record == 2 and one.field == "AcctSvcrRef" for one in shown)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<!DOCTYPE x>\n<Document/>", "a DOCTYPE, which no bank's file has"),
        (b"Dato;Tekst\r\n1;2\r\n", "no XML element begins"),
        (b"", "no XML element begins"),
        (made(TRANSFER).replace(b"001.02", b"001.99"), "a version that is not read here"),
    ],
)
def test_a_file_that_is_none_is_shown_with_the_reason(show, content: bytes, problem: str) -> None:
    first, *others = show(content)
    assert problem in first.problem
    assert not any(one.problem for one in others)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1", "iso-8859-15", "windows-1252"])
def test_whatever_encoding_is_read_is_shown(show, encoding: str) -> None:
    text = made(TRANSFER).decode().replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-sig")}"')
    names = [one.value for one in show(text.encode(encoding)) if one.field == "RltdPties/Dbtr/Nm"]
    assert names == ["Bo Æblegård"]
