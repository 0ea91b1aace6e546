"""What the payer reads on a collection: lines of 60 characters, of which the vendor bills each.

Betalingsservice is Danish, and so are these lines; a company's language is that of its letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from textwrap import wrap
from typing import NamedTuple

from hub.collecting.demand import Demand, DemandedLine

LINE_CHARACTERS_MAX = 60
#: Of one message.
MESSAGE_LINES_MAX = 5
#: At the right edge; a wider amount takes what it needs.
_AMOUNT_CHARACTERS = 14
_HUNDREDTHS = 100


class Texts(NamedTuple):
    """What stands around the specification, lines that fit."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def texts_of(demand: Demand, around: Texts, *, tell_vat: bool) -> tuple[str, ...]:
    """The lines of one collection: before, what it is for, what is overdue, the sum, after.

    One amount needs no sum; a payout says what it is. Every line has at most 60 characters.
    """
    rows = specification(demand, tell_vat=tell_vat)
    return (*around.before, *(line for text, ore in rows for line in _row(text, ore)), *around.after)


def specification(demand: Demand, *, tell_vat: bool) -> Iterator[tuple[str, int]]:
    """What is demanded, and how much; øre. VAT in a row is told below it, its text set in by two blanks.

    What falls due is told whole, then what of it is paid already, so that it reads as the contract does.
    """
    if demand.payout:
        yield "Udbetaling af tilgodehavende", demand.payout
        return
    for line in demand.lines:
        yield f"{line.text}{_days(line.period)}", line.whole
        if tell_vat and line.vat:
            yield f"  heraf moms {_rate(line.vat_rate)} %", line.vat
    paid = sum(line.whole - line.amount for line in demand.lines)
    if paid:
        yield "Tidligere betalt", -paid
    yield from _overdue(demand.overdue)
    if paid or len(demand.lines) + len(demand.overdue) > 1:
        yield "I alt", demand.amount


def wrapped(text: str) -> list[str]:
    """``text`` in lines of 60 characters, broken between words where it can be; its own line breaks stay."""
    return [line for own in text.split("\n") for line in _wrapped(own, LINE_CHARACTERS_MAX)]


def amount_text(ore: int) -> str:
    """``123450`` as "1.234,50", in characters that ISO 8859-1 has."""
    kroner, rest = divmod(abs(ore), _HUNDREDTHS)
    return f"{'-' if ore < 0 else ''}{kroner:,}".replace(",", ".") + f",{rest:02d}"


def _overdue(lines: Sequence[DemandedLine]) -> Iterator[tuple[str, int]]:
    """By due date, the oldest first: which charge it was says the statement."""
    by_day: dict[date, int] = {}
    for line in lines:
        by_day[line.due_date] = by_day.get(line.due_date, 0) + line.amount
    for day, amount in sorted(by_day.items()):
        yield f"Forfalden saldo fra {day:%d.%m.%Y}", amount


def _row(text: str, ore: int) -> Iterator[str]:
    """The text, in as many lines as it needs, the amount at the right edge of the last."""
    amount = amount_text(ore)
    width = LINE_CHARACTERS_MAX - max(_AMOUNT_CHARACTERS, len(amount) + 1)
    *above, last = _wrapped(text, width)
    yield from above
    yield last.ljust(width) + amount.rjust(LINE_CHARACTERS_MAX - width)


def _days(period: tuple[date, date] | None) -> str:
    return f" {period[0]:%d.%m.%Y}-{period[1]:%d.%m.%Y}" if period else ""


def _rate(rate: int) -> str:
    return f"{rate // _HUNDREDTHS}" if rate % _HUNDREDTHS == 0 else f"{rate / _HUNDREDTHS:.2f}".replace(".", ",")


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, width, break_on_hyphens=False) or [""]


def billed(demands: Iterable[Demand], texts: Iterable[Sequence[str]]) -> int:
    """Lines that the vendor bills: those of what it is asked, and not of own slips; ``texts`` are in the same order."""
    return sum(len(lines) for demand, lines in zip(demands, texts, strict=True) if demand.channel != "own_slip")
