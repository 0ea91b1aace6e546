"""The words of a statement in Danish and Swedish, and how amounts and dates are written there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from babel.dates import format_date

from hub.errors import HubError
from hub.ledger import kinds
from hub.ledger.words import WORDS, Language

_LOCALES: Mapping[Language, str] = {"da": "da_DK", "sv": "sv_SE"}
#: Blanks of all kinds, line and paragraph separators, and what no XML and no letter can hold.
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+")


class Words(NamedTuple):
    """Every word of a statement in one language."""

    statement: str
    settlement: str
    settlement_note: str
    company_number: str
    tenancy: str
    tenant: str
    company: str
    made_on: str
    as_of: str
    currency: str
    page: str
    of: str
    balance: str
    overdue: str
    coming: str
    coming_note: str
    chosen_total: str
    owed: str
    credit: str
    charges: str
    charge: str
    debts: str
    lines: str
    line: str
    movements: str
    movement: str
    holdings: str
    holding: str
    ageing: str
    overview: str
    part: str
    kind: str
    date: str
    due_date: str
    reference: str
    charge_type: str
    text: str
    period: str
    period_from: str
    period_to: str
    amount: str
    settled: str
    remaining: str
    total: str
    vat: str
    vat_rate: str
    vat_included: str
    charged: str
    held: str
    is_overdue: str
    yes: str
    no: str
    opening_balance: str
    sign_note: str
    no_charges: str
    no_movements: str
    ageing_bands: tuple[str, str, str, str, str]
    charge_kinds: Mapping[str, str]
    movement_kinds: Mapping[str, str]
    holding_names: Mapping[str, str]


_DANISH = Words(
    statement="Kontoudtog",
    settlement="Opgørelse",
    settlement_note="Opgørelsen omfatter kun de opkrævninger, der er nævnt her.",
    company_number="CVR-nr.",
    tenancy="Lejemål",
    tenant="Lejer",
    company="Selskab",
    made_on="Dato",
    as_of="Opgjort pr.",
    currency="Valuta",
    page="Side",
    of="af",
    balance="Saldo",
    overdue="Heraf forfalden",
    coming="Kommende",
    coming_note="bogført med senere dato",
    chosen_total="Rest på de nævnte opkrævninger",
    owed="skyldigt beløb",
    credit="til gode",
    charges="Opkrævninger",
    charge="Opkrævning",
    debts="Andre skyldige beløb",
    lines="Linjer",
    line="Linje",
    movements="Bevægelser",
    movement="Bevægelse",
    holdings="Beholdninger",
    holding="Beholdning",
    ageing="Saldo fordelt efter forfald",
    overview="Oversigt",
    part="Afsnit",
    kind="Type",
    date="Dato",
    due_date="Forfaldsdato",
    reference="Reference",
    charge_type="Opkrævningstype",
    text="Tekst",
    period="Periode",
    period_from="Periode fra",
    period_to="Periode til",
    amount="Beløb",
    settled="Betalt/krediteret",
    remaining="Restbeløb",
    total="I alt",
    vat="Moms",
    vat_rate="Momssats i %",
    vat_included="heraf moms",
    charged="Opkrævet",
    held="Indestående",
    is_overdue="Forfalden",
    yes="ja",
    no="nej",
    opening_balance="Saldo fra tidligere",
    sign_note="Beløb uden fortegn øger det skyldige beløb. Beløb med minus nedbringer det.",
    no_charges="Ingen opkrævninger",
    no_movements="Ingen bevægelser",
    ageing_bands=(
        "Ikke forfalden",
        "Forfalden < 30 dage",
        "Forfalden 30–60 dage",
        "Forfalden > 60 dage",
        "Til gode",
    ),
    charge_kinds={
        "rent": "Leje",
        "moving_in": "Indflytningsopkrævning",
        "moving_out": "Flytteopgørelse",
        "other": "Anden opkrævning",
    },
    movement_kinds={
        "charge": "Opkrævning",
        "payment": "Indbetaling",
        "payment_failed": "Betaling afvist",
        "chargeback": "Tilbageført betaling",
        "result": "Forbrugsregnskab",
        "payout": "Udbetaling",
        "opening": "Overført ved start",
        "credit_note": "Kreditnota",
        "transfer": "Overførsel",
        "reversal": "Rettelse",
        "match": "Indbetaling",
        "difference": "Afrunding",
    },
    holding_names=WORDS["da"].holdings,
)

_SWEDISH = Words(
    statement="Kontoutdrag",
    settlement="Sammanställning",
    settlement_note="Sammanställningen omfattar endast de fakturor som anges här.",
    company_number="Org.nr",
    tenancy="Kundnr",
    tenant="Hyresgäst",
    company="Bolag",
    made_on="Datum",
    as_of="Per datum",
    currency="Valuta",
    page="Sida",
    of="av",
    balance="Saldo",
    overdue="Varav förfallet",
    coming="Kommande",
    coming_note="bokfört med senare datum",
    chosen_total="Återstår på angivna fakturor",
    owed="att betala",
    credit="tillgodo",
    charges="Fakturor",
    charge="Faktura",
    debts="Övriga obetalda belopp",
    lines="Rader",
    line="Rad",
    movements="Transaktioner",
    movement="Transaktion",
    holdings="Innestående medel",
    holding="Innestående medel",
    ageing="Saldo per förfallotid",
    overview="Översikt",
    part="Avsnitt",
    kind="Typ",
    date="Datum",
    due_date="Förfallodatum",
    reference="Referens",
    charge_type="Debiteringstyp",
    text="Text",
    period="Period",
    period_from="Period från",
    period_to="Period till",
    amount="Belopp",
    settled="Betalt/krediterat",
    remaining="Återstår",
    total="Summa",
    vat="Moms",
    vat_rate="Momssats i %",
    vat_included="varav moms",
    charged="Fakturerat",
    held="Innestående",
    is_overdue="Förfallet",
    yes="ja",
    no="nej",
    opening_balance="Ingående saldo",
    sign_note="Belopp utan tecken ökar skulden. Belopp med minus minskar den.",
    no_charges="Inga fakturor",
    no_movements="Inga transaktioner",
    ageing_bands=(
        "Ej förfallet",
        "Förfallet < 30 dagar",
        "Förfallet 30–60 dagar",
        "Förfallet > 60 dagar",
        "Tillgodo",
    ),
    charge_kinds={
        "rent": "Hyra",
        "moving_in": "Inflyttning",
        "moving_out": "Avräkning vid avflyttning",
        "other": "Övrig faktura",
    },
    movement_kinds={
        "charge": "Faktura",
        "payment": "Inbetalning",
        "payment_failed": "Avvisad betalning",
        "chargeback": "Återförd betalning",
        "result": "Förbrukningsavräkning",
        "payout": "Utbetalning",
        "opening": "Ingående post",
        "credit_note": "Kreditnota",
        "transfer": "Överföring",
        "reversal": "Rättelse",
        "match": "Inbetalning",
        "difference": "Öresutjämning",
    },
    holding_names=WORDS["sv"].holdings,
)

_WORDS: Mapping[Language, Words] = {"da": _DANISH, "sv": _SWEDISH}


def words_of(language: Language) -> Words:
    return _WORDS[language]


def charge_kind(words: Words, kind: str) -> str:
    """``rent`` as "Leje". Raises HubError for a kind without a word."""
    return _word(words.charge_kinds, kind, "charge")


def movement_kind(words: Words, kind: str) -> str:
    """``payment`` as "Indbetaling". Raises HubError for a kind without a word."""
    return _word(words.movement_kinds, kind, "movement")


def credit_note(words: Words, text: str) -> str:
    """What a credit note is called: its text says that it is one, or is led by the word."""
    kind, text = movement_kind(words, kinds.CREDIT_NOTE), one_line(text)
    return text if text.startswith(kind) else ", ".join(filter(None, (kind, text)))


def holding_name(words: Words, name: str) -> str:
    """``deposit`` as "Depositum"; a name of the site's own is shown as it is."""
    return words.holding_names.get(name, name)


def amount_text(ore: int, language: Language) -> str:
    """``123450`` as "1.234,50" in Danish and "1 234,50" in Swedish (no-break blank, true minus)."""
    return WORDS[language].amount(ore)


@lru_cache(maxsize=10_000)
def short_date(day: date, language: Language) -> str:
    """31.07.2026 in Danish, 2026-07-31 in Swedish."""
    return format_date(day, "short", locale=_LOCALES[language])


@lru_cache(maxsize=10_000)
def long_date(day: date, language: Language) -> str:
    """31. juli 2026 in Danish, 31 juli 2026 in Swedish."""
    return format_date(day, "long", locale=_LOCALES[language])


def one_line(text: str) -> str:
    """Text from a file or a person as one line of visible characters, so that no cell and no layout breaks on it."""
    return _BLANK_OR_CONTROL.sub(" ", text).strip()


def _word(words: Mapping[str, str], kind: str, what: str) -> str:
    try:
        return words[kind]
    except KeyError:
        raise HubError(
            f"a statement has no word for the {what} kind {kind!r}",
            why="the tenant would read our own code name",
            do="add it in Danish and Swedish to hub/reports/statement/texts.py",
        ) from None
