"""The foundation: portfolio, ledger, journal of files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: 64-bit everywhere, and SQLite's own rowid.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: PostgreSQL hands out ids in blocks of this size (hub/store/ids.py).
ID_BLOCKS = {"entry": 1000, "charge": 1000, "charge_line": 1000, "reading": 1, "batch": 1}


def upgrade() -> None:
    op.create_table(
        "allocation",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "seq", name=op.f("pk_allocation")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_allocation_later",
        "allocation",
        ["payment_id"],
        unique=False,
        sqlite_where=sa.text("payment_id <> entry_id"),
        postgresql_where=sa.text("payment_id <> entry_id"),
    )
    op.create_index("ix_allocation_line_id", "allocation", ["line_id"], unique=False)
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob")),
    )
    op.create_table(
        "company",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cvr", sa.String(length=20), nullable=True),
        sa.Column("pbs_number", sa.String(length=8), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("chain_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
        sa.UniqueConstraint("number", name=op.f("uq_company_number")),
    )
    op.create_index(op.f("ix_company_pbs_number"), "company", ["pbs_number"], unique=False)
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "entry",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value_date", sa.Date(), nullable=False),
        sa.Column("posting_date", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("record", sa.BigInteger(), nullable=True),
        sa.Column("corrects", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
    )
    op.create_index(
        "uq_entry_corrects",
        "entry",
        ["corrects", "kind"],
        unique=True,
        sqlite_where=sa.text("corrects IS NOT NULL"),
        postgresql_where=sa.text("corrects IS NOT NULL"),
    )
    op.create_index("uq_entry_key", "entry", ["key"], unique=True)
    op.create_table(
        "outcome",
        sa.Column("reading_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.Column("tenancy", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("reading_id", "record", name=op.f("pk_outcome")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_outcome_key",
        "outcome",
        ["reading_id", "key"],
        unique=False,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.create_table(
        "posting",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("value_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "seq", name=op.f("pk_posting")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_posting_account", "posting", ["account_id", "value_date", "entry_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=120), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("balance", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_account_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_account_company_id_code")),
    )
    op.create_table(
        "file",
        sa.Column("id", ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=True),
        sa.Column("duplicate_of", ID, nullable=True),
        sa.Column("filed_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["duplicate_of"], ["file.id"], name=op.f("fk_file_duplicate_of_file")),
        sa.ForeignKeyConstraint(["parent_id"], ["file.id"], name=op.f("fk_file_parent_id_file")),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_file_sha256_blob")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
    )
    op.create_index("ix_file_sha256", "file", ["sha256"], unique=False)
    op.create_index("ix_file_state", "file", ["state"], unique=False)
    op.create_table(
        "property",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("debtor_group", sa.String(length=5), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_property_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_property")),
        sa.UniqueConstraint("company_id", "number", name=op.f("uq_property_company_id_number")),
    )
    op.create_table(
        "suspense",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_suspense_company_id_company")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_suspense")),
    )
    op.create_index("ix_suspense_company_id", "suspense", ["company_id"], unique=False)
    op.create_table(
        "arrival",
        sa.Column("id", ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("door", sa.String(length=60), nullable=True),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("file_id", ID, nullable=True),
        sa.Column("act", sa.String(length=20), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_arrival_file_id_file")),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_arrival_sha256_blob")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
    )
    op.create_index("ix_arrival_file_id", "arrival", ["file_id"], unique=False)
    op.create_index(
        "uq_arrival_open",
        "arrival",
        ["source", "name", "size", "mtime_ns"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL AND act IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL AND act IS NULL"),
    )
    op.create_table(
        "reading",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("file_id", ID, nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=True),
        sa.Column("plugin_version", sa.String(length=60), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("read", sa.BigInteger(), nullable=False),
        sa.Column("booked", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("duplicate", sa.BigInteger(), nullable=False),
        sa.Column("unmatched", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_reading_file_id_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
    )
    op.create_index("ix_reading_file_id", "reading", ["file_id"], unique=False)
    op.create_table(
        "unit",
        sa.Column("id", ID, nullable=False),
        sa.Column("property_id", ID, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_unit_property_id_property")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("property_id", "number", name=op.f("uq_unit_property_id_number")),
    )
    op.create_table(
        "batch",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reading_id", ID, nullable=True),
        sa.Column("entry_first", sa.BigInteger(), nullable=False),
        sa.Column("entry_last", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_batch_company_id_company")),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_batch_reading_id_reading")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("company_id", "seq", name=op.f("uq_batch_company_id_seq")),
    )
    op.create_index("ix_batch_reading_id", "batch", ["reading_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("arrival_id", ID, nullable=True),
        sa.Column("file_id", ID, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.id"], name=op.f("fk_event_arrival_id_arrival")),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_event_file_id_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_arrival_id", "event", ["arrival_id"], unique=False)
    op.create_index("ix_event_file_id", "event", ["file_id"], unique=False)
    op.create_table(
        "tenancy",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=90), nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("property_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.String(length=20), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("move_in", sa.Date(), nullable=True),
        sa.Column("move_out", sa.Date(), nullable=True),
        sa.Column("business", sa.Boolean(), nullable=False),
        sa.Column("bs_customer", sa.String(length=19), nullable=True),
        sa.Column("bs_mandate", sa.String(length=9), nullable=True),
        sa.Column("customer_key", sa.String(length=19), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_tenancy_account_id_account")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_tenancy_company_id_company")),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_tenancy_property_id_property")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_tenancy_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenancy")),
        sa.UniqueConstraint("account_id", name=op.f("uq_tenancy_account_id")),
        sa.UniqueConstraint("key", name=op.f("uq_tenancy_key")),
    )
    op.create_index("ix_tenancy_property_id", "tenancy", ["property_id"], unique=False)
    op.create_index(
        "uq_tenancy_customer",
        "tenancy",
        ["company_id", "customer_key"],
        unique=True,
        sqlite_where=sa.text("customer_key IS NOT NULL"),
        postgresql_where=sa.text("customer_key IS NOT NULL"),
    )
    op.create_table(
        "charge",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_charge_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge")),
    )
    op.create_index("ix_charge_entry_id", "charge", ["entry_id"], unique=False)
    op.create_index("ix_charge_tenancy_id", "charge", ["tenancy_id"], unique=False)
    op.create_table(
        "credit",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("remaining >= 0 AND remaining <= amount", name=op.f("ck_credit_remaining")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_credit_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_credit")),
    )
    op.create_index(
        "ix_credit_open",
        "credit",
        ["tenancy_id"],
        unique=False,
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_table(
        "customer_number",
        sa.Column("company_id", ID, autoincrement=False, nullable=False),
        sa.Column("customer_key", sa.String(length=19), nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_customer_number_company_id_company")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_customer_number_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("company_id", "customer_key", name=op.f("pk_customer_number")),
    )
    op.create_table(
        "document",
        sa.Column("id", ID, nullable=False),
        sa.Column("file_id", ID, nullable=False),
        sa.Column("property_id", ID, nullable=False),
        sa.Column("tenancy_id", ID, nullable=True),
        sa.Column("charge_type", sa.String(length=20), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_document_file_id_file")),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_document_property_id_property")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_document_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("file_id", name=op.f("uq_document_file_id")),
    )
    op.create_index("ix_document_property_id", "document", ["property_id"], unique=False)
    op.create_index("ix_document_tenancy_id", "document", ["tenancy_id"], unique=False)
    op.create_table(
        "charge_line",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("charge_id", ID, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("charge_type", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.CheckConstraint("remaining >= 0 AND remaining <= amount", name=op.f("ck_charge_line_remaining")),
        sa.ForeignKeyConstraint(["charge_id"], ["charge.id"], name=op.f("fk_charge_line_charge_id_charge")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_charge_line_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge_line")),
    )
    op.create_index("ix_charge_line_charge_id", "charge_line", ["charge_id"], unique=False)
    op.create_index(
        "ix_charge_line_open",
        "charge_line",
        ["tenancy_id"],
        unique=False,
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )

    if op.get_bind().dialect.name == "postgresql":
        for name, size in ID_BLOCKS.items():
            op.execute(f"CREATE SEQUENCE ids_{name} AS bigint INCREMENT BY {size}")
