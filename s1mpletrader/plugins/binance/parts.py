"""What a connector is made of, and how it is put together."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from s1mpletrader.api import ConnectorProvision, Instant, ITransport
from s1mpletrader.plugins.binance.changing import Changing
from s1mpletrader.plugins.binance.commands import Commands, SignedApi
from s1mpletrader.plugins.binance.config import BinanceConfig
from s1mpletrader.plugins.binance.credentials import Credentials
from s1mpletrader.plugins.binance.desk import Desk
from s1mpletrader.plugins.binance.endpoints import endpoints
from s1mpletrader.plugins.binance.inbox import Inbox
from s1mpletrader.plugins.binance.limits import Limits
from s1mpletrader.plugins.binance.line import Line, Pace
from s1mpletrader.plugins.binance.link import Link
from s1mpletrader.plugins.binance.messages import MS_NS, Frame
from s1mpletrader.plugins.binance.orders import Orders
from s1mpletrader.plugins.binance.private_stream import PrivateStream
from s1mpletrader.plugins.binance.reading import Reading
from s1mpletrader.plugins.binance.reconciling import Reconciler
from s1mpletrader.plugins.binance.rest import Rest
from s1mpletrader.plugins.binance.symbols import Symbols
from s1mpletrader.plugins.binance.trades import Trades
from s1mpletrader.plugins.binance.trading import Trading
from s1mpletrader.plugins.transport import AiohttpTransport

_PING: Final = "ping"


@dataclass(frozen=True, kw_only=True, repr=False)
class Parts:
    """The parts of one account's connector."""

    rest: Rest
    limits: Limits
    symbols: Symbols
    inbox: Inbox
    reading: Reading
    trades: Trades
    reconciler: Reconciler
    trading: Trading
    changing: Changing
    private_line: Line
    command_line: Line
    own_transport: AiohttpTransport | None


class CommandSpeaker:
    """Speaks on the line for commands: nothing is told there unasked."""

    question = _PING

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    @property
    def quiet_until(self) -> Instant | None:
        """The end of a ban."""
        return self._limits.banned_until

    async def opened(self, link: Link) -> None:
        """Nothing has to be said first: every command is signed on its own."""

    async def heard(self, link: Link, frame: Frame) -> bool:
        """Whatever it is, it is no answer that anybody waits for any more."""
        return True

    def garbled(self) -> None:
        """An answer that cannot be read does not come: who waits for it will ask."""

    def lost(self) -> None:
        """Nothing is missed."""

    async def restore(self) -> None:
        """Nothing was missed."""


def parts_of(config: BinanceConfig, provision: ConnectorProvision, credentials: Credentials) -> Parts:
    """Put a connector together."""
    clock = provision.clock
    place = endpoints(config.environment, rest=config.rest_url, api=config.api_url)
    own = AiohttpTransport() if provision.transport is None else None
    transport = _transport(provision.transport, own)
    timeout_ns = config.request_timeout_ms * MS_NS
    pace = Pace(silence_ns=config.silence_ms * MS_NS, answer_ns=timeout_ns)
    limits = Limits(clock, urlsplit(place.rest).netloc, provision.open_state)
    rest = Rest(
        place.rest,
        transport,
        clock,
        limits,
        timeout_ms=config.request_timeout_ms,
        receive_window_ms=config.receive_window_ms,
        credentials=credentials,
    )
    api = SignedApi(rest, credentials, limits, clock, timeout_ns)
    command_line = Line("commands", place.api, transport, clock, CommandSpeaker(limits), pace)
    commands = Commands(rest, api, limits, lambda: command_line.link)
    symbols = Symbols(rest, limits, clock)
    orders = Orders(provision.is_submitted)
    inbox = Inbox()
    desk = Desk(inbox, orders, symbols, clock)
    reading = Reading(rest, symbols, orders, clock)
    trades = Trades(rest, symbols, orders, clock)
    reconciler = Reconciler(reading, trades, orders, desk, rest, clock, config.reconcile_ms * MS_NS)
    private = PrivateStream(rest, api, desk, reconciler, limits)
    trading = Trading(commands, symbols, orders, desk, reconciler, clock)
    return Parts(
        rest=rest,
        limits=limits,
        symbols=symbols,
        inbox=inbox,
        reading=reading,
        trades=trades,
        reconciler=reconciler,
        trading=trading,
        changing=Changing(commands, symbols, orders, desk, trading, reconciler, clock),
        private_line=Line("private", place.api, transport, clock, private, pace),
        command_line=command_line,
        own_transport=own,
    )


def _transport(given: ITransport | None, own: AiohttpTransport | None) -> ITransport:
    if given is not None:
        return given
    if own is None:
        raise TypeError("a connector needs a transport")
    return own


PRODUCTION: Final = "binance"
"""The venue where orders are for real money."""


def venue_name(config: BinanceConfig) -> str:
    """The venue's name: the testnet's fills are never taken for those of the other one."""
    return PRODUCTION if config.environment == "production" else f"binance-{config.environment}"
