"""A letter on A4 with a payment slip at its foot: values in, the bytes of a PDF out."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import typst
from pypdf import PdfWriter

from hub.collecting.texts import amount_text
from hub.ledger.fik import card_type, ocr_line

#: A run of so many characters without a blank is wider than the narrowest column of text.
_UNBROKEN_CHARS_MAX = 20
_UNBROKEN = re.compile(rf"\S{{{_UNBROKEN_CHARS_MAX}}}(?=\S)")
_BREAK_ALLOWED = "\u200b"
_ORE = 100
_STACK = "Opkrævninger"
#: Typst keeps what it has made in the last ten compilations, 2 MB a letter.
_LETTERS_A_COMPILATION = 10


class SlipLetter(NamedTuple):
    """One letter; amounts are øre."""

    company: str
    company_lines: Sequence[str]
    #: Names, then the address, each line of it; empty ones are left out.
    recipient: Sequence[str]
    tenancy: str
    #: Of the collection: what the payer may say when he asks.
    number: str
    made_on: date
    due: date
    amount: int
    #: Messages around what is demanded.
    before: Sequence[str]
    rows: Sequence[tuple[str, int]]
    after: Sequence[str]
    card_type: str
    #: In its full length; "" for a card type without one.
    payment_id: str
    slip_creditor: str

    @property
    def title(self) -> str:
        return f"Opkrævning {self.tenancy} til betaling {self.due:%d.%m.%Y}"


def render_slip(letter: SlipLetter) -> bytes:
    """Tagged for screen readers. The same letter gives the same bytes; no font of the machine is used."""
    return _compile([letter], letter.title, tags=True)


def render_slips(letters: Iterable[SlipLetter]) -> bytes:
    """One or more in one file, in their order. It is not tagged, as that makes a stack many times larger."""
    stack, remaining = PdfWriter(), iter(letters)
    while some := list(islice(remaining, _LETTERS_A_COMPILATION)):
        stack.append(io.BytesIO(_compile(some, _STACK, tags=False)))
    stack.metadata = {"/Title": _STACK}
    out = io.BytesIO()
    stack.write(out)
    return out.getvalue()


def _compile(letters: Sequence[SlipLetter], title: str, *, tags: bool) -> bytes:
    """The values reach the template as JSON, so that nothing in a name or a text is ever read as markup."""
    day = letters[0].made_on
    values = {
        "title": title,
        "author": letters[0].company,
        "made_on": {"year": day.year, "month": day.month, "day": day.day},
        "letters": list(map(_values, letters)),
    }
    return typst.compile(
        _resource("slip.typ").read_bytes(),
        format="pdf",
        font_paths=_fonts(),
        ignore_system_fonts=True,
        pdf_tags=tags,
        sys_inputs={"letters": json.dumps(values)},
    )


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(font_paths=[_resource("fonts")], include_system_fonts=False)


def _resource(name: str) -> Path:
    """Beside this file, wherever the package is installed."""
    return Path(str(resources.files("hub.collecting").joinpath(name)))


def _values(it: SlipLetter) -> dict[str, Any]:
    kind = card_type(it.card_type)
    kroner, rest = divmod(it.amount, _ORE)
    to = "Kreditornr." if kind.family == "FIK" else "Kontonr."
    return {
        "title": it.title,
        "company": _shown(it.company),
        "company_lines": list(_all_shown(it.company_lines)),
        "recipient": list(_all_shown(it.recipient)),
        "facts": [("Dato", _day(it.made_on)), ("Lejemål", it.tenancy), ("Opkrævning nr.", it.number)],
        "before": list(map(_shown, it.before)),
        "rows": [
            # What begins with blanks is said of the row above it.
            {"text": _shown(text), "amount": amount_text(ore), "part": text.startswith(" ")}
            for text, ore in it.rows
        ],
        "after": list(map(_shown, it.after)),
        "pay": [
            ("Beløb", f"{amount_text(it.amount)} kr."),
            ("Betales senest", _day(it.due)),
            ("Kortart", it.card_type),
            *([("Betalings-id", it.payment_id)] if it.payment_id else []),
            (to, it.slip_creditor),
        ],
        "amount": amount_text(it.amount),
        "kroner": str(kroner),
        "ore": f"{rest:02d}",
        "due": _day(it.due),
        "to": (to, it.slip_creditor),
        # What the payer may write, where the payee learns of him by nothing else.
        "message": f"{it.tenancy} {it.number}" if kind.message else "",
        "line": ocr_line(it.card_type, it.payment_id, it.slip_creditor),
    }


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def _all_shown(lines: Iterable[str]) -> Iterator[str]:
    return (shown for line in lines if (shown := _shown(line)))


def _shown(text: str) -> str:
    return _UNBROKEN.sub(rf"\g<0>{_BREAK_ALLOWED}", text.strip())
