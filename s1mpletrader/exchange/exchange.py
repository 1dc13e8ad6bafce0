"""The local exchange itself, without any network: its accounts and markets, its time, and who listens."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from s1mpletrader.core.clock import VirtualClock
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.instant import HOUR_NS, Duration, Instant
from s1mpletrader.exchange.account import Account, Numbers
from s1mpletrader.exchange.authentication import Authenticator
from s1mpletrader.exchange.clock import MILLISECOND_NS, ManualClock, ScaledClock
from s1mpletrader.exchange.config import ExchangeConfig
from s1mpletrader.exchange.delivery import Channel, Delivery
from s1mpletrader.exchange.errors import invalid_symbol, market_closed
from s1mpletrader.exchange.faults import FaultScript
from s1mpletrader.exchange.limits import Limiter
from s1mpletrader.exchange.listing import build_accounts, build_markets
from s1mpletrader.exchange.market import SymbolMarket
from s1mpletrader.exchange.market_streams import MarketStreams
from s1mpletrader.exchange.request_log import RequestLog
from s1mpletrader.exchange.rules import Rules
from s1mpletrader.exchange.user_streams import UserStreams
from s1mpletrader.ports.clock import IClock


class LocalExchange:
    """A venue of its own: nothing in it waits, and nothing in it knows of sockets or HTTP.

    ``faults`` may be added to at any time; ``log`` tells what was asked.
    """

    def __init__(self, config: ExchangeConfig | None = None, clock: IClock | None = None, directory: Path | None = None) -> None:
        self.config = config or ExchangeConfig()
        self.clock = clock or ScaledClock(self.config.start_at, self.config.speed)
        self.opened_at = self.clock.now()
        self.faults = FaultScript(self.config.faults, self.opened_at)
        self.log = RequestLog()
        self.limiter = Limiter(self.config.limits)
        self.delivery = Delivery(self.faults)
        self.user_streams = UserStreams(self.delivery)
        self.markets = build_markets(self.config, self.opened_at, directory or Path())
        self.accounts = build_accounts(self.config, self.markets, VirtualClock(self.opened_at), self._tell)
        self.assets = sorted({asset for one in self.markets.values() for asset in (one.instrument.base, one.instrument.quote)})
        self.market_streams = MarketStreams(self.markets, self.delivery, self.log, self.config.limits, self.opened_at)
        checks = self.config.checks_timestamps
        self.authenticator = Authenticator(self.config.accounts, self.accounts, checks_timestamps=checks)
        self._numbers = Numbers()
        self._channels: dict[Channel, Instant] = {}

    def now(self) -> Instant:
        """The exchange's present."""
        return self.clock.now()

    def tick(self) -> None:
        """Let happen what has happened by now, and tell it on every stream."""
        at = self.now()
        for account in self.accounts.values():
            account.settle(at)
        for key in self.revoked(at):
            self.user_streams.terminate(key or None, at)
        self.market_streams.publish(at)
        self.delivery.send_due(at)
        life_ns = int(self.config.connection_hours_max * HOUR_NS)
        for channel in [channel for channel, opened_at in self._channels.items() if opened_at + life_ns <= at]:
            channel.close()

    def advance(self, duration: Duration, step: Duration = 100 * MILLISECOND_NS) -> None:
        """With a ``ManualClock``: go on by so many nanoseconds, in steps, and let everything happen on the way."""
        if not isinstance(self.clock, ManualClock):
            raise Defect("only an exchange with a ManualClock can be moved by hand")
        while duration > 0:
            self.clock.move(min(duration, step))
            self.tick()
            duration -= step

    def cut(self) -> None:
        """Close every socket."""
        for channel in list(self._channels):
            channel.close()

    @contextmanager
    def connected(self, channel: Channel) -> Iterator[None]:
        """A socket is open."""
        self._channels[channel] = self.now()
        try:
            yield
        finally:
            del self._channels[channel]
            self.delivery.forget(channel)

    def transfer(self, account: str, asset: str, amount: Decimal) -> None:
        """Pay into an account, or, below zero, out of it; ``ValueError`` where there is not so much."""
        self.accounts[account].transfer(asset, amount, self.now())

    def market(self, name: str) -> SymbolMarket:
        """A listed symbol by its name at the venue; ``ApiError`` for any other."""
        found = self.markets.get(name)
        if found is None:
            raise invalid_symbol()
        return found

    def status(self, market: SymbolMarket, at: Instant) -> str:
        """``TRADING``, or ``BREAK`` where there is no price, or maintenance."""
        down = any(fault.symbol in (None, market.name) for fault in self.faults.standing("maintenance", at))
        return "BREAK" if down or market.price(at) is None else "TRADING"

    def open_price(self, market: SymbolMarket, at: Instant) -> Decimal:
        """The price; ``ApiError`` where the symbol takes no new orders."""
        price = market.price(at)
        if price is None or self.status(market, at) != "TRADING":
            raise market_closed()
        return price

    def rules(self, market: SymbolMarket, at: Instant) -> Rules:
        """The symbol's filters as they are now."""
        rules = market.rules
        for fault in self.faults.standing("filters", at):
            if fault.symbol == market.name:
                rules = replace(rules, **fault.filters)
        return rules

    def told_time(self, at: Instant) -> Instant:
        """What the exchange's clock shows: its time, unless the clock is wrong."""
        return at + sum(fault.skew_ms for fault in self.faults.standing("clock_skew", at)) * MILLISECOND_NS

    def seen_at(self, route: str, at: Instant) -> Instant:
        """Up to when a query sees orders and trades."""
        lags = (fault for fault in self.faults.standing("replica_lag", at) if fault.route in (None, route))
        return at - max((fault.delay_ms for fault in lags), default=0) * MILLISECOND_NS

    def revoked(self, at: Instant) -> frozenset[str]:
        """The keys that are revoked; an empty text for every one."""
        return frozenset(fault.key or "" for fault in self.faults.standing("key_revoked", at))

    def make_client_order_id(self) -> str:
        """An id for who gives none."""
        return f"local{self._numbers.next('client order'):017}"

    def _tell(self, account: Account, event: dict[str, Any]) -> None:
        if event.get("x") == "TRADE" and event["l"] == event["z"]:
            self.limiter.filled(account.name, self.now())
        self.user_streams.tell(account, event, self.now())
