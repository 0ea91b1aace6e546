"""What a settlement report in XML says, and what of it is refused where (R6)."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import Fee, FileView, Kept, Malformed, Payment, Payout, Record, format_amount
from hub.plugin.limits import breach_of_reading
from hub_mobilepay import settlement_xml
from hub_mobilepay.settings import MobilePaySettings

SAMPLE = Path(__file__).resolve().parents[4] / "shared/samples/mobilepay/vipps_Example-Net.xml"
NAMESPACE = "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"
#: Captured, given back, fee, our reference.
ROWS = ((100_000, 0, 1_000, "1001"), (25_050, 0, 250, "1002"), (0, 10_000, 0, "1001"))


def transaction(number: int, captured: int, refund: int, fee: int, order: str, time: str) -> str:
    gross = captured - refund
    return f"""
          <TransactionInfo>
            <TransactionTime>{time}</TransactionTime>
            <TransactionCaptureAmount>{format_amount(captured)}</TransactionCaptureAmount>
            <TransactionRefundAmount>{format_amount(-refund)}</TransactionRefundAmount>
            <TransactionGrossAmount>{format_amount(gross)}</TransactionGrossAmount>
            <TransactionNetAmount>{format_amount(gross - fee)}</TransactionNetAmount>
            <TransactionFeeAmount>{format_amount(fee)}</TransactionFeeAmount>
            <SettlementCurrencyCode>DKK</SettlementCurrencyCode>
            <TransactionID>{number}</TransactionID>
            <OrderID>{order}</OrderID>
          </TransactionInfo>"""


def settlement(
    rows: tuple[tuple[int, int, int, str], ...] = ROWS,
    kind: str = "Net",
    time: str = "2026-01-05T14:00:00.5+01:00",
    number: int = 2000001,
) -> str:
    captured, refund, fee = (sum(row[at] for row in rows) for at in range(3))
    gross, net = captured - refund, captured - refund - fee
    transactions = "".join(transaction(5000 + at, *row, time) for at, row in enumerate(rows))
    return f"""
        <SettlementInfo>
          <SettlementDate>2026-01-06</SettlementDate>
          <SettlementID>{number}</SettlementID>
          <SettlementCurrencyCode>DKK</SettlementCurrencyCode>
          <SettlementType>{kind}</SettlementType>{transactions}
          <NumOfTransactions>{len(rows)}</NumOfTransactions>
          <CaptureSettlementAmount>{format_amount(captured)}</CaptureSettlementAmount>
          <RefundSettlementAmount>{format_amount(-refund)}</RefundSettlementAmount>
          <GrossSettlementAmount>{format_amount(gross)}</GrossSettlementAmount>
          <NetSettlementAmount>{format_amount(net)}</NetSettlementAmount>
          <FeeSettlementAmount>{format_amount(fee)}</FeeSettlementAmount>
          <SettledAmount>{format_amount(net if kind == "Net" else gross)}</SettledAmount>
        </SettlementInfo>"""


def report(*settlements: str, fees: str = "") -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<SettlementReport xmlns="{NAMESPACE}">
  <SettlementDetailsInfo>
    <SaleUnitName>Æblegården</SaleUnitName>
    <SerialNumber>90601</SerialNumber>
    <OrganizationName>Boligforeningen</OrganizationName>
    <OrganizationNumber>12345678</OrganizationNumber>
    <MainAddress>Gade 1</MainAddress>
    <MainAddressZipCode>8000</MainAddressZipCode>
    <MainAddressCity>Aarhus</MainAddressCity>
    <MainAddressCountryCode>DNK</MainAddressCountryCode>
    <PaymentsInfo>
        <ReportDateFrom>2026-01-05</ReportDateFrom>
        <ReportDateTo>2026-01-06</ReportDateTo>
        <SettlementCurrencyCode>DKK</SettlementCurrencyCode>
        <SettlementAccountNum>12345678901</SettlementAccountNum>{"".join(settlements)}
        <NumOfSettlements>{len(settlements)}</NumOfSettlements>{fees}
    </PaymentsInfo>
  </SettlementDetailsInfo>
  <VippsInfo>
    <Name>Sender</Name>
    <WebSite>https://example.org</WebSite>
    <VisitingAddress>Gade 2</VisitingAddress>
    <PostBox/>
    <PostAddress>Gade 2</PostAddress>
    <Country>Norge</Country>
  </VippsInfo>
</SettlementReport>
"""


