"""Tests of the market data sources."""
