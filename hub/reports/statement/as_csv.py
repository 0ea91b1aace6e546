"""Statements as one flat table for Danish or Swedish Excel.

UTF-8 with a byte-order mark, semicolons, CRLF, decimal comma without grouping (``-1234,50``), ISO dates. The first row
has the column names in the language of the first statement. Columns, in this order in every language:

1 tenancy, 2 tenant's name, 3 part, 4 kind, 5 date, 6 reference, 7 charge type, 8 text, 9 period from, 10 period to,
11 amount, 12 VAT rate in percent, 13 VAT included in the amount, 14 remaining, 15 overdue (yes or no), 16 balance,
17 currency. A column that a part does not use is empty.

=========  ======================================  ==================  ==================================
part       kind                                    date                amounts
=========  ======================================  ==================  ==================================
balance    balance, overdue, coming                as of               amount
ageing     the band                                as of               amount
charge     of the charge                           due                 amount, remaining, overdue
line       of its charge, whose reference it has   due of its charge   amount, VAT
movement   of the movement; of a credit note of a  value               amount, balance after it
           settled charge with its reference
movement   opening balance, where it is not 0      none                balance
holding    the holding                             as of               amount = charged, balance = held
=========  ======================================  ==================  ==================================

A text that begins with one of ``= + - @`` would be a formula in Excel: it gets a leading apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from hub.ledger import kinds
from hub.money import format_amount
from hub.reports.statement.model import ChargeRow, Statement
from hub.reports.statement.texts import Words, charge_kind, holding_name, movement_kind, one_line, words_of

_FORMULA_SIGNS = ("=", "+", "-", "@")


class _Row(NamedTuple):
    part: str
    kind: str
    day: date | None
    reference: str = ""
    charge_type: str = ""
    text: str = ""
    period_from: date | None = None
    period_to: date | None = None
    amount: int | None = None
    vat_rate: int | None = None
    vat: int | None = None
    remaining: int | None = None
    overdue: str = ""
    balance: int | None = None


def render_csv(statements: Sequence[Statement]) -> bytes:
    words = words_of(statements[0].language)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(_header(words))
    for it in statements:
        before = (_text(it.tenancy), _text(it.tenant.name))
        writer.writerows((*before, *map(_cell, row), it.currency) for row in _rows(it, words))
    return out.getvalue().encode("utf-8-sig")


def _header(words: Words) -> tuple[str, ...]:
    return (
        words.tenancy,
        words.tenant,
        words.part,
        words.kind,
        words.date,
        words.reference,
        words.charge_type,
        words.text,
        words.period_from,
        words.period_to,
        words.amount,
        words.vat_rate,
        words.vat,
        words.remaining,
        words.is_overdue,
        words.balance,
        words.currency,
    )


def _rows(it: Statement, words: Words) -> Iterator[_Row]:
    for label, ore in ((words.balance, it.balance), (words.overdue, it.overdue), (words.coming, it.coming)):
        yield _Row(words.balance, label, it.as_of, amount=ore)
    if not it.chosen:
        for band, ore in zip(words.ageing_bands, it.ageing, strict=True):
            yield _Row(words.ageing, band, it.as_of, amount=ore)
    for charge in it.charges:
        yield from _charge_rows(charge, words)
    for debt in it.debts:
        yield _demanded(words.debts, movement_kind(words, debt.kind), debt, words)
    if it.opening:
        yield _Row(words.movement, words.opening_balance, None, balance=it.opening)
    for movement in it.movements:
        yield _Row(
            words.movement,
            movement_kind(words, movement.kind),
            movement.value_date,
            text=movement.text,
            amount=movement.amount,
            balance=movement.balance,
        )
    for holding in it.holdings:
        yield _Row(
            words.holding, holding_name(words, holding.name), it.as_of, amount=holding.charged, balance=holding.held
        )


def _demanded(part: str, kind: str, one: ChargeRow, words: Words) -> _Row:
    return _Row(
        part,
        kind,
        one.due_date,
        one.reference,
        text=one.text,
        amount=one.amount,
        remaining=one.remaining,
        overdue=words.yes if one.overdue else words.no,
    )


def _charge_rows(charge: ChargeRow, words: Words) -> Iterator[_Row]:
    kind = charge_kind(words, charge.kind)
    yield _demanded(words.charge, kind, charge, words)
    for note in charge.credit_notes:
        credit_note = movement_kind(words, kinds.CREDIT_NOTE)
        yield _Row(words.movement, credit_note, note.value_date, charge.reference, text=note.text, amount=-note.amount)
    for line in charge.lines:
        yield _Row(
            words.line,
            kind,
            charge.due_date,
            charge.reference,
            line.charge_type,
            line.text,
            line.period_from,
            line.period_to,
            line.amount,
            line.vat_rate,
            line.vat,
        )


def _cell(value: str | date | int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return format_amount(value).replace(".", ",") if isinstance(value, int) else _text(value)


def _text(text: str) -> str:
    shown = one_line(text)
    return f"'{shown}" if shown.startswith(_FORMULA_SIGNS) else shown
