"""Layout B, as CSV and as XLSX: the same table, the same records, the same refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import Fee, Kept, Malformed, Payment, Payout, Record, Remark, ShownField

Read = Callable[..., list[Record]]
Rows = list[tuple[str | int, ...]]
SAMPLE = Path(__file__).resolve().parents[4] / "shared/samples/mobilepay/vipps-settlement-example.xlsx"


@pytest.fixture(params=["csv", "xlsx"])
def carried(request: pytest.FixtureRequest, layout_b: Any) -> Callable[[Rows], bytes]:
    carry: Callable[[Rows], bytes] = getattr(layout_b, request.param)
    return carry


def changed(rows: Rows, row: int, column: int, cell: str | int) -> Rows:
    """With one cell changed; both 1-based, as a person counts."""
    changed_row = (*rows[row - 1][: column - 1], cell, *rows[row - 1][column:])
    return [*rows[: row - 1], changed_row, *rows[row:]]


def test_transactions_a_payout_and_one_sum_of_fees(read: Read, layout_b: Any, carried: Any) -> None:
    first, second, refund, payout, fee = read(carried(layout_b.month()))
    assert first == Payment(
        record=6,
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
    assert (second.record, second.text) == (7, "MobilePay 1230501, Bo Ærø: Leje februar")
    assert (refund.record, refund.amount, refund.key) == (8, -50_000, "mobilepay|710042|5700000003|refund")
    assert isinstance(payout, Payout)
    assert (payout.record, payout.amount, payout.key) == (9, 747_600, "mobilepay|710042|2000107|payout")
    assert isinstance(fee, Fee)
    assert fee.amount == 2_400


def test_the_same_settlement_in_layout_a_has_the_same_keys(
    read: Read, layout_a: Any, layout_b: Any, carried: Any
) -> None:
    """So that it is booked once, whichever file comes first."""
    keys = sorted(one.key for one in read(carried(layout_b.month())))
    assert keys == sorted(one.key for one in read(layout_a.month()))


def test_fees_and_a_payout_without_a_row_are_numbered_behind_the_last_row(
    read: Read, layout_b: Any, carried: Any
) -> None:
    rows = [
        layout_b.headings,
        layout_b.transaction("1", "1230402", 10_000, -100, total=9_900),
        layout_b.transaction("2", "1230501", 20_000, -200, number="2000108", total=19_800),
    ]
    records = read(carried(rows))
    assert [(type(one), one.record, one.amount) for one in records] == [
        (Payment, 2, 10_000),
        (Payment, 3, 20_000),
        (Fee, 4, 100),
        (Payout, 5, 9_900),
        (Fee, 6, 200),
        (Payout, 7, 19_800),
    ]


def test_a_fee_may_be_written_above_zero(read: Read, layout_b: Any, carried: Any) -> None:
    """Documented as Netto = Brutto less Gebyr, and in the sample it is below: what is kept is told by both."""
    rows = changed(layout_b.month(), 6, 8, 2_085)
    assert [one.amount for one in read(carried(rows)) if isinstance(one, Fee)] == [2_400]


def test_a_type_that_is_unknown_is_nobodys_money(read: Read, layout_b: Any, carried: Any) -> None:
    rows = [
        layout_b.headings,
        layout_b.transaction("1", "1230402", 10_000, total=9_000),
        layout_b.transaction("2", "1230402", -1_000, kind="Justering", total=9_000),
        layout_b.transaction("3", "1230402", 0, kind="Melding", total=9_000),
    ]
    records = read(carried(rows))
    unknown = records[1]
    assert isinstance(unknown, Payment)
    assert (unknown.amount, unknown.customer, unknown.reference) == (-1_000, "", "")
    assert unknown.text == "MobilePay post af ukendt type 'Justering', 1230402, 2"
    assert records[2] == Kept(4, "Melding", "ukendt type, uden beløb")
    assert sum(one.amount for one in records if isinstance(one, Payment)) == records[-1].amount == 9_000


@pytest.mark.parametrize("is_told", [True, False])
def test_nothing_is_paid_out_where_nothing_is_left(read: Read, layout_b: Any, carried: Any, is_told: bool) -> None:
    rows = [layout_b.headings, layout_b.transaction("1", "1230402", -1_000, kind="Refundering")]
    payment, *rest = read(carried([*rows, layout_b.payout(-1_000)] if is_told else rows))
    assert payment.amount == -1_000
    assert [type(one) for one in rest] == [Kept if is_told else Remark]


def test_what_the_payer_writes_counts_where_config_says_so(read: Read, layout_b: Any, carried: Any) -> None:
    """Payments to a number have no order id; the message counts to the letter, or not at all."""
    rows = [
        layout_b.headings,
        layout_b.transaction("1", "", 10_000, total=40_000, payer=("Åse", "Ørnsø", " 1230402 ")),
        layout_b.transaction("2", "1230501", 10_000, total=40_000, payer=("Bo", "Ærø", "1230402")),
        layout_b.transaction("3", "", 10_000, total=40_000, payer=("Bo", "Ærø", "Leje 1230402")),
        layout_b.transaction("4", "", 10_000, total=40_000, payer=("Bo", "Ærø", "🌸" * 150)),
    ]
    without = [one.customer for one in read(carried(rows)) if isinstance(one, Payment)]
    assert without == ["", "1230501", "", ""]
    told = read(carried(rows), own_reference=["order_id", "message"])
    assert [one.customer for one in told if isinstance(one, Payment)] == ["1230402", "1230501", "Leje 1230402", ""]


def test_other_headings_and_words_by_setting(read: Read, layout_b: Any, carried: Any) -> None:
    """Nobody has published what a Danish sales unit's are."""
    rows = [
        tuple(
            {"Salgsdato": "Salgsdag", "Brutto": "BELØB", "Salg": "Køb", "Til utbetaling netto": "Til udbetaling"}.get(
                str(cell), cell
            )
            for cell in row
        )
        for row in layout_b.month()
    ]
    words = {"sale_date": ["Salgsdato", "Salgsdag"], "gross": ["Beløb"], "sale": ["køb"], "payout": ["til udbetaling"]}
    assert [one.amount for one in read(carried(rows), layout_b=words)] == [695_000, 105_000, -50_000, 747_600, 2_400]


