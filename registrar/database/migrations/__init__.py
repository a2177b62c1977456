"""Alembic migrations of the registrar's database, forward only."""
