"""What a live run's ledger says, beside what the local exchange says: for tests that compare the two to the last trade."""

from decimal import Decimal
from pathlib import Path

from s1mpletrader.exchange import RunningExchange
from s1mpletrader.ports.ledger import ILedgerReader

ACCOUNT = "test"


def overrides(store: Path, running: RunningExchange, speed: int) -> list[str]:
    """What lets ``examples/live_local.toml`` trade at this exchange, and keep what it keeps beside ``store``."""
    return [
        f"ledger.url=sqlite:///{store}",
        f"recording.directory={store.parent}",
        f"environment.speed={speed}",
        f"data.rest_url={running.rest_url}",
        f"data.stream_url={running.stream_url}",
        f"exchange.rest_url={running.rest_url}",
        f"exchange.api_url={running.socket_api_url}",
    ]


def owned(running: RunningExchange) -> dict[str, Decimal]:
    """The account's balances at the exchange, what is locked included."""
    return {one.asset: one.free + one.locked for one in running.exchange.accounts[ACCOUNT].balances()}


Trades = list[tuple[str, Decimal, Decimal]]


def trades_of(ledger: ILedgerReader, running: RunningExchange) -> tuple[Trades, Trades]:
    """Id, price and quantity of each trade: those of the ledger, and those of the exchange."""
    ours = sorted((fill.venue_trade_id, fill.price, fill.quantity) for fill in ledger.fills())
    theirs = sorted(
        (str(trade.trade_id), trade.price, trade.quantity) for trade in running.exchange.accounts[ACCOUNT].records.trades
    )
    return ours, theirs
