"""Dispatches of deliveries, files fetched from vendors' servers, rounds of both, and notices to people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table("exchange_round",
        sa.Column("id", ID, nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("what", sa.String(length=4), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("result", sa.String(length=8), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("settings_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_round"))
    )
    op.create_index("ix_exchange_round_vendor", "exchange_round", ["vendor", "what", "id"], unique=False)
    op.create_table("notice",
        sa.Column("id", ID, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice"))
    )
    op.create_index("ix_notice_untold", "notice", ["id"], unique=False, sqlite_where=sa.text("told_at IS NULL"), postgresql_where=sa.text("told_at IS NULL"))
    op.create_index("uq_notice_about", "notice", ["about"], unique=True)
    op.create_table("dispatch",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=6), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("step", sa.String(length=6), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_dispatch_delivery_id_delivery")),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_dispatch_sha256_blob")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch"))
    )
    op.create_index("ix_dispatch_open", "dispatch", ["vendor", "state"], unique=False, sqlite_where=sa.text("state IN ('waiting', 'sending')"), postgresql_where=sa.text("state IN ('waiting', 'sending')"))
    op.create_index("uq_dispatch_delivery_id", "dispatch", ["delivery_id", "channel"], unique=True)
    op.create_table("dispatch_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("dispatch_id", ID, nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatch.id"], name=op.f("fk_dispatch_event_dispatch_id_dispatch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_event"))
    )
    op.create_index("ix_dispatch_event_dispatch_id", "dispatch_event", ["dispatch_id"], unique=False)
    op.create_table("fetched",
        sa.Column("id", ID, nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime", sa.BigInteger(), nullable=False),
        sa.Column("arrival_id", ID, nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("cleared_at", MOMENT, nullable=True),
        sa.Column("gone_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.id"], name=op.f("fk_fetched_arrival_id_arrival")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetched"))
    )
    op.create_index("ix_fetched_arrival_id", "fetched", ["arrival_id"], unique=False, sqlite_where=sa.text("arrival_id IS NOT NULL"), postgresql_where=sa.text("arrival_id IS NOT NULL"))
    op.create_index("uq_fetched_there", "fetched", ["vendor", "folder", "name", "size", "mtime"], unique=True, sqlite_where=sa.text("gone_at IS NULL"), postgresql_where=sa.text("gone_at IS NULL"))
