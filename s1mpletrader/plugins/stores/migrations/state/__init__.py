"""The state's migrations, the first one first."""
