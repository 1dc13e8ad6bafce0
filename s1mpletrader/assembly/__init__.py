"""From a validated configuration to the parts that the container wires."""

from s1mpletrader.assembly.events import load_all_events
from s1mpletrader.assembly.identity import namespaces, run_identity
from s1mpletrader.assembly.market_data import load_all_candles, venue_candles
from s1mpletrader.assembly.stores import build_cache, build_journal, build_ledger, build_recording, build_state
from s1mpletrader.assembly.strategy import assemble_strategies, build_algorithms
from s1mpletrader.assembly.venue import build_connector, listed_instruments

__all__ = [
    "assemble_strategies",
    "build_algorithms",
    "build_cache",
    "build_connector",
    "build_journal",
    "build_ledger",
    "build_recording",
    "build_state",
    "listed_instruments",
    "load_all_candles",
    "load_all_events",
    "namespaces",
    "run_identity",
    "venue_candles",
]
