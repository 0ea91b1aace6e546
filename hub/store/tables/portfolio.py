"""Companies, properties, units, tenancies, and what a tenancy is charged."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from hub.store.tables.base import Id, Key, UtcDateTime, metadata, where

company = Table(
    "company",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("cvr", String(20)),
    Column("pbs_number", String(8), index=True),
    # Creditor number of its payment slips, which is not its PBS number (R14).
    Column("fi_creditor", String(8)),
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
    Column("caseworker", Text),
    UniqueConstraint("company_id", "number"),
)

unit = Table(
    "unit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("property_id", Id, ForeignKey("property.id"), nullable=False),
    Column("number", String(20), nullable=False),
    # Of a garage or storage room let along with it.
    Column("main_unit_id", Id, ForeignKey("unit.id")),
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
    Column("second_name", Text),
    Column("co_tenant", Text),
    # Of the rent, in hundredths of a percent.
    Column("co_tenant_share", Integer),
    Column("address", Text),
    Column("postal_code", String(20)),
    Column("city", Text),
    Column("email", Text),
    # email or letter
    Column("channel", String(10)),
    # Where a moved-out tenant lives now.
    Column("new_address", Text),
    Column("new_postal_code", String(20)),
    Column("new_city", Text),
    Column("move_in", Date),
    Column("move_out", Date),
    Column("business", Boolean, nullable=False),
    Column("vat_registered", Boolean, nullable=False, server_default=false()),
    # GLN of the location that takes electronic invoices.
    Column("ean", String(13)),
    Column("bank_account", String(34)),
    # Months between two collections.
    Column("interval_months", Integer, nullable=False, server_default="1"),
    Column("bs_customer", String(19)),
    Column("bs_mandate", String(9)),
    # bs_customer without blanks and leading zeros: what a payment is matched on, within the company (R7, R15).
    Column("customer_key", String(19)),
    Index("ix_tenancy_property_id", "property_id"),
    Index("uq_tenancy_customer", "company_id", "customer_key", unique=True, **where("customer_key IS NOT NULL")),
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

portfolio_change = Table(
    "portfolio_change",
    metadata,
    # Append-only: a value of one of the four that is another than it was.
    Column("id", Id, primary_key=True),
    # company, property, unit, tenancy
    Column("what", String(10), nullable=False),
    # company-property-unit-tenant, or as much of it as names it.
    Column("key", Key, nullable=False),
    # The column; a main unit by its number.
    Column("field", String(40), nullable=False),
    # As a portfolio file has them; NULL = nothing.
    Column("old", Text),
    Column("new", Text),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    # The file or the command that said so.
    Column("source", Text, nullable=False),
    Index("ix_portfolio_change_key", "key"),
)

# --- What a tenancy is charged, each time or once --------------------------------------------------------------------

recurring = Table(
    "recurring",
    metadata,
    # A line that comes with every collection, from its first day to its last.
    Column("id", Id, primary_key=True),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    Column("charge_type", String(20), nullable=False),
    Column("text", Text, nullable=False),
    # Øre a month, VAT included; rate in hundredths of a percent.
    Column("amount", BigInteger, nullable=False),
    Column("vat_rate", Integer, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date),
    Column("recorded_at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_recurring_tenancy_id", "tenancy_id"),
)

one_off = Table(
    "one_off",
    metadata,
    # A line that comes once, with the first collection due on its day or later.
    Column("id", Id, primary_key=True),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    Column("charge_type", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("vat_rate", Integer, nullable=False),
    Column("due_from", Date, nullable=False),
    Column("recorded_at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    # Set when it was charged, or withdrawn before it was.
    Column("charge_id", Id),
    Column("withdrawn_at", UtcDateTime()),
    Index("ix_one_off_waiting", "tenancy_id", **where("charge_id IS NULL AND withdrawn_at IS NULL")),
)
