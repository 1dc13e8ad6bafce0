"""Running a strategy's file in a test, and reading what it left."""

from pathlib import Path
from typing import NamedTuple

from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.domain.reality import LedgerChange
from s1mpletrader.domain.reasons import SealedEntry
from s1mpletrader.ports.journal import IJournal
from s1mpletrader.ports.ledger import ILedger

EXAMPLES = Path(__file__).parent.parent / "examples"
LIVE_EXAMPLES = ("live_local.toml",)
ALL_EXAMPLES = sorted(path.name for path in EXAMPLES.glob("*.toml") if path.name not in LIVE_EXAMPLES)
"""Every example that is a backtest."""
MEMORY = ("ledger.plugin=memory", "journal.plugin=memory")


class Finished(NamedTuple):
    """A run that has ended."""

    container: BacktestContainer
    ledger: ILedger
    journal: IJournal
    metrics: Metrics

    @property
    def run(self) -> str:
        return self.container.identity().run

    @property
    def entries(self) -> list[SealedEntry]:
        return list(self.journal.entries(self.run))

    @property
    def changes(self) -> list[LedgerChange]:
        return list(self.ledger.changes())

    @property
    def reasons(self) -> StrategyJournal:
        return StrategyJournal(self.journal)


def finished(file: str | Path, *overrides: str) -> Finished:
    """Run an example, or another file, to its end."""
    container = BacktestContainer(configuration=load(EXAMPLES / file, list(overrides)))
    backtest = container.backtest()
    backtest.make_room(replace=False)
    backtest.run()
    return Finished(container, container.ledger(), container.journal(), container.metrics())
