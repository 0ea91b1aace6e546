"""What a charge was asked in another currency agrees with the charge, to the rounding that its figures allow."""

from __future__ import annotations

import pytest

from hub.acts.foreign import ForeignRefusedError, refuse_foreign
from hub.store.entries import Foreign


@pytest.mark.parametrize(
    ("amount", "rate", "total"),
    [
        (167_50, "7.46", 1_250_00),
        (100_00, "7.46", 746_00),
        (100_00, "7.4625", 746_25),
        # 0.005 of the rate on 100.00, 0.005 of the euro at 7.46, and half an øre: 0.54 and no more.
        (100_00, "7.46", 746_54),
        (100_00, "7.46", 745_46),
        # The smallest charges are off by the rounding of the euro itself.
        (13, "7.46", 1_00),
        (1_00, "0.0432", 4),
    ],
)
def test_what_rounding_explains_is_taken(amount: int, rate: str, total: int) -> None:
    refuse_foreign(Foreign("EUR", amount, rate), total, "DKK")


@pytest.mark.parametrize(
    ("foreign", "total", "message"),
    [
        (Foreign("DKK", 100_00, "1"), 100_00, "DKK is the company's own currency"),
        (Foreign("EUR", 100_00, "0"), 746_00, "above zero"),
        (Foreign("EUR", 100_00, "-7.46"), 746_00, "above zero"),
        (Foreign("EUR", 100_00, "NaN"), 746_00, "above zero"),
        (Foreign("EUR", 100_00, "1E999999"), 746_00, "the rate is what one unit costs"),
        (Foreign("EUR", 100_00, "x"), 746_00, "above zero"),
        (Foreign("EUR", -100_00, "7.46"), 746_00, "above zero"),
        (Foreign("EUR", 100_00, "7.46"), 746_55, r"that is 746\.00 DKK, the charge 746\.55"),
        (Foreign("EUR", 100_00, "7.46"), 745_45, "differ by more than rounding"),
        # Per hundred units, as a central bank prints it.
        (Foreign("EUR", 100_00, "746"), 746_00, r"that is 74600\.00 DKK"),
        # A rate of one digit explains a hundredth of the charge, not a twelfth.
        (Foreign("EUR", 100_00, "7"), 746_00, r"that is 700\.00 DKK"),
    ],
)
def test_what_cannot_be_is_refused(foreign: Foreign, total: int, message: str) -> None:
    with pytest.raises(ForeignRefusedError, match=message):
        refuse_foreign(foreign, total, "DKK")
