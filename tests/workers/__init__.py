"""Tests of the built-in workers."""
