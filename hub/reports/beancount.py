"""The ledger in the language of Beancount, so that a program that is not ours can check it: ``bean-check``.

An account of ours is an account there, an entry a transaction, and each cached balance a ``balance`` directive with no
tolerance: the file is accepted only where the postings sum to exactly what we say. A transaction there has one date,
where a posting of ours has its own (R10); it is the entry's value date, and a posting that counts on another day says
so in ``value_date``. No balance depends on it: all are of the day after the last of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from hub.ledger import kinds
from hub.money import format_amount
from hub.place import place
from hub.reports.ledger_rows import ROWS_A_TIME, companies, document_type, entries_with_postings, of_companies
from hub.store.tables import account, batch, company, entry
from hub.store.views.vouchers import voucher_text

#: Where an account of this kind stands in a balance sheet; what a tenant owes or we hold for him is told by the sign.
_ROOTS = {
    kinds.RECEIVABLE: "Assets",
    kinds.CLEARING: "Assets",
    kinds.BANK: "Assets",
    kinds.HOLDING: "Liabilities",
    kinds.SUSPENSE: "Liabilities",
    kinds.VAT: "Liabilities",
    kinds.INCOME: "Income",
    kinds.DIFFERENCES: "Expenses",
    kinds.VACANCY: "Expenses",
    # Fees and interest alike: what the company was given there is told by the sign.
    kinds.NAMED: "Expenses",
}
_OTHER_ROOT = "Equity"
#: Begins and ends an escaped character, so it is always escaped itself.
_ESCAPE = "Q"
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: When all accounts open: before anything that we could have booked.
_OPENED = date(1900, 1, 1)


def account_name(kind: str, company_number: str, code: str) -> str:
    """The account's name there: ``Assets:1:Receivable:1-12-304-2``. Two accounts never have the same one.

    A part begins with a capital or a digit there: a small letter becomes a capital, and whatever else is no letter,
    digit or hyphen is written as its code point between two Q. None stands above another, or its balance would have
    the other's.
    """
    # What a person books on the bank has no number, and stands beside the accounts that have one.
    parts = [company_number, *(f"{code}:" if code == kinds.BANK else code).split(":")]
    return ":".join([_ROOTS.get(kind, _OTHER_ROOT), *map(_part, parts)])


def _part(text: str) -> str:
    return (_first(text[0]) + "".join(map(_letter, text[1:]))) if text else 2 * _ESCAPE


def _first(letter: str) -> str:
    """A capital stands for the small letter, so a real capital is escaped."""
    capital = letter.upper()
    if letter.isdecimal() and letter.isascii():
        return letter
    if capital != letter and _is_plain(capital) and capital.lower() == letter and capital != _ESCAPE:
        return capital
    return _escaped(letter)


def _letter(letter: str) -> str:
    return letter if (_is_plain(letter) and letter != _ESCAPE) or letter == "-" else _escaped(letter)


def _is_plain(letter: str) -> bool:
    """A letter of the alphabets that we write in, or a digit: what no version of Unicode sees otherwise."""
    return len(letter) == 1 and letter <= "\u017f" and unicodedata.category(letter) in ("Lu", "Ll", "Nd")


def _escaped(letter: str) -> str:
    return f"{_ESCAPE}{ord(letter):x}{_ESCAPE}"


def write_beancount(conn: Connection, *, company_number: str | None = None) -> Iterator[str]:
    """The lines of the file, in the one view of ``conn``, of one company or of all; memory does not grow with them.

    Raises NoSuchCompanyError.
    """
    numbers = companies(conn, company_number)
    yield 'option "title" "Hub"\n'
    for currency in sorted({one.currency for one in numbers}):
        yield f'option "operating_currency" "{currency}"\n'
    yield "\n"
    mine = of_companies(numbers)
    names = _Names()
    for row in _accounts(conn, mine):
        number = f'  number: "{row.number}"\n' if row.number else ""
        yield f'{_OPENED} open {names.of(row)} {row.currency}\n  code: "{_quoted(row.code)}"\n{number}'
    for _, rows in groupby(entries_with_postings(conn, mine), attrgetter("id")):
        yield _transaction(list(rows), names)
    yield "\n"
    day = _day_after_all(conn, mine)
    for row in _accounts(conn, mine):
        yield f"{day} balance {names.of(row)} {format_amount(row.balance)} ~ 0 {row.currency}\n"


class _Names:
    """Accounts' names, each made once as long as they are few."""

    _KEPT_MAX = 10_000

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], str] = {}

    def of(self, row: Row[Any]) -> str:
        facts = (row.account_kind, row.company, row.code)
        name = self._known.get(facts)
        if name is None:
            if len(self._known) >= self._KEPT_MAX:
                self._known.clear()
            name = self._known[facts] = account_name(*facts)
        return name


def _accounts(conn: Connection, mine: ColumnElement[bool]) -> Iterator[Row[Any]]:
    query = (
        select(
            company.c.number.label("company"),
            account.c.kind.label("account_kind"),
            account.c.code,
            account.c.number,
            account.c.currency,
            account.c.balance,
        )
        .join_from(account, company, company.c.id == account.c.company_id)
        .where(mine)
        .order_by(account.c.id)
    )
    return iter(conn.execute(query, execution_options={"yield_per": ROWS_A_TIME}))


def _transaction(rows: Sequence[Row[Any]], names: _Names) -> str:
    head = rows[0]
    source = head.file if head.file is not None else f"by {head.actor}"
    told = [
        f'{head.value_date} * "{_quoted(head.text)}"',
        f'  entry: "{head.id}"',
        f'  key: "{_quoted(head.key)}"',
        f'  kind: "{head.kind}"',
        f'  voucher: "{voucher_text(head.year, head.voucher)}"',
        f'  document_type: "{document_type(head)}"',
        f"  posting_date: {head.posting_date}",
        f'  source: "{_quoted(place(source, head.record))}"',
    ]
    for row in rows:
        told.append(f"  {names.of(row)} {format_amount(row.amount)} {row.currency}")
        if row.posting_value_date != head.value_date:
            told.append(f"    value_date: {row.posting_value_date}")
    return "\n" + "\n".join(told) + "\n"


def _day_after_all(conn: Connection, mine: ColumnElement[bool]) -> date:
    query = (
        select(func.max(entry.c.value_date))
        .join_from(entry, batch, batch.c.id == entry.c.batch_id)
        .join(company, company.c.id == batch.c.company_id)
        .where(mine)
    )
    last: date | None = conn.execute(query).scalar_one()
    return (last or _OPENED) + timedelta(days=1)


def _quoted(text: str) -> str:
    return _BREAKS.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')
