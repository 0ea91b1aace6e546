"""What a config file may say of a MobilePay instance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, field_validator, model_validator

from hub.plugin import Settings

#: What may be our own reference, by the name that a format gives it; not every format has all of them.
OwnField = Literal["reference", "order_id", "external_id", "merchant_reference", "payment_label", "message"]
#: A heading, or a word in a cell; several are several ways to write it.
Words = Annotated[tuple[Annotated[str, StringConstraints(min_length=1, max_length=50)], ...], Field(min_length=1)]

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDERS = ("payout", "recipient", "recipient8", "ddmmyy")


class LayoutB(Settings):
    """Words of settlement files of layout B, CSV and XLSX: as documented, in Norwegian; Danish ones are not known."""

    #: Headings, of which capitals do not count.
    sale_date: Words = ("Salgsdato",)
    store: Words = ("Salgssted",)
    number: Words = ("Vippsnummer",)
    product: Words = ("Produkt",)
    transaction_id: Words = ("Transaksjons-ID",)
    order_id: Words = ("Ordre-ID",)
    gross: Words = ("Brutto",)
    fee: Words = ("Gebyr",)
    net: Words = ("Netto",)
    transaction_type: Words = ("Transaksjonstype",)
    settlement_id: Words = ("Oppgjørs-ID",)
    settlement_date: Words = ("Oppgjørsdato",)
    settlement_sum: Words = ("Oppgjørssum",)
    settlement_account: Words = ("Oppgjørskonto",)
    first_name: Words = ("Fornavn",)
    last_name: Words = ("Etternavn",)
    message: Words = ("Melding",)
    #: Cells of the column transaction_type.
    sale: Words = ("Salg",)
    refund: Words = ("Refundering",)
    #: First cell of the row that says what is paid out.
    payout: Words = ("Til utbetaling netto",)
    #: The format has none.
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "DKK"
    #: Between the cells of a CSV.
    delimiter: Literal[",", ";"] = ","
    #: Before the øre in a CSV.
    decimal_mark: Literal[".", ","] = "."

    @model_validator(mode="after")
    def _told_apart(self) -> LayoutB:
        seen: dict[str, str] = {}
        for column in self.columns():
            for heading in getattr(self, column):
                other = seen.setdefault(heading.casefold(), column)
                if other != column:
                    raise ValueError(f"{heading!r} is the heading of {other} and of {column}")
        if {word.casefold() for word in self.sale} & {word.casefold() for word in self.refund}:
            raise ValueError("sale and refund have a word in common")
        if self.delimiter == self.decimal_mark:
            raise ValueError("delimiter and decimal_mark must differ")
        return self

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The columns in the order in which they are documented."""
        return tuple(cls.model_fields)[:17]


class XlsxLimits(Settings):
    """Of one XLSX file, asked of its table of contents before anything is unpacked, and kept while it is read."""

    #: Of all its parts together, unpacked.
    unpacked_bytes_max: int = Field(128 * 1024**2, ge=1024)
    #: Times its own size that they may have.
    ratio_max: int = Field(50, ge=1, le=90)
    parts_max: int = Field(200, ge=1, le=10_000)
    #: Of the texts that cells share: they are held in memory.
    shared_texts_bytes_max: int = Field(32 * 1024**2, ge=1024)
    rows_max: int = Field(200_000, ge=1, le=1_048_576)


class ReportPages(Settings):
    """Of pages of the Report API, as JSON files."""

    #: Of which ledger a page is where neither its entries nor its name say so; "" = such a page is refused.
    topic: Literal["", "funds", "fees"] = ""
    #: Whose entries are that name no recipient, as DK:90601; "" = that of all other entries of the page.
    recipient: Annotated[str, Field(max_length=50)] = ""
    #: A page is held in memory, in up to fifty times its size; real ones have some 1,000 entries in 400 kB.
    page_bytes_max: int = Field(4 * 1024**2, ge=1024)


class MobilePaySettings(Settings):
    """``[settings]`` of an instance of ``mobilepay``."""

    #: Which field is our own reference, by which a payment finds its tenant: the first of these that a file fills.
    #: ``message`` is what the payer writes; it counts to the letter, as all of them.
    own_reference: Annotated[tuple[OwnField, ...], Field(min_length=1)] = (
        "reference",
        "order_id",
        "external_id",
        "merchant_reference",
    )
    #: Beginnings of our own references that name a store of a sales unit: taken off, the longest that fits.
    reference_prefixes: tuple[Annotated[str, StringConstraints(min_length=1, max_length=50)], ...] = ()
    #: In which moments of the files become days.
    timezone: str = "Europe/Copenhagen"
    #: What the bank writes with a payout, where a file does not say it; {payout}, {recipient}, {recipient8} (filled up
    #: with zeros) and {ddmmyy} (of the settlement) are put in. "" = not known.
    payout_text: Annotated[str, Field(max_length=60)] = ""
    layout_b: LayoutB = LayoutB()
    xlsx: XlsxLimits = XlsxLimits()
    report: ReportPages = ReportPages()
    #: Numbers of payment points by their id, of old CSV files whose rows name no MyShop number.
    payment_points: Mapping[str, Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]] = {}

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no time zone, e.g. Europe/Copenhagen") from error
        return value

    @field_validator("payout_text")
    @classmethod
    def _known_placeholders(cls, value: str) -> str:
        for found in _PLACEHOLDER.finditer(value):
            if found[1] not in _PLACEHOLDERS:
                raise ValueError(f"{found[0]} is not known, only {', '.join(f'{{{one}}}' for one in _PLACEHOLDERS)}")
        return value

    def own_reference_of(self, fields: Mapping[OwnField, str]) -> str:
        """Our own reference among what a file says, without a store's prefix; "" = it says none."""
        told = next((value for name in self.own_reference if (value := fields.get(name, "").strip())), "")
        prefix = max((each for each in self.reference_prefixes if told.startswith(each)), key=len, default="")
        return told.removeprefix(prefix)

    def day_of(self, moment: datetime) -> date:
        """The day of an aware moment, here."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def bank_text(self, *, payout: str, creditor: str, settled_on: date) -> str:
        """What the bank's line of a payout will carry, by ``payout_text``; "" = not known."""
        values = dict(zip(_PLACEHOLDERS, _told(payout, creditor, settled_on), strict=True))
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self.payout_text)


def _told(payout: str, creditor: str, settled_on: date) -> Iterator[str]:
    yield payout
    yield creditor
    yield creditor.zfill(8)
    yield settled_on.strftime("%d%m%y")


#: All that ``own_reference`` may name.
OWN_FIELDS: tuple[OwnField, ...] = get_args(OwnField)
