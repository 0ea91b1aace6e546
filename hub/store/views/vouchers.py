"""Document types and voucher numbers, as columns of a query over entries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Select, cast, extract, func

from hub.ledger import kinds
from hub.store.tables import charge, entry, voucher_range

_ORIGINAL = entry.alias("original")
_ORIGINAL_CHARGE = charge.alias("original_charge")


def with_document(query: Select[Any]) -> Select[Any]:
    """``query`` over entries, with year and number of the voucher and the four kinds that :func:`document_of` takes."""
    year = cast(extract("year", entry.c.posting_date), Integer)
    dealt = (voucher_range.c.batch_id == entry.c.batch_id) & (voucher_range.c.year == year)
    return (
        query.join(voucher_range, dealt, isouter=True)
        .join(charge, charge.c.entry_id == entry.c.id, isouter=True)
        .join(_ORIGINAL, _ORIGINAL.c.id == entry.c.corrects, isouter=True)
        .join(_ORIGINAL_CHARGE, _ORIGINAL_CHARGE.c.entry_id == _ORIGINAL.c.id, isouter=True)
        .add_columns(
            year.label("year"),
            (func.coalesce(voucher_range.c.base, 0) + entry.c.voucher).label("voucher"),
            entry.c.kind.label("kind"),
            charge.c.kind.label("charge_kind"),
            _ORIGINAL.c.kind.label("original_kind"),
            _ORIGINAL_CHARGE.c.kind.label("original_charge_kind"),
        )
    )


def document_of(kind: str, charge_kind: str | None, original_kind: str | None, original_charge_kind: str | None) -> str:
    """Three digits; a reversal is a document of the type that it takes back."""
    if kind == kinds.REVERSAL and original_kind is not None:
        return kinds.document_type(original_kind, original_charge_kind)
    return kinds.document_type(kind, charge_kind)


def voucher_text(year: int, number: int) -> str:
    """``2026-123``: a company's numbers begin anew every year."""
    return f"{year}-{number}"
