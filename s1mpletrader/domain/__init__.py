"""Values and their rules. Imports nothing of the other layers."""