#: The same examples in every run.
STEADY = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Read = Callable[..., list[Record]]


@pytest.fixture
def view(tmp_path: Path) -> Callable[[str | bytes], FileView]:
    def view(content: str | bytes) -> FileView:
        raw = content.encode() if isinstance(content, str) else content
        path = tmp_path / "report.xml"
        path.write_bytes(raw)
        return FileView("90601-2000001.xml", len(raw), path)

    return view


@pytest.fixture
def read(view: Callable[[str | bytes], FileView]) -> Read:
    def read(content: str | bytes, **given: str) -> list[Record]:
        return list(settlement_xml.read(view(content), MobilePaySettings.model_validate(given)))

    return read


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample files are not beside this checkout")
def test_the_published_report_is_booked_with_its_totals(read: Read) -> None:
    records = read(SAMPLE.read_bytes())
    payments = [record for record in records if isinstance(record, Payment)]
    assert sum(payment.amount for payment in payments if payment.amount > 0) == 5600 + 4800
    assert sum(payment.amount for payment in payments) == 1700
    assert [
        (record.reference, record.amount, record.booking_date) for record in records if isinstance(record, Payout)
    ] == [
        ("2000001", 1500, date(2018, 3, 1)),
        ("2000002", 200, date(2018, 3, 12)),
    ]
    assert len(records) == len(payments) + 2


def test_a_net_settlement_books_payments_then_its_fees_and_what_is_paid_out(read: Read) -> None:
    payment, _, refund, fee, payout = read(report(settlement()))
    assert payment == Payment(
        record=24,
        creditor="90601",
        group="",
        customer="1001",
        amount=100_000,
        currency="DKK",
        value_date=date(2026, 1, 5),
        booking_date=date(2026, 1, 6),
        due_date=None,
        reference="1001",
        link="mobilepay|90601|5000",
        key="mobilepay|90601|5000|capture",
        text=payment.text,
    )
    assert isinstance(refund, Payment)
    assert (refund.amount, refund.customer, refund.key) == (-10_000, "1001", "mobilepay|90601|5002|refund")
    assert isinstance(fee, Fee)
    assert (fee.amount, fee.reference) == (1_250, "2000001")
    assert isinstance(payout, Payout)
    assert (payout.amount, payout.reference, payout.bank_text) == (113_800, "2000001", "")
    assert 125_050 - 10_000 - fee.amount - payout.amount == 0


def test_a_gross_settlement_pays_all_out_and_lists_its_fees(read: Read) -> None:
    *_, fee, payout = read(report(settlement(kind="Gross")))
    assert isinstance(fee, Kept)
    assert "12,50" in fee.text
    assert isinstance(payout, Payout)
    assert payout.amount == 115_050


@pytest.mark.parametrize("refund", [1_000, 1_500])
def test_nothing_is_paid_out_of_a_settlement_at_zero_or_below(read: Read, refund: int) -> None:
    records = read(report(settlement(((1_000, 0, 0, "1"), (0, refund, 0, "2")))))
    assert [type(record) for record in records] == [Payment, Payment, Kept]


def test_a_transaction_without_an_amount_is_counted_and_moves_nothing(read: Read) -> None:
    kept, payment, _ = read(report(settlement(((0, 0, 0, "1"), (1_000, 0, 0, "2")))))
    assert isinstance(kept, Kept)
    assert isinstance(payment, Payment)


def test_the_bank_text_of_a_payout_is_made_as_set(read: Read) -> None:
    *_, payout = read(report(settlement()), payout_text="Utb. {payout} Vippsnr {recipient}")
    assert isinstance(payout, Payout)
    assert payout.bank_text == "Utb. 2000001 Vippsnr 90601"


