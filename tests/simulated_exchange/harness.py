"""Drives the simulated exchange as a backtest does: by hand, in virtual time, without an event loop."""

from collections.abc import Coroutine, Generator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np

from s1mpletrader.api import (
    MINUTE_NS,
    SECOND_NS,
    Accepted,
    AccountType,
    Candles,
    ConnectorProvision,
    ExchangeReply,
    Filled,
    FundsChanged,
    Instant,
    Liquidated,
    ListKind,
    OrderDetails,
    OrderId,
    OrderRef,
    OrderRequest,
    OrderType,
    Outcome,
    Rejected,
    Series,
    Side,
    TimeInForce,
    VenueReply,
    plain,
)
from s1mpletrader.plugins.simulated_exchange import SimulatedExchange, SimulatedExchangeConfig, build_exchange

SYMBOL = "BTC/USDT"
T = TypeVar("T")
Bar = tuple[float, ...]
"""Open, high, low, close and, if it matters, volume."""


@dataclass
class _Sleep:
    until: Instant

    def __await__(self) -> Generator[Instant, None, None]:
        yield self.until


class VirtualClock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.at: Instant = 0

    def now(self) -> Instant:
        return self.at

    async def sleep_until(self, at: Instant) -> None:
        while self.at < at:
            await _Sleep(at)


def candles(*bars: Bar | None, symbol: str = SYMBOL, timeframe: str = "1m", minutes: int = 1) -> Candles:
    """Candles from instant 0 on; None is a missing one."""
    rows = [(index, bar) for index, bar in enumerate(bars) if bar is not None]

    def column(place: int, default: float | None = None) -> Any:
        return np.array([bar[place] if default is None or len(bar) > place else default for _, bar in rows], dtype=np.float64)

    return Candles(
        series=Series(symbol, timeframe),
        opened_at=np.array([index * minutes * MINUTE_NS for index, _ in rows], dtype=np.int64),
        open=column(0),
        high=column(1),
        low=column(2),
        close=column(3),
        volume=column(4, 1.0),
    )


def details(text: str, symbol: str = SYMBOL) -> OrderDetails:
    """An order as a line: ``buy 2``, ``sell 2 @ 10``, ``buy 2 stop 11 @ 12 ioc reduce``."""
    words = text.split()
    given = {word: words[index + 1] for index, word in enumerate(words) if word in ("@", "stop")}
    price = Decimal(given["@"]) if "@" in given else None
    stop = Decimal(given["stop"]) if "stop" in given else None
    kind = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (False, True): OrderType.STOP,
        (True, True): OrderType.STOP_LIMIT,
    }[price is not None, stop is not None]
    tif = next((TimeInForce[word.upper()] for word in words if word in ("gtc", "ioc", "fok")), TimeInForce.GTC)
    return OrderDetails(
        symbol=symbol,
        side=Side[words[0].upper()],
        type=kind,
        quantity=Decimal(words[1]),
        price=price,
        stop_price=stop,
        time_in_force=tif,
        reduce_only="reduce" in words,
    )


def order_id(number: int) -> OrderId:
    return OrderId(f"ORD_20220101_000000_{number:016x}")


