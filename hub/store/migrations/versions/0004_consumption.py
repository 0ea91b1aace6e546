"""A charge line knows its dates; consumption accounts and what came of them, exports to meter companies, documents that an index file names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _dates_of_lines()
    _consumption()


def _dates_of_lines() -> None:
    op.add_column("charge_line", sa.Column("due_date", sa.Date(), nullable=True))
    op.add_column("charge_line", sa.Column("value_date", sa.Date(), nullable=True))
    op.execute(
        "UPDATE charge_line SET due_date = (SELECT due_date FROM charge WHERE charge.id = charge_line.charge_id),"
        " value_date = (SELECT entry.value_date FROM charge JOIN entry ON entry.id = charge.entry_id"
        " WHERE charge.id = charge_line.charge_id)"
    )


def _consumption() -> None:
    op.create_table("consumption_account",
        sa.Column("id", ID, nullable=False),
        sa.Column("property_id", ID, nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("total_cost", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_consumption_account_property_id_property")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consumption_account")),
        sa.UniqueConstraint("property_id", "type", "period_from", "period_to", name=op.f("uq_consumption_account_property_id_type_period_from_period_to"))
    )
    op.create_table("consumption_revision",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("booked_at", MOMENT, nullable=True),
        sa.Column("accepted", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["consumption_account.id"], name=op.f("fk_consumption_revision_account_id_consumption_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consumption_revision")),
        sa.UniqueConstraint("account_id", "seq", name=op.f("uq_consumption_revision_account_id_seq"))
    )
    op.create_table("consumption_exported",
        sa.Column("delivery_id", ID, autoincrement=False, nullable=False),
        sa.Column("tenancy_id", ID, autoincrement=False, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("on_account", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["consumption_account.id"], name=op.f("fk_consumption_exported_account_id_consumption_account")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_consumption_exported_delivery_id_delivery")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_consumption_exported_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("delivery_id", "tenancy_id", name=op.f("pk_consumption_exported"))
    )
    op.create_index("ix_consumption_exported_account_id", "consumption_exported", ["account_id"], unique=False)
    op.create_table("consumption_result",
        sa.Column("id", ID, nullable=False),
        sa.Column("revision_id", ID, nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("tenant", sa.String(length=20), nullable=False),
        sa.Column("tenancy_id", ID, nullable=True),
        sa.Column("standing", sa.String(length=10), nullable=False),
        sa.Column("charge_type", sa.String(length=20), nullable=False),
        sa.Column("measure", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("on_account_told", sa.BigInteger(), nullable=True),
        sa.Column("on_account", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.BigInteger(), nullable=False),
        sa.Column("reading_id", ID, nullable=False),
        sa.Column("record", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["consumption_revision.id"], name=op.f("fk_consumption_result_revision_id_consumption_revision")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_consumption_result_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consumption_result")),
        sa.UniqueConstraint("revision_id", "record", name=op.f("uq_consumption_result_revision_id_record"))
    )
    op.create_index("uq_consumption_result_tenancy", "consumption_result", ["revision_id", "tenancy_id"], unique=True, sqlite_where=sa.text("tenancy_id IS NOT NULL"), postgresql_where=sa.text("tenancy_id IS NOT NULL"))
    op.create_index("ix_consumption_result_entry_id", "consumption_result", ["entry_id"], unique=False, sqlite_where=sa.text("entry_id IS NOT NULL"), postgresql_where=sa.text("entry_id IS NOT NULL"))
    op.create_index("ix_consumption_result_reading_id", "consumption_result", ["reading_id"], unique=False)
    op.create_index("ix_consumption_result_tenancy_id", "consumption_result", ["tenancy_id"], unique=False, sqlite_where=sa.text("tenancy_id IS NOT NULL"), postgresql_where=sa.text("tenancy_id IS NOT NULL"))
    op.create_table("consumption_settled",
        sa.Column("id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("line_id", ID, nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("credit_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consumption_settled")),
        sa.UniqueConstraint("entry_id", "line_id", name=op.f("uq_consumption_settled_entry_id_line_id"))
    )
    op.create_index("ix_consumption_settled_line_id", "consumption_settled", ["line_id"], unique=False, sqlite_where=sa.text("line_id IS NOT NULL"), postgresql_where=sa.text("line_id IS NOT NULL"))
    op.create_table("document_named",
        sa.Column("id", ID, nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("property_id", ID, nullable=False),
        sa.Column("tenancy_id", ID, nullable=True),
        sa.Column("charge_type", sa.String(length=20), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("reading_id", ID, nullable=False),
        sa.Column("record", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_document_named_property_id_property")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_document_named_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_named"))
    )
    op.create_index("ix_document_named_reading_id", "document_named", ["reading_id"], unique=False)
    op.create_index("uq_document_named", "document_named", ["vendor", "name"], unique=True, sqlite_where=sa.text("NOT withdrawn"), postgresql_where=sa.text("NOT withdrawn"))
    op.add_column("document", sa.Column("what", sa.String(length=10), server_default="statement", nullable=False))
    op.add_column("document", sa.Column("dropped_at", MOMENT, nullable=True))
    _zips()


def _zips() -> None:
    op.add_column("arrival", sa.Column("parent_id", ID, nullable=True))
    op.create_index("ix_arrival_parent_id", "arrival", ["parent_id"], unique=False, sqlite_where=sa.text("parent_id IS NOT NULL"), postgresql_where=sa.text("parent_id IS NOT NULL"))
    op.drop_index("uq_arrival_open", table_name="arrival")
    free = "closed_at IS NULL AND act IS NULL AND parent_id IS NULL"
    op.create_index("uq_arrival_open", "arrival", ["source", "name", "size", "mtime_ns"], unique=True, sqlite_where=sa.text(free), postgresql_where=sa.text(free))
