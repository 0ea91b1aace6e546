"""A company's ``[journal]``: to which accounts of the general ledger its entries go, and what the file looks like.

Pure settings. What accounting programs publish are ready layouts here; all of it can be set (docs/journal.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, field_validator, model_validator

from hub.settings.model import Model

#: What a line of the journal can tell.
JournalField = Literal[
    "voucher",
    "document",
    "document_type",
    "posting_date",
    "value_date",
    "account",
    "amount",
    "debit",
    "credit",
    "currency",
    "text",
    "kind",
    "code",
    "batch",
    "key",
]
JournalFormat = Literal["e-conomic", "business-central", "csv"]


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


#: An account of the general ledger, ``"5600"`` or 5600; Business Central takes 20 characters.
LedgerAccount = Annotated[
    str, BeforeValidator(_number_as_text), StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$")
]
#: The beginning of an account code of ours, in whole parts: ``income``, ``income:10010``; ``income:*`` is the same.
CodePattern = Annotated[str, StringConstraints(pattern=r"^[^:*\s]+(:[^:*\s]+)*(:\*)?$")]

#: e-conomic numbers its accounts with so many digits at most.
_ECONOMIC_ACCOUNT = re.compile(r"[0-9]{1,9}", re.ASCII)


class Column(Model):
    """One column: a field of the line, or the same value on every line."""

    title: str
    field: JournalField | None = None
    value: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.field is None) == (self.value is None):
            raise ValueError('a column has a field or a value, one of them: { title = "Konto", field = "account" }')
        return self


def _can_be_posted(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    told = {column.field for column in columns}
    if not ({"posting_date", "account"} <= told and {"voucher", "document"} & told):
        raise ValueError("the columns need posting_date, account, and voucher or document")
    if "amount" not in told and not {"debit", "credit"} <= told:
        raise ValueError("the columns need amount, or debit and credit")
    return columns


Columns = Annotated[tuple[Column, ...], AfterValidator(_can_be_posted)]
Delimiter = Literal[";", ",", "\t", "|"]
DecimalMark = Literal[",", "."]
DateForm = Literal["dd-mm-yyyy", "dd.mm.yyyy", "dd/mm/yyyy", "ddmmyyyy", "yyyy-mm-dd", "yyyymmdd"]
Encoding = Literal["utf-8", "utf-8-sig", "cp1252", "iso8859-1", "iso8859-15", "cp850", "cp865"]
TextLength = Annotated[int, Field(ge=1, le=1_000)]


class Layout(Model):
    """How a file is written."""

    columns: Columns
    delimiter: Delimiter = ";"
    decimal: DecimalMark = ","
    date: DateForm = "dd-mm-yyyy"
    encoding: Encoding = "utf-8"
    #: Whether the first line has the columns' titles.
    header: bool = True
    #: Longer texts are cut.
    text_characters_max: TextLength = 250


class LayoutSection(Model):
    """What differs from the format's ready layout; none = nothing."""

    columns: Columns | None = None
    delimiter: Delimiter | None = None
    decimal: DecimalMark | None = None
    date: DateForm | None = None
    encoding: Encoding | None = None
    header: bool | None = None
    text_characters_max: TextLength | None = None


def _columns(*columns: tuple[str, JournalField]) -> tuple[Column, ...]:
    return tuple(Column(title=title, field=field) for title, field in columns)


#: Ready layouts: what of them is published, and where, is told in docs/journal.md.
LAYOUTS: Mapping[JournalFormat, Layout] = {
    "e-conomic": Layout(
        columns=_columns(
            ("Bilagsnr.", "voucher"),
            ("Dato", "posting_date"),
            ("Konto", "account"),
            ("Tekst", "text"),
            ("Beløb", "amount"),
        ),
        encoding="cp1252",
    ),
    "business-central": Layout(
        columns=(
            Column(title="Posting Date", field="posting_date"),
            Column(title="Document Type", value=""),
            Column(title="Document No.", field="document"),
            Column(title="Account Type", value="G/L Account"),
            Column(title="Account No.", field="account"),
            Column(title="Description", field="text"),
            Column(title="Amount", field="amount"),
        ),
        decimal=".",
        date="yyyy-mm-dd",
        text_characters_max=100,
    ),
    "csv": Layout(
        columns=_columns(
            ("voucher", "voucher"),
            ("document_type", "document_type"),
            ("posting_date", "posting_date"),
            ("value_date", "value_date"),
            ("account", "account"),
            ("debit", "debit"),
            ("credit", "credit"),
            ("currency", "currency"),
            ("text", "text"),
            ("kind", "kind"),
            ("code", "code"),
            ("batch", "batch"),
            ("key", "key"),
        ),
        decimal=".",
        date="yyyy-mm-dd",
    ),
}


class JournalConfig(Model):
    """The table ``[journal]`` of config/companies/*.toml."""

    format: JournalFormat
    #: A line per posting, or one per batch, posting day, document type and account of the general ledger.
    detail: Literal["entry", "summary"] = "entry"
    #: Account codes of ours, or how they begin, to accounts of the general ledger; the longest that fits holds.
    accounts: Mapping[CodePattern, LedgerAccount] = Field(min_length=1)
    layout: LayoutSection = LayoutSection()

    @field_validator("accounts")
    @classmethod
    def _said_once(cls, accounts: Mapping[str, str]) -> Mapping[str, str]:
        plain = [pattern.removesuffix(":*") for pattern in accounts]
        if twice := sorted({pattern for pattern in plain if plain.count(pattern) > 1}):
            raise ValueError(f"said twice: {', '.join(twice)}")
        return {pattern.removesuffix(":*"): number for pattern, number in accounts.items()}

    @model_validator(mode="after")
    def _numbers_fit(self) -> Self:
        if self.format == "e-conomic":
            bad = sorted({number for number in self.accounts.values() if not _ECONOMIC_ACCOUNT.fullmatch(number)})
            if bad:
                raise ValueError(f"e-conomic numbers its accounts with at most nine digits, not {', '.join(bad)}")
        return self

    @property
    def full_layout(self) -> Layout:
        """The format's ready layout with what differs."""
        different = {name: value for name, value in self.layout if value is not None}
        return LAYOUTS[self.format].model_copy(update=different)

    def account_for(self, code: str) -> str | None:
        """The general ledger's account for one of ours; None where nothing fits."""
        while code not in self.accounts:
            code, colon, _ = code.rpartition(":")
            if not colon:
                return None
        return self.accounts[code]
