"""VAT in integers: rates are hundredths of a percent, amounts øre."""

from __future__ import annotations

_WHOLE = 100_00


def vat_within(amount: int, rate: int) -> int:
    """The VAT that an amount with VAT holds, rounded half up: 125.00 at 25 % holds 25.00."""
    return (2 * amount * rate + _WHOLE + rate) // (2 * (_WHOLE + rate))


def vat_share(vat: int, amount: int, part: int) -> int:
    """What of ``vat`` lies in ``part`` of ``amount``, rounded half up; all of it in all of it."""
    return (2 * vat * part + amount) // (2 * amount) if amount else 0
