"""What of a settlement report in XML is refused, and where (R6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from hub.plugin import Fee, FileView, Malformed, Payment, Payout, Record
from hub_mobilepay import settlement_xml
from hub_mobilepay.settings import MobilePaySettings

Read = Callable[..., list[Record]]
View = Callable[[str | bytes], FileView]


@pytest.mark.parametrize(
    ("element", "wrong"),
    [
        ("NumOfTransactions", "4"),
        ("CaptureSettlementAmount", "1250.51"),
        ("RefundSettlementAmount", "-99.99"),
        ("GrossSettlementAmount", "1150.49"),
        ("NetSettlementAmount", "1138.01"),
        ("FeeSettlementAmount", "12.49"),
        ("SettledAmount", "1150.50"),
        ("NumOfSettlements", "2"),
        ("TransactionGrossAmount", "999.99"),
        ("TransactionNetAmount", "1010.00"),
    ],
)
def test_a_sum_or_count_that_does_not_come_out_is_named_by_its_line(
    read_xml: Read, xml: Any, element: str, wrong: str
) -> None:
    content = re.sub(f"<{element}>[^<]*", f"<{element}>{wrong}", xml.report(xml.settlement()), count=1)
    line = content[: content.index(f"<{element}>")].count("\n") + 1
    with pytest.raises(Malformed, match=rf"line {line}, field '{element}'.*found {wrong}, expected"):
        read_xml(content)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("1000.00<", "1000,00<", "field 'TransactionCaptureAmount'.*'1000,00'.*like 1490.50"),
        ("1000.00<", "1000.001<", "field 'TransactionCaptureAmount'.*'1000.001'"),
        ("1000.00<", "-1000.00<", "field 'TransactionCaptureAmount'.*positive or 0.00"),
        (">-100.00<", ">100.00<", "field 'TransactionRefundAmount'.*negative or 0.00"),
        (">Net<", ">Netto<", "field 'SettlementType'.*'Netto'.*Gross or Net"),
        (">2026-01-06<", ">06-01-2026<", "'06-01-2026'.*a day as 2026-01-02"),
        (">2026-01-06<", ">2026-02-30<", "'2026-02-30'.*a day as"),
        ("T14:00:00.5+01:00", "T14:00:00", "field 'TransactionTime'.*with its offset"),
        ("<OrderID>1001</OrderID>", "", "field 'TransactionInfo'.*expected OrderID"),
        (
            "<OrderID>1001</OrderID>",
            "<OrderID>1001</OrderID><Tip>1</Tip>",
            "found Tip, expected the end of Transaction",
        ),
        ("<OrderID>1001</OrderID>", "<OrderID>10<b/>01</OrderID>", "field 'OrderID'.*found b"),
        ("<OrderID>1001</OrderID>", "<OrderID>1001</OrderID>hello", "a text between elements"),
        ("<OrderID>1001", "<OrderID note='1'>1001", "field 'OrderID'.*an attribute.*note"),
        ("<OrderID>1001", f"<OrderID>{'1' * 101}", "field 'OrderID'.*100 characters"),
        ("<OrderID>1001", f"<OrderID>{'1 ' * 1_500}", "a text of more than 2000 characters"),
        ("<OrderID>1001", "<OrderID>10&x;01", "undefined entity"),
        ("<OrderID>1001", "<OrderID>10\u008501", "no control characters"),
        ("<OrderID>1001", f"<!--{'x' * 1_300_000}--><OrderID>1001", "a tag or comment of more than"),
        ("SerialNumber", "Vippsnummer", "found Vippsnummer, expected SerialNumber"),
        ("-3.0.xsd", "-2.0.xsd", "found namespace http.*-2.0.xsd, expected http.*-3.0.xsd"),
        (' xmlns="http://vipps.no/xmlschema/SettlementReport-3.0.xsd"', "", "found namespace none"),
        ("</VippsInfo>", "", "mismatched tag"),
        ("UTF-8", "utf-99", "an encoding that is not known"),
        ("UTF-8", "shift-jis", "an encoding that is not known"),
    ],
)
def test_what_breaks_the_format_is_named(read_xml: Read, xml: Any, old: str, new: str, told: str) -> None:
    content = xml.report(xml.settlement())
    assert old in content
    with pytest.raises(Malformed, match=told) as refused:
        read_xml(content.replace(old, new))
    assert refused.value.line


def test_another_currency_within_a_settlement_is_refused(read_xml: Read, xml: Any) -> None:
    before, _, behind = xml.report(xml.settlement()).rpartition("DKK")
    with pytest.raises(Malformed, match="another currency: found EUR, expected DKK"):
        read_xml(f"{before}EUR{behind}")


def test_a_settlement_that_comes_twice_is_refused(read_xml: Read, xml: Any) -> None:
    with pytest.raises(Malformed, match="settlement 2000001 is in line 19 too"):
        read_xml(xml.report(xml.settlement(), xml.settlement()))


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + at)} "{f"&{chr(97 + at)};" * 10}">' for at in range(12)
)


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE SettlementReport>",
        f"{BOMB}]>",
        '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://192.0.2.1/p"> %p;]>',
        "<!DOCTYPE x [",
    ],
)
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
def test_any_doctype_is_refused_before_what_it_declares_is_used(
    read_xml: Read, xml: Any, doctype: str, encoding: str
) -> None:
    content = (
        xml.report(xml.settlement())
        .replace("<SettlementReport ", f"{doctype}\n<SettlementReport ")
        .replace("1001", "&l;")
    )
    with pytest.raises(Malformed, match=r"line 2.*DOCTYPE"):
        read_xml(content.replace("UTF-8", encoding).encode(encoding))


def test_a_byte_that_its_encoding_lacks_is_refused(read_xml: Read, xml: Any) -> None:
    with pytest.raises(Malformed, match=r"line 4.*no XML"):
        read_xml(xml.report(xml.settlement()).encode("latin-1"))


def test_all_before_a_fault_is_read_and_nothing_behind_it(view_xml: View, xml: Any) -> None:
    content = xml.report(xml.settlement(), xml.settlement(number=2000002)).replace("2000002", "two")
    records: list[Record] = []
    with pytest.raises(Malformed, match="SettlementID"):
        records.extend(settlement_xml.read(view_xml(content), MobilePaySettings()))
    assert [type(record) for record in records] == [Payment, Payment, Payment, Fee, Payout]


def test_every_line_is_shown_and_the_fault_marked_at_its_field(view_xml: View, xml: Any) -> None:
    content = xml.report(xml.settlement()).replace(">1250.50<", ">1250.51<")
    shown = list(settlement_xml.show(view_xml(content), MobilePaySettings()))
    assert {field.record for field in shown} == set(range(1, content.count("\n") + 1))
    (wrong,) = [field for field in shown if field.problem]
    assert (wrong.field, wrong.raw) == ("CaptureSettlementAmount", "1250.51")
    assert "1250.50" in wrong.problem


def test_a_report_of_another_version_is_ours_to_refuse(view_xml: View, xml: Any) -> None:
    content = xml.report(xml.settlement())
    for ours in (content, content.replace("-3.0", "-2.0"), content.encode("utf-16"), f"<!DOCTYPE x>{content}"):
        assert settlement_xml.identify(view_xml(ours)) == ""
    assert "SettlementReport" in settlement_xml.identify(view_xml("<Document xmlns='urn:x'/>"))
