"""Clearing: bank statements and their lines, payouts, what explains which, second witnesses (R17, R18)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table("bank_statement",
        sa.Column("id", ID, nullable=False),
        sa.Column("reading_id", ID, nullable=False),
        sa.Column("record", sa.BigInteger(), nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("identification", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=True),
        sa.Column("closing", sa.BigInteger(), nullable=True),
        sa.Column("key", KEY, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_bank_statement_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statement"))
    )
    op.create_index("ix_bank_statement_account", "bank_statement", ["account", "last_day"], unique=False)
    op.create_index("uq_bank_statement_reading_id", "bank_statement", ["reading_id", "record"], unique=True)
    op.create_table("bank_line",
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("booking_date", sa.Date(), nullable=False),
        sa.Column("creditor", sa.String(length=20), nullable=False),
        sa.Column("payment_id", sa.String(length=100), nullable=False),
        sa.Column("servicer_reference", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("payer_account", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_bank_line_company_id_company")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_bank_line"))
    )
    op.create_index("ix_bank_line_booking_date", "bank_line", ["company_id", "booking_date"], unique=False)
    op.create_index("ix_bank_line_payment_id", "bank_line", ["company_id", "payment_id"], unique=False, sqlite_where=sa.text("payment_id <> ''"), postgresql_where=sa.text("payment_id <> ''"))
    op.create_index("ix_bank_line_servicer_reference", "bank_line", ["company_id", "servicer_reference"], unique=False, sqlite_where=sa.text("servicer_reference <> ''"), postgresql_where=sa.text("servicer_reference <> ''"))
    op.create_table("slip_payment",
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("payment_id", sa.String(length=100), nullable=False),
        sa.Column("archive_reference", sa.Text(), nullable=False),
        sa.Column("booking_date", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_slip_payment_company_id_company")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_slip_payment"))
    )
    op.create_index("ix_slip_payment_payment_id", "slip_payment", ["company_id", "payment_id"], unique=False)
    op.create_index("ix_slip_payment_booking_date", "slip_payment", ["company_id", "booking_date"], unique=False)
    op.create_table("payout",
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("creditor", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("booking_date", sa.Date(), nullable=False),
        sa.Column("bank_text", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_payout_company_id_company")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_payout"))
    )
    op.create_index("ix_payout_company_id", "payout", ["company_id", "booking_date"], unique=False)
    op.create_table("settlement",
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("line_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("item_id", ID, nullable=False, server_default="0"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_settlement_account_id_account")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_settlement"))
    )
    op.create_index("ix_settlement_account_id", "settlement", ["account_id", "day"], unique=False)
    op.create_index("ix_settlement_item_id", "settlement", ["item_id"], unique=False, sqlite_where=sa.text("item_id <> 0"), postgresql_where=sa.text("item_id <> 0"))
    op.create_index("ix_settlement_line_id", "settlement", ["line_id"], unique=False)
    op.create_index("ix_settlement_rule", "settlement", ["vendor", "rule"], unique=False, sqlite_where=sa.text("rule <> ''"), postgresql_where=sa.text("rule <> ''"))
    op.create_table("witness",
        sa.Column("id", ID, nullable=False),
        sa.Column("reading_id", ID, nullable=False),
        sa.Column("record", sa.BigInteger(), nullable=False),
        sa.Column("vendor", sa.String(length=60), nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("creditor", sa.String(length=20), nullable=False),
        sa.Column("payment_id", sa.String(length=100), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("booking_date", sa.Date(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("entry_id", ID, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("candidates", sa.Integer(), nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_witness_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_witness"))
    )
    op.create_index("ix_witness_booking_date", "witness", ["company_id", "booking_date"], unique=False)
    op.create_index("ix_witness_open", "witness", ["company_id"], unique=False, sqlite_where=sa.text("entry_id IS NULL"), postgresql_where=sa.text("entry_id IS NULL"))
    op.create_index("uq_witness_entry_id", "witness", ["entry_id", "vendor"], unique=True, sqlite_where=sa.text("entry_id IS NOT NULL"), postgresql_where=sa.text("entry_id IS NOT NULL"))
    op.create_index("uq_witness_record", "witness", ["reading_id", "record"], unique=True)
    op.create_index("ix_suspense_open", "suspense", ["company_id"], unique=False, sqlite_where=sa.text("remaining <> 0"), postgresql_where=sa.text("remaining <> 0"))
    op.create_index("ix_account_shared", "account", ["company_id", "kind"], unique=False, sqlite_where=sa.text("number IS NULL"), postgresql_where=sa.text("number IS NULL"))
