"""Alembic's scripts: one lineage for each of ledger, journal and state."""
