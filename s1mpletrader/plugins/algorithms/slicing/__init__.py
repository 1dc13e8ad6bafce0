"""Entering in slices: one state machine, and the paces by which it places them."""
