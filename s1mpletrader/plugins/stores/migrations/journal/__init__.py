"""The journal's migrations, the first one first."""
