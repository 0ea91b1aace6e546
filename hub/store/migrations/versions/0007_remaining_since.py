"""Charge lines say since when what remains of them is what remains now: a past day asks only those that changed since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: An allocation counts from the later of its act's day and its money's (R10).
COUNTS_FROM = "CASE WHEN act.value_date > money.value_date THEN act.value_date ELSE money.value_date END"


def upgrade() -> None:
    op.add_column("charge_line", sa.Column("remaining_since", sa.Date(), nullable=True))
    op.execute("UPDATE charge_line SET remaining_since = value_date")
    op.execute(
        "UPDATE charge_line SET remaining_since = changed.on_day FROM ("
        f"SELECT allocation.line_id, max({COUNTS_FROM}) AS on_day FROM allocation"
        " JOIN entry AS act ON act.id = allocation.entry_id"
        " JOIN entry AS money ON money.id = allocation.payment_id GROUP BY allocation.line_id) AS changed"
        " WHERE changed.line_id = charge_line.id AND changed.on_day > charge_line.value_date"
    )
    _index("ix_charge_line_changed", ["tenancy_id", "remaining_since", "value_date"], "remaining_since > value_date")
    op.drop_index("ix_charge_line_open", table_name="charge_line")
    _index("ix_charge_line_open", ["tenancy_id", "value_date"], "remaining > 0")


def _index(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, "charge_line", columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
