"""What a settlement report in XML says, and that a large one is read in flat memory."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import Fee, FileView, Kept, Malformed, Payment, Payout, Record
from hub.plugin.limits import breach_of_reading
from hub_mobilepay import settlement_xml
from hub_mobilepay.settings import MobilePaySettings

SAMPLE = Path(__file__).resolve().parents[4] / "shared/samples/mobilepay/vipps_Example-Net.xml"
Read = Callable[..., list[Record]]
#: The same examples in every run.
STEADY = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample files are not beside this checkout")
def test_the_published_report_is_booked_with_its_totals(read_xml: Read) -> None:
    records = read_xml(SAMPLE.read_bytes())
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


def test_a_net_settlement_books_payments_then_its_fees_and_what_is_paid_out(read_xml: Read, xml: Any) -> None:
    payment, _, refund, fee, payout = read_xml(xml.report(xml.settlement()))
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


def test_a_gross_settlement_pays_all_out_and_lists_its_fees(read_xml: Read, xml: Any) -> None:
    *_, fee, payout = read_xml(xml.report(xml.settlement(kind="Gross")))
    assert isinstance(fee, Kept)
    assert "12,50" in fee.text
    assert isinstance(payout, Payout)
    assert payout.amount == 115_050


@pytest.mark.parametrize("refund", [1_000, 1_500])
def test_nothing_is_paid_out_of_a_settlement_at_zero_or_below(read_xml: Read, xml: Any, refund: int) -> None:
    records = read_xml(xml.report(xml.settlement(((1_000, 0, 0, "1"), (0, refund, 0, "2")))))
    assert [type(record) for record in records] == [Payment, Payment, Kept]


def test_a_transaction_without_an_amount_is_counted_and_moves_nothing(read_xml: Read, xml: Any) -> None:
    kept, payment, _ = read_xml(xml.report(xml.settlement(((0, 0, 0, "1"), (1_000, 0, 0, "2")))))
    assert isinstance(kept, Kept)
    assert isinstance(payment, Payment)


def test_the_bank_text_of_a_payout_is_made_as_set(read_xml: Read, xml: Any) -> None:
    *_, payout = read_xml(xml.report(xml.settlement()), payout_text="Utb. {payout} Vippsnr {recipient}")
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
def test_a_moment_is_the_day_that_it_is_here(read_xml: Read, xml: Any, time: str, zone: str, day: date) -> None:
    payment = read_xml(xml.report(xml.settlement(time=time)), timezone=zone)[0]
    assert isinstance(payment, Payment)
    assert payment.value_date == day


def test_invoiced_fees_of_the_report_are_listed_only(read_xml: Read, xml: Any) -> None:
    fees = (
        "<FeeDetailsInfo><FeeInfo><FeeDate>2026-01-31</FeeDate><FeeID>7</FeeID><FeeAmount>12.50</FeeAmount>"
        "<FeeAccount>1</FeeAccount><FeeType>Invoice</FeeType></FeeInfo></FeeDetailsInfo>"
    )
    *_, kept = read_xml(xml.report(xml.settlement(), fees=fees))
    assert isinstance(kept, Kept)
    assert "12,50" in kept.text


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1", "windows-1252"])
def test_other_encodings_that_the_file_declares_are_read(read_xml: Read, xml: Any, encoding: str) -> None:
    content = xml.report(xml.settlement())
    assert read_xml(content.replace("UTF-8", encoding).encode(encoding)) == read_xml(content)


def test_a_report_in_one_line_gives_the_same_records_numbered_from_it(read_xml: Read, xml: Any) -> None:
    content = xml.report(xml.settlement(), xml.settlement(number=2000002))
    records = read_xml(re.sub(r">\s+<", "><", content))
    assert [record.record for record in records] == list(range(1, 11))
    assert [record._replace(record=0) for record in records] == [
        record._replace(record=0) for record in read_xml(content)
    ]


amounts = st.integers(0, 10**9)
rows = st.tuples(amounts, amounts, amounts, st.text("abcÆØÅ0123456789-", min_size=1, max_size=20))


@settings(STEADY, max_examples=40)
@given(given_rows=st.lists(rows, min_size=1, max_size=5), kind=st.sampled_from(["Net", "Gross"]))
def test_what_is_built_reads_back(
    read_xml: Read, xml: Any, given_rows: list[tuple[int, int, int, str]], kind: str
) -> None:
    records = read_xml(xml.report(xml.settlement(tuple(given_rows), kind)))
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
    view_xml: Callable[[bytes], FileView], xml: Any, edits: list[tuple[int, int, bytes]]
) -> None:
    content = xml.report(xml.settlement()).encode()
    for place, dropped, put in edits:
        at = place % (len(content) + 1)
        content = content[:at] + put + content[at + dropped :]
    file = view_xml(content)
    with suppress(Malformed):
        assert not breach_of_reading(list(settlement_xml.read(file, MobilePaySettings())))
    assert list(settlement_xml.show(file, MobilePaySettings()))


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
def test_a_large_report_is_read_in_flat_memory(tmp_path: Path, xml: Any) -> None:
    small, large = tmp_path / "small.xml", tmp_path / "large.xml"
    small.write_text(xml.report(xml.settlement()))
    whole, rows = xml.report(xml.settlement(xml.rows * 8_000)), len(xml.rows) * 8_000
    large.write_text(whole)
    assert large.stat().st_size > 14_000_000
    command = [sys.executable, "-c", _CHILD, str(small), str(large)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    records, kilobytes = map(int, said.stdout.split())
    assert records == rows + 2
    assert kilobytes < 4_000
