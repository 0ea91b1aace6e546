"""What a batch allocates enters its hash; changes of the portfolio are kept; mandates, deliveries, collections, slips."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


#: Rows of a collection run take their ids in blocks (hub.store.ids).
COLLECTION_IDS = 1000


def upgrade() -> None:
    _proof()
    _deliveries()
    _mandates()
    _collections()
    _slips()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE SEQUENCE ids_collection AS bigint INCREMENT BY {COLLECTION_IDS}")


def _proof() -> None:
    # Batches that are there keep NULL: their hashes were made without it, and heads that were noted stay right.
    op.add_column("batch", sa.Column("allocated", sa.LargeBinary(length=32), nullable=True))
    op.create_table(
        "portfolio_change",
        sa.Column("id", ID, nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portfolio_change")),
    )
    op.create_index("ix_portfolio_change_key", "portfolio_change", ["key"], unique=False)


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", ID, nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("data_supplier", sa.String(length=20), nullable=False),
        sa.Column("subsystem", sa.String(length=10), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("plugin_version", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("sections", sa.Integer(), nullable=False),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("texts", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("vendor_number", sa.String(length=20), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_delivery_sha256_blob")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("data_supplier", "number", name=op.f("uq_delivery_data_supplier_number")),
    )
    op.create_index("ix_delivery_state", "delivery", ["state"], unique=False)
    op.create_table(
        "delivery_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=True),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file_id", ID, nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_event_delivery_id_delivery")),
        sa.ForeignKeyConstraint(["file_id"], ["file.id"], name=op.f("fk_delivery_event_file_id_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_event")),
    )
    op.create_index("ix_delivery_event_about", "delivery_event", ["about"], unique=False)
    op.create_index("ix_delivery_event_delivery_id", "delivery_event", ["delivery_id"], unique=False)
    op.create_table(
        "serial",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_serial")),
    )


def _mandates() -> None:
    op.create_table(
        "mandate",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("creditor", sa.String(length=20), nullable=False),
        sa.Column("debtor_group", sa.String(length=20), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("customer_key", sa.Text(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("agreement", sa.String(length=16), nullable=False),
        sa.Column("tenancy_id", ID, nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_mandate_company_id_company")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_mandate_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
    )
    op.create_index(
        "ix_mandate_tenancy_id",
        "mandate",
        ["tenancy_id"],
        unique=False,
        sqlite_where=sa.text("tenancy_id IS NOT NULL"),
        postgresql_where=sa.text("tenancy_id IS NOT NULL"),
    )
    op.create_index(
        "uq_mandate_number",
        "mandate",
        ["company_id", "creditor", "debtor_group", "customer_key", "agreement", "number"],
        unique=True,
    )
    op.create_table(
        "mandate_order",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("creditor", sa.String(length=20), nullable=False),
        sa.Column("debtor_group", sa.String(length=20), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("payer_id", sa.String(length=10), nullable=False),
        sa.Column("bank_registration", sa.String(length=4), nullable=False),
        sa.Column("bank_account", sa.String(length=10), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("delivery_id", ID, nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_mandate_order_company_id_company")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_mandate_order_delivery_id_delivery")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_mandate_order_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_order")),
    )
    op.create_index("ix_mandate_order_tenancy_id", "mandate_order", ["tenancy_id"], unique=False)
    op.create_index(
        "ix_mandate_order_waiting",
        "mandate_order",
        ["company_id"],
        unique=False,
        sqlite_where=sa.text("delivery_id IS NULL AND outcome IS NULL"),
        postgresql_where=sa.text("delivery_id IS NULL AND outcome IS NULL"),
    )
    op.create_table(
        "mandate_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("mandate_id", ID, nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reading_id", ID, nullable=True),
        sa.Column("record", sa.BigInteger(), nullable=True),
        sa.Column("key", KEY, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandate.id"], name=op.f("fk_mandate_event_mandate_id_mandate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_event")),
    )
    op.create_index("ix_mandate_event_mandate_id", "mandate_event", ["mandate_id"], unique=False)
    op.create_index(
        "ix_mandate_event_reading_id",
        "mandate_event",
        ["reading_id"],
        unique=False,
        sqlite_where=sa.text("reading_id IS NOT NULL"),
        postgresql_where=sa.text("reading_id IS NOT NULL"),
    )
    op.create_index(
        "uq_mandate_event_key",
        "mandate_event",
        ["key"],
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    )


def _collections() -> None:
    op.create_table(
        "collection",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=True),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("creditor", sa.String(length=20), nullable=False),
        sa.Column("debtor_group", sa.String(length=20), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("mandate", sa.String(length=20), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=30), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_collection_company_id_company")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_collection_delivery_id_delivery")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_collection_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
    )
    op.create_index("ix_collection_delivery_id", "collection", ["delivery_id"], unique=False)
    op.create_index("ix_collection_tenancy_id", "collection", ["tenancy_id"], unique=False)
    op.create_index(
        "uq_collection_customer",
        "collection",
        ["creditor", "customer", "due_date"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_index("uq_collection_reference", "collection", ["creditor", "reference"], unique=True)
    op.create_table(
        "collection_line",
        sa.Column("collection_id", ID, autoincrement=False, nullable=False),
        sa.Column("line_id", ID, autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("collection_id", "line_id", name=op.f("pk_collection_line")),
    )
    op.create_index("ix_collection_line_line_id", "collection_line", ["line_id"], unique=False)
    op.create_table(
        "collection_result",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("collection_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_collection_result")),
    )
    op.create_index("ix_collection_result_collection_id", "collection_result", ["collection_id"], unique=False)


def _slips() -> None:
    op.create_table(
        "slip",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("slip_creditor", sa.String(length=8), nullable=False),
        sa.Column("card_type", sa.String(length=2), nullable=False),
        sa.Column("payment_id", sa.String(length=19), nullable=False),
        sa.Column("tenancy_id", ID, nullable=True),
        sa.Column("origin", sa.String(length=6), nullable=False),
        sa.Column("charge_id", ID, nullable=True),
        sa.Column("collection_id", ID, nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reading_id", ID, nullable=True),
        sa.Column("record", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_slip_company_id_company")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_slip_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slip")),
    )
    op.create_index(
        "ix_slip_collection_id",
        "slip",
        ["collection_id"],
        unique=False,
        sqlite_where=sa.text("collection_id IS NOT NULL"),
        postgresql_where=sa.text("collection_id IS NOT NULL"),
    )
    op.create_index("ix_slip_tenancy_id", "slip", ["tenancy_id"], unique=False)
    op.create_index(
        "uq_slip_charge_id",
        "slip",
        ["charge_id"],
        unique=True,
        sqlite_where=sa.text("charge_id IS NOT NULL"),
        postgresql_where=sa.text("charge_id IS NOT NULL"),
    )
    op.create_index(
        "uq_slip_payment_id",
        "slip",
        ["slip_creditor", "card_type", "payment_id"],
        unique=True,
        sqlite_where=sa.text("payment_id <> ''"),
        postgresql_where=sa.text("payment_id <> ''"),
    )
    op.create_table(
        "message",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("property_id", ID, nullable=True),
        sa.Column("tenancy_id", ID, nullable=True),
        sa.Column("place", sa.String(length=6), nullable=False),
        sa.Column("on_slips", sa.Boolean(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_message_company_id_company")),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_message_property_id_property")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_message_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_company_id", "message", ["company_id"], unique=False)
