"""What is demanded through vendors: mandates, deliveries, collections, payment slips, and what became of them."""

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

from hub.store.tables.base import Id, Key, UtcDateTime, metadata, where

mandate = Table(
    "mandate",
    metadata,
    # A customer's agreement with a vendor, as it stands; how it came to that is in mandate_event.
    Column("id", Id, primary_key=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("creditor", String(20), nullable=False),
    Column("debtor_group", String(20), nullable=False),
    # The number as the vendor has it, and without blanks and leading zeros.
    Column("customer", Text, nullable=False),
    Column("customer_key", Text, nullable=False),
    # The vendor's number of it; "" = not known yet.
    Column("number", String(20), nullable=False),
    # automatic or electronic_slip
    Column("agreement", String(16), nullable=False),
    # NULL = an unknown customer's, until a person assigns it.
    Column("tenancy_id", Id, ForeignKey("tenancy.id")),
    # NULL = since ever, until further notice (R16).
    Column("first_day", Date),
    Column("last_day", Date),
    Index(
        "uq_mandate_number",
        "company_id",
        "creditor",
        "debtor_group",
        "customer_key",
        "agreement",
        "number",
        unique=True,
    ),
    Index("ix_mandate_tenancy_id", "tenancy_id", **where("tenancy_id IS NOT NULL")),
)

mandate_event = Table(
    "mandate_event",
    metadata,
    # Append-only.
    Column("id", Id, primary_key=True),
    Column("mandate_id", Id, ForeignKey("mandate.id"), nullable=False),
    # registered, cancelled, adopted (from a full list), assigned, imported (with the portfolio)
    Column("what", String(20), nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("text", Text, nullable=False),
    # Where it was said: reading and 1-based line; NULL = a person did it.
    Column("reading_id", Id),
    Column("record", BigInteger),
    # The vendor's event, by its business key (R5): said again, nothing changes.
    Column("key", Key),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_mandate_event_mandate_id", "mandate_id"),
    Index("ix_mandate_event_reading_id", "reading_id", **where("reading_id IS NOT NULL")),
    Index("uq_mandate_event_key", "key", unique=True, **where("key IS NOT NULL")),
)

mandate_order = Table(
    "mandate_order",
    metadata,
    # What the vendor shall do with an agreement: goes out with the next delivery of its kind.
    Column("id", Id, primary_key=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    Column("creditor", String(20), nullable=False),
    Column("debtor_group", String(20), nullable=False),
    Column("customer", Text, nullable=False),
    # create or cancel
    Column("what", String(10), nullable=False),
    # The agreement to cancel; "" for a new one.
    Column("number", String(20), nullable=False),
    # Of a new one: CPR or CVR number (blanked once it is settled), registration number and account of the payer's bank.
    Column("payer_id", String(10), nullable=False),
    Column("bank_registration", String(4), nullable=False),
    Column("bank_account", String(10), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    # NULL = waits for a delivery.
    Column("delivery_id", Id, ForeignKey("delivery.id")),
    # done, refused or withdrawn; NULL = no answer yet.
    Column("outcome", String(10)),
    Column("reason", Text),
    Index("ix_mandate_order_tenancy_id", "tenancy_id"),
    Index("ix_mandate_order_waiting", "company_id", **where("delivery_id IS NULL AND outcome IS NULL")),
)

delivery = Table(
    "delivery",
    metadata,
    # A file for a vendor, its bytes in the content store: made once, never made anew with other bytes.
    Column("id", Id, primary_key=True),
    Column("vendor", String(60), nullable=False),
    # 0601, 0605, export (what a meter company is told)
    Column("kind", String(20), nullable=False),
    Column("data_supplier", String(20), nullable=False),
    Column("subsystem", String(10), nullable=False),
    # Delivery number: rises by one for each data supplier ("" of exports), is never used twice.
    Column("number", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), ForeignKey("blob.sha256"), nullable=False),
    # Of what it was made: asked for again, the plug-in must give the same bytes.
    Column("created_on", Date, nullable=False),
    Column("plugin_version", String(60), nullable=False),
    # made, sent, uncertain, accepted, refused, withdrawn
    Column("state", String(12), nullable=False),
    Column("sections", Integer, nullable=False),
    # Collections, orders or tenancies, their net amount in øre, text lines (which the vendor bills), lines in all.
    Column("items", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("texts", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
    # The number that the vendor has given it.
    Column("vendor_number", String(20)),
    Column("made_at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    UniqueConstraint("data_supplier", "number"),
    Index("ix_delivery_state", "state"),
)

delivery_event = Table(
    "delivery_event",
    metadata,
    # Append-only: every change of its state, every receipt.
    Column("id", Id, primary_key=True),
    # NULL = a receipt that names none of ours, or a note on a file of the vendor's.
    Column("delivery_id", Id, ForeignKey("delivery.id")),
    # A state of delivery; or transmitted, confirmed, differs, note, again, handed over
    Column("what", String(12), nullable=False),
    Column("text", Text, nullable=False),
    # The file that says so, and the name of the file that it is about.
    Column("file_id", Id, ForeignKey("file.id")),
    Column("about", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_delivery_event_delivery_id", "delivery_id"),
    Index("ix_delivery_event_about", "about"),
)

collection = Table(
    "collection",
    metadata,
    # One demand on one tenancy on one day, through one channel (R12, R13).
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    # NULL: an own slip, which goes out by itself.
    Column("delivery_id", Id, ForeignKey("delivery.id")),
    # automatic, vendor_slip, own_slip
    Column("channel", String(12), nullable=False),
    Column("creditor", String(20), nullable=False),
    Column("debtor_group", String(20), nullable=False),
    Column("customer", Text, nullable=False),
    # "" = none.
    Column("mandate", String(20), nullable=False),
    Column("due_date", Date, nullable=False),
    # Øre, positive = the tenant pays, negative = is paid.
    Column("amount", BigInteger, nullable=False),
    # Nine digits: unique under the creditor, never used twice (R12).
    Column("reference", String(30), nullable=False),
    # When it was given up: its delivery was refused or withdrawn.
    Column("withdrawn_at", UtcDateTime()),
    Index("uq_collection_reference", "creditor", "reference", unique=True),
    # One a customer and date, also across deliveries.
    Index(
        "uq_collection_customer",
        "creditor",
        "customer",
        "due_date",
        unique=True,
        **where("withdrawn_at IS NULL"),
    ),
    Index("ix_collection_tenancy_id", "tenancy_id"),
    Index("ix_collection_delivery_id", "delivery_id"),
)

collection_line = Table(
    "collection_line",
    metadata,
    # What it demands: øre of which charge line.
    Column("collection_id", Id, primary_key=True, autoincrement=False),
    Column("line_id", Id, primary_key=True, autoincrement=False),
    Column("amount", BigInteger, nullable=False),
    Index("ix_collection_line_line_id", "line_id"),
)

collection_result = Table(
    "collection_result",
    metadata,
    # What the vendor said became of it: the entry of a payment, a failed payment, a charge-back.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    Column("collection_id", Id, nullable=False),
    Index("ix_collection_result_collection_id", "collection_id"),
)

slip = Table(
    "slip",
    metadata,
    # A payment id and what it pays; stored before the slip exists (R14), never used twice.
    Column("id", Id, primary_key=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    # Creditor number of slips, eight digits; card type, two.
    Column("slip_creditor", String(8), nullable=False),
    Column("card_type", String(2), nullable=False),
    # Without leading zeros, check digit last; "" for card types without one.
    Column("payment_id", String(19), nullable=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id")),
    # own: of that charge. vendor: of that collection, as far as it is known.
    Column("origin", String(6), nullable=False),
    Column("charge_id", Id),
    Column("collection_id", Id),
    Column("amount", BigInteger, nullable=False),
    Column("due_date", Date, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    # Where the vendor said so: reading and 1-based line.
    Column("reading_id", Id),
    Column("record", BigInteger),
    Index("uq_slip_payment_id", "slip_creditor", "card_type", "payment_id", unique=True, **where("payment_id <> ''")),
    # One id a charge.
    Index("uq_slip_charge_id", "charge_id", unique=True, **where("charge_id IS NOT NULL")),
    Index("ix_slip_collection_id", "collection_id", **where("collection_id IS NOT NULL")),
    Index("ix_slip_tenancy_id", "tenancy_id"),
)

message = Table(
    "message",
    metadata,
    # Lines that stand before or after what a collection specifies: for a whole company, a property or a tenancy.
    Column("id", Id, primary_key=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("property_id", Id, ForeignKey("property.id")),
    Column("tenancy_id", Id, ForeignKey("tenancy.id")),
    # before or after
    Column("place", String(6), nullable=False),
    # Only on payment slips, in place of the others.
    Column("on_slips", Boolean, nullable=False),
    # Lines of 60 characters, at most five, each ended by a line break; "" takes an earlier message away.
    Column("lines", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_message_company_id", "company_id"),
)

serial = Table(
    "serial",
    metadata,
    # Numbers that are dealt one by one and never again: delivery:DATA_SUPPLIER, reference:CREDITOR, slip:SLIP_CREDITOR.
    Column("name", String(60), primary_key=True),
    Column("last", BigInteger, nullable=False),
)
