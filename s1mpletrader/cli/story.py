"""``s1mpletrader story``: why, what, how, and what came of it."""

from typing import Annotated

import typer

from s1mpletrader.analysis import Story, story_of, story_tree
from s1mpletrader.cli.options import JournalOption, JsonOption, LedgerOption, StoreOption, store_urls
from s1mpletrader.cli.output import out, print_json
from s1mpletrader.cli.stores import Readers, opened
from s1mpletrader.domain.errors import ConfigurationError, UnknownId
from s1mpletrader.domain.ids import id_kind


def story(
    any_id: Annotated[str, typer.Argument(metavar="ID", help="An order, a fill, a trade, a signal, a refusal, a plan: any id.")],
    store: StoreOption = None,
    ledger: LedgerOption = None,
    journal: JournalOption = None,
    json_: JsonOption = False,
) -> None:
    """Tell the complete story of an id, from the candle that began it to its result."""
    try:
        id_kind(any_id)
    except ValueError as fault:
        raise ConfigurationError("ID", str(fault)) from fault
    with opened(store_urls(store, ledger, journal)) as readers:
        found = _find(readers, any_id)
        if json_:
            print_json(found.to_json())
        else:
            out.print(story_tree(found))


def _find(readers: Readers, any_id: str) -> Story:
    """The story in the first book that knows the id."""
    missing: UnknownId | None = None
    for ledger in readers.ledgers:
        try:
            return story_of(readers.reasons, ledger, any_id)
        except UnknownId as unknown:
            missing = unknown
    raise ConfigurationError("ID", str(missing or f"the store holds nothing about {any_id}"))
