"""Detectors that look at the account: the laws of their kind, and what they see."""

from dataclasses import replace as provided
from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.api import (
    AccountType,
    AccountView,
    Direction,
    GroupId,
    ICoupled,
    Key,
    OpenTrade,
    Order,
    OrderDetails,
    OrderId,
    OrderIntended,
    OrderState,
    OrderType,
    Side,
    SignalDraft,
    TradeId,
    WorkerProvision,
    order_from_intent,
)
from s1mpletrader.contracts import CoupledDetectorContract
from s1mpletrader.contracts.generated import PROVISION
from s1mpletrader.contracts.monitor import VIEW_ROWS
from s1mpletrader.plugins.workers.pairs import Pairs, PairsConfig
from s1mpletrader.plugins.workers.trailing import Trailing, TrailingConfig

BTC, ETH = "BTC/USDT", "ETH/USDT"
HASH = "20220101_000000_000000000000000"
TRADE = TradeId(f"TRD_{HASH}1")
FLAT = AccountView(revision=1, strategy="alpha", account_type=AccountType.NETTING, currency="USDT", balances={}, positions={})


def stop_order(price: str, side: Side = Side.SELL) -> Order:
    details = OrderDetails(symbol=BTC, side=side, type=OrderType.STOP, quantity=Decimal(1), stop_price=Decimal(price))
    intent = OrderIntended(
        order_id=OrderId(f"ORD_{HASH}1"),
        group_id=GroupId(f"EXG_{HASH}1"),
        trade_id=TRADE,
        strategy="alpha",
        venue="v",
        account="a",
        client_order_id="c",
        details=details,
        decided_at=1,
    )
    return replace(order_from_intent(intent), state=OrderState.OPEN)


def holding(direction: Direction, *orders: Order, symbol: str = BTC, algorithms: tuple[str, ...] = ()) -> AccountView:
    quantity = Decimal(1) if direction is Direction.LONG else Decimal(-1)
    trade = OpenTrade(trade_id=TRADE, symbol=symbol, direction=direction, quantity=quantity, algorithms=algorithms)
    return replace(FLAT, open_trades=(trade,), open_orders=orders)


class TestTrailing(CoupledDetectorContract):
    def make_detector(self, provision: WorkerProvision) -> Trailing:
        return Trailing(TrailingConfig(distance_percent=1, step_percent=0.2), provision)

    def make_view(self, row: int) -> AccountView:
        return (FLAT, holding(Direction.LONG, stop_order("38300")), holding(Direction.SHORT, stop_order("38700", Side.BUY)))[
            row // VIEW_ROWS % 3
        ]


class TestPairs(CoupledDetectorContract):
    def make_detector(self, provision: WorkerProvision) -> Pairs:
        config = PairsConfig(first=BTC, second=ETH, window=40, entry_deviation=1.5, exit_deviation=0.4)
        return Pairs(config, provided(provision, symbols=(BTC, ETH)))

    def make_view(self, row: int) -> AccountView:
        return (FLAT, holding(Direction.LONG))[row // VIEW_ROWS % 2]


class Close:
    """Facts with one close."""

    at = 1

    def __init__(self, *closes: float) -> None:
        self._closes = closes

    def value(self, key: Key, back: int = 0) -> float:
        return self._closes[0] if key.symbol == BTC else self._closes[1]


def seen(detector: ICoupled[None, SignalDraft], close: float, view: AccountView) -> list[tuple[str, Direction]]:
    _, drafts = detector.step(None, Close(close), view)  # type: ignore[arg-type]
    return [(draft.kind, draft.direction) for draft in drafts]


@pytest.mark.parametrize(
    ("close", "view", "expected"),
    [
        (200.0, FLAT, []),
        (100.0, holding(Direction.LONG), [("trail", Direction.LONG)]),
        (101.0, holding(Direction.LONG, stop_order("90")), [("trail", Direction.LONG)]),
        (100.0, holding(Direction.LONG, stop_order("90")), []),
        (100.8, holding(Direction.LONG, stop_order("90")), []),
        (50.0, holding(Direction.LONG, stop_order("90")), []),
        (99.0, holding(Direction.SHORT, stop_order("110", Side.BUY)), [("trail", Direction.SHORT)]),
        (100.0, holding(Direction.SHORT, stop_order("110", Side.BUY)), []),
        (200.0, holding(Direction.LONG, stop_order("90"), algorithms=("bracket",)), [("trail", Direction.LONG)]),
        (200.0, holding(Direction.LONG, stop_order("90"), algorithms=("bracket", "modify")), []),
        (200.0, holding(Direction.LONG, stop_order("90"), algorithms=("close",)), []),
        (200.0, holding(Direction.LONG, symbol=ETH), []),
    ],
)
def test_a_stop_trails_by_the_distance_once_the_step_is_worth_it(
    close: float, view: AccountView, expected: list[tuple[str, Direction]]
) -> None:
    detector = Trailing(TrailingConfig(distance_percent=10, step_percent=0.9), PROVISION)
    assert seen(detector, close, view) == expected


@pytest.mark.parametrize(
    ("latest", "view", "expected"),
    [
        (1.2, FLAT, [("spread", BTC, Direction.SHORT), ("spread", ETH, Direction.LONG)]),
        (0.8, FLAT, [("spread", BTC, Direction.LONG), ("spread", ETH, Direction.SHORT)]),
        (1.0, FLAT, []),
        (1.0, holding(Direction.SHORT), [("converged", BTC, Direction.LONG)]),
        (1.2, holding(Direction.SHORT), []),
    ],
)
def test_a_pair_parts_and_meets(latest: float, view: AccountView, expected: list[tuple[str, str, Direction]]) -> None:
    detector = Pairs(PairsConfig(first=BTC, second=ETH, window=11), provided(PROVISION, symbols=(BTC, ETH)))
    state = (0.99, 1.01) * 5
    _, drafts = detector.step(state, Close(latest, 1.0), view)  # type: ignore[arg-type]
    assert [(draft.kind, draft.symbol, draft.direction) for draft in drafts] == expected


def test_a_pair_waits_for_its_window() -> None:
    detector = Pairs(PairsConfig(first=BTC, second=ETH, window=11), provided(PROVISION, symbols=(BTC, ETH)))
    state, drafts = detector.step((1.0,) * 9, Close(5.0, 1.0), FLAT)  # type: ignore[arg-type]
    assert (len(state), list(drafts)) == (10, [])


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"first": BTC, "second": BTC}, "the same symbol"),
        ({"first": BTC, "second": ETH, "entry_deviation": 1, "exit_deviation": 1}, "must be below"),
    ],
)
def test_what_is_no_pair_is_refused(keys: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        PairsConfig.model_validate(keys)
