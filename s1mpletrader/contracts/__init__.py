"""The contract kit: laws that every adapter has to hold, as an installed pytest plugin."""