@pytest.mark.parametrize(
    ("time", "zone", "day"),
    [
        ("2026-01-05T23:30:00Z", "Europe/Copenhagen", date(2026, 1, 6)),
        ("2026-01-05T23:30:00Z", "UTC", date(2026, 1, 5)),
        ("2026-01-06T00:30:00+02:00", "Europe/Copenhagen", date(2026, 1, 5)),
    ],
)
def test_a_moment_is_the_day_that_it_is_here(read: Read, time: str, zone: str, day: date) -> None:
    payment = read(report(settlement(time=time)), timezone=zone)[0]
    assert isinstance(payment, Payment)
    assert payment.value_date == day


def test_invoiced_fees_of_the_report_are_listed_only(read: Read) -> None:
    fees = (
        "<FeeDetailsInfo><FeeInfo><FeeDate>2026-01-31</FeeDate><FeeID>7</FeeID><FeeAmount>12.50</FeeAmount>"
        "<FeeAccount>1</FeeAccount><FeeType>Invoice</FeeType></FeeInfo></FeeDetailsInfo>"
    )
    *_, kept = read(report(settlement(), fees=fees))
    assert isinstance(kept, Kept)
    assert "12,50" in kept.text


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
def test_a_sum_or_count_that_does_not_come_out_is_named_by_its_line(read: Read, element: str, wrong: str) -> None:
    content = re.sub(f"<{element}>[^<]*", f"<{element}>{wrong}", report(settlement()), count=1)
    line = content[: content.index(f"<{element}>")].count("\n") + 1
    with pytest.raises(Malformed, match=rf"line {line}, field '{element}'.*found {wrong}, expected"):
        read(content)


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
        (f' xmlns="{NAMESPACE}"', "", "found namespace none"),
        ("</VippsInfo>", "", "mismatched tag"),
        ("UTF-8", "utf-99", "an encoding that is not known"),
        ("UTF-8", "shift-jis", "an encoding that is not known"),
    ],
)
def test_what_breaks_the_format_is_named(read: Read, old: str, new: str, told: str) -> None:
    content = report(settlement())
    assert old in content
    with pytest.raises(Malformed, match=told) as refused:
        read(content.replace(old, new))
    assert refused.value.line


def test_another_currency_within_a_settlement_is_refused(read: Read) -> None:
    before, _, behind = report(settlement()).rpartition("DKK")
    with pytest.raises(Malformed, match="another currency: found EUR, expected DKK"):
        read(f"{before}EUR{behind}")


def test_a_settlement_that_comes_twice_is_refused(read: Read) -> None:
    with pytest.raises(Malformed, match="settlement 2000001 is in line 19 too"):
        read(report(settlement(), settlement()))


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
def test_any_doctype_is_refused_before_what_it_declares_is_used(read: Read, doctype: str, encoding: str) -> None:
    content = (
        report(settlement()).replace("<SettlementReport ", f"{doctype}\n<SettlementReport ").replace("1001", "&l;")
    )
    with pytest.raises(Malformed, match=r"line 2.*DOCTYPE"):
        read(content.replace("UTF-8", encoding).encode(encoding))


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1", "windows-1252"])
def test_other_encodings_that_the_file_declares_are_read(read: Read, encoding: str) -> None:
    content = report(settlement())
    assert read(content.replace("UTF-8", encoding).encode(encoding)) == read(content)


def test_a_byte_that_its_encoding_lacks_is_refused(read: Read) -> None:
    with pytest.raises(Malformed, match=r"line 4.*no XML"):
        read(report(settlement()).encode("latin-1"))


def test_a_report_in_one_line_gives_the_same_records_numbered_from_it(read: Read) -> None:
    content = report(settlement(), settlement(number=2000002))
    records = read(re.sub(r">\s+<", "><", content))
    assert [record.record for record in records] == list(range(1, 11))
    assert [record._replace(record=0) for record in records] == [record._replace(record=0) for record in read(content)]