def test_the_currency_is_a_setting(read: Read, layout_b: Any, carried: Any) -> None:
    records = read(carried(layout_b.month()), layout_b={"currency": "NOK"})
    assert {one.currency for one in records} == {"NOK"}


@pytest.mark.parametrize(
    ("row", "column", "cell", "said"),
    [
        (
            6,
            9,
            692_916,
            "line 6, field 'Netto, cell {}': a wrong sum: found '6929.16', expected 6950.00 less the fee of",
        ),
        (6, 1, "2026-02-02", "line 6, field 'Salgsdato, cell {}': found '2026-02-02', expected a day as dd.mm.yyyy"),
        (6, 3, "", "line 6, field 'Vippsnummer, cell {}': found '', expected 1 to 20 digits"),
        (6, 5, "", "line 6, field 'Transaksjons-ID, cell {}': found '', expected a text"),
        (6, 10, "", "line 6, field 'Transaksjonstype, cell {}': found '', expected a text"),
        (6, 7, "mange", "line 6, field 'Brutto, cell {}': found 'mange', expected a"),
        (
            7,
            12,
            "04.02.2026",
            "line 7, field 'Oppgjørsdato, cell {}': found '2026-02-04', expected 2026-02-03, as row 6",
        ),
        (
            9,
            13,
            747_601,
            "line 9, field 'Oppgjørssum, cell {}': a wrong sum: found 7476.01, expected 7476.00, what the",
        ),
        (9, 13, "", "line 9, field 'Oppgjørssum, cell {}': found '', expected what is paid out"),
        (9, 9, 747_600, "line 9, field 'Netto, cell {}': found '7476"),
        (5, 7, "Bruttobeløp", "line 5, field 'cell {}': an unknown heading: found 'Bruttobeløp'"),
        (5, 7, "Netto", "line 5, field 'cell {}': a heading that stands twice: found 'Netto'"),
        (5, 7, "", "line 5: a missing heading: found none, expected Brutto"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_cell(
    read: Read, layout_b: Any, carried: Any, row: int, column: int, cell: str | int, said: str
) -> None:
    place = f"{'ABCDEFGHIJKLM'[column - 1]}{row}" if carried == layout_b.xlsx else str(column)
    if said.startswith("line 5, field 'cell {}': a heading that stands"):
        place = f"I{row}" if carried == layout_b.xlsx else "9"
    with pytest.raises(Malformed) as refused:
        read(carried(changed(layout_b.month(), row, column, cell)))
    assert said.format(place) in str(refused.value)


def test_a_sale_below_zero_and_a_refund_above_are_refused(read: Read, layout_b: Any, carried: Any) -> None:
    for gross, kind, said in ((-100, "Salg", "above"), (100, "Refundering", "below")):
        rows = [layout_b.headings, layout_b.transaction("1", "1230402", gross, kind=kind, total=gross)]
        with pytest.raises(Malformed, match=rf"line 2, field 'Brutto, cell \w+': .*an amount {said} 0.00"):
            read(carried(rows))


def test_a_settlement_may_not_go_on_behind_its_payout(read: Read, layout_b: Any, carried: Any) -> None:
    rows = [*layout_b.month(), layout_b.transaction("9", "1230402", 100)]
    with pytest.raises(Malformed, match=r"line 11, field 'Oppgjørs-ID, .*a settlement that row 9 has not ended"):
        read(carried(rows))


def test_sums_of_one_settlement_must_agree(read: Read, layout_b: Any, carried: Any) -> None:
    rows = [
        layout_b.headings,
        layout_b.transaction("1", "1230402", 100, total=200),
        layout_b.transaction("2", "1230402", 100, total=201),
    ]
    with pytest.raises(Malformed, match=r"line 3, field 'Oppgjørssum, .*found '2.01', expected 2.00"):
        read(carried(rows))


@pytest.mark.parametrize("kept", range(6, 9))
def test_a_file_cut_before_its_payout_is_refused(read: Read, layout_b: Any, carried: Any, kept: int) -> None:
    with pytest.raises(Malformed, match=rf"line {kept}, field 'Oppgjørssum, cell \w+': the file is cut"):
        read(carried(layout_b.month()[:kept]))


def test_a_row_with_more_cells_than_headings_is_refused(read: Read, layout_b: Any, carried: Any) -> None:
    rows = layout_b.month()
    with pytest.raises(Malformed, match=r"line 6.*: a row unlike the heading: found 18 cells, expected 17 cells"):
        read(carried([*rows[:5], (*rows[5], "more"), *rows[6:]]))


class TestCsv:
    def test_semicolons_and_decimal_commas_by_setting(self, read: Read, layout_b: Any) -> None:
        content = layout_b.csv(layout_b.month(), ";", ",", "\r\n")
        records = read(content, layout_b={"delimiter": ";", "decimal_mark": ","})
        assert [one.amount for one in records] == [695_000, 105_000, -50_000, 747_600, 2_400]

    def test_another_delimiter_is_named(self, read: Read, layout_b: Any) -> None:
        said = "line 5: another delimiter: found semicolons, expected commas.*settings.layout_b.delimiter"
        with pytest.raises(Malformed, match=said):
            read(layout_b.csv(layout_b.month(), ";"))

    def test_a_decimal_comma_where_a_point_belongs_is_refused(self, read: Read, layout_b: Any) -> None:
        rows = layout_b.month()
        with pytest.raises(Malformed, match="line 6, field 'Brutto, cell 7': found '6950,00', expected an amount like"):
            read(layout_b.csv(rows, mark=","))
        split = layout_b.csv(rows).replace(b"6929.15", b"6929,15")
        with pytest.raises(Malformed, match=r"line 6.*found 18 cells, expected 17 cells. amounts have a decimal point"):
            read(split)

    def test_a_comma_may_stand_in_quotes(self, read: Read, layout_b: Any) -> None:
        rows = changed(layout_b.month(), 7, 17, "Leje, februar")
        assert read(layout_b.csv(rows))[1].text == "MobilePay 1230501, Bo Ærø: Leje, februar"

    def test_quotes_that_do_not_end_are_named(self, read: Read, layout_b: Any) -> None:
        content = layout_b.csv(layout_b.month()).replace(b"Leje februar", b'"Leje februar')
        with pytest.raises(Malformed, match="line 7: quotes that do not end"):
            read(content)

    def test_utf_16_is_refused(self, read: Read, layout_b: Any) -> None:
        content = layout_b.csv(layout_b.month()).decode().encode("utf-16")
        with pytest.raises(Malformed, match="found a UTF-16 byte order mark, expected UTF-8"):
            read(content)


class TestShow:
    def test_every_cell_has_its_heading(
        self, show: Callable[..., list[ShownField]], layout_b: Any, carried: Any
    ) -> None:
        shown = show(carried(layout_b.month()))
        assert not [field for field in shown if field.problem]
        assert {field.record for field in shown} == set(range(1, shown[-1].record + 1))
        (gross,) = (field for field in shown if (field.record, field.field) == (6, "Brutto"))
        assert (gross.layout, gross.first, gross.value) == ("transaction", 7, "6950.00")
        assert (shown[-1].layout, shown[-1].value) == ("sum of a settlement", "24.00 DKK")

    def test_a_wrong_sum_stands_at_its_cell_and_all_else_is_shown(
        self, show: Callable[..., list[ShownField]], layout_b: Any, carried: Any
    ) -> None:
        shown = show(carried(changed(layout_b.month(), 9, 13, 747_601)))
        (wrong,) = (field for field in shown if field.problem)
        assert (wrong.record, wrong.field) == (9, "Oppgjørssum")


@pytest.mark.skipif(not SAMPLE.exists(), reason="no shared samples")
class TestSample:
    """Four settlements of two sales units."""

    def test_it_is_booked_with_its_totals(self, read: Read) -> None:
        records = read(SAMPLE.read_bytes(), layout_b={"currency": "NOK"})
        assert [(one.record, one.creditor, one.amount) for one in records if isinstance(one, Payout)] == [
            (29, "2142", 548_645),
            (46, "575598", 971_210),
            (72, "2142", 566_177),
            (85, "575598", 856_950),
        ]
        assert [one.amount for one in records if isinstance(one, Fee)] == [8_355, 14_790, 8_623, 13_050]
        payments = [one for one in records if isinstance(one, Payment)]
        assert (len(payments), sum(one.amount for one in payments)) == (70, 2_987_800)

    def test_it_is_shown(self, show: Callable[..., list[ShownField]]) -> None:
        shown = show(SAMPLE.read_bytes())
        assert {field.record for field in shown} == set(range(1, 90))
        assert not [field for field in shown if field.problem]


_SOLD = st.tuples(st.integers(1, 10**9), st.integers(-(10**6), 0))
_RETURNED = st.tuples(st.integers(-(10**9), -1), st.just(0))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(settlements=st.lists(st.lists(_SOLD | _RETURNED, min_size=1, max_size=6), min_size=1, max_size=4))
def test_what_is_written_is_read(
    read: Read, layout_b: Any, carried: Any, settlements: Sequence[list[tuple[int, int]]]
) -> None:
    rows: Rows = [layout_b.headings]
    for at, transactions in enumerate(settlements):
        number = str(2_000_000 + at)
        for place, (gross, fee) in enumerate(transactions):
            kind = "Salg" if gross > 0 else "Refundering"
            name = f"57{at:03}{place:03}"
            rows.append(layout_b.transaction(name, f"12{place}", gross, fee, kind=kind, number=number))
        rows.append(layout_b.payout(sum(map(sum, transactions)), number=number))
    records = read(carried(rows))
    paid = [(one.reference, one.amount) for one in records if isinstance(one, Payment)]
    assert paid == [(f"12{place}", one[0]) for each in settlements for place, one in enumerate(each)]
    nets = [sum(map(sum, each)) for each in settlements]
    assert [one.amount for one in records if isinstance(one, Payout)] == [net for net in nets if net > 0]
    fees = [-sum(fee for _, fee in each) for each in settlements]
    assert [one.amount for one in records if isinstance(one, Fee)] == [fee for fee in fees if fee]
