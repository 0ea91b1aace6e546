"""What the old MobilePay's CSV of transferred transactions says, and what of it is refused where (R6)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import Fee, FileView, Kept, Malformed, Payment, Payout, Record, format_amount
from hub.plugin.limits import breach_of_reading
from hub_mobilepay import transferred_csv
from hub_mobilepay.settings import MobilePaySettings

SAMPLE = (
    Path(__file__).resolve().parents[4]
    / "shared/samples/mobilepay/mobilepay_legacy_transferred-transactions_v2.csv.txt"
)
needs_sample = pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample files are not beside this checkout")
SAMPLE_POINT = "a8b1c1ed-3d95-4dfc-8b52-ad1206cca269"
POINT = "11111111-2222-3333-4444-555555555555"
HEADING = (
    "Company Reg No;Merchant Name;Payment Point ID;Payment Point Name;Type;Amount;Currency;Timestamp;Date;Message;"
    "Merchant Reference;Merchant Payment Label;Payment Transaction ID;User Indicator;Loyalty ID;MyShop Number;"
    "Brand Name;Brand ID;Location ID;POS Name;Beacon ID;Merchant Payer Reference;Agreement ID;Receiver Account;"
    "Transfer Reference Date;Transfer Reference"
)


def row(
    kind: str = "Payment",
    amount: str = "1250,5",
    *,
    currency: str = "DKK",
    message: str = "Husleje",
    reference: str = "1001",
    label: str = "",
    transaction: str = "t-1",
    shop: str = "90601",
    transferred: str = "07-01-2024",
    transfer: str = "02000906010010701240",
) -> str:
    return (
        f"12345678;Boligforeningen;{POINT};Æblegården;{kind};{amount};{currency};2024-01-05 19:45:13Z;05-01-2024;"
        f"{message};{reference};{label};{transaction};;;{shop};;;;;;;;DK123;{transferred};{transfer}"
    )


def lines(*rows: str) -> str:
    return "".join(f"{line}\r\n" for line in (HEADING, *rows))


#: The same examples in every run.
STEADY = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Read = Callable[..., list[Record]]


@pytest.fixture
def view(tmp_path: Path) -> Callable[[str | bytes], FileView]:
    def view(content: str | bytes) -> FileView:
        raw = content.encode() if isinstance(content, str) else content
        path = tmp_path / "transferred.csv"
        path.write_bytes(raw)
        return FileView("transferred.csv", len(raw), path)

    return view


@pytest.fixture
def read(view: Callable[[str | bytes], FileView]) -> Read:
    def read(content: str | bytes, **given: object) -> list[Record]:
        return list(transferred_csv.read(view(content), MobilePaySettings.model_validate(given)))

    return read


@needs_sample
def test_the_published_file_is_booked_with_each_currency_for_itself(read: Read) -> None:
    records = read(SAMPLE.read_bytes(), payment_points={SAMPLE_POINT: "90601"})
    said = [(type(record), record.amount, record.currency, record.creditor) for record in records]
    assert said == [
        (Payment, 19_000, "EUR", "90601"),
        (Fee, 19_700, "EUR", "90601"),
        (Payment, 16_800, "DKK", "90601"),
        (Fee, 22_100, "DKK", "90601"),
        (Payment, 10_200, "DKK", "90601"),
        (Fee, 2_200, "DKK", "90601"),
    ]


@needs_sample
def test_a_payment_point_without_a_number_is_named_with_what_to_set(read: Read) -> None:
    with pytest.raises(
        Malformed, match=rf"line 2.*Payment Point ID, cell 3.*set settings\.payment_points\.\"{SAMPLE_POINT}"
    ):
        read(SAMPLE.read_bytes())


def test_a_payment(read: Read) -> None:
    (payment,) = read(lines(row()))
    assert payment == Payment(
        record=2,
        creditor="90601",
        group="",
        customer="1001",
        amount=125_050,
        currency="DKK",
        value_date=date(2024, 1, 5),
        booking_date=date(2024, 1, 7),
        due_date=None,
        reference="1001",
        link="mobilepay|90601|t-1",
        key="mobilepay|90601|t-1|capture",
        text=payment.text,
    )


@pytest.mark.parametrize(
    ("kind", "amount", "expected", "booked"),
    [
        ("Refund", "-100,00", Payment, -10_000),
        ("TransactionFee", "-0,75", Fee, 75),
        ("ServiceFee", "-49", Fee, 4_900),
        ("Transfer", "-1149,75", Payout, 114_975),
        ("Adjustment", "-5,00", Payment, -500),
        ("Adjustment", "5,00", Payment, 500),
        ("ReturnedTransaction", "5,00", Payment, 500),
        ("Cashback", "-5,00", Payment, -500),
    ],
)
def test_every_other_type(read: Read, kind: str, amount: str, expected: type, booked: int) -> None:
    (record,) = read(lines(row(kind, amount)))
    assert isinstance(record, expected)
    assert (record.record, record.amount, record.booking_date) == (2, booked, date(2024, 1, 7))


def test_a_transfer_carries_the_text_of_the_bank(read: Read) -> None:
    (payout,) = read(lines(row("Transfer", "-1149,75", transaction="")))
    assert isinstance(payout, Payout)
    assert (payout.bank_text, payout.reference) == ("02000906010010701240", "02000906010010701240")


def test_money_of_no_known_type_is_nobodys_and_says_its_type(read: Read) -> None:
    (record,) = read(lines(row("Cashback", "-5,00")))
    assert isinstance(record, Payment)
    assert record.customer == ""
    assert "Cashback" in record.text


def test_a_row_without_an_amount_is_counted(read: Read) -> None:
    assert [type(record) for record in read(lines(row(amount="0,00")))] == [Kept]


def test_our_own_reference_is_in_the_column_that_is_set(read: Read) -> None:
    written = lines(row(reference="", label="1-12-304-2", message="x"))
    assert read(written)[0].customer == ""
    assert read(written, own_reference=["payment_label"])[0].customer == "1-12-304-2"
    assert read(written, own_reference=["merchant_reference", "message"])[0].customer == "x"


def test_what_is_not_transferred_yet_counts_from_its_own_day(read: Read) -> None:
    (payment,) = read(lines(row(transferred="", transfer="")))
    assert payment.booking_date == date(2024, 1, 5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "the file is empty"),
        (lines(row()).replace(";", ","), "line 1: another delimiter: found ','.*semicolons"),
        (lines(row()).replace(";", "\t"), r"another delimiter: found '\\t'"),
        (lines(row()).encode("utf-16"), "UTF-16 byte order mark"),
        (lines(row()).encode("latin-1"), "line 2, position.*expected UTF-8"),
        (
            lines(row(amount="1250.50")),
            "line 2, field 'Amount, cell 6': found '1250.50', expected an amount like 1490,50",
        ),
        (lines(row(amount="1.250,50")), "field 'Amount, cell 6'"),
        (lines(row(amount="1250,505")), "field 'Amount, cell 6'"),
        (lines(row(amount="-1250,50")), "a Payment: found -1250.50, expected a positive amount"),
        (lines(row("Refund", "100,00")), "a Refund: found 100.00, expected a negative amount"),
        (lines(row("Transfer", "100,00")), "a Transfer: found 100.00, expected a negative amount"),
        (lines(row("TransactionFee", "0,75")), "a TransactionFee: found 0.75, expected a negative amount"),
        (
            lines(row("Transfer", "-100,00", transfer="")),
            "field 'Transfer Reference, cell 26': a Transfer: found nothing",
        ),
        (lines(row(transaction="")), "field 'Payment Transaction ID, cell 13': a Payment: found nothing"),
        (lines(row(currency="kr")), "field 'Currency, cell 7'"),
        (lines(row(transferred="2024-01-07")), "field 'Transfer Reference Date, cell 25'.*dd-mm-yyyy"),
        (lines(row(transferred="30-02-2024")), "field 'Transfer Reference Date, cell 25'.*a day that exists"),
        (lines(row()).replace(" 19:45:13Z", "T19:45:13"), "field 'Timestamp, cell 8'"),
        (lines(row(message="a;b")), "line 2: a row: found 27 cells, expected 26 cells"),
        (lines(row(), "x"), "line 3: a row: found 1 cells, expected 26 cells"),
        (lines(row(), "", row()), "line 4: something follows an empty line"),
        (lines(row(message='"a')), "line 2: quotes that do not end"),
        (lines(row()).replace("Loyalty ID", "Loyalty"), "line 1, field 'cell 15': another heading: found 'Loyalty'"),
        (lines(row()).replace(";Transfer Reference\r", "\r"), "a heading: found 25 cells, expected 26 cells"),
    ],
)
def test_what_breaks_the_format_is_named(read: Read, content: str | bytes, told: str) -> None:
    with pytest.raises(Malformed, match=told):
        read(content)


def test_quoted_cells_may_hold_what_separates_them(read: Read) -> None:
    assert read(lines(row(message='"a;b"')))[0].amount == 125_050


def test_it_is_known_by_its_heading_whatever_the_delimiter(view: Callable[[str | bytes], FileView]) -> None:
    for ours in (lines(row()), lines().replace(";", "\t"), lines(row()).encode("utf-16"), "\ufeff" + lines()):
        assert transferred_csv.identify(view(ours)) == ""
    assert "Company Reg No" in transferred_csv.identify(view("Navn;Beløb\r\n"))


def test_every_cell_is_shown_and_the_fault_marked(view: Callable[[str], FileView]) -> None:
    shown = list(transferred_csv.show(view(lines(row(), row("Refund", "5,00"))), MobilePaySettings()))
    assert {field.record for field in shown} == {1, 2, 3}
    (marked,) = [field for field in shown if field.problem]
    assert (marked.record, marked.field, marked.value) == (3, "Amount", "5.00")


kinds = st.sampled_from([("Payment", 1), ("Refund", -1), ("ServiceFee", -1), ("Transfer", -1), ("Adjustment", -1)])


@settings(STEADY, max_examples=40)
@given(rows=st.lists(st.tuples(kinds, st.integers(1, 10**12)), min_size=1, max_size=6))
def test_what_is_built_reads_back(read: Read, rows: list[tuple[tuple[str, int], int]]) -> None:
    built = [row(kind, format_amount(sign * ore).replace(".", ",")) for (kind, sign), ore in rows]
    effects = [-record.amount if isinstance(record, Fee | Payout) else record.amount for record in read(lines(*built))]
    assert effects == [sign * ore for (_, sign), ore in rows]


@settings(STEADY, max_examples=60)
@given(edits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 20), st.binary(max_size=6)), max_size=3))
def test_any_bytes_give_records_or_malformed(
    view: Callable[[bytes], FileView], edits: list[tuple[int, int, bytes]]
) -> None:
    content = lines(row(), row("Transfer", "-1149,75")).encode()
    for place, dropped, put in edits:
        at = place % (len(content) + 1)
        content = content[:at] + put + content[at + dropped :]
    file = view(content)
    with suppress(Malformed):
        assert not breach_of_reading(list(transferred_csv.read(file, MobilePaySettings())))
    assert list(transferred_csv.show(file, MobilePaySettings())) or not content
