"""Mutants at the price of their tests: those that mutmut makes, each in a fork of a process that has imported everything."""
