"""What the hub itself writes on entries, in the language of their company: a tenant reads it on his statement.

What a person or a vendor has written stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from hub.ledger import kinds

#: Of a company's entries, letters and statements.
Language: TypeAlias = Literal["da", "sv"]


class Words(NamedTuple):
    """Those of one language."""

    payment: str
    payout: str
    #: {source} and {target} are holdings, or the balance.
    transfer: str
    #: The tenancy's own, in the middle of a sentence.
    balance: str
    credit_note: str
    #: Goes before the text of what is taken back.
    reversed: str
    #: A small difference that is written off (R24).
    difference: str
    result: str
    #: Goes behind a payment's text, where a remembered match has found the tenancy; {rule} is its number.
    by_rule: str
    #: Goes behind a payout's text: {text} is what the bank's line will say.
    bank_text: str
    #: {first} and {last} are dates.
    period: str
    #: Of one line of a summarised journal: {company} and {batch} are numbers, {day} is the posting date,
    #: {document_type} has three digits, {first} and {last} are vouchers.
    summary: str
    #: Holdings of the hub's own by name; what a company has added is called as it calls it.
    holdings: Mapping[str, str]
    #: How an amount is written: decimal sign, sign between thousands, minus.
    decimal: str
    thousands: str
    minus: str

    def holding(self, name: str) -> str:
        """``deposit`` as "Depositum"."""
        return self.holdings.get(name, name)

    def transferred(self, source: str, target: str) -> str:
        """``deposit`` and ``balance`` as "Overførsel fra depositum til saldo"."""
        return self.transfer.format(source=self._within(source), target=self._within(target))

    def _within(self, name: str) -> str:
        return self.balance if name == kinds.BALANCE else self.holding(name).lower()

    def amount(self, ore: int) -> str:
        """``123450`` as "1.234,50" in Danish and "1 234,50" in Swedish (no-break blank, true minus)."""
        whole, decimals = divmod(abs(ore), 100)
        grouped = f"{whole:,}".replace(",", self.thousands)
        return f"{self.minus if ore < 0 else ''}{grouped}{self.decimal}{decimals:02d}"


WORDS: Mapping[Language, Words] = {
    "da": Words(
        payment="Indbetaling",
        payout="Udbetaling",
        transfer="Overførsel fra {source} til {target}",
        balance="saldo",
        credit_note="Kreditnota",
        reversed="Tilbageført",
        difference="Afrunding",
        result="Forbrugsregnskab",
        by_rule="(regel {rule})",
        bank_text="(banktekst {text})",
        period="{first:%d.%m.%Y}-{last:%d.%m.%Y}",
        summary="Selskab {company}, {day:%d.%m.%Y}, batch {batch}, type {document_type}, bilag {first}-{last}",
        holdings={
            "deposit": "Depositum",
            "prepaid_rent": "Forudbetalt leje",
            "heat": "Aconto varme",
            "water": "Aconto vand",
            "electricity": "Aconto el",
            "withheld": "Tilbageholdt aconto",
        },
        decimal=",",
        thousands=".",
        minus="-",
    ),
    "sv": Words(
        payment="Inbetalning",
        payout="Utbetalning",
        transfer="Överföring från {source} till {target}",
        balance="saldo",
        credit_note="Kreditnota",
        reversed="Återfört",
        difference="Öresutjämning",
        result="Förbrukningsavräkning",
        by_rule="(regel {rule})",
        bank_text="(banktext {text})",
        period="{first} - {last}",
        summary="Bolag {company}, {day}, batch {batch}, typ {document_type}, verifikat {first}-{last}",
        holdings={
            "deposit": "Deposition",
            "prepaid_rent": "Förskottshyra",
            "heat": "A conto värme",
            "water": "A conto vatten",
            "electricity": "A conto el",
            "withheld": "Innehållen a conto",
        },
        decimal=",",
        thousands="\N{NO-BREAK SPACE}",
        minus="\N{MINUS SIGN}",
    ),
}
