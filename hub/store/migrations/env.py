"""Run by Alembic: migrates inside the transaction of the connection that ``hub.store.database.create`` hands over."""

from __future__ import annotations

from alembic import context

from hub.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
