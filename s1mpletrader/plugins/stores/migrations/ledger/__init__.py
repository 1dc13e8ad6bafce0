"""The ledger's migrations, the first one first."""
