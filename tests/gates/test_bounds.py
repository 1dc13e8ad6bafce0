"""Bounds on orders: how much, how large, how many, how fast, how far away."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import ValidationError

from s1mpletrader.api import (
    MINUTE_NS,
    Action,
    Direction,
    LedgerChange,
    OrderEventKind,
    OrderIntended,
    RiskGate,
    Scope,
    Side,
    Situation,
    TradeOpened,
)
from s1mpletrader.plugins.planners.gates import (
    OpenOrders,
    OpenOrdersConfig,
    OrderNotional,
    OrderNotionalConfig,
    OrdersPerMinute,
    OrdersPerMinuteConfig,
    PositionLimit,
    PositionLimitConfig,
    PriceCollar,
    PriceCollarConfig,
)
from tests.planners.making import (
    BTC,
    ETH,
    LONG,
    SHORT,
    Account,
    make_directive,
    make_exit,
    make_instrument,
    make_provision,
)

from .making import code, execution

LIVE = [None, OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED, OrderEventKind.UNKNOWN]
ENDED = [OrderEventKind.CANCELLED, OrderEventKind.REJECTED, OrderEventKind.EXPIRED, OrderEventKind.NOT_PLACED]


def position_gate(quantity_max: int = 2) -> PositionLimit:
    return PositionLimit(PositionLimitConfig(quantity_max=Decimal(quantity_max)), make_provision())


def limited(account: Account, direction: Direction, quantity: str) -> str | None:
    return code(position_gate(), execution(make_directive(direction), quantity), account.situation())


HELD: list[tuple[str, Direction, str, str | None]] = [
    ("0", LONG, "2", None),
    ("0", LONG, "2.01", "POSITION_LIMIT"),
    ("0", SHORT, "2", None),
    ("0", SHORT, "2.01", "POSITION_LIMIT"),
    ("1", LONG, "1", None),
    ("1", LONG, "1.01", "POSITION_LIMIT"),
    ("1", SHORT, "3", None),
    ("1", SHORT, "3.01", "POSITION_LIMIT"),
    ("5", SHORT, "1", None),
    ("-1", SHORT, "1.01", "POSITION_LIMIT"),
    ("-5", LONG, "1", None),
]


@pytest.mark.parametrize(("held", "direction", "quantity", "expected"), HELD)
def test_a_position_is_bounded_on_both_sides(held: str, direction: Direction, quantity: str, expected: str | None) -> None:
    account = Account()
    if held != "0":
        account.enter(SHORT if held.startswith("-") else LONG, quantity=held.removeprefix("-"))
    assert limited(account, direction, quantity) == expected


@pytest.mark.parametrize("state", LIVE)
def test_live_orders_count_as_filled(state: OrderEventKind | None) -> None:
    account = Account()
    account.order(account.begin(), quantity="1.5", state=state)
    assert limited(account, LONG, "0.5") is None
    assert limited(account, LONG, "0.51") == "POSITION_LIMIT"


def test_a_partly_filled_order_counts_once() -> None:
    account = Account()
    account.fill(account.order(account.begin(), quantity="1.5"), "1")
    assert limited(account, LONG, "0.5") is None
    assert limited(account, LONG, "0.51") == "POSITION_LIMIT"


def test_an_order_that_ended_does_not_count() -> None:
    account = Account()
    account.order(account.begin(), quantity="1.5", state=OrderEventKind.CANCELLED)
    assert limited(account, LONG, "2") is None


def test_a_stop_and_a_target_make_no_room() -> None:
    account = Account()
    trade = account.enter(quantity="2")
    account.order(trade, Side.SELL, "2", price="120.0")
    account.order(trade, Side.SELL, "2", stop_price="90.0")
    assert limited(account, LONG, "0.1") == "POSITION_LIMIT"


def test_orders_that_lead_out_take_no_room() -> None:
    account = Account()
    trade = account.enter(quantity="1")
    account.order(trade, Side.SELL, price="120.0")
    account.order(trade, Side.SELL, stop_price="90.0")
    assert limited(account, LONG, "1") is None


def test_other_symbols_do_not_count() -> None:
    account = Account()
    account.order(account.enter(symbol=ETH, quantity="9"), quantity="9")
    assert limited(account, LONG, "2") is None


NOTIONALS: list[tuple[str, str | None, Decimal, str | None]] = [
    ("10", None, Decimal(1), None),
    ("10.01", None, Decimal(1), "ORDER_NOTIONAL"),
    ("20", "50.0", Decimal(1), None),
    ("20.01", "50.0", Decimal(1), "ORDER_NOTIONAL"),
    ("1", None, Decimal(10), None),
    ("1.01", None, Decimal(10), "ORDER_NOTIONAL"),
]


def notional_gate() -> OrderNotional:
    return OrderNotional(OrderNotionalConfig(notional_max=Decimal(1_000)), make_provision())


@pytest.mark.parametrize(("quantity", "price", "multiplier", "expected"), NOTIONALS)
def test_an_orders_value_is_bounded(quantity: str, price: str | None, multiplier: Decimal, expected: str | None) -> None:
    situation = Account().situation(instruments={BTC: make_instrument(multiplier=multiplier)})
    assert code(notional_gate(), execution(make_directive(), quantity, price), situation) == expected


def crowded(count: int, state: OrderEventKind | None = OrderEventKind.ACCEPTED, symbol: str = BTC) -> Account:
    """An account with so many orders of that state."""
    account = Account()
    trade = account.begin(symbol=symbol)
    for _ in range(count):
        account.order(trade, price="90.0", state=state)
    return account


OPEN: list[tuple[int, int, tuple[str | None, str | None], str | None]] = [
    (0, 1, (None, None), None),
    (1, 2, (None, None), None),
    (2, 2, (None, None), "OPEN_ORDERS"),
    (3, 2, (None, None), "OPEN_ORDERS"),
    (0, 2, ("90.0", None), None),
    (0, 2, ("90.0", "110.0"), "OPEN_ORDERS"),
    (0, 3, ("90.0", "110.0"), None),
    (1, 3, ("90.0", "110.0"), "OPEN_ORDERS"),
    (1, 3, (None, "110.0"), None),
]


@pytest.mark.parametrize(("live", "orders_max", "exits", "expected"), OPEN)
def test_live_orders_are_bounded_with_those_that_are_planned(
    live: int, orders_max: int, exits: tuple[str | None, str | None], expected: str | None
) -> None:
    gate = OpenOrders(OpenOrdersConfig(orders_max=orders_max), make_provision())
    directive = execution(make_directive(), exits=make_exit(*exits) if any(exits) else None)
    assert code(gate, directive, crowded(live).situation()) == expected


@pytest.mark.parametrize("state", [*LIVE, *ENDED])
def test_orders_of_unknown_outcome_are_open_orders_and_ended_ones_are_not(state: OrderEventKind | None) -> None:
    gate = OpenOrders(OpenOrdersConfig(orders_max=2), make_provision())
    refused = code(gate, execution(make_directive()), crowded(2, state).situation()) == "OPEN_ORDERS"
    assert refused is (state not in ENDED)


@pytest.mark.parametrize(("per", "expected"), [("symbol", None), ("account", "OPEN_ORDERS")])
def test_each_symbol_has_its_own_bound_where_that_is_asked_for(per: str, expected: str | None) -> None:
    gate = OpenOrders(OpenOrdersConfig.model_validate({"orders_max": 2, "per": per}), make_provision())
    situation = crowded(2, symbol=ETH).situation()
    assert code(gate, execution(make_directive()), situation) == expected
    assert code(gate, execution(make_directive(symbol=ETH)), situation) == "OPEN_ORDERS"


def meant(*seconds_ago: int, state: OrderEventKind | None = OrderEventKind.ACCEPTED, strategy: str = "alpha") -> Situation:
    """A situation with orders that were meant so long ago."""
    account = Account()
    trade = account.begin()
    for _ in seconds_ago:
        account.order(trade, state=state)
    at = account.situation().at
    ages = iter(seconds_ago)

    def owned(change: LedgerChange) -> LedgerChange:
        if isinstance(change, OrderIntended):
            return replace(change, decided_at=at - next(ages) * 1_000_000_000, strategy=strategy)
        return replace(change, strategy=strategy) if isinstance(change, TradeOpened) else change

    account.changes = [owned(change) for change in account.changes]
    return account.situation()


PACES: list[tuple[tuple[int, ...], str | None]] = [
    ((), None),
    ((0, 0), None),
    ((0, 0, 0), "ORDERS_PER_MINUTE"),
    ((1, 30, 59), "ORDERS_PER_MINUTE"),
    ((1, 30, 60), None),
    ((90, 61, 60, 59, 0), None),
    ((90, 61, 59, 59, 0), "ORDERS_PER_MINUTE"),
]


@pytest.mark.parametrize("state", [*LIVE, *ENDED])
@pytest.mark.parametrize(("seconds_ago", "expected"), PACES)
def test_the_pace_is_bounded_whatever_became_of_the_orders(
    seconds_ago: tuple[int, ...], expected: str | None, state: OrderEventKind | None
) -> None:
    gate = OrdersPerMinute(OrdersPerMinuteConfig(orders_max=3), make_provision())
    assert code(gate, execution(make_directive()), meant(*seconds_ago, state=state)) == expected


def test_only_a_minute_of_intents_is_kept() -> None:
    view = meant(200, 120, 61, 60, 59, 1).view
    assert [(view.recent_intents[-1] - at) // 1_000_000_000 for at in view.recent_intents] == [59, 58, 0]


def test_planned_exits_count_for_the_pace() -> None:
    gate = OrdersPerMinute(OrdersPerMinuteConfig(orders_max=3), make_provision())
    directive = execution(make_directive(), exits=make_exit("90.0", "110.0"))
    assert code(gate, directive, meant(60)) is None
    assert code(gate, directive, meant(59)) == "ORDERS_PER_MINUTE"


def test_another_strategys_orders_do_not_count_for_the_pace() -> None:
    gate = OrdersPerMinute(OrdersPerMinuteConfig(orders_max=1), make_provision())
    assert code(gate, execution(make_directive()), meant(1, 1, strategy="beta")) is None


@given(st.lists(st.integers(0, 180), max_size=12), st.integers(1, 6))
def test_no_minute_ever_has_more_orders_than_the_bound(seconds: list[int], orders_max: int) -> None:
    gate = OrdersPerMinute(OrdersPerMinuteConfig(orders_max=orders_max), make_provision())
    placed: list[int] = []
    for second in sorted(seconds):
        situation = meant(*(180 - at for at in placed))
        now = replace(situation, at=situation.at - (180 - second) * 1_000_000_000)
        if code(gate, execution(make_directive()), now) is None:
            placed.append(second)
    assert all(sum(first <= at < first + MINUTE_NS // 1_000_000_000 for at in placed) <= orders_max for first in placed)


COLLARS: list[tuple[Direction, str | None, str | None, str | None]] = [
    (LONG, None, None, None),
    (LONG, "105.0", None, None),
    (LONG, "105.1", None, "PRICE_COLLAR"),
    (LONG, "95.0", None, None),
    (LONG, "94.9", None, "PRICE_COLLAR"),
    (SHORT, "105.0", None, None),
    (SHORT, "94.9", None, "PRICE_COLLAR"),
    (LONG, None, "105.0", None),
    (LONG, None, "105.1", "PRICE_COLLAR"),
    (SHORT, None, "94.9", "PRICE_COLLAR"),
    (LONG, "105.0", "104.0", None),
    (LONG, "105.1", "104.0", "PRICE_COLLAR"),
    (LONG, "105.0", "94.9", "PRICE_COLLAR"),
]


def collar() -> PriceCollar:
    return PriceCollar(PriceCollarConfig(percent=Decimal(5)), make_provision())


@pytest.mark.parametrize(("direction", "price", "stop", "expected"), COLLARS)
def test_an_entry_lies_near_the_last_price(
    direction: Direction, price: str | None, stop: str | None, expected: str | None
) -> None:
    assert code(collar(), execution(make_directive(direction), price=price, stop=stop), Account().situation()) == expected


def test_an_exit_may_lie_far_away() -> None:
    directive = execution(make_directive(), exits=make_exit("1.0", "1000.0"))
    assert code(collar(), directive, Account().situation()) is None


@given(
    st.decimals("0.1", "100000", places=1),
    st.decimals("0.1", "100000", places=1),
    st.decimals("0.01", "50", places=2),
)
def test_the_collar_is_exact(last: Decimal, price: Decimal, percent: Decimal) -> None:
    gate = PriceCollar(PriceCollarConfig(percent=percent), make_provision())
    situation = Account().situation(prices={BTC: last})
    far = not last * (100 - percent) <= price * 100 <= last * (100 + percent)
    assert (code(gate, execution(make_directive(), price=str(price)), situation) == "PRICE_COLLAR") is far


@pytest.mark.parametrize("gate", [notional_gate(), collar()])
@pytest.mark.parametrize("price", [None, "100.0"])
def test_an_order_without_a_price_to_measure_it_by_does_not_pass(gate: RiskGate, price: str | None) -> None:
    situation = Account().situation(prices={})
    has_its_own = isinstance(gate, OrderNotional) and price is not None
    assert code(gate, execution(make_directive(), "0.01", price), situation) == (None if has_its_own else "NO_PRICE")


TIGHT: list[RiskGate] = [
    position_gate(1),
    OrderNotional(OrderNotionalConfig(notional_max=Decimal(1)), make_provision()),
    OpenOrders(OpenOrdersConfig(orders_max=1), make_provision()),
    OrdersPerMinute(OrdersPerMinuteConfig(orders_max=1), make_provision()),
    PriceCollar(PriceCollarConfig(percent=Decimal("0.01")), make_provision()),
]


@pytest.mark.parametrize("gate", TIGHT, ids=lambda gate: type(gate).__name__)
def test_what_ends_or_only_protects_a_trade_passes_and_what_adds_to_it_does_not(gate: RiskGate) -> None:
    account = Account()
    trade = account.enter(quantity="50")
    account.order(trade, Side.SELL, "50", stop_price="90.0")
    situation = account.situation()
    latest = max(order.intent.decided_at for order in situation.view.open_orders)
    situation = replace(situation, at=latest)
    end = execution(make_directive(LONG, Scope.CLOSE_EXISTING, trade.trade_id))
    moved_stop = execution(make_directive(LONG, Scope.MODIFY_EXISTING, trade.trade_id), exits=make_exit("95.0"))
    added = replace(moved_stop, plans=replace(execution(make_directive(), "9", "80.0").plans, exit=None))
    cancelled = execution(make_directive(), "9", "80.0", action=Action.CANCEL_ALL_IN_TRADE)
    assert [code(gate, passing, situation) for passing in (end, moved_stop, cancelled)] == [None, None, None]
    assert code(gate, added, situation) is not None
    assert code(gate, execution(make_directive(), "9", "80.0"), situation) is not None


@pytest.mark.parametrize(
    ("config", "mistake"),
    [
        (OpenOrdersConfig, {"orders_max": 0}),
        (OpenOrdersConfig, {"orders_max": 1, "per": "strategy"}),
        (OrdersPerMinuteConfig, {"orders_max": 0}),
        (PriceCollarConfig, {"percent": 0}),
        (PriceCollarConfig, {"percent": "nan"}),
        (PositionLimitConfig, {"quantity_max": -1}),
    ],
)
def test_a_bound_that_makes_no_sense_is_a_mistake(config: type[PriceCollarConfig], mistake: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        config.model_validate(mistake)
