"""Every table, once. Migrations in ``hub/store/migrations`` make exactly these; a test compares the two.

Money columns are øre. Business dates are dates in the company's zone; ``*_at`` are UTC. The bulk tables (entry,
posting, allocation, outcome) have no foreign keys: a check per row would cost more than the row, and ``hub verify``
proves the same from the outside (docs/decisions/0003).
"""

from __future__ import annotations

from hub.store.tables.acts import act, attachment, charge_note, exported, journal_export, match_rule
from hub.store.tables.base import UtcDateTime, metadata
from hub.store.tables.collecting import (
    collection,
    collection_line,
    collection_result,
    delivery,
    delivery_event,
    mandate,
    mandate_event,
    mandate_order,
    message,
    serial,
    slip,
)
from hub.store.tables.consumption import (
    consumption_account,
    consumption_exported,
    consumption_result,
    consumption_revision,
    document_named,
)
from hub.store.tables.files import arrival, blob, counter, document, event, file, outcome, reading
from hub.store.tables.ledger import (
    account,
    allocation,
    batch,
    charge,
    charge_line,
    credit,
    credited,
    entry,
    posting,
    reversal,
    suspense,
    voucher_range,
    voucher_series,
)
from hub.store.tables.portfolio import (
    company,
    customer_number,
    one_off,
    portfolio_change,
    property_,
    recurring,
    tenancy,
    unit,
)

__all__ = [
    "UtcDateTime",
    "account",
    "act",
    "allocation",
    "arrival",
    "attachment",
    "batch",
    "blob",
    "charge",
    "charge_line",
    "charge_note",
    "collection",
    "collection_line",
    "collection_result",
    "company",
    "consumption_account",
    "consumption_exported",
    "consumption_result",
    "consumption_revision",
    "counter",
    "credit",
    "credited",
    "customer_number",
    "delivery",
    "delivery_event",
    "document",
    "document_named",
    "entry",
    "event",
    "exported",
    "file",
    "journal_export",
    "mandate",
    "mandate_event",
    "mandate_order",
    "match_rule",
    "message",
    "metadata",
    "one_off",
    "outcome",
    "portfolio_change",
    "posting",
    "property_",
    "reading",
    "recurring",
    "reversal",
    "serial",
    "slip",
    "suspense",
    "tenancy",
    "unit",
    "voucher_range",
    "voucher_series",
]
