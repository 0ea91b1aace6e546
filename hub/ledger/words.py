"""What the hub itself writes on entries, in the language of their company: a tenant reads it on his statement.

What a person or a vendor has written stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

#: Of a company's entries, letters and statements.
Language: TypeAlias = Literal["da", "sv"]


class Words(NamedTuple):
    """Those of one language."""

    payment: str
    payout: str
    transfer: str
    credit_note: str
    #: Goes before the text of what is taken back.
    reversed: str
    #: A small difference that is written off (R24).
    difference: str
    result: str
    #: Goes behind a payment's text, where a remembered match has found the tenancy; {rule} is its number.
    by_rule: str
    #: {first} and {last} are dates.
    period: str
    #: Of one line of a summarised journal: {company} and {batch} are numbers, {day} is the posting date,
    #: {document_type} has three digits, {first} and {last} are vouchers.
    summary: str


WORDS: Mapping[Language, Words] = {
    "da": Words(
        payment="Indbetaling",
        payout="Udbetaling",
        transfer="Overførsel",
        credit_note="Kreditnota",
        reversed="Tilbageført",
        difference="Afrunding",
        result="Forbrugsregnskab",
        by_rule="(regel {rule})",
        period="{first:%d.%m.%Y}-{last:%d.%m.%Y}",
        summary="Selskab {company}, {day:%d.%m.%Y}, batch {batch}, type {document_type}, bilag {first}-{last}",
    ),
    "sv": Words(
        payment="Inbetalning",
        payout="Utbetalning",
        transfer="Överföring",
        credit_note="Kreditnota",
        reversed="Återfört",
        difference="Öresutjämning",
        result="Förbrukningsavräkning",
        by_rule="(regel {rule})",
        period="{first} - {last}",
        summary="Bolag {company}, {day}, batch {batch}, typ {document_type}, verifikat {first}-{last}",
    ),
}
