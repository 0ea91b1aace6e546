"""The journal of files: what came, what became of it, and every event."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, ForeignKey, Index, String, Table, Text

from hub.store.tables.base import Id, Key, UtcDateTime, metadata, where

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
    # A zip's member: the file that it was taken out of; it lay in that one's folder.
    Column("parent_id", Id),
    # Set when the file has been filed away: the claim is over.
    Column("closed_at", UtcDateTime()),
    Index(
        "uq_arrival_open",
        "source",
        "name",
        "size",
        "mtime_ns",
        unique=True,
        **where("closed_at IS NULL AND act IS NULL AND parent_id IS NULL"),
    ),
    Index("ix_arrival_parent_id", "parent_id", **where("parent_id IS NOT NULL")),
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
    # Øre, signed net of all its records as the check pass summed them: what is booked, held and duplicate makes up.
    Column("total", BigInteger),
    # When all that it booked was taken back: its records may be booked anew.
    Column("reversed_at", UtcDateTime()),
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
    # Øre that it would have added to the file's net, had it been booked.
    Column("net", BigInteger, nullable=False, server_default="0"),
    Index("ix_outcome_key", "reading_id", "key", **where("key IS NOT NULL")),
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
    # statement (a tenant's or the property's), attachment (chosen by hand) (R37)
    Column("what", String(10), nullable=False, server_default="statement"),
    # When it was taken off the tenancy or property; its file may then be filed anew.
    Column("dropped_at", UtcDateTime()),
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
