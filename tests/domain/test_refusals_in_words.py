"""A value that is refused says why in one sentence that a person can act on."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from s1mpletrader.domain.directives import (
    Aim,
    DirectiveDraft,
    ExecutionDirective,
    ExecutionPlan,
    ExitPlanDraft,
    Plans,
    Scope,
    SizePlanDraft,
    StrategyDirective,
)
from s1mpletrader.domain.ids import DirectiveId, FillId, GroupId, OrderId, PlanId, TradeId
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.opinion import Direction, SignalDraft
from s1mpletrader.domain.orders import ListKind, OrderDetails, OrderEventKind, OrderType, Side
from s1mpletrader.domain.reality import Fill, Liquidity, OrderChanged, OrderIntended

HASH = "20220101_000000_0123456789abcdef"
ORDER, TRADE = OrderId(f"ORD_{HASH}"), TradeId(f"TRD_{HASH}")
MARKET = OrderDetails(symbol="s", side=Side.BUY, type=OrderType.MARKET, quantity=Decimal(1))


def order(
    type_: OrderType = OrderType.LIMIT, quantity: str = "1", price: str | None = None, stop: str | None = None
) -> OrderDetails:
    return OrderDetails(
        symbol="s",
        side=Side.BUY,
        type=type_,
        quantity=Decimal(quantity),
        price=None if price is None else Decimal(price),
        stop_price=None if stop is None else Decimal(stop),
    )


def fill(price: str = "1", quantity: str = "1") -> Fill:
    return Fill(
        fill_id=FillId(f"FIL_{HASH}"),
        order_id=ORDER,
        venue="v",
        account="a",
        symbol="s",
        venue_trade_id="1",
        side=Side.BUY,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(0),
        fee_currency="U",
        liquidity=Liquidity.TAKER,
        venue_at=0,
        at=0,
    )


def directive(scope: Scope = Scope.NEW_TRADE, trade: TradeId | None = None, aim: Aim | None = None) -> DirectiveDraft:
    return DirectiveDraft(symbol="s", direction=Direction.LONG, scope=scope, trade_id=trade, aim=aim)


def execution(plans: Plans) -> ExecutionDirective:
    asked = StrategyDirective(
        id=DirectiveId(f"STR_{HASH}"),
        symbol="s",
        direction=Direction.LONG,
        scope=Scope.NEW_TRADE,
        trade_id=None,
        confidence=1.0,
        reason="",
        signal_ids=(),
        risk_ids=(),
    )
    return ExecutionDirective(id=DirectiveId(f"EXD_{HASH}"), strategy="s", directive=asked, plans=plans)


def intent(list_kind: ListKind, list_id: str | None) -> OrderIntended:
    return OrderIntended(
        order_id=ORDER,
        group_id=GroupId(f"EXG_{HASH}"),
        trade_id=TRADE,
        strategy="s",
        venue="v",
        account="a",
        client_order_id="c",
        details=MARKET,
        decided_at=0,
        list_kind=list_kind,
        list_id=list_id,
    )


SINGLE = ExecutionPlan(id=PlanId(f"EXP_{HASH}"), action="EXECUTE_TRADE", algorithm="single")  # type: ignore[arg-type]
LISTED = "an order has a list id exactly when it is one of a list"
NAMED = "a directive names a trade exactly when it is not for a new one"
AIMED = "a directive has an aim exactly when it modifies a trade"

REFUSALS: list[tuple[Callable[[], object], str]] = [
    (lambda: order(price=None), "a LIMIT order needs a price"),
    (lambda: order(OrderType.MARKET, price="1"), "a MARKET order has no price"),
    (lambda: order(OrderType.STOP), "a STOP order needs a stop_price"),
    (lambda: order(price="1", stop="1"), "a LIMIT order has no stop_price"),
    (lambda: order(price="Infinity"), "an order's price must be above zero, found Infinity"),
    (lambda: order(OrderType.STOP, stop="0"), "an order's stop_price must be above zero, found 0"),
    (lambda: order(quantity="0", price="1"), "an order's quantity must be above zero, found 0"),
    (lambda: fill(price="0"), "a fill's price must be above zero, found 0"),
    (lambda: fill(price="Infinity"), "a fill's price must be above zero, found Infinity"),
    (lambda: fill(quantity="-1"), "a fill's quantity must be above zero, found -1"),
    (lambda: SizePlanDraft(quantity=Decimal(0)), "a size must be above zero, found 0"),
    (ExitPlanDraft, "an exit plan names a stop, a target, or both"),
    (lambda: ExitPlanDraft(target_price=Decimal(-1)), "an exit's price must be above zero, found -1"),
    (lambda: ExitPlanDraft(stop_price=Decimal("Infinity")), "an exit's price must be above zero, found Infinity"),
    (lambda: directive(trade=TRADE), NAMED),
    (lambda: directive(Scope.CLOSE_EXISTING), NAMED),
    (lambda: directive(Scope.MODIFY_EXISTING, TRADE), AIMED),
    (lambda: directive(aim=Aim.ADD), AIMED),
    (lambda: execution(Plans()), "an execution directive has an execution plan"),
    (lambda: execution(Plans(execution=SINGLE)), "a new trade needs an entry plan and a size plan"),
    (lambda: intent(ListKind.OCO, None), LISTED),
    (lambda: intent(ListKind.NONE, "L"), LISTED),
    (
        lambda: OrderChanged(order_id=ORDER, ordinal=1, kind=OrderEventKind.REOPENED, at=0, evidence=""),
        "an order is reopened only with evidence",
    ),
    (
        lambda: SignalDraft(symbol="s", direction=Direction.LONG, kind="k", confidence=1.5),
        "confidence 1.5 lies outside [0, 1]",
    ),
    (
        lambda: Instrument(symbol="X", base="X", quote="U", settlement="U", price_tick=Decimal(0), quantity_lot=Decimal(1)),
        "X: price_tick must be above zero, found 0",
    ),
]


@pytest.mark.parametrize(("build", "sentence"), REFUSALS, ids=[sentence for _, sentence in REFUSALS])
def test_it_says_what_is_wrong(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        build()


def test_the_least_that_is_allowed_is_allowed() -> None:
    assert fill(price="0.00000001", quantity="0.00000001").price > 0
    assert intent(ListKind.OCO, "L").list_id == "L"
    assert ExitPlanDraft(stop_price=Decimal("0.5")).stop_price == Decimal("0.5")
