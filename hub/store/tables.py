"""Every table, once. Migrations in ``hub/store/migrations`` make exactly these; a test compares the two.

Money columns are øre. Business dates are dates in the company's zone; ``*_at`` are UTC. The bulk tables (entry,
posting, allocation, outcome) have no foreign keys: a check per row would cost more than the row, and ``hub verify``
proves the same from the outside (docs/decisions/0003).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored and given back in UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: 64-bit everywhere, and still SQLite's own rowid as a single-column key.
Id = BigInteger().with_variant(Integer, "sqlite")
#: Business keys are compared and ordered byte by byte on every database, so that a batch of them is a range.
Key = Text().with_variant(Text(collation="C"), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


# --- The portfolio -----------------------------------------------------------------------------------------------

company = Table(
    "company",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("cvr", String(20)),
    Column("pbs_number", String(8), index=True),
    Column("currency", String(3), nullable=False),
    # Head of the company's chain of batches; the last row locked before commit.
    Column("chain_seq", BigInteger, nullable=False, server_default="0"),
    Column("chain_hash", LargeBinary(32), nullable=False),
)

property_ = Table(
    "property",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("number", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("debtor_group", String(5)),
    UniqueConstraint("company_id", "number"),
)

unit = Table(
    "unit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("property_id", Id, ForeignKey("property.id"), nullable=False),
    Column("number", String(20), nullable=False),
    UniqueConstraint("property_id", "number"),
)

tenancy = Table(
    "tenancy",
    metadata,
    Column("id", Id, primary_key=True),
    # company-property-unit-tenant
    Column("key", String(90), nullable=False, unique=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("property_id", Id, ForeignKey("property.id"), nullable=False),
    Column("unit_id", Id, ForeignKey("unit.id"), nullable=False),
    Column("number", String(20), nullable=False),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("address", Text),
    Column("postal_code", String(20)),
    Column("city", Text),
    Column("email", Text),
    Column("move_in", Date),
    Column("move_out", Date),
    Column("business", Boolean, nullable=False),
    Column("bs_customer", String(19)),
    Column("bs_mandate", String(9)),
    # bs_customer without blanks and leading zeros: what a payment is matched on, within the company (R7, R15).
    Column("customer_key", String(19)),
    Index("ix_tenancy_property_id", "property_id"),
    Index("uq_tenancy_customer", "company_id", "customer_key", unique=True, **_where("customer_key IS NOT NULL")),
)

# A customer number once used is never given again: who had it first has it for good, even when it is unused (R15).
customer_number = Table(
    "customer_number",
    metadata,
    Column("company_id", Id, ForeignKey("company.id"), primary_key=True, autoincrement=False),
    Column("customer_key", String(19), primary_key=True),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    Column("first_seen_at", UtcDateTime(), nullable=False),
)

# --- The ledger --------------------------------------------------------------------------------------------------

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    # receivable, clearing, suspense, income, opening
    Column("kind", String(20), nullable=False),
    # Stable text that names it inside the company, e.g. receivable:1-12-304-2 or clearing:nets:09999999:00001
    Column("code", String(120), nullable=False),
    Column("currency", String(3), nullable=False),
    # Cache of the sum of its postings, kept in the same transaction, proved by hub verify.
    Column("balance", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("company_id", "code"),
)

charge = Table(
    "charge",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("entry_id", Id, nullable=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    Column("reference", Text, nullable=False),
    Column("due_date", Date, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_charge_entry_id", "entry_id"),
    Index("ix_charge_tenancy_id", "tenancy_id"),
)

charge_line = Table(
    "charge_line",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("charge_id", Id, ForeignKey("charge.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    Column("charge_type", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    # Cache of amount less allocations.
    Column("remaining", BigInteger, nullable=False),
    Column("period_from", Date),
    Column("period_to", Date),
    CheckConstraint("remaining >= 0 AND remaining <= amount", name="remaining"),
    # What a payment looks for: the few open lines of a tenancy, not its years of paid ones.
    Index("ix_charge_line_open", "tenancy_id", **_where("remaining > 0")),
    Index("ix_charge_line_charge_id", "charge_id"),
)

batch = Table(
    "batch",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("recorded_at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Column("reading_id", Id, ForeignKey("reading.id")),
    # The ids of its entries lie in this range; another company's may lie there too.
    Column("entry_first", BigInteger, nullable=False),
    Column("entry_last", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("previous_hash", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    UniqueConstraint("company_id", "seq"),
    Index("ix_batch_reading_id", "reading_id"),
)

entry = Table(
    "entry",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("batch_id", Id, nullable=False),
    # One of hub.ledger.kinds
    Column("kind", String(20), nullable=False),
    Column("value_date", Date, nullable=False),
    Column("posting_date", Date, nullable=False),
    Column("text", Text, nullable=False),
    # 1-based line in the file of the batch's reading; NULL for a manual act.
    Column("record", BigInteger),
    # The entry that this one corrects: charge-back -> payment, reversal -> original.
    Column("corrects", BigInteger),
    # Business key with its occurrence: the idempotency key.
    Column("key", Key, nullable=False),
    # blake2b-16 of the canonical input: same key, other input is a conflict (R5).
    Column("input_hash", LargeBinary(16), nullable=False),
    Column("leaf", LargeBinary(32), nullable=False),
    Index("uq_entry_key", "key", unique=True),
    Index("uq_entry_corrects", "corrects", "kind", unique=True, **_where("corrects IS NOT NULL")),
)

posting = Table(
    "posting",
    metadata,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("account_id", BigInteger, nullable=False),
    # Øre, debit positive; the postings of an entry sum to zero.
    Column("amount", BigInteger, nullable=False),
    # When it counts on this account: payment date on the tenant's, booking date on clearing (R10).
    Column("value_date", Date, nullable=False),
    Index("ix_posting_account", "account_id", "value_date", "entry_id"),
    sqlite_with_rowid=False,
)

allocation = Table(
    "allocation",
    metadata,
    # The entry by which this row came to be: the payment, the charge that used its credit, the charge-back.
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    # The entry whose money it is.
    Column("payment_id", BigInteger, nullable=False),
    Column("line_id", BigInteger, nullable=False),
    # Øre; negative takes an allocation back.
    Column("amount", BigInteger, nullable=False),
    # reference, oldest, credit, chargeback
    Column("policy", String(12), nullable=False),
    Index("ix_allocation_line_id", "line_id"),
    Index("ix_allocation_later", "payment_id", **_where("payment_id <> entry_id")),
    sqlite_with_rowid=False,
)

credit = Table(
    "credit",
    metadata,
    # A payment, refund or opening credit that no charge line has used up.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("remaining", BigInteger, nullable=False),
    CheckConstraint("remaining >= 0 AND remaining <= amount", name="remaining"),
    Index("ix_credit_open", "tenancy_id", **_where("remaining > 0")),
)

suspense = Table(
    "suspense",
    metadata,
    # Money that came and belongs to nobody we know: one row an entry.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    # Øre, positive = money received (R19).
    Column("amount", BigInteger, nullable=False),
    Column("remaining", BigInteger, nullable=False),
    Column("vendor", String(60), nullable=False),
    Column("customer", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_suspense_company_id", "company_id"),
)

# --- The journal of files ----------------------------------------------------------------------------------------

blob = Table(
    "blob",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("stored_at", UtcDateTime(), nullable=False),
)

arrival = Table(
    "arrival",
    metadata,
    Column("id", Id, primary_key=True),
    # The folder it lay in, and what says that it is the same thing seen again.
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    # The instance whose door it came through; NULL = the common inbox.
    Column("door", String(60)),
    Column("period_from", Date),
    Column("period_to", Date),
    Column("owner", Text, nullable=False),
    Column("lease_until", UtcDateTime(), nullable=False),
    Column("claimed_at", UtcDateTime(), nullable=False),
    Column("sha256", String(64), ForeignKey("blob.sha256")),
    Column("file_id", Id, ForeignKey("file.id")),
    # What a person has begun to do with the file that it once brought: retried, released, ignored.
    Column("act", String(20)),
    # Set when the file has been filed away: the claim is over.
    Column("closed_at", UtcDateTime()),
    Index(
        "uq_arrival_open",
        "source",
        "name",
        "size",
        "mtime_ns",
        unique=True,
        **_where("closed_at IS NULL AND act IS NULL"),
    ),
    Index("ix_arrival_file_id", "file_id"),
)

file = Table(
    "file",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sha256", String(64), ForeignKey("blob.sha256"), nullable=False),
    # A zip's or an encrypted file's member points at what it came in.
    Column("parent_id", Id, ForeignKey("file.id")),
    # In NFC.
    Column("name", Text, nullable=False),
    Column("vendor", String(60)),
    Column("kind", String(60)),
    Column("received_at", UtcDateTime(), nullable=False),
    # State and reasons of the last reading that ended; NULL = being read.
    Column("state", String(20)),
    Column("duplicate_of", Id, ForeignKey("file.id")),
    Column("filed_at", Text),
    Index("ix_file_sha256", "sha256"),
    Index("ix_file_state", "state"),
)

reading = Table(
    "reading",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("file_id", Id, ForeignKey("file.id"), nullable=False),
    Column("vendor", String(60)),
    Column("plugin_version", String(60)),
    Column("actor", Text, nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("finished_at", UtcDateTime(), nullable=False),
    Column("state", String(20), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("read", BigInteger, nullable=False),
    Column("booked", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("unmatched", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),
    # Øre, signed net booked, suspense included (R19).
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3)),
    Index("ix_reading_file_id", "file_id"),
)

outcome = Table(
    "outcome",
    metadata,
    # What became of a record that made no entry: held, kept, duplicate, failed.
    Column("reading_id", BigInteger, primary_key=True, autoincrement=False),
    Column("record", BigInteger, primary_key=True, autoincrement=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    # A duplicate's business key without occurrence: how often this file has shown it so far (R5).
    Column("key", Key),
    # For the lists: the tenancy's key where it is known, øre as in the file, the creditor's reference.
    Column("tenancy", Text),
    Column("amount", BigInteger),
    Column("reference", Text),
    Index("ix_outcome_key", "reading_id", "key", **_where("key IS NOT NULL")),
    sqlite_with_rowid=False,
)

document = Table(
    "document",
    metadata,
    Column("id", Id, primary_key=True),
    Column("file_id", Id, ForeignKey("file.id"), nullable=False, unique=True),
    Column("property_id", Id, ForeignKey("property.id"), nullable=False),
    # NULL: the property's own.
    Column("tenancy_id", Id, ForeignKey("tenancy.id")),
    Column("charge_type", String(20), nullable=False),
    Column("period_from", Date, nullable=False),
    Column("period_to", Date, nullable=False),
    Index("ix_document_property_id", "property_id"),
    Index("ix_document_tenancy_id", "tenancy_id"),
)

event = Table(
    "event",
    metadata,
    # Append-only: every change of a file's state and every manual act.
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Column("what", String(40), nullable=False),
    Column("arrival_id", Id, ForeignKey("arrival.id")),
    Column("file_id", Id, ForeignKey("file.id")),
    Column("detail", JSON, nullable=False),
    Index("ix_event_file_id", "file_id"),
    Index("ix_event_arrival_id", "arrival_id"),
)

counter = Table(
    "counter",
    metadata,
    # Blocks of ids reserved up front (SQLite; PostgreSQL has sequences).
    Column("name", String(20), primary_key=True),
    Column("next", BigInteger, nullable=False),
)
