"""What a charge was asked in, where that was another currency: for information, so it has to agree with the charge."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from hub.errors import HubError
from hub.money import format_amount
from hub.store.entries import Foreign

#: However coarse a rate was written, it explains no more than this part of the charge.
_OFF_MAX = Decimal("0.01")
#: No currency costs a thousand million times another.
_RATE_DIGITS_MAX = 9
_HALF = Decimal("0.5")


class ForeignRefusedError(HubError):
    """A foreign amount that cannot be what the charge was asked in."""


def refuse_foreign(foreign: Foreign, total: int, currency: str) -> None:
    """Judges what a charge of ``total`` øre in ``currency`` was asked in. Raises ForeignRefusedError.

    Amount times rate is the charge, but for what rounding explains: half a unit of the last digit that the rate was
    written with, yet at most a hundredth of the charge; half a hundredth of the foreign amount, and of the charge.
    """
    told = f"{foreign.currency} {format_amount(foreign.amount)} at {foreign.rate}"
    if foreign.currency == currency:
        raise ForeignRefusedError(
            f"{currency} is the company's own currency",
            where=told,
            do="leave --foreign out, or give the other currency",
        )
    rate = _rate(foreign.rate)
    if rate is None or foreign.amount <= 0:
        raise ForeignRefusedError(
            "this can be no foreign amount and rate",
            where=told,
            do="give both above zero; the rate is what one unit costs",
        )
    exponent = rate.as_tuple().exponent
    assert isinstance(exponent, int)
    rounding = min(foreign.amount * _HALF.scaleb(exponent), total * _OFF_MAX) + _HALF * rate + _HALF
    comes_to = foreign.amount * rate
    if abs(comes_to - total) > rounding:
        raise ForeignRefusedError(
            f"that is {format_amount(round(comes_to))} {currency}, the charge {format_amount(total)}",
            where=told,
            why="the rate is what one unit costs, and the two differ by more than rounding",
            do="mend the amount, the rate or the lines",
        )


def _rate(text: str) -> Decimal | None:
    """Above zero and of a size that a rate may have, else None."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and rate > 0 and abs(rate.adjusted()) <= _RATE_DIGITS_MAX else None
