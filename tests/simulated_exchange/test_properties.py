"""Whatever is ordered and however the market goes: nothing is made or lost, and the venue's word is consistent."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.api import (
    MINUTE_NS,
    Accepted,
    Amended,
    Cancelled,
    Candles,
    ExchangeReply,
    Expired,
    Filled,
    ListKind,
    OrderId,
    OrderRequest,
    OrderType,
    Replaced,
    Side,
)
from tests.simulated_exchange.harness import World
from tests.simulated_exchange.test_search import walk

FUNDS = {"USDT": Decimal(2_000), "BTC": Decimal(10)}
RULES = {"BTC/USDT": {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": "0.01"}}

sides = st.sampled_from(["buy", "sell"])
quantities = st.integers(1, 60).map(lambda tenths: str(Decimal(tenths) / 10))
prices = st.integers(970, 1030).map(lambda tenths: str(Decimal(tenths) / 10))
endings = st.sampled_from(["", "", " ioc", " fok", " reduce"])
orders = st.one_of(
    st.builds("{} {}{}".format, sides, quantities, endings),
    st.builds("{} {} @ {}{}".format, sides, quantities, prices, endings),
    st.builds("{} {} stop {}{}".format, sides, quantities, prices, endings),
    st.builds("{} {} stop {} @ {}{}".format, sides, quantities, prices, prices, endings),
)
actions = st.one_of(
    st.tuples(st.just("submit"), st.lists(orders, min_size=1, max_size=3)),
    st.tuples(st.just("list"), st.lists(orders, min_size=3, max_size=3), st.sampled_from(["OCO", "OTO", "OTOCO"])),
    st.tuples(st.just("cancel"), st.integers(1, 12)),
    st.tuples(st.just("amend"), st.integers(1, 12), quantities, st.one_of(st.none(), prices)),
    st.tuples(st.just("replace"), st.integers(1, 12), orders),
    st.tuples(st.just("read")),
)
sessions = st.lists(st.tuples(st.integers(0, 3 * MINUTE_NS), actions), min_size=1, max_size=12)
configs = st.fixed_dictionaries(
    {
        "maker_rate": st.sampled_from(["0", "0.001", "-0.0005"]),
        "taker_rate": st.sampled_from(["0", "0.0017"]),
        "slippage_ticks": st.sampled_from([0, 2]),
        "slippage_ticks_random": st.sampled_from([0, 3]),
        "latency_ms": st.sampled_from([0, 0, 250, 20_000]),
        "volume_share": st.sampled_from([None, "0.5", "1"]),
        "limit_fill": st.sampled_from(["touch", "through"]),
        "path": st.sampled_from(["direction", "nearest", "high_first", "low_first"]),
    }
)


class Session:
    """A world after a session of commands, with what it was asked and what it told."""

    def __init__(self, candles: Candles, account_type: str, config: dict[str, Any], session: Sequence[Any]) -> None:
        self.world = World(candles, account_type=account_type, funds=FUNDS, instruments=RULES, **config)
        self.requests: dict[OrderId, OrderRequest] = {}
        self.ended: list[OrderId] = []
        self.accepted: set[OrderId] = set()
        for pause, action in session:
            self.world.until(self.world.clock.at + pause)
            self._do(*action)
            self._look()
        self.world.until(10_000 * MINUTE_NS)
        self._look()

    def _do(self, name: str, *given: Any) -> None:
        world, exchange = self.world, self.world.exchange
        if name in ("submit", "list"):
            requests = [self._request(text) for text in given[0]]
            kind = ListKind(given[1]) if name == "list" else ListKind.NONE
            outcomes = world.run(exchange.submit(requests, kind))
            self.accepted |= {one.order_id for one in outcomes if isinstance(one, Accepted)}
        elif name == "cancel":
            if isinstance(world.run(exchange.cancel(world.ref(given[0]))), Cancelled):
                self.ended.append(world.ref(given[0]).order_id)
        elif name == "amend":
            price = None if given[2] is None else Decimal(given[2])
            outcome = world.run(exchange.amend(world.ref(given[0]), Decimal(given[1]), price))
            assert not isinstance(outcome, Amended) or outcome.quantity == Decimal(given[1])
        elif name == "replace":
            request = self._request(given[1])
            replaced, placed = world.run(exchange.replace(world.ref(given[0]), request))
            assert isinstance(replaced, Replaced) == isinstance(placed, Accepted)
            if isinstance(replaced, Replaced):
                self.ended.append(replaced.order_id)
                self.accepted.add(request.order_id)

    def _request(self, text: str) -> OrderRequest:
        request = self.world.request(text)
        self.requests[request.order_id] = request
        return request

    def _look(self) -> None:
        """The venue's balances agree with an independent ledger of its own fills."""
        world = self.world
        fills = world.run(world.exchange.fills_since("BTC/USDT", 0))
        balances = {one.asset: one for one in world.run(world.exchange.balances())}
        spot = world.exchange.capabilities().account_type == "spot"
        expected = naive_balances(fills, spot=spot)
        assert {asset: one.free + one.locked for asset, one in balances.items()} == expected
        if spot:
            assert all(one.free >= 0 and one.locked >= 0 for one in balances.values())
        if not world.run(world.exchange.open_orders()):
            assert all(one.locked == 0 for one in balances.values())

    @property
    def fills(self) -> list[Filled]:
        return [reply for reply in self.world.told if isinstance(reply, Filled)]


