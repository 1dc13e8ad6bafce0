"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from s1mpletrader.configuration.models import STORE_URL_DEFAULT
from s1mpletrader.domain.errors import ConfigurationError

FileArgument = Annotated[Path, typer.Argument(metavar="FILE.toml", help="The strategy's file.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the file, as in size.0.quantity=0.02.", show_default=False),
]
StoreOption = Annotated[str | None, typer.Option("--store", metavar="URL", help="Ledger and journal in one database.")]
LedgerOption = Annotated[str | None, typer.Option("--ledger", metavar="URL", help="The ledger's database.")]
JournalOption = Annotated[str | None, typer.Option("--journal", metavar="URL", help="The journal's database.")]


class StoreUrls(NamedTuple):
    """Where reality and reason lie."""

    ledger: str
    journal: str


def store_urls(store: str | None, ledger: str | None, journal: str | None) -> StoreUrls:
    """The URLs that the options mean; the embedded default where none is given."""
    if store is not None and (ledger is not None or journal is not None):
        raise ConfigurationError("--store", "it means both the ledger and the journal", "give --ledger and --journal, or --store")
    ledger = ledger or store or STORE_URL_DEFAULT
    return StoreUrls(ledger, journal or store or ledger)


def store_overrides(store: str | None, ledger: str | None, journal: str | None) -> list[str]:
    """The options as overrides of a strategy's file; none where no option is given."""
    if store is None and ledger is None and journal is None:
        return []
    urls = store_urls(store, ledger, journal)
    return [f"ledger.url={urls.ledger}", f"journal.url={urls.journal}"]