def test_all_before_a_fault_is_read_and_nothing_behind_it(view: Callable[[str], FileView]) -> None:
    content = report(settlement(), settlement(number=2000002)).replace("2000002", "two")
    records: list[Record] = []
    with pytest.raises(Malformed, match="SettlementID"):
        records.extend(settlement_xml.read(view(content), MobilePaySettings()))
    assert [type(record) for record in records] == [Payment, Payment, Payment, Fee, Payout]


amounts = st.integers(0, 10**9)
rows = st.tuples(amounts, amounts, amounts, st.text("abcÆØÅ0123456789-", min_size=1, max_size=20))


@settings(STEADY, max_examples=40)
@given(given_rows=st.lists(rows, min_size=1, max_size=5), kind=st.sampled_from(["Net", "Gross"]))
def test_what_is_built_reads_back(read: Read, given_rows: list[tuple[int, int, int, str]], kind: str) -> None:
    records = read(report(settlement(tuple(given_rows), kind)))
    payments = [(record.amount, record.customer) for record in records if isinstance(record, Payment)]
    assert payments == [
        (amount, order) for captured, refund, _, order in given_rows for amount in (captured, -refund) if amount
    ]
    fees = sum(row[2] for row in given_rows) if kind == "Net" else 0
    assert sum(record.amount for record in records if isinstance(record, Fee)) == fees
    left = sum(amount for amount, _ in payments) - fees
    assert sum(record.amount for record in records if isinstance(record, Payout)) == max(left, 0)


@settings(STEADY, max_examples=60)
@given(edits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=6)), max_size=3))
def test_any_bytes_give_records_or_malformed(
    view: Callable[[bytes], FileView], edits: list[tuple[int, int, bytes]]
) -> None:
    content = report(settlement()).encode()
    for place, dropped, put in edits:
        at = place % (len(content) + 1)
        content = content[:at] + put + content[at + dropped :]
    file = view(content)
    with suppress(Malformed):
        assert not breach_of_reading(list(settlement_xml.read(file, MobilePaySettings())))
    assert list(settlement_xml.show(file, MobilePaySettings()))


def test_every_line_is_shown_and_the_fault_marked_at_its_field(view: Callable[[str], FileView]) -> None:
    content = report(settlement()).replace(">1250.50<", ">1250.51<")
    shown = list(settlement_xml.show(view(content), MobilePaySettings()))
    assert {field.record for field in shown} == set(range(1, content.count("\n") + 1))
    (wrong,) = [field for field in shown if field.problem]
    assert (wrong.field, wrong.raw) == ("CaptureSettlementAmount", "1250.51")
    assert "1250.50" in wrong.problem


def test_a_report_of_another_version_is_ours_to_refuse(view: Callable[[str | bytes], FileView]) -> None:
    content = report(settlement())
    for ours in (content, content.replace("-3.0", "-2.0"), content.encode("utf-16"), f"<!DOCTYPE x>{content}"):
        assert settlement_xml.identify(view(ours)) == ""
    assert "SettlementReport" in settlement_xml.identify(view("<Document xmlns='urn:x'/>"))


_CHILD = """
import resource, sys
from pathlib import Path
from hub.plugin import FileView
from hub.plugin.limits import breach_of_reading
from hub_mobilepay import settlement_xml
from hub_mobilepay.settings import MobilePaySettings

def count(name):
    path = Path(name)
    return sum(1 for _ in settlement_xml.read(FileView("x.xml", path.stat().st_size, path), MobilePaySettings()))

count(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(count(sys.argv[2]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_a_large_report_is_read_in_flat_memory(tmp_path: Path) -> None:
    small, large = tmp_path / "small.xml", tmp_path / "large.xml"
    small.write_text(report(settlement()))
    whole, rows = report(settlement(ROWS * 8_000)), len(ROWS) * 8_000
    large.write_text(whole)
    assert large.stat().st_size > 14_000_000
    command = [sys.executable, "-c", _CHILD, str(small), str(large)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    records, kilobytes = map(int, said.stdout.split())
    assert records == rows + 2
    assert kilobytes < 4_000
