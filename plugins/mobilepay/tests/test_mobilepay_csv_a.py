"""CSV of layout A: what is booked of it, and every way in which it is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import Fee, FileView, Kept, Malformed, Payment, Payout, Record, Remark, ShownField
from hub_mobilepay import Plugin, settlement_csv_a
from hub_mobilepay.settings import MobilePaySettings

Read = Callable[..., list[Record]]
SAMPLE = Path(__file__).resolve().parents[4] / "shared/samples/mobilepay/vipps_settlement-report_2022.csv"


def test_a_settlement_is_a_payout_its_transactions_and_one_sum_of_fees(read: Read, layout_a: Any) -> None:
    payout, first, second, refund, fee = read(layout_a.month())
    assert payout == Payout(
        record=6,
        creditor="710042",
        group="",
        amount=747_600,
        currency="DKK",
        value_date=date(2026, 2, 3),
        booking_date=date(2026, 2, 3),
        bank_text="",
        reference="2000107",
        key="mobilepay|710042|2000107|payout",
        text="MobilePay udbetaling 2000107",
    )
    assert first == Payment(
        record=9,
        creditor="710042",
        group="",
        customer="1230402",
        amount=695_000,
        currency="DKK",
        value_date=date(2026, 2, 2),
        booking_date=date(2026, 2, 3),
        due_date=None,
        reference="1230402",
        link="mobilepay|710042|5700000001",
        key="mobilepay|710042|5700000001|capture",
        text="MobilePay 1230402",
    )
    assert (second.record, second.customer, second.amount) == (10, "1230501", 105_000)
    assert (refund.record, refund.amount, refund.key) == (11, -50_000, "mobilepay|710042|5700000003|refund")
    assert isinstance(fee, Fee)
    assert (fee.record, fee.amount, fee.reference) == (12, 2_400, "2000107")


def test_what_is_booked_comes_to_nothing_on_the_clearing_account(read: Read, layout_a: Any) -> None:
    """Payments in, fees and payout out: 0.00, unless the file itself leaves something out."""
    records = read(layout_a.month())
    assert sum(one.amount if isinstance(one, Payment) else -one.amount for one in records) == 0


def test_a_refund_may_have_a_net_of_its_own_or_none(read: Read, layout_a: Any) -> None:
    """In the published sample it has none: then the payout leaves it out, which is told."""
    lines = layout_a.lines(
        [layout_a.settlement(800_000, -2_400, -50_000, 797_600, 2)],
        [
            layout_a.transaction("1", "1230402", 800_000, -2_400),
            layout_a.transaction("2", "1230402", refund=-50_000, net=0),
        ],
    )
    *records, remark = read(lines)
    assert [one.amount for one in records] == [797_600, 800_000, -50_000, 2_400]
    assert isinstance(remark, Remark)
    assert remark.text.startswith(
        "Settlement 2000107 says that 7976.00 is paid out, which leaves its refunds of -500.00"
    )


@pytest.mark.parametrize(("sold", "refunded"), [(0, 0), (50_000, -50_000), (30_000, -50_000)])
def test_nothing_is_paid_out_where_nothing_is_left(read: Read, layout_a: Any, sold: int, refunded: int) -> None:
    rows = [layout_a.transaction("1", "1230402", sold), layout_a.transaction("2", "1230402", refund=refunded)]
    records = read(layout_a.lines([layout_a.settlement(sold, 0, refunded, sold + refunded, 2)], rows))
    assert isinstance(records[0], Kept)
    assert "ingen udbetaling" in records[0].text
    assert not [one for one in records if isinstance(one, Payout)]
    assert sum(one.amount for one in records if isinstance(one, Payment)) == sold + refunded


def test_a_fee_taken_from_an_account_of_ours_is_no_money_of_the_settlement(read: Read, layout_a: Any) -> None:
    invoiced = "FeeInfo,03.02.2026,Skovly,710042,54711234567890,-24.00,DKK"
    rows = [layout_a.transaction("1", "1230402", 800_000)]
    records = read(layout_a.lines([layout_a.settlement(800_000, 0, 0, 800_000, 1)], rows, [invoiced]))
    assert [type(one) for one in records] == [Payout, Kept, Payment]
    assert records[1].text == "gebyr -24,00 af 2026-02-03 opkræves særskilt fra konto 54711234567890"


def test_several_settlements_of_several_sales_units(read: Read, layout_a: Any) -> None:
    lines = layout_a.lines(
        [
            layout_a.settlement(100, -10, 0, 90, 1),
            layout_a.settlement(200, -20, 0, 180, 1, unit="710043", number="2000009"),
        ],
        [
            layout_a.transaction("1", "1230402", 100, -10),
            layout_a.transaction("2", "1230501", 200, -20, unit="710043", number="2000009"),
        ],
    )
    records = read(lines)
    assert [(one.creditor, one.amount) for one in records if isinstance(one, Fee)] == [("710042", 10), ("710043", 20)]
    assert [(one.record, one.amount) for one in records if isinstance(one, Payout)] == [(6, 90), (7, 180)]


def test_the_prefix_of_a_store_is_taken_off(read: Read, layout_a: Any) -> None:
    rows = [layout_a.transaction("1", "SKOV-1230402", 100), layout_a.transaction("2", "1230501", 100)]
    lines = layout_a.lines([layout_a.settlement(200, 0, 0, 200, 2)], rows)
    payments = [one for one in read(lines, reference_prefixes=["SK", "SKOV-"]) if isinstance(one, Payment)]
    assert [(one.customer, one.reference) for one in payments] == [("1230402", "1230402"), ("1230501", "1230501")]


def test_the_text_of_the_bank_is_made_where_config_says_how(read: Read, layout_a: Any) -> None:
    """No file of this layout has it; 1.2 tells of Norway's."""
    pattern = "Utb. {payout} Vippsnr {recipient}"
    assert read(layout_a.month(), payout_text=pattern)[0].bank_text == "Utb. 2000107 Vippsnr 710042"
    danish = read(layout_a.month(), payout_text="02{recipient8}001{ddmmyy}")[0].bank_text
    assert danish == "0200710042001030226"


