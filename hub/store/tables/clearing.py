"""Clearing: what banks have stated, what vendors have paid out, which explains which, and second witnesses (R17)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from hub.store.tables.base import Id, Key, UtcDateTime, metadata, where

bank_statement = Table(
    "bank_statement",
    metadata,
    Column("id", Id, primary_key=True),
    # Written before its reading, which ends with its own row.
    Column("reading_id", Id, nullable=False),
    Column("record", BigInteger, nullable=False),
    Column("vendor", String(60), nullable=False),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    # Our account as the bank writes it, without blanks.
    Column("account", String(100), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("identification", Text, nullable=False),
    Column("sequence", BigInteger),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    # Øre; NULL = the bank does not say.
    Column("opening", BigInteger),
    Column("closing", BigInteger),
    Column("key", Key, nullable=False),
    Index("uq_bank_statement_reading_id", "reading_id", "record", unique=True),
    Index("ix_bank_statement_account", "account", "last_day"),
)

bank_line = Table(
    "bank_line",
    metadata,
    # What the bank has said of each of its lines that is booked, by the entry that booked it.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("vendor", String(60), nullable=False),
    Column("account", String(100), nullable=False),
    # Øre, positive = came in.
    Column("amount", BigInteger, nullable=False),
    Column("booking_date", Date, nullable=False),
    # Of a payment slip; "" = none.
    Column("creditor", String(20), nullable=False),
    Column("payment_id", String(100), nullable=False),
    Column("servicer_reference", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("payer", Text, nullable=False),
    Column("payer_account", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_bank_line_payment_id", "company_id", "payment_id", **where("payment_id <> ''")),
    Index("ix_bank_line_servicer_reference", "company_id", "servicer_reference", **where("servicer_reference <> ''")),
    Index("ix_bank_line_booking_date", "company_id", "booking_date"),
)

slip_payment = Table(
    "slip_payment",
    metadata,
    # What names a payment by slip that no bank's file has booked, so that a bank's file can confirm it.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("payment_id", String(100), nullable=False),
    Column("archive_reference", Text, nullable=False),
    Column("booking_date", Date, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Index("ix_slip_payment_payment_id", "company_id", "payment_id"),
    # By which what another file has seen is found.
    Index("ix_slip_payment_booking_date", "company_id", "booking_date"),
)

payout = Table(
    "payout",
    metadata,
    # What a vendor has sent to our bank (or the other way, below zero), by the entry that put it in transit.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("vendor", String(60), nullable=False),
    Column("creditor", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("booking_date", Date, nullable=False),
    # What the bank's line will say, blanks aside; "" = the vendor did not tell.
    Column("bank_text", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Index("ix_payout_company_id", "company_id", "booking_date"),
)

settlement = Table(
    "settlement",
    metadata,
    # What a bank's line was found to be, by the entry that took it out of suspense; a reversal of that ends it.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    # The line's own entry.
    Column("line_id", Id, nullable=False),
    # The account that it went to: a vendor's clearing, a named account, a tenancy's receivable.
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    # Of clearing: the booking date whose money it is (R18), and the payout's entry; 0 = the whole day's.
    Column("day", Date, nullable=False),
    Column("item_id", Id, nullable=False, server_default="0"),
    # Øre of the line, signed as it.
    Column("amount", BigInteger, nullable=False),
    # payout, day, slip, rule, person
    Column("how", String(10), nullable=False),
    # The bank rule that said so, and whose; "" = none did.
    Column("vendor", String(60), nullable=False),
    Column("rule", String(40), nullable=False),
    Index("ix_settlement_line_id", "line_id"),
    Index("ix_settlement_account_id", "account_id", "day"),
    Index("ix_settlement_item_id", "item_id", **where("item_id <> 0")),
    Index("ix_settlement_rule", "vendor", "rule", **where("rule <> ''")),
)

witness = Table(
    "witness",
    metadata,
    # A payment seen in a file that does not book it (R17). entry_id = the payment that it confirms; NULL = none yet.
    Column("id", Id, primary_key=True),
    # Written before its reading, which ends with its own row.
    Column("reading_id", Id, nullable=False),
    Column("record", BigInteger, nullable=False),
    Column("vendor", String(60), nullable=False),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    Column("creditor", String(20), nullable=False),
    Column("payment_id", String(100), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("booking_date", Date, nullable=False),
    # The archive's or the servicer's.
    Column("reference", Text, nullable=False),
    Column("entry_id", Id),
    Column("confirmed_at", UtcDateTime()),
    # The act or reading that confirmed it.
    Column("actor", Text),
    # How many could be meant, when it was last looked for.
    Column("candidates", Integer, nullable=False, server_default="0"),
    Index("uq_witness_record", "reading_id", "record", unique=True),
    Index("uq_witness_entry_id", "entry_id", "vendor", unique=True, **where("entry_id IS NOT NULL")),
    Index("ix_witness_open", "company_id", **where("entry_id IS NULL")),
    # By which one that another file has told of before is found.
    Index("ix_witness_booking_date", "company_id", "booking_date"),
)
