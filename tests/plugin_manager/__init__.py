"""Tests of the plugin manager."""