def test_line_ends_of_windows_a_mark_and_empty_lines_at_the_end_change_nothing(read: Read, layout_a: Any) -> None:
    lines = layout_a.month()
    other = b"\xef\xbb\xbf" + ("\r\n".join(lines) + "\r\n\r\n").encode()
    assert [one.key for one in read(other)] == [one.key for one in read(lines)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",8000.00,", ",8000.01,", "line 6, field 'Gross, cell 7': a wrong sum: found 8000.01, expected 8000.00"),
        (",-24.00,", ",-24.01,", "line 6, field 'Fee, cell 9': a wrong sum"),
        (",-500.00,7476.00,", ",-500.01,7476.00,", "line 6, field 'Refund, cell 10': a wrong sum"),
        (",7476.00,", ",7476.01,", "line 6, field 'Net, cell 11': a wrong sum: found 7476.01, expected 7476.00"),
        (
            ",7476.00,3",
            ",7476.00,4",
            "line 6, field 'NumberOfTransactions, cell 12': a wrong count: found 4, expected 3",
        ),
        (",7476.00,3", ",7476,00,3", "cell 11': a SettlementInfo row: found 13 cells, of which 11 and 12 look like"),
        ("6929.15", "6929,15", "line 9, field 'Net, cell 13': a TransactionInfo row: found 14 cells"),
        ("6929.15", "6929.16", "line 9, field 'Net, cell 13': a wrong sum: found 6929.16, expected 6929.15"),
        ("6950.00,DKK", "6950.00,NOK", "line 9, field 'Currency, cell 10': another currency: found NOK"),
        ("6950.00,DKK", "6950.000,DKK", "line 9, field 'Gross, cell 9': found '6950.000', expected an amount like"),
        ("6950.00,DKK", "6.950,DKK", "line 9, field 'Gross, cell 9': found '6.950'"),
        ("6950.00,DKK", "-6950.00,DKK", "line 9, field 'Gross, cell 9': found Gross -6950.00"),
        ("02.02.2026", "30.02.2026", "line 9, field 'SalesDate, cell 2': found '30.02.2026', expected a day"),
        ("02.02.2026", "2026-02-02", "line 9, field 'SalesDate, cell 2': found '2026-02-02', expected a day"),
        ("02.02.2026", "02.02.2926", "line 9, field 'SalesDate, cell 2'"),
        (",5700000001,", ",,", "line 9, field 'TransactionId, cell 5': found ''"),
        (",5700000001,2000107,", ",5700000001,2000108,", "line 9: not settled in this file: found settlement 2000108"),
        ("TransactionInfo,02", "PayoutInfo,02", "line 9, field 'cell 1': unknown row: found 'PayoutInfo'"),
        ("FeeInfo,Settle", "FeeInfo,Fettle", "line 7, field 'cell 1': a FeeInfo"),
        (
            "Gross,Currency,Fee,Refund,Net,N",
            "Gross,Currency,Refund,Fee,Net,N",
            "line 5, field 'cell 9': another heading",
        ),
        ("Name,VisitingAddress", "Name;VisitingAddress", "line 3"),
        ("12345674,Skovly", "12345674,,Skovly", "line 2: the line below a heading: found 3 cells, expected 2"),
        ("710042,5700000001", "7100x2,5700000001", "line 9, field 'SaleUnitNumber, cell 4'"),
        ("Skovly,710042,03", "Sko\x00vly,710042,03", "line 6, field 'SalesUnitName, cell 2'"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_cell(read: Read, layout_a: Any, old: str, new: str, said: str) -> None:
    content = "\n".join(layout_a.month())
    assert old in content
    with pytest.raises(Malformed) as refused:
        read(content.replace(old, new, 1).encode())
    assert said in str(refused.value)


@pytest.mark.parametrize(("other", "called"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_delimiter_is_named(read: Read, layout_a: Any, other: str, called: str) -> None:
    with pytest.raises(Malformed, match=f"line 1: another delimiter: found {called}, expected commas"):
        read("\n".join(layout_a.month()).replace(",", other).encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_refused(read: Read, layout_a: Any, encoding: str) -> None:
    with pytest.raises(Malformed, match=r"UTF-16|heading"):
        read("\n".join(layout_a.month()).encode(encoding))


def test_bytes_that_are_no_utf_8_are_named_by_their_place(read: Read, layout_a: Any) -> None:
    content = "\n".join(layout_a.month()).encode().replace("Æblevej".encode(), "Æblevej".encode("latin-1"))
    with pytest.raises(Malformed, match=r"line 4, position 18: .*expected UTF-8"):
        read(content)


def test_a_cut_file_is_refused_wherever_it_is_cut(view: Any, plugin: Any, layout_a: Any) -> None:
    lines = layout_a.month()
    for kept in range(1, len(lines)):
        with pytest.raises(Malformed):
            list(plugin().read(view(lines[:kept]), settlement_csv_a.KIND))


def test_amounts_that_no_settlement_can_have_are_refused(read: Read, layout_a: Any) -> None:
    """Each of them alone could be."""
    large = 4 * 10**14
    rows = [layout_a.transaction(str(number), "1230402", large) for number in range(2)]
    with pytest.raises(Malformed, match=r"line 9: its amounts come to more than 10000000000000\.00"):
        read(layout_a.lines([layout_a.settlement(2 * large, 0, 0, 2 * large, 2)], rows))


def test_quotes_are_no_part_of_the_layout(read: Read, layout_a: Any) -> None:
    lines = [",".join(f'"{cell}"' for cell in line.split(",")) for line in layout_a.month()]
    with pytest.raises(Malformed, match="line 1, field 'cell 1': another heading: found '\"OrganizationNumber\"'"):
        read(lines)


def test_a_settlement_twice_is_refused(read: Read, layout_a: Any) -> None:
    settlement = layout_a.settlement(100, 0, 0, 100, 1)
    lines = layout_a.lines([settlement, settlement], [layout_a.transaction("1", "1230402", 100)])
    with pytest.raises(Malformed, match="line 7: settlement 2000107 of 710042 is in line 6 too"):
        read(lines)


def test_a_row_may_not_come_before_the_heading_of_its_section(read: Read, layout_a: Any) -> None:
    lines = [*layout_a.heads, layout_a.transaction("1", "1230402", 100)]
    with pytest.raises(Malformed, match="line 5, field 'cell 1': a TransactionInfo row before the heading"):
        read(lines)


def test_nothing_may_follow_an_empty_line(read: Read, layout_a: Any) -> None:
    lines = layout_a.month()
    with pytest.raises(Malformed, match="line 11: something follows an empty line"):
        read([*lines[:9], "", *lines[9:]])


def test_a_line_without_an_end_is_refused_in_little_memory(read: Read, layout_a: Any) -> None:
    with pytest.raises(Malformed, match="line 2: line too long"):
        read((layout_a.heads[0] + "\n" + "x" * 200_000).encode())


class TestShow:
    """``hub files show`` goes on where reading has stopped (R6)."""

    def test_every_cell_has_the_name_of_its_column(self, show: Callable[..., list[ShownField]], layout_a: Any) -> None:
        shown = show(layout_a.month())
        assert not [field for field in shown if field.problem]
        (gross,) = (field for field in shown if (field.record, field.field) == (9, "Gross"))
        assert (gross.layout, gross.first, gross.raw, gross.value) == ("TransactionInfo", 9, "6950.00", "6950.00")
        assert [(field.record, field.field, field.value) for field in shown][-1] == (12, "Fee", "24.00 DKK")

    def test_a_wrong_sum_stands_at_its_cell(self, show: Callable[..., list[ShownField]], layout_a: Any) -> None:
        content = "\n".join(layout_a.month()).replace(",7476.00,", ",7476.01,")
        (wrong,) = (field for field in show(content.encode()) if field.problem)
        assert (wrong.record, wrong.field) == (6, "Net")
        assert "expected 7476.00" in wrong.problem

    @pytest.mark.parametrize("content", [b"", b"\xff\xfeO\0", b"a\0b,c\n\xff", b"OrganizationNumber,MerchantName"])
    def test_what_is_no_settlement_at_all_is_shown_too(
        self, show: Callable[..., list[ShownField]], content: bytes
    ) -> None:
        assert any(field.problem for field in show(content))


@pytest.mark.skipif(not SAMPLE.exists(), reason="no shared samples")
class TestSample2022:
    """13 cells in one row: a decimal comma where a point belongs."""

    def test_it_is_refused_with_the_row_and_its_cells(self, read: Read) -> None:
        with pytest.raises(Malformed) as refused:
            read(SAMPLE.read_bytes())
        said = str(refused.value)
        assert said.startswith("line 6, field 'Net, cell 11': a SettlementInfo row: found 13 cells, ")
        assert "11 and 12 look like one amount: 16450,62, expected 12 cells" in said

    def test_it_is_shown_to_the_end(self, show: Callable[..., list[ShownField]]) -> None:
        shown = show(SAMPLE.read_bytes())
        assert {field.record for field in shown} >= set(range(1, 16))
        assert [(field.record, field.field) for field in shown if field.problem] == [(6, "Net"), (6, "cell 13")]
        assert [field.value for field in shown if field.record == 15][-1] == "824.94"

    def test_with_the_cell_mended_the_next_that_is_wrong_is_named(self, read: Read) -> None:
        """Its transactions are another sales unit's, of another settlement."""
        with pytest.raises(Malformed, match="line 9: not settled in this file: found settlement 2000720 of 595976"):
            read(SAMPLE.read_bytes().replace(b"16450,62", b"16450.62"))

    def test_with_that_mended_as_well_its_columns_are_booked(self, read: Read) -> None:
        mended = SAMPLE.read_bytes().replace(b"16450,62", b"16450.62").replace(b"513428,", b"595976,")
        records = read(mended.replace(b"12.04.2021,2000001", b"12.04.2021,2000720"))
        assert sum(one.amount for one in records if isinstance(one, Payment)) == 1_651_171 - 149_000
        assert [one.amount for one in records if isinstance(one, Fee | Payout)] == [1_645_062, 6_109]


_TRANSACTIONS = st.lists(
    st.one_of(
        st.tuples(st.integers(1, 10**9), st.integers(-(10**6), 0), st.just(0)),
        st.tuples(st.just(0), st.just(0), st.integers(-(10**9), -1)),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(transactions=_TRANSACTIONS)
def test_what_is_written_is_read(read: Read, layout_a: Any, transactions: list[tuple[int, int, int]]) -> None:
    gross, fee, refund = (sum(one[at] for one in transactions) for at in range(3))
    rows = [layout_a.transaction(f"57{at}", f"123{at}", *one) for at, one in enumerate(transactions)]
    settlement = layout_a.settlement(gross, fee, refund, gross + fee + refund, len(rows))
    records = read(layout_a.lines([settlement], rows))
    paid = [one for one in records if isinstance(one, Payment)]
    assert [(one.customer, one.amount) for one in paid] == [
        (f"123{at}", one[0] + one[2]) for at, one in enumerate(transactions)
    ]
    assert sum(one.amount for one in records if isinstance(one, Fee)) == -fee
    assert sum(one.amount for one in records if isinstance(one, Payout)) == max(gross + fee + refund, 0)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 30), st.binary(max_size=6)), max_size=4))
def test_any_bytes_give_records_or_a_refusal(
    tmp_path: Path, layout_a: Any, changes: list[tuple[int, int, bytes]]
) -> None:
    content = "\n".join(layout_a.month()).encode()
    for place, dropped, put in changes:
        at = place % (len(content) + 1)
        content = content[:at] + put + content[at + dropped :]
    path = tmp_path / "any"
    path.write_bytes(content)
    file, asked = FileView("any", len(content), path), Plugin(MobilePaySettings())
    try:
        said = list(asked.read(file, settlement_csv_a.KIND))
    except Malformed:
        said = []
    assert all(one.record for one in said if not isinstance(one, Remark))
    assert list(asked.show(file)) or not content
