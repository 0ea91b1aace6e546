"""The ledger: accounts, charges, entries, allocations. All that a tenancy's balance is made of."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
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
    text,
)

from hub.store.tables.base import Id, Key, UtcDateTime, metadata, where

account = Table(
    "account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, ForeignKey("company.id"), nullable=False),
    # One of hub.ledger.kinds: receivable, holding, clearing, suspense, income, ...
    Column("kind", String(20), nullable=False),
    # Stable text that names it inside the company, e.g. receivable:1-12-304-2 or clearing:nets:09999999:00001
    Column("code", String(120), nullable=False),
    Column("currency", String(3), nullable=False),
    # Cache of the sum of its postings, kept in the same transaction, proved by hub verify.
    Column("balance", BigInteger, nullable=False, server_default="0"),
    # Of a tenancy's receivable and holdings: eight digits from 99, never closed, one series a company.
    Column("number", Integer),
    # Whose holding it is; a receivable is named by its tenancy.
    Column("tenancy_id", Id),
    UniqueConstraint("company_id", "code"),
    Index("uq_account_number", "company_id", "number", unique=True, **where("number IS NOT NULL")),
    # A company's own: clearing, bank, income, ...; a handful beside a hundred thousand tenancies.
    Index("ix_account_shared", "company_id", "kind", **where("number IS NULL")),
    Index("ix_account_tenancy_id", "tenancy_id", **where("tenancy_id IS NOT NULL")),
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
    # rent, moving_in, moving_out, other
    Column("kind", String(10), nullable=False, server_default="other"),
    # What it was asked in, where that was another currency: for information, nothing is computed from it.
    Column("foreign_currency", String(3)),
    Column("foreign_amount", BigInteger),
    Column("foreign_rate", String(20)),
    Index("ix_charge_entry_id", "entry_id"),
    Index("ix_charge_tenancy_id", "tenancy_id"),
    Index("ix_charge_reference", "reference"),
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
    Column("text", Text, nullable=False, server_default=text("''")),
    # Hundredths of a percent, and the øre of VAT that are in the amount.
    Column("vat_rate", Integer, nullable=False, server_default="0"),
    Column("vat", BigInteger, nullable=False, server_default="0"),
    # What it is by law, which decides what is paid first (R24): obligatory, other, fee, interest.
    Column("claim", String(10), nullable=False, server_default="obligatory"),
    # The holding that it fills as far as it is paid (R23).
    Column("holding", String(20)),
    # Copies of its charge's due date and of the value date of its entry, which never change: what was open on a day
    # is asked of the lines alone. Never NULL; SQLite adds no column otherwise.
    Column("due_date", Date),
    Column("value_date", Date),
    # The day since which no less and no more remains of it: its value date, or the latest from which an allocation of
    # it counts. What was left on a day before is asked of its allocations. Never NULL.
    Column("remaining_since", Date),
    CheckConstraint("remaining >= 0 AND remaining <= amount", name="remaining"),
    # What a payment looks for: the few open lines of a tenancy, not its years of paid ones. Of many tenancies, the day
    # tells those that have only what is coming.
    Index("ix_charge_line_open", "tenancy_id", "value_date", **where("remaining > 0")),
    # What a day of the past looks for: those that have changed since, not all that there were.
    Index(
        "ix_charge_line_changed",
        "tenancy_id",
        "remaining_since",
        "value_date",
        **where("remaining_since > value_date"),
    ),
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
    # Over the allocations and charge lines that its entries made; NULL = written before this was part of the hash.
    Column("allocated", LargeBinary(32)),
    UniqueConstraint("company_id", "seq"),
    Index("ix_batch_reading_id", "reading_id"),
    # Which ids were dealt by a moment.
    Index("ix_batch_recorded_at", "recorded_at", "entry_first", "entry_last"),
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
    # 1.. within its batch and the year of its posting date; its voucher number stands on voucher_range.
    Column("voucher", Integer, nullable=False, server_default="0"),
    Index("uq_entry_key", "key", unique=True),
    Index("ix_entry_corrects", "corrects", **where("corrects IS NOT NULL")),
    # Whatever else corrects it, an entry is reversed once.
    Index("uq_entry_reversed", "corrects", unique=True, **where("kind = 'reversal'")),
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
    # With the amount, so that a balance of any day is read from it alone.
    Index("ix_posting_account", "account_id", "value_date", "entry_id", "amount"),
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
    # One of hub.ledger.kinds: reference, oldest, obligatory, costs, credit, chargeback, ...
    Column("policy", String(12), nullable=False),
    Index("ix_allocation_line_id", "line_id"),
    Index("ix_allocation_later", "payment_id", **where("payment_id <> entry_id")),
    sqlite_with_rowid=False,
)

credit = Table(
    "credit",
    metadata,
    # What no charge line has used up of a payment, a refund, a credit note: one row an entry that ever left any.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    Column("tenancy_id", Id, ForeignKey("tenancy.id"), nullable=False),
    Column("remaining", BigInteger, nullable=False),
    CheckConstraint("remaining >= 0", name="remaining"),
    Index("ix_credit_open", "tenancy_id", **where("remaining > 0")),
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
    # What every file that is booked asks: whether anything waits, beside years of what was explained.
    Index("ix_suspense_open", "company_id", **where("remaining <> 0")),
)


voucher_range = Table(
    "voucher_range",
    metadata,
    # A voucher number is base + the entry's ordinal: dealt when the batch ends, so that no writer waits for another's.
    Column("batch_id", Id, primary_key=True, autoincrement=False),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("base", BigInteger, nullable=False),
)

voucher_series = Table(
    "voucher_series",
    metadata,
    # The last number used of a company's year: one series, no gaps.
    Column("company_id", Id, ForeignKey("company.id"), primary_key=True, autoincrement=False),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

reversal = Table(
    "reversal",
    metadata,
    # Why an entry was taken back.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    # One of hub.ledger.kinds.REASONS
    Column("reason", String(20), nullable=False),
    Column("note", Text, nullable=False),
)

credited = Table(
    "credited",
    metadata,
    # How much of which charge line a credit note takes back; a reversed credit note takes it back again.
    Column("entry_id", Id, primary_key=True, autoincrement=False),
    Column("line_id", Id, primary_key=True, autoincrement=False),
    Column("amount", BigInteger, nullable=False),
    # Øre of VAT in it.
    Column("vat", BigInteger, nullable=False),
    Index("ix_credited_line_id", "line_id"),
)
