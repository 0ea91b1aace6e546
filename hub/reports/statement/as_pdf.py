"""Statements as letters on A4: one PDF, each tenant on a new page with its own page numbers."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import re
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from importlib import resources
from itertools import chain, islice
from typing import Any

import typst
from pypdf import PdfWriter

from hub.ledger.words import Language
from hub.reports.statement.model import ChargeRow, CreditNoteRow, LineRow, Statement
from hub.reports.statement.texts import (
    Words,
    amount_text,
    charge_kind,
    credit_note,
    holding_name,
    long_date,
    movement_kind,
    one_line,
    short_date,
    words_of,
)

#: A run of so many characters without a blank is wider than the narrowest column of text.
_UNBROKEN_CHARS_MAX = 20
_UNBROKEN = re.compile(rf"\S{{{_UNBROKEN_CHARS_MAX}}}(?=\S)")
_BREAK_ALLOWED = "\u200b"
#: So many letters are made before other processes would have started.
_FEW_MAX = 12
#: Each takes some 200 MB.
_PROCESSES_MAX = 8


def render_pdf(statements: Iterator[Statement]) -> bytes:
    """One or more. The same statements give the same bytes. No font of the machine is used.

    A letter to one tenant is tagged for screen readers. A stack of letters is not, as that makes it many times larger.
    """
    some = list(islice(statements, _FEW_MAX + 1))
    first = some[0]
    if len(some) == 1:
        return _compile(_letter_json(first), tags=True)
    letters = map(_letter_json, chain(some, statements))
    stack = PdfWriter()
    # One letter at a time: typst's memory grows with the pages of a compilation, 11 MB for three years of a tenant.
    for pdf in map(_compile, letters) if len(some) <= _FEW_MAX else _compile_side_by_side(letters):
        stack.append(io.BytesIO(pdf))
    stack.metadata = {
        "/Title": _document_name(first, words_of(first.language)),
        "/Author": one_line(first.company.name),
        "/CreationDate": f"D:{first.made_on:%Y%m%d}",
    }
    out = io.BytesIO()
    stack.write(out)
    return out.getvalue()


def _compile_side_by_side(letters: Iterator[str]) -> Iterator[bytes]:
    """In their order, on all processors of ours; a few letters are under way at a time, however many there are.

    In processes that begin anew: typst's threads do not live on in a fork.
    """
    processes = min(len(os.sched_getaffinity(0)), _PROCESSES_MAX)
    begun_anew = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=begun_anew, initializer=_leave_signals_to_parent) as pool:
        under_way: deque[Future[bytes]] = deque()
        for letter in letters:
            under_way.append(pool.submit(_compile, letter))
            if len(under_way) > 2 * processes:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _leave_signals_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _compile(letter: str, *, tags: bool = False) -> bytes:
    return typst.compile(
        _template(), format="pdf", ignore_system_fonts=True, pdf_tags=tags, sys_inputs={"statement": letter}
    )


@cache
def _template() -> bytes:
    return resources.files("hub.reports.statement").joinpath("statement.typ").read_bytes()


def _letter_json(statement: Statement) -> str:
    """The values reach the template as JSON, so that nothing in a name or a text is ever read as markup."""
    return json.dumps(_letter(statement))


def _letter(it: Statement) -> dict[str, Any]:
    words = words_of(it.language)
    title = f"{_document_name(it, words)} {it.tenancy}"
    company = _text(it.company.name)
    return {
        "words": {name: word for name, word in words._asdict().items() if isinstance(word, str)},
        "language": it.language,
        "made_on": {"year": it.made_on.year, "month": it.made_on.month, "day": it.made_on.day},
        "chosen": it.chosen,
        "title": title,
        "note": words.settlement_note if it.chosen else "",
        "sender": {"name": company, "lines": [*_shown(it.company.lines), *_company_number(it, words)]},
        "recipient": _shown((it.tenant.name, it.tenant.second_name, *it.tenant.address)),
        "facts": [
            (words.made_on, long_date(it.made_on, it.language)),
            (words.as_of, long_date(it.as_of, it.language)),
            (words.tenancy, it.tenancy),
            (words.currency, it.currency),
        ],
        "running": (_text(it.tenant.name), f"{title} · {words.as_of} {long_date(it.as_of, it.language)}"),
        "imprint": " · ".join((company, *_company_number(it, words))),
        "figures": list(_figures(it, words)),
        "charges": _demanded(it.charges, charge_kind, it.language, words),
        "debts": _demanded(it.debts, movement_kind, it.language, words),
        "movements": list(_movements(it, words)),
        "holdings": [
            (_text(holding_name(words, row.name)), *(amount_text(ore, it.language) for ore in (row.charged, row.held)))
            for row in it.holdings
        ],
        "ageing": [
            (band, amount_text(ore, it.language)) for band, ore in zip(words.ageing_bands, it.ageing, strict=True)
        ],
    }


def _figures(it: Statement, words: Words) -> Iterator[dict[str, Any]]:
    if it.chosen:
        yield _figure(words.chosen_total, it.remaining, it, "")
    yield _figure(words.balance, it.balance, it, words.owed if it.balance > 0 else words.credit)
    yield _figure(words.overdue, it.overdue, it, "", alarm=it.overdue > 0)
    if not it.chosen:
        yield _figure(words.coming, it.coming, it, words.coming_note)


def _figure(label: str, ore: int, it: Statement, caption: str, *, alarm: bool = False) -> dict[str, Any]:
    return {
        "label": label,
        "amount": amount_text(ore, it.language),
        "caption": caption if ore else "",
        "alarm": alarm,
    }


def _demanded(
    rows: Sequence[ChargeRow], kind_of: Callable[[Words, str], str], language: Language, words: Words
) -> dict[str, Any]:
    totals = (sum(row.amount for row in rows), sum(row.settled for row in rows), sum(row.remaining for row in rows))
    return {
        "rows": [_charge(row, kind_of(words, row.kind), language, words) for row in rows],
        "total": [amount_text(ore, language) for ore in totals],
    }


def _charge(row: ChargeRow, kind: str, language: Language, words: Words) -> dict[str, Any]:
    text = _text(row.text)
    return {
        "due": short_date(row.due_date, language),
        "text": text or kind,
        "caption": " · ".join(part for part in (kind if text not in ("", kind) else "", _text(row.reference)) if part),
        "overdue": words.is_overdue if row.overdue else "",
        "amount": amount_text(row.amount, language),
        "settled": amount_text(row.settled, language),
        "remaining": amount_text(row.remaining, language),
        "lines": [
            {"text": _line_text(line, language, words), "amount": amount_text(line.amount, language)}
            for line in row.lines
        ]
        + [
            {"text": _note_text(note, language, words), "amount": amount_text(-note.amount, language)}
            for note in row.credit_notes
        ],
    }


def _note_text(note: CreditNoteRow, language: Language, words: Words) -> str:
    return f"{_text(credit_note(words, note.text))} {short_date(note.value_date, language)}"


def _line_text(line: LineRow, language: Language, words: Words) -> str:
    parts = [_text(line.text) or line.charge_type]
    if line.period_from and line.period_to:
        parts.append(f"{short_date(line.period_from, language)} – {short_date(line.period_to, language)}")
    if line.vat_rate:
        percent = amount_text(line.vat_rate, language).rstrip("0").rstrip(",")
        parts.append(f"{words.vat_included} {percent} %: {amount_text(line.vat, language)}")
    return ", ".join(parts)


def _movements(it: Statement, words: Words) -> Iterator[tuple[str, ...]]:
    """Rows of five cells; of two, label and balance, where the reader needs the balance between movements."""
    if it.opening:
        yield words.opening_balance, amount_text(it.opening, it.language)
    coming_begun = False
    balance_shown = (f"{words.balance} {short_date(it.as_of, it.language)}", amount_text(it.balance, it.language))
    for row in it.movements:
        if row.value_date > it.as_of and not coming_begun:
            coming_begun = True
            yield balance_shown
        yield (
            short_date(row.value_date, it.language),
            movement_kind(words, row.kind),
            _text(row.text),
            amount_text(row.amount, it.language),
            amount_text(row.balance, it.language),
        )
    if (it.movements or it.opening) and not coming_begun:
        yield balance_shown


def _document_name(it: Statement, words: Words) -> str:
    return words.settlement if it.chosen else words.statement


def _company_number(it: Statement, words: Words) -> list[str]:
    return [f"{words.company_number} {it.company.cvr}"] if it.company.cvr else []


def _shown(lines: Sequence[str]) -> list[str]:
    return [shown for line in lines if (shown := _text(line))]


def _text(text: str) -> str:
    return _UNBROKEN.sub(rf"\g<0>{_BREAK_ALLOWED}", one_line(text))
