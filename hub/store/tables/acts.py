"""What people do: acts with their keys, notes and attachments, remembered matches, what went out to the books."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, ForeignKey, Index, LargeBinary, String, Table, Text

from hub.store.tables.base import Id, Key, UtcDateTime, metadata, where

act = Table(
    "act",
    metadata,
    # The caller's own name for what it asks: asked again, it is told what came of it and nothing is done.
    Column("key", Key, primary_key=True),
    Column("what", String(40), nullable=False),
    # blake2b-16 of what was asked: the same key with other input is refused.
    Column("input_hash", LargeBinary(16), nullable=False),
    Column("result", JSON, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
)

charge_note = Table(
    "charge_note",
    metadata,
    Column("id", Id, primary_key=True),
    Column("charge_id", Id, ForeignKey("charge.id"), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_charge_note_charge_id", "charge_id"),
)

attachment = Table(
    "attachment",
    metadata,
    # A file that belongs to a charge; its bytes are in the content store.
    Column("id", Id, primary_key=True),
    Column("charge_id", Id, ForeignKey("charge.id"), nullable=False),
    Column("sha256", String(64), ForeignKey("blob.sha256"), nullable=False),
    Column("name", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_attachment_charge_id", "charge_id"),
)

match_rule = Table(
    "match_rule",
    metadata,
    # A person has said that money under this number is this tenancy's, and to remember it.
    Column("id", Id, primary_key=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("customer_key", String(40), nullable=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    # The match that it was made with.
    Column("entry_id", Id, nullable=False),
    # Payments booked by it since.
    Column("uses", BigInteger, nullable=False),
    Column("forgotten_at", UtcDateTime()),
    Index("uq_match_rule", "company_id", "customer_key", unique=True, **where("forgotten_at IS NULL")),
)

journal_export = Table(
    "journal_export",
    metadata,
    # A file for the general ledger, kept whole.
    Column("id", Id, primary_key=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("format", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    # What was asked for; NULL = open.
    Column("first_day", Date),
    Column("last_day", Date),
    Column("batch_seq", BigInteger),
    Column("entries", BigInteger, nullable=False),
    # Øre; the two are equal.
    Column("debit", BigInteger, nullable=False),
    Column("credit", BigInteger, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_journal_export_company_id", "company_id"),
)

exported = Table(
    "exported",
    metadata,
    # An entry goes out to the books once.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    Column("export_id", Id, ForeignKey("journal_export.id"), nullable=False),
    Index("ix_exported_export_id", "export_id"),
)
