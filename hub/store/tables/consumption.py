"""Consumption accounts: what tenants were asked for on account, what the meter company says, what was booked of it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from hub.store.tables.base import Id, UtcDateTime, metadata, where

consumption_account = Table(
    "consumption_account",
    metadata,
    # One settlement of one consumption type on one property for one period.
    Column("id", Id, primary_key=True),
    Column("property_id", Id, ForeignKey("property.id"), nullable=False),
    # A company's consumption type: heat, water, electricity.
    Column("type", String(20), nullable=False),
    Column("period_from", Date, nullable=False),
    Column("period_to", Date, nullable=False),
    # open: a result is awaited or not all is booked; booked: all that came is booked (R30 looks for the open ones)
    Column("state", String(10), nullable=False),
    # Øre that the property's consumption cost in all, as the administrator has it: the control total (R28); NULL = not
    # given.
    Column("total_cost", BigInteger),
    Column("opened_at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    UniqueConstraint("property_id", "type", "period_from", "period_to"),
)

consumption_revision = Table(
    "consumption_revision",
    metadata,
    # What came of an account at one time: its first result (0), then each supplementary or revised one (R29).
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("consumption_account.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    # first, adds (supplementary), replaces (revised); carried (booked before accounts existed, R31)
    Column("what", String(10), nullable=False),
    Column("vendor", String(60), nullable=False),
    # waits, booked, withdrawn
    Column("state", String(10), nullable=False),
    Column("taken_at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    # NULL = not booked (yet), or before accounts existed.
    Column("booked_at", UtcDateTime()),
    # What a person said who has booked it in spite of what was found; NULL = nothing was found.
    Column("accepted", Text),
    UniqueConstraint("account_id", "seq"),
)

consumption_result = Table(
    "consumption_result",
    metadata,
    # One tenant's line of a revision.
    Column("id", Id, primary_key=True),
    Column("revision_id", Id, ForeignKey("consumption_revision.id"), nullable=False),
    # As in the file, without leading zeros; of a vacancy no tenancy need be in the portfolio (R32).
    Column("unit", String(20), nullable=False),
    Column("tenant", String(20), nullable=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id")),
    # present, moved_out, vacant (R32)
    Column("standing", String(10), nullable=False),
    # Charge type of the result, as the plug-in read it.
    Column("charge_type", String(20), nullable=False),
    # balance or cost (R25), and the file's amount in øre under it.
    Column("measure", String(8), nullable=False),
    Column("amount", BigInteger, nullable=False),
    # Øre asked on account: by the file (NULL = it does not say), and by our books when it was taken in (R27).
    Column("on_account_told", BigInteger),
    Column("on_account", BigInteger, nullable=False),
    # Øre that this line books: positive = the tenant pays (R28, R29).
    Column("result", BigInteger, nullable=False),
    # Where it was read: reading and 1-based line.
    Column("reading_id", Id, nullable=False),
    Column("record", BigInteger, nullable=False),
    # NULL = not booked (yet).
    Column("entry_id", Id),
    UniqueConstraint("revision_id", "record"),
    # Vacancies may stand there more than once: a unit was vacant twice.
    Index("uq_consumption_result_tenancy", "revision_id", "tenancy_id", unique=True, **where("tenancy_id IS NOT NULL")),
    Index("ix_consumption_result_reading_id", "reading_id"),
    Index("ix_consumption_result_tenancy_id", "tenancy_id", **where("tenancy_id IS NOT NULL")),
    Index("ix_consumption_result_entry_id", "entry_id", **where("entry_id IS NOT NULL")),
)

consumption_settled = Table(
    "consumption_settled",
    metadata,
    # What was asked on account and is settled by the entry of a result: it left the tenancy's holding with it, and what
    # is open of it fills the holding no more (R23, R26).
    Column("id", Id, primary_key=True),
    Column("entry_id", Id, nullable=False),
    # NULL = what was held on account when the books began (R20).
    Column("line_id", Id),
    # Øre, less what credit notes had taken back.
    Column("amount", BigInteger, nullable=False),
    # The credit note of what nobody had paid of it, where only what is paid counts (R27).
    Column("credit_id", Id),
    UniqueConstraint("entry_id", "line_id"),
    Index("ix_consumption_settled_line_id", "line_id", **where("line_id IS NOT NULL")),
)

consumption_exported = Table(
    "consumption_exported",
    metadata,
    # What a vendor was told of a tenancy with one of our files, to check its answer against (R28).
    Column("delivery_id", Id, ForeignKey("delivery.id"), primary_key=True, autoincrement=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey("consumption_account.id"), nullable=False),
    # Øre on account (R27).
    Column("on_account", BigInteger, nullable=False),
    Index("ix_consumption_exported_account_id", "account_id"),
)

document_named = Table(
    "document_named",
    metadata,
    # A document that a vendor's index file announces: whose it is, its own name does not say.
    Column("id", Id, primary_key=True),
    Column("vendor", String(60), nullable=False),
    # In NFC and without folders, as a file's name is compared.
    Column("name", Text, nullable=False),
    Column("property_id", Id, ForeignKey("property.id"), nullable=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id")),
    Column("charge_type", String(20), nullable=False),
    Column("period_from", Date, nullable=False),
    Column("period_to", Date, nullable=False),
    Column("reading_id", Id, nullable=False),
    Column("record", BigInteger, nullable=False),
    # Taken back, or named anew by a later index.
    Column("withdrawn", Boolean, nullable=False),
    Index("uq_document_named", "vendor", "name", unique=True, **where("NOT withdrawn")),
    Index("ix_document_named_reading_id", "reading_id"),
)
