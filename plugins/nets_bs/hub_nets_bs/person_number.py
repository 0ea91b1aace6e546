"""A payer's CPR or CVR number."""

from __future__ import annotations

from datetime import date

from hub.plugin.layout import Digits, Refused

_HIDDEN = "a payer's number, not shown"


class PersonNumber(Digits):
    """Digits that a refusal does not repeat: a CPR number has no place in a log."""

    title = "payer's number"

    def load(self, raw: bytes, pivot: date | None = None) -> str:
        try:
            return super().load(raw)
        except Refused as refused:
            raise Refused(_HIDDEN, refused.expected) from None

    def dump(self, value: str) -> bytes:
        try:
            return super().dump(value)
        except Refused as refused:
            raise Refused(_HIDDEN, refused.expected) from None
