"""The ledger in full: holdings, kinds of charges, claims, vouchers, reversals, credit notes, acts, journal exports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)

#: Accounts of the receivables kind are numbered with eight digits from 99, a series a company.
FIRST_NUMBER = 99_000_000


def upgrade() -> None:
    _new_tables()
    _new_columns()
    _number_receivables()
    _number_vouchers()


def _new_tables() -> None:
    op.create_table(
        "act",
        sa.Column("key", KEY, nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_act")),
    )
    op.create_table(
        "credited",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("line_id", ID, autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "line_id", name=op.f("pk_credited")),
    )
    op.create_index("ix_credited_line_id", "credited", ["line_id"], unique=False)
    op.create_table(
        "reversal",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_reversal")),
    )
    op.create_table(
        "voucher_range",
        sa.Column("batch_id", ID, autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "year", name=op.f("pk_voucher_range")),
    )
    op.create_table(
        "journal_export",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("batch_seq", sa.BigInteger(), nullable=True),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_journal_export_company_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_export")),
    )
    op.create_index("ix_journal_export_company_id", "journal_export", ["company_id"], unique=False)
    op.create_table(
        "voucher_series",
        sa.Column("company_id", ID, autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_voucher_series_company_id_company")),
        sa.PrimaryKeyConstraint("company_id", "year", name=op.f("pk_voucher_series")),
    )
    op.create_table(
        "exported",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("export_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["journal_export.id"], name=op.f("fk_exported_export_id_journal_export")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_exported")),
    )
    op.create_index("ix_exported_export_id", "exported", ["export_id"], unique=False)
    op.create_table(
        "match_rule",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("customer_key", sa.String(length=40), nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("forgotten_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_match_rule_company_id_company")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_match_rule_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_rule")),
    )
    op.create_index(
        "uq_match_rule",
        "match_rule",
        ["company_id", "customer_key"],
        unique=True,
        sqlite_where=sa.text("forgotten_at IS NULL"),
        postgresql_where=sa.text("forgotten_at IS NULL"),
    )
    op.create_table(
        "one_off",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("charge_type", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("vat_rate", sa.Integer(), nullable=False),
        sa.Column("due_from", sa.Date(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("charge_id", ID, nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_one_off_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_off")),
    )
    op.create_index(
        "ix_one_off_waiting",
        "one_off",
        ["tenancy_id"],
        unique=False,
        sqlite_where=sa.text("charge_id IS NULL AND withdrawn_at IS NULL"),
        postgresql_where=sa.text("charge_id IS NULL AND withdrawn_at IS NULL"),
    )
    op.create_table(
        "recurring",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("charge_type", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("vat_rate", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_recurring_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurring")),
    )
    op.create_index("ix_recurring_tenancy_id", "recurring", ["tenancy_id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", ID, nullable=False),
        sa.Column("charge_id", ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["charge_id"], ["charge.id"], name=op.f("fk_attachment_charge_id_charge")),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_attachment_sha256_blob")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_charge_id", "attachment", ["charge_id"], unique=False)
    op.create_table(
        "charge_note",
        sa.Column("id", ID, nullable=False),
        sa.Column("charge_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["charge_id"], ["charge.id"], name=op.f("fk_charge_note_charge_id_charge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge_note")),
    )
    op.create_index("ix_charge_note_charge_id", "charge_note", ["charge_id"], unique=False)


def _new_columns() -> None:
    op.add_column("account", sa.Column("number", sa.Integer(), nullable=True))
    op.add_column("account", sa.Column("tenancy_id", ID, nullable=True))
    op.create_index(
        "ix_account_tenancy_id",
        "account",
        ["tenancy_id"],
        unique=False,
        sqlite_where=sa.text("tenancy_id IS NOT NULL"),
        postgresql_where=sa.text("tenancy_id IS NOT NULL"),
    )
    op.create_index(
        "uq_account_number",
        "account",
        ["company_id", "number"],
        unique=True,
        sqlite_where=sa.text("number IS NOT NULL"),
        postgresql_where=sa.text("number IS NOT NULL"),
    )
    op.add_column("charge", sa.Column("kind", sa.String(length=10), server_default="other", nullable=False))
    op.add_column("charge", sa.Column("foreign_currency", sa.String(length=3), nullable=True))
    op.add_column("charge", sa.Column("foreign_amount", sa.BigInteger(), nullable=True))
    op.add_column("charge", sa.Column("foreign_rate", sa.String(length=20), nullable=True))
    op.create_index("ix_charge_reference", "charge", ["reference"], unique=False)
    op.add_column("charge_line", sa.Column("text", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("charge_line", sa.Column("vat_rate", sa.Integer(), server_default="0", nullable=False))
    op.add_column("charge_line", sa.Column("vat", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("charge_line", sa.Column("claim", sa.String(length=10), server_default="obligatory", nullable=False))
    op.add_column("charge_line", sa.Column("holding", sa.String(length=20), nullable=True))
    op.add_column("company", sa.Column("fi_creditor", sa.String(length=8), nullable=True))
    _credit_without_amount()
    op.add_column("entry", sa.Column("voucher", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("uq_entry_corrects", table_name="entry")
    op.create_index(
        "ix_entry_corrects",
        "entry",
        ["corrects"],
        unique=False,
        sqlite_where=sa.text("corrects IS NOT NULL"),
        postgresql_where=sa.text("corrects IS NOT NULL"),
    )
    op.create_index(
        "uq_entry_reversed",
        "entry",
        ["corrects"],
        unique=True,
        sqlite_where=sa.text("kind = 'reversal'"),
        postgresql_where=sa.text("kind = 'reversal'"),
    )
    op.add_column("outcome", sa.Column("net", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("reading", sa.Column("total", sa.BigInteger(), nullable=True))
    op.add_column("reading", sa.Column("reversed_at", MOMENT, nullable=True))
    op.drop_index("ix_posting_account", table_name="posting")
    op.create_index(
        "ix_posting_account", "posting", ["account_id", "value_date", "entry_id", "amount"], unique=False
    )
    op.add_column("property", sa.Column("caseworker", sa.Text(), nullable=True))
    op.add_column("tenancy", sa.Column("second_name", sa.Text(), nullable=True))
    op.add_column("tenancy", sa.Column("co_tenant", sa.Text(), nullable=True))
    op.add_column("tenancy", sa.Column("co_tenant_share", sa.Integer(), nullable=True))
    op.add_column("tenancy", sa.Column("channel", sa.String(length=10), nullable=True))
    op.add_column("tenancy", sa.Column("new_address", sa.Text(), nullable=True))
    op.add_column("tenancy", sa.Column("new_postal_code", sa.String(length=20), nullable=True))
    op.add_column("tenancy", sa.Column("new_city", sa.Text(), nullable=True))
    op.add_column("tenancy", sa.Column("vat_registered", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("tenancy", sa.Column("ean", sa.String(length=13), nullable=True))
    op.add_column("tenancy", sa.Column("bank_account", sa.String(length=34), nullable=True))
    op.add_column("tenancy", sa.Column("interval_months", sa.Integer(), server_default="1", nullable=False))
    _main_unit()


def _main_unit() -> None:
    """In words, because SQLite adds a column with its reference in one go or not at all."""
    type_ = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    reference = "CONSTRAINT fk_unit_main_unit_id_unit REFERENCES unit (id)"
    op.execute(f"ALTER TABLE unit ADD COLUMN main_unit_id {type_} {reference}")


def _credit_without_amount() -> None:
    """What was left over at first is told by postings and allocations; a payment set free again may leave more."""
    op.rename_table("credit", "credit_0001")
    op.drop_index("ix_credit_open", table_name="credit_0001")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE credit_0001 RENAME CONSTRAINT pk_credit TO pk_credit_0001")
    op.create_table(
        "credit",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("tenancy_id", ID, nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("remaining >= 0", name=op.f("ck_credit_remaining")),
        sa.ForeignKeyConstraint(["tenancy_id"], ["tenancy.id"], name=op.f("fk_credit_tenancy_id_tenancy")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_credit")),
    )
    op.execute(
        "INSERT INTO credit (entry_id, tenancy_id, remaining) SELECT entry_id, tenancy_id, remaining FROM credit_0001"
    )
    op.drop_table("credit_0001")
    op.create_index(
        "ix_credit_open",
        "credit",
        ["tenancy_id"],
        unique=False,
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )


def _number_receivables() -> None:
    op.execute(
        "UPDATE account SET number = numbered.number FROM ("
        f"SELECT id, {FIRST_NUMBER - 1} + row_number() OVER (PARTITION BY company_id ORDER BY id) AS number"
        " FROM account WHERE kind = 'receivable') AS numbered WHERE account.id = numbered.id"
    )


def _number_vouchers() -> None:
    """As they would have been dealt: by company, year of posting, batch, entry."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    year = (
        "CAST(strftime('%Y', posting_date) AS INTEGER)"
        if sqlite
        else "CAST(extract(year FROM posting_date) AS INTEGER)"
    )
    op.execute(
        "UPDATE entry SET voucher = numbered.ordinal FROM ("
        f"SELECT id, row_number() OVER (PARTITION BY batch_id, {year} ORDER BY id) AS ordinal FROM entry"
        ") AS numbered WHERE entry.id = numbered.id"
    )
    op.execute(
        "INSERT INTO voucher_range (batch_id, year, base)"
        " SELECT dealt.batch_id, dealt.year, coalesce(sum(dealt.entries) OVER (PARTITION BY batch.company_id, dealt.year"
        " ORDER BY batch.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)"
        f" FROM (SELECT batch_id, {year} AS year, count(*) AS entries FROM entry GROUP BY 1, 2) AS dealt"
        " JOIN batch ON batch.id = dealt.batch_id"
    )
    op.execute(
        "INSERT INTO voucher_series (company_id, year, last)"
        f" SELECT batch.company_id, dealt.year, count(*) FROM (SELECT batch_id, {year} AS year FROM entry) AS dealt"
        " JOIN batch ON batch.id = dealt.batch_id GROUP BY 1, 2"
    )