class World:
    """An exchange, its clock, and everything that it has told."""

    def __init__(
        self,
        *series: Candles,
        account_type: str = "netting",
        funds: dict[str, Any] | None = None,
        seed: str = "7",
        submitted: Sequence[OrderId] = (),
        **config: Any,
    ) -> None:
        self.clock = VirtualClock()
        if "instruments" not in config:
            rules = {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": "0.01"}
            config["instruments"] = {one.series.symbol: rules for one in series}
        self.provision = ConnectorProvision(
            account="main",
            account_type=AccountType(account_type),
            funds={"USDT": 1_000} if funds is None else funds,
            clock=self.clock,
            seed=seed,
            candles={one.series: one for one in series},
            is_submitted=lambda one: one in submitted,
        )
        self.config = SimulatedExchangeConfig(**config)
        self.exchange: SimulatedExchange = build_exchange(self.config, self.provision)
        self.told: list[VenueReply] = []
        self._count = 0

    @property
    def about_orders(self) -> list[ExchangeReply]:
        """What it has told about orders."""
        return [reply for reply in self.told if not isinstance(reply, FundsChanged | Liquidated)]

    def until(self, at: Instant) -> list[VenueReply]:
        """Go to an instant; what was told on the way, the instant itself included."""
        told: list[VenueReply] = []
        while (upcoming := self.exchange.next_at()) is not None and upcoming <= at:
            assert upcoming >= self.clock.at
            self.clock.at = upcoming
            told.append(self.exchange.pop())
            assert told[-1].at == upcoming
        self.clock.at = max(self.clock.at, at)
        self.told += told
        return told

    def run(self, command: Coroutine[Any, Any, T]) -> T:
        """Step a command to its end; replies that are due while it sleeps come first."""
        try:
            while True:
                self.until(command.send(None))
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]

    def request(self, text: str, symbol: str = SYMBOL) -> OrderRequest:
        self._count += 1
        own = order_id(self._count)
        return OrderRequest(order_id=own, client_order_id=self.exchange.venue_id(own), details=details(text, symbol))

    def submit(self, *texts: str, kind: str = "NONE", symbol: str = SYMBOL) -> Sequence[Outcome]:
        requests = [self.request(text, symbol) for text in texts]
        return self.run(self.exchange.submit(requests, ListKind(kind)))

    def place(self, text: str, symbol: str = SYMBOL) -> OrderRef:
        """Submit one order that is accepted."""
        (outcome,) = self.submit(text, symbol=symbol)
        assert isinstance(outcome, Accepted), outcome
        return self.ref(self._count, symbol)

    def ref(self, number: int, symbol: str = SYMBOL) -> OrderRef:
        own = order_id(number)
        return OrderRef(order_id=own, client_order_id=own, symbol=symbol)

    def balance(self, asset: str) -> tuple[str, str]:
        """Free and locked, as text."""
        found = [one for one in self.run(self.exchange.balances()) if one.asset == asset]
        return (plain(found[0].free), plain(found[0].locked)) if found else ("0", "0")

    def open_numbers(self) -> list[int]:
        """Which orders are live, by the number of their request."""
        return [int(str(one.order_id)[-16:], 16) for one in self.run(self.exchange.open_orders())]


def story(replies: Sequence[VenueReply]) -> list[str]:
    """Replies as lines: ``1 fill 2 @ 10 MAKER 20s``, ``2 cancelled OCO``, ``FUNDING -3 USDT 60s``."""
    return [_line(reply) for reply in replies]


def _line(reply: VenueReply) -> str:
    if isinstance(reply, Liquidated):
        seconds = plain(Decimal(reply.venue_at) / SECOND_NS)
        return f"liquidated {reply.side} {plain(reply.quantity)} @ {plain(reply.price)} for {plain(reply.fee)} {seconds}s"
    if isinstance(reply, FundsChanged):
        return f"{reply.kind} {plain(reply.amount)} {reply.asset} {plain(Decimal(reply.venue_at) / SECOND_NS)}s"
    number = int(str(reply.order_id)[-16:], 16)
    if isinstance(reply, Filled):
        seconds = plain(Decimal(reply.venue_at) / SECOND_NS)
        return f"{number} fill {plain(reply.quantity)} @ {plain(reply.price)} {reply.liquidity} {seconds}s"
    return f"{number} {type(reply).__name__.lower()} {getattr(reply, 'reason', None)}"


def reasons(outcomes: Sequence[Outcome]) -> list[str]:
    """Each outcome: its rejection's reason, or ``ok``."""
    return [outcome.rejection_reason if isinstance(outcome, Rejected) else "ok" for outcome in outcomes]
