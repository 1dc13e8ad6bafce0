"""What a doctor looks at before a strategy is run: files, plugins, stores, and the account at the venue."""

from s1mpletrader.cli.diagnosis.findings import Finding, Severity
from s1mpletrader.cli.diagnosis.stores import examine_stores
from s1mpletrader.cli.diagnosis.venue import examine_venue
from s1mpletrader.cli.diagnosis.wiring import examine_plugins, examine_sources, examine_watchers

__all__ = [
    "Finding",
    "Severity",
    "examine_plugins",
    "examine_sources",
    "examine_stores",
    "examine_venue",
    "examine_watchers",
]
