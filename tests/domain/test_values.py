"""A value that could mean nothing has no constructor."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.domain.directives import (
    Aim,
    Approved,
    DirectiveDraft,
    EntryPlan,
    ExecutionDirective,
    ExecutionPlan,
    ExitPlanDraft,
    Plans,
    Scope,
    SizePlan,
    SizePlanDraft,
    StrategyDirective,
)
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.facts import Key, Series, parse_key
from s1mpletrader.domain.ids import DirectiveId, OriginId, PlanId, SignalId, TradeId
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.opinion import Direction, Risk, RiskDraft, Severity, SignalDraft
from s1mpletrader.domain.orders import ListKind, OrderDetails, OrderType, Side, TimeInForce, opening_side
from s1mpletrader.domain.origin import Origin, OriginKind
from s1mpletrader.domain.reality import OrderIntended

HASH = "20220101_000000_0123456789abcdef"
TRADE = TradeId(f"TRD_{HASH}")


@pytest.mark.parametrize(
    ("type_", "price", "stop", "sound"),
    [
        (OrderType.MARKET, None, None, True),
        (OrderType.MARKET, "1", None, False),
        (OrderType.MARKET, None, "1", False),
        (OrderType.LIMIT, "1", None, True),
        (OrderType.LIMIT, None, None, False),
        (OrderType.LIMIT, "1", "1", False),
        (OrderType.LIMIT, "0", None, False),
        (OrderType.LIMIT, "NaN", None, False),
        (OrderType.STOP, None, "1", True),
        (OrderType.STOP, "1", "1", False),
        (OrderType.STOP, None, "-1", False),
        (OrderType.STOP_LIMIT, "1", "1", True),
        (OrderType.STOP_LIMIT, "1", None, False),
    ],
)
def test_an_order_has_exactly_the_prices_of_its_type(
    type_: OrderType, price: str | None, stop: str | None, *, sound: bool
) -> None:
    def build() -> OrderDetails:
        return OrderDetails(
            symbol="BTC/USDT",
            side=Side.BUY,
            type=type_,
            quantity=Decimal(1),
            price=Decimal(price) if price else None,
            stop_price=Decimal(stop) if stop else None,
            time_in_force=TimeInForce.GTC,
        )

    if sound:
        assert build().type is type_
    else:
        with pytest.raises(ValueError, match="price"):
            build()


@pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "Infinity"])
def test_an_order_and_a_size_have_a_quantity_above_zero(quantity: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        OrderDetails(symbol="s", side=Side.BUY, type=OrderType.MARKET, quantity=Decimal(quantity))
    with pytest.raises(ValueError, match="above zero"):
        SizePlanDraft(quantity=Decimal(quantity))


@pytest.mark.parametrize("confidence", [-0.01, 1.01, float("nan")])
def test_confidence_lies_between_zero_and_one(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        SignalDraft(symbol="s", direction=Direction.LONG, kind="k", confidence=confidence)
    with pytest.raises(ValueError, match="confidence"):
        DirectiveDraft(symbol="s", direction=Direction.LONG, confidence=confidence)


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_its_bounds_are_confidences(confidence: float) -> None:
    assert SignalDraft(symbol="s", direction=Direction.LONG, kind="k", confidence=confidence).confidence == confidence


@pytest.mark.parametrize(
    ("scope", "trade", "sound"),
    [
        (Scope.NEW_TRADE, None, True),
        (Scope.NEW_TRADE, TRADE, False),
        (Scope.CLOSE_EXISTING, TRADE, True),
        (Scope.CLOSE_EXISTING, None, False),
        (Scope.MODIFY_EXISTING, TRADE, True),
        (Scope.MODIFY_EXISTING, None, False),
    ],
)
def test_a_directive_names_a_trade_unless_it_is_new(scope: Scope, trade: TradeId | None, *, sound: bool) -> None:
    aim = Aim.ADD if scope is Scope.MODIFY_EXISTING else None
    if sound:
        assert DirectiveDraft(symbol="s", direction=Direction.LONG, scope=scope, trade_id=trade, aim=aim).scope is scope
    else:
        with pytest.raises(ValueError, match="names a trade"):
            DirectiveDraft(symbol="s", direction=Direction.LONG, scope=scope, trade_id=trade, aim=aim)


@pytest.mark.parametrize("aim", [None, *Aim])
@pytest.mark.parametrize("scope", Scope)
def test_exactly_a_modification_has_an_aim(scope: Scope, aim: Aim | None) -> None:
    trade = None if scope is Scope.NEW_TRADE else TRADE
    if (scope is Scope.MODIFY_EXISTING) == (aim is not None):
        assert DirectiveDraft(symbol="s", direction=Direction.LONG, scope=scope, trade_id=trade, aim=aim).aim is aim
    else:
        with pytest.raises(ValueError, match="has an aim exactly when it modifies a trade"):
            DirectiveDraft(symbol="s", direction=Direction.LONG, scope=scope, trade_id=trade, aim=aim)


def directive(scope: Scope = Scope.NEW_TRADE) -> StrategyDirective:
    return StrategyDirective(
        id=DirectiveId(f"STR_{HASH}"),
        symbol="s",
        direction=Direction.LONG,
        scope=scope,
        trade_id=None if scope is Scope.NEW_TRADE else TRADE,
        aim=Aim.EXITS if scope is Scope.MODIFY_EXISTING else None,
        confidence=1.0,
        reason="",
        signal_ids=(SignalId(f"SIG_{HASH}"),),
        risk_ids=(),
    )


ENTRY = EntryPlan(
    id=PlanId(f"ENT_{HASH}"), side=Side.BUY, type=OrderType.MARKET, price=None, stop_price=None, time_in_force=TimeInForce.GTC
)
SIZE = SizePlan(id=PlanId(f"SIZ_{HASH}"), quantity=Decimal(1))
EXECUTION = ExecutionPlan(id=PlanId(f"EXP_{HASH}"), action="EXECUTE_TRADE", algorithm="single")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scope", "plans", "sound"),
    [
        (Scope.NEW_TRADE, Plans(entry=ENTRY, size=SIZE, execution=EXECUTION), True),
        (Scope.NEW_TRADE, Plans(size=SIZE, execution=EXECUTION), False),
        (Scope.NEW_TRADE, Plans(entry=ENTRY, execution=EXECUTION), False),
        (Scope.NEW_TRADE, Plans(entry=ENTRY, size=SIZE), False),
        (Scope.CLOSE_EXISTING, Plans(execution=EXECUTION), True),
        (Scope.CLOSE_EXISTING, Plans(), False),
    ],
)
def test_an_execution_directive_has_the_plans_of_its_scope(scope: Scope, plans: Plans, *, sound: bool) -> None:
    def build() -> ExecutionDirective:
        return ExecutionDirective(id=DirectiveId(f"EXD_{HASH}"), strategy="s", directive=directive(scope), plans=plans)

    if sound:
        assert Approved(directive=build()).directive.plans.ids == plans.ids
    else:
        with pytest.raises(ValueError, match="plan"):
            build()


def test_plan_ids_come_in_the_order_of_planning() -> None:
    plans = Plans(entry=ENTRY, size=SIZE, execution=EXECUTION)
    assert plans.ids == (ENTRY.id, SIZE.id, EXECUTION.id)


def test_an_exit_names_a_price_above_zero() -> None:
    with pytest.raises(ValueError, match="a stop, a target, or both"):
        ExitPlanDraft()
    with pytest.raises(ValueError, match="above zero"):
        ExitPlanDraft(stop_price=Decimal(0))
    assert ExitPlanDraft(target_price=Decimal(1)).stop_price is None


def test_an_origin_has_the_prefix_of_its_kind() -> None:
    assert Origin(id=OriginId(f"NWS_{HASH}"), kind=OriginKind.NEWS, at=0).kind is OriginKind.NEWS
    with pytest.raises(ValueError, match="no TICK id"):
        Origin(id=OriginId(f"NWS_{HASH}"), kind=OriginKind.TICK, at=0)


def test_an_order_is_one_of_a_list_exactly_when_it_has_a_list_id() -> None:
    with pytest.raises(ValueError, match="list id"):
        OrderIntended(
            order_id=f"ORD_{HASH}",  # type: ignore[arg-type]
            group_id=f"EXG_{HASH}",  # type: ignore[arg-type]
            trade_id=TRADE,
            strategy="s",
            venue="v",
            account="a",
            client_order_id="c",
            details=OrderDetails(symbol="s", side=Side.BUY, type=OrderType.MARKET, quantity=Decimal(1)),
            decided_at=0,
            list_kind=ListKind.OCO,
        )


@pytest.mark.parametrize(("symbol", "asked", "concerns"), [(None, "a", True), ("a", "a", True), ("b", "a", False)])
def test_a_risk_without_a_symbol_concerns_all(symbol: str | None, asked: str, *, concerns: bool) -> None:
    draft = RiskDraft(kind="k", severity=Severity.HIGH, symbol=symbol)
    risk = Risk(id=f"RSK_{HASH}", monitor="m", kind="k", severity=draft.severity, symbol=symbol, detail="")  # type: ignore[arg-type]
    assert risk.concerns(asked) is concerns


def test_directions_and_sides_have_opposites() -> None:
    assert Direction.LONG.opposite is Direction.SHORT
    assert Direction.SHORT.opposite is Direction.LONG
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert opening_side(Direction.LONG) is Side.BUY
    assert opening_side(Direction.SHORT) is Side.SELL


INSTRUMENT = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    settlement="USDT",
    price_tick=Decimal("0.5"),
    quantity_lot=Decimal("0.01"),
    quantity_min=Decimal("0.02"),
    quantity_max=Decimal(5),
    notional_min=Decimal(10),
)


@pytest.mark.parametrize(
    ("quantity", "price", "reference", "violation"),
    [
        ("1", "10", None, None),
        ("1", "10.25", None, "PRICE_FILTER"),
        ("1", "0", None, "PRICE_FILTER"),
        ("1", "-0.5", None, "PRICE_FILTER"),
        ("4", "0.5", "99", "MIN_NOTIONAL"),
        ("5", "2", "0.5", None),
        ("0.01", "1000", None, "LOT_SIZE"),
        ("0.02", "1000", None, None),
        ("0.025", "1000", None, "LOT_SIZE"),
        ("5", "10", None, None),
        ("5.01", "10", None, "LOT_SIZE"),
        ("1", "9.5", None, "MIN_NOTIONAL"),
        ("1", None, "9.5", "MIN_NOTIONAL"),
        ("1", None, "10", None),
        ("1", None, None, None),
    ],
)
def test_an_instrument_names_the_filter_that_an_order_breaks(
    quantity: str, price: str | None, reference: str | None, violation: str | None
) -> None:
    found = INSTRUMENT.violation(
        Decimal(quantity),
        Decimal(price) if price else None,
        reference=Decimal(reference) if reference else None,
    )
    assert found == violation


def test_an_instrument_rounds_prices_and_quantities_to_its_steps() -> None:
    assert INSTRUMENT.price_down(Decimal("10.7")) == Decimal("10.5")
    assert INSTRUMENT.price_up(Decimal("10.7")) == Decimal("11.0")
    assert INSTRUMENT.quantity_down(Decimal("0.019")) == Decimal("0.01")
    assert INSTRUMENT.notional(Decimal(10), Decimal(-2)) == Decimal(-20)


def test_a_multiplier_counts_in_the_notional() -> None:
    for multiplier, notional in ((100, 600), (2, 12), (1, 6)):
        contract = replace(INSTRUMENT, multiplier=Decimal(multiplier))
        assert contract.notional(Decimal(3), Decimal(2)) == Decimal(notional)


@pytest.mark.parametrize("name", ["price_tick", "quantity_lot", "multiplier", "fee_quantum"])
def test_an_instrument_has_steps_above_zero(name: str) -> None:
    steps = {"price_tick": Decimal(1), "quantity_lot": Decimal(1), name: Decimal(0)}
    with pytest.raises(ValueError, match=name):
        Instrument(symbol="X", base="X", quote="U", settlement="U", **steps)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("close", Key("BTC/USDT", "1m", "close")),
        ("1h close", Key("BTC/USDT", "1h", "close")),
        ("ETH/USDT 4h ema", Key("ETH/USDT", "4h", "ema")),
    ],
)
def test_a_reference_fills_in_what_it_leaves_out(text: str, key: Key) -> None:
    assert parse_key(text, Series("BTC/USDT", "1m")) == key
    assert parse_key(str(key), Series("other", "5m")) == key


@pytest.mark.parametrize("text", ["", "a b c d", "hour close", "ETH/USDT hour close"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_key(text, Series("BTC/USDT", "1m"))


def test_a_configuration_error_names_place_problem_and_hint() -> None:
    assert str(ConfigurationError("f.toml: [size] quantiy", "no such key", "quantity?")) == (
        "f.toml: [size] quantiy: no such key (quantity?)"
    )
    assert str(ConfigurationError("f", "bad")) == "f: bad"
