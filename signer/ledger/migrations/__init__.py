"""Alembic migrations of the ledger, forward only."""
