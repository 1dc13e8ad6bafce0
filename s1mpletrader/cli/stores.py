"""Opening stores to read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from s1mpletrader.cli.options import StoreUrls
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.plugins.stores import books, open_journal_reader, open_ledger_reader
from s1mpletrader.ports.journal import IJournalReader
from s1mpletrader.ports.ledger import ILedgerReader


class Readers(NamedTuple):
    """Everything that a store holds."""

    ledgers: tuple[ILedgerReader, ...]
    journal: IJournalReader

    @property
    def reasons(self) -> StrategyJournal:
        """The journal as a person asks it."""
        return StrategyJournal(self.journal)


@contextmanager
def opened(urls: StoreUrls) -> Iterator[Readers]:
    """Readers of every book and of the journal; a store that is not there is a ``ConfigurationError``."""
    try:
        ledgers = tuple(open_ledger_reader(urls.ledger, info.book) for info in books(urls.ledger))
        journal = open_journal_reader(urls.journal)
    except ValueError as missing:
        raise ConfigurationError("--store", str(missing), "run a strategy first, or name its store") from missing
    yield Readers(ledgers, journal)
