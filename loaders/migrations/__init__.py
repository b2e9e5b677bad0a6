"""Alembic migrations of what the loaders own: the ledger, the raw tables, the roles."""
