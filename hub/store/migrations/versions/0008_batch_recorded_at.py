"""Batches are found by the moment at which they were recorded: who asks for the books of then asks that first."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_batch_recorded_at", "batch", ["recorded_at", "entry_first", "entry_last"], unique=False)
