"""The lines that a payer reads: 60 characters each, amounts at the right edge, nothing lost by wrapping."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from hub.collecting.demand import Debtor, Demand, DemandedLine
from hub.collecting.texts import LINE_CHARACTERS_MAX, Texts, amount_text, texts_of, wrapped
from hub.store.portfolio import TenancyRef

DUE = date(2026, 12, 1)
MONTH = (date(2026, 12, 1), date(2026, 12, 31))
DEBTOR = Debtor(TenancyRef(1, "1-12-304-2", 1, 1, 1, False), "Åse Prøve", "", "Testvej 1", "2720", "Vanløse", "", "")


def line(text: str, amount: int, **kwargs: object) -> DemandedLine:
    values = {"whole": amount, "vat": 0, "vat_rate": 0, "period": MONTH, "due_date": DUE, **kwargs}
    return DemandedLine(1, 1, "2612-1", "10010", text, amount, **values)  # type: ignore[arg-type]


def demand(*lines: DemandedLine, overdue: tuple[DemandedLine, ...] = (), payout: int = 0) -> Demand:
    return Demand(DEBTOR, "automatic", "09999999", "00001", "Ejendom", "1", "", DUE, lines, overdue, payout)


def test_a_month_with_arrears_reads_like_a_bill() -> None:
    asked = demand(
        line("Husleje", 641250),
        line("Parkering, erhverv", 125000, vat=25000, vat_rate=2500),
        overdue=(
            line("Husleje", 50000, due_date=date(2026, 11, 1)),
            line("Vand", 2500, due_date=date(2026, 11, 1)),
            line("Husleje", 100, due_date=date(2026, 9, 1)),
        ),
    )

    assert texts_of(asked, Texts(("Glædelig jul",), ("Kontoret er lukket",)), tell_vat=True) == (
        "Glædelig jul",
        "Husleje 01.12.2026-31.12.2026                       6.412,50",
        "Parkering, erhverv 01.12.2026-31.12.2026            1.250,00",
        "  heraf moms 25 %                                     250,00",
        "Forfalden saldo fra 01.09.2026                          1,00",
        "Forfalden saldo fra 01.11.2026                        525,00",
        "I alt                                               8.188,50",
        "Kontoret er lukket",
    )


def test_one_amount_needs_no_sum_and_a_payout_says_what_it_is() -> None:
    assert texts_of(demand(line("Husleje", 100, period=None)), Texts(), tell_vat=False) == (
        "Husleje                                                 1,00",
    )
    assert texts_of(demand(payout=123456), Texts(), tell_vat=True) == (
        "Udbetaling af tilgodehavende                        1.234,56",
    )


def test_a_long_text_is_wrapped_on_words_and_its_amount_stands_on_the_last_line() -> None:
    long = "Regulering af forudbetalt leje efter aftale af 3. marts om istandsættelse"

    lines = texts_of(demand(line(long, 5, period=None)), Texts(), tell_vat=False)

    assert lines[:-1] == ("Regulering af forudbetalt leje efter aftale af",)
    assert lines[-1] == "3. marts om istandsættelse                              0,05"


@given(st.text(max_size=500), st.integers(1, 10**13))
def test_no_line_is_longer_than_the_vendor_takes_and_no_word_is_lost(text: str, amount: int) -> None:
    for lines in (wrapped(text), texts_of(demand(line(text, amount)), Texts(), tell_vat=True)):
        assert max(map(len, lines)) <= LINE_CHARACTERS_MAX
        assert "".join("".join(lines).split()).startswith("".join(text.split()))
    assert lines[-1].endswith(amount_text(amount))
