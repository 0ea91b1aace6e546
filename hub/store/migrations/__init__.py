"""Alembic migrations: each makes what ``hub/store/tables.py`` says, by its own explicit operations."""