def naive_balances(fills: Sequence[Filled], *, spot: bool) -> dict[str, Decimal]:
    ledger: defaultdict[str, Decimal] = defaultdict(Decimal, FUNDS)
    for fill in fills:
        sign = 1 if fill.side is Side.BUY else -1
        ledger["USDT"] -= sign * fill.price * fill.quantity
        if spot:
            ledger["BTC"] += sign * fill.quantity
        ledger[fill.fee_currency] -= fill.fee
    return {asset: amount for asset, amount in ledger.items() if amount}


@st.composite
def played(draw: st.DrawFn) -> tuple[Candles, str, dict[str, Any], Sequence[Any]]:
    candles = walk(draw(st.integers(0, 500)), draw(st.integers(5, 40)))
    account_type = draw(st.sampled_from(["spot", "netting"]))
    config = draw(configs)
    if account_type == "spot":
        config["fee_in"] = draw(st.sampled_from(["quote", "base"]))
    return candles, account_type, config, draw(sessions)


@settings(max_examples=150)
@given(played())
def test_nothing_is_made_or_lost_and_the_word_of_the_venue_is_consistent(
    game: tuple[Candles, str, dict[str, Any], Sequence[Any]],
) -> None:
    candles, _, config, _ = game
    session = Session(*game)
    told = session.world.about_orders
    check_times(told, config["latency_ms"] * 1_000_000)
    check_quantities(session)
    check_ends(session)
    for fill in session.fills:
        check_price(fill, session.requests[fill.order_id], candles, config)  # type: ignore[index]


@settings(max_examples=40)
@given(played())
def test_the_same_session_gives_the_same_replies(game: tuple[Candles, str, dict[str, Any], Sequence[Any]]) -> None:
    assert Session(*game).world.told == Session(*game).world.told


@settings(max_examples=40)
@given(played())
def test_looking_ahead_at_any_time_changes_nothing(game: tuple[Candles, str, dict[str, Any], Sequence[Any]]) -> None:
    candles, account_type, config, session = game
    watched = [step for pause, action in session for step in ((pause // 2, ("read",)), (pause - pause // 2, action))]
    plain = Session(candles, account_type, config, session).world.told
    assert Session(candles, account_type, config, watched).world.told == plain


def check_times(told: Sequence[ExchangeReply], latency_ns: int) -> None:
    assert [reply.at for reply in told] == sorted(reply.at for reply in told)
    for reply in told:
        assert isinstance(reply, Filled | Cancelled | Expired)
        assert reply.venue_at is not None
        assert reply.at == reply.venue_at + latency_ns
    fills = [reply for reply in told if isinstance(reply, Filled)]
    assert len({fill.venue_trade_id for fill in fills}) == len(fills)


def check_quantities(session: Session) -> None:
    filled: defaultdict[OrderId, Decimal] = defaultdict(Decimal)
    for fill in session.fills:
        assert fill.order_id is not None
        filled[fill.order_id] += fill.quantity
        assert fill.quantity % Decimal("0.1") == 0
    for order_id, quantity in filled.items():
        assert order_id in session.accepted
        assert quantity <= session.requests[order_id].details.quantity


def check_ends(session: Session) -> None:
    """An order ends once, nothing is told of it afterwards, and what has ended is no longer open."""
    over: list[OrderId] = []
    for reply in session.world.about_orders:
        assert reply.order_id is not None
        assert reply.order_id not in over
        if is_end(reply):
            over.append(reply.order_id)
    over += session.ended
    assert len(over) == len(set(over))
    still_open = {one.order_id for one in session.world.run(session.world.exchange.open_orders())}
    assert still_open.isdisjoint(over)
    assert still_open <= session.accepted


def is_end(reply: ExchangeReply) -> bool:
    return isinstance(reply, Cancelled | Expired)


def check_price(fill: Filled, request: OrderRequest, candles: Candles, config: dict[str, Any]) -> None:
    index = int(np.searchsorted(candles.opened_at, fill.venue_at, side="right")) - 1
    slip = Decimal(config["slippage_ticks"] + config["slippage_ticks_random"]) / 10
    limited = request.details.type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    low, high = Decimal(str(float(candles.low[index]))), Decimal(str(float(candles.high[index])))
    assert low - (0 if limited or fill.side is Side.BUY else slip) <= fill.price
    assert fill.price <= high + (0 if limited or fill.side is Side.SELL else slip)
    assert fill.price % Decimal("0.1") == 0
