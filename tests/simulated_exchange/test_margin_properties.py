"""With margin, funding and liquidation, too, nothing is made or lost, and no account goes on with too little."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.api import (
    MINUTE_NS,
    Candles,
    Filled,
    FundsChanged,
    Instant,
    Liquidated,
    Series,
    Side,
    VenueReply,
    decimal_from_float,
)
from s1mpletrader.plugins.simulated_exchange.path import Path
from tests.simulated_exchange.harness import World
from tests.simulated_exchange.test_properties import orders
from tests.simulated_exchange.test_search import walk

BTC, ETH, SOL = "BTC/USDT", "ETH/USDT", "SOL/USDC"
SETTLEMENT = {BTC: "USDT", ETH: "USDT", SOL: "USDC"}
FUNDS = {"USDT": Decimal(300), "USDC": Decimal(100)}
RULES = {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": "0.01"}
INITIAL, MAINTENANCE = Decimal("0.05"), Decimal("0.04")

symbols = st.sampled_from([BTC, ETH, SOL])
steps = st.lists(st.tuples(st.integers(0, 3 * MINUTE_NS), symbols, st.lists(orders, min_size=1, max_size=3)), max_size=15)
configs = st.fixed_dictionaries(
    {
        "maker_rate": st.sampled_from(["0", "-0.0005"]),
        "taker_rate": st.sampled_from(["0", "0.0017"]),
        "liquidation_fee_rate": st.sampled_from(["0", "0.01"]),
        "slippage_ticks_random": st.sampled_from([0, 3]),
        "funding_rate": st.sampled_from(["0", "0.0007", "-0.0007"]),
        "funding_interval": st.sampled_from(["1m", "5m"]),
        "volume_share": st.sampled_from([None, "1"]),
    }
)


def market(symbol: str, seed: int, count: int) -> Candles:
    data = walk(seed, count)
    fields = {name: np.array(getattr(data, name)) for name in ("open", "high", "low", "close", "volume")}
    return Candles(series=Series(symbol, "1m"), opened_at=np.array(data.opened_at), **fields)


class Played:
    """A world with margin, and its balances and positions added up from what it has told."""

    def __init__(self, seeds: tuple[int, int, int], count: int, config: dict[str, Any], latency_ms: int = 0) -> None:
        markets = [market(symbol, seed, count) for symbol, seed in zip((BTC, ETH, SOL), seeds, strict=True)]
        self.paths = {one.series.symbol: Path(one) for one in markets}
        self.world = World(
            *markets,
            funds=dict(FUNDS),
            instruments=dict.fromkeys((BTC, ETH, SOL), RULES),
            initial_margin=str(INITIAL),
            maintenance_margin=str(MAINTENANCE),
            latency_ms=latency_ms,
            **config,
        )
        self.cash: defaultdict[str, Decimal] = defaultdict(Decimal, FUNDS)
        self.held: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.liquidations = 0

    def play(self, session: Sequence[tuple[int, str, list[str]]]) -> None:
        for pause, symbol, texts in session:
            self._go_to(self.world.clock.at + pause)
            self.world.submit(*texts, symbol=symbol)
            self._go_to(self.world.clock.at)
        self._go_to(1_000 * MINUTE_NS)

    def _go_to(self, at: Instant) -> None:
        before = len(self.world.told)
        self.world.until(at)
        told = self.world.told[before:]
        for number, reply in enumerate(told):
            self._book(reply, told[number:])
        self._look()

    def _book(self, reply: VenueReply, upcoming: Sequence[VenueReply]) -> None:
        match reply:
            case Filled() | Liquidated():
                opened = isinstance(reply, Filled) and self._opens(reply)
                sign = 1 if reply.side is Side.BUY else -1
                self.cash[SETTLEMENT[reply.symbol]] -= sign * reply.price * reply.quantity
                self.cash[reply.fee_currency] -= reply.fee
                self.held[reply.symbol] += sign * reply.quantity
                if opened:
                    equity, exposure = self._standing(SETTLEMENT[reply.symbol], reply.venue_at)
                    assert equity >= exposure * INITIAL
                if isinstance(reply, Liquidated):
                    self._ended(reply, upcoming)
            case FundsChanged():
                rate = Decimal(self.world_rate)
                exact = -self.held[reply.symbol or ""] * self._price(reply.symbol or "", reply.venue_at) * rate
                assert exact - Decimal("0.01") < reply.amount <= exact
                assert reply.quantity == self.held[reply.symbol or ""]
                self.cash[reply.asset] += reply.amount

    world_rate = "0"

    def _opens(self, fill: Filled) -> bool:
        sign = 1 if fill.side is Side.BUY else -1
        return abs(self.held[fill.symbol] + sign * fill.quantity) > abs(self.held[fill.symbol])

    def _ended(self, reply: Liquidated, upcoming: Sequence[VenueReply]) -> None:
        """A liquidation has its cause, and leaves no position."""
        self.liquidations += 1
        assert not self.held[reply.symbol]
        assert reply.quantity % Decimal("0.1") == 0

    def _look(self) -> None:
        """What the venue shows agrees with what it has told, and no position stands without its margin."""
        shown = {one.asset: one.free for one in self.world.run(self.world.exchange.balances())}
        assert shown == {asset: amount for asset, amount in self.cash.items() if amount}
        for currency in FUNDS:
            equity, exposure = self._standing(currency, self.world.clock.at)
            assert equity >= exposure * MAINTENANCE or not exposure

    def _standing(self, currency: str, at: Instant) -> tuple[Decimal, Decimal]:
        values = [
            self.held[symbol] * self._price(symbol, at)
            for symbol, settlement in SETTLEMENT.items()
            if settlement == currency and self.held[symbol]
        ]
        return self.cash[currency] + sum(values), sum((abs(value) for value in values), Decimal(0))

    def _price(self, symbol: str, at: Instant) -> Decimal:
        price = self.paths[symbol].price_at(at)
        assert price is not None
        return decimal_from_float(price)


games = st.tuples(st.tuples(*[st.integers(0, 500)] * 3), st.integers(5, 40), configs, steps)


@settings(max_examples=150)
@given(games)
def test_nothing_is_made_or_lost_with_margin_funding_and_liquidation(game: tuple[Any, int, dict[str, Any], Any]) -> None:
    seeds, count, config, session = game
    played = Played(seeds, count, config)
    played.world_rate = config["funding_rate"]
    played.play(session)


@settings(max_examples=40)
@given(games, st.integers(1, 5))
def test_looking_ahead_changes_nothing_and_the_same_session_tells_the_same(
    game: tuple[Any, int, dict[str, Any], Any], looks: int
) -> None:
    seeds, count, config, session = game
    told = []
    for often in (1, looks):
        world = Played(seeds, count, config, latency_ms=200).world
        for pause, symbol, texts in session:
            for _ in range(often):
                world.until(world.clock.at + pause // often)
                world.run(world.exchange.balances())
            world.until(world.clock.at + pause % often)
            world.submit(*texts, symbol=symbol)
        world.until(1_000 * MINUTE_NS)
        told.append(world.told)
    assert told[0] == told[1]


def test_the_sessions_above_do_liquidate() -> None:
    count = 0
    for seed in range(20):
        played = Played((seed, seed + 1, seed + 2), 40, {"funding_rate": "0.0007", "funding_interval": "1m"})
        played.world_rate = "0.0007"
        played.play([(MINUTE_NS, BTC, ["buy 50"]), (0, ETH, ["sell 5"]), (0, SOL, ["sell 19"])])
        count += played.liquidations
    assert count > 10
