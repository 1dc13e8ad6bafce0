"""The situations that planners and gates are asked in: every scope and direction, flat or not, with facts, odd facts or none."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import product
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from msgspec.structs import replace

from s1mpletrader.api import (
    CANDLE_FIELDS,
    ZERO,
    AccountType,
    AccountView,
    Action,
    Aim,
    Direction,
    DirectiveId,
    EntryPlan,
    ExecutionDirective,
    ExecutionPlan,
    ExitPlan,
    Facts,
    FloatArray,
    IdKind,
    Instant,
    Key,
    LedgerChange,
    OpenTrade,
    OrderChanged,
    OrderEventKind,
    OrderType,
    PlanId,
    Plans,
    Position,
    Risk,
    RiskId,
    Scope,
    Severity,
    Signal,
    SignalId,
    Situation,
    SizePlan,
    StrategyDirective,
    TimeInForce,
    TradeId,
    multiply,
    opening_side,
)
from s1mpletrader.contracts.generated import INSTRUMENT, PROVISION
from s1mpletrader.contracts.naive_ledger import NaiveLedger
from s1mpletrader.contracts.samples import START, Family, Samples

PRICE: Final = Decimal("38527.1")
HELD: Final = {"flat": ZERO, "long": Decimal("1.5"), "short": Decimal("-1.5")}


class AnyFacts:
    """Facts for whatever key is asked: prices under the names of candle fields, else a share of the price."""

    def __init__(self, at: Instant, share: float) -> None:
        self._at, self._share = at, share

    @property
    def at(self) -> Instant:
        """The point in time."""
        return self._at

    def value(self, key: Key, back: int = 0) -> float:
        """The fact, a little different for each key and each candle back."""
        share = 1.0 if key.name in CANDLE_FIELDS else self._share
        return float(PRICE) * share * (1.0 + ((crc32(f"{key}{back}".encode()) % 1_000) - 500) / 1_000_000)

    def window(self, key: Key, length: int) -> FloatArray:
        """The last values."""
        values = np.array([self.value(key, back) for back in reversed(range(length))])
        values.setflags(write=False)
        return values


class NoFacts:
    """Before any fact exists."""

    def __init__(self, at: Instant) -> None:
        self._at = at

    @property
    def at(self) -> Instant:
        """The point in time."""
        return self._at

    def value(self, key: Key, back: int = 0) -> float:
        """Nothing."""
        raise LookupError(f"{key} does not exist yet")

    def window(self, key: Key, length: int) -> FloatArray:
        """Nothing."""
        raise LookupError(f"{key} does not exist yet")


class Case(NamedTuple):
    """A question to a planner."""

    name: str
    directive: StrategyDirective
    plans: Plans
    situation: Situation


def make_situations() -> Iterator[tuple[str, Situation]]:
    """Flat, long and short; without and with signals and risks; with sensible, huge and no facts."""
    facts: dict[str, Facts] = {
        "sensible facts": AnyFacts(START, 0.01),
        "huge facts": AnyFacts(START, 3.0),
        "no facts": NoFacts(START),
    }
    for held, quantity in HELD.items():
        for about, known in facts.items():
            for opinions in ("", "LONG", "SHORT", "LONG SHORT"):
                for risky in (False, True):
                    name = f"{held}, {about}, signals: {opinions or 'none'}{', a critical risk' if risky else ''}"
                    yield name, _situation(quantity, known, [Direction(word) for word in opinions.split()], risky=risky)


def make_cases() -> Iterator[Case]:
    """Every scope and direction in every situation, first without plans, then with those that come before."""
    for name, situation in make_situations():
        trade = situation.view.open_trades[0].trade_id if situation.view.open_trades else None
        for scope in Scope:
            if (scope is Scope.NEW_TRADE) or trade is not None:
                for direction, aim in product(Direction, Aim if scope is Scope.MODIFY_EXISTING else (None,)):
                    directive = make_directive(scope, direction, trade if scope is not Scope.NEW_TRADE else None, aim)
                    asked = f"{scope} {direction}" if aim is None else f"{scope} to {aim} {direction}"
                    for planned, plans in make_plans(direction).items():
                        yield Case(f"{asked}, {planned}: {name}", directive, plans, situation)


def make_directive(scope: Scope, direction: Direction, trade_id: TradeId | None, aim: Aim | None = None) -> StrategyDirective:
    """A strategy planner's decision."""
    samples = Samples(f"directive {scope} {direction} {aim}")
    return StrategyDirective(
        id=DirectiveId(samples.id(IdKind.STRATEGY_DIRECTIVE)),
        symbol=INSTRUMENT.symbol,
        direction=direction,
        scope=scope,
        trade_id=trade_id,
        confidence=0.8,
        reason="a sample",
        signal_ids=(),
        risk_ids=(),
        aim=aim,
    )


def make_plans(direction: Direction) -> dict[str, Plans]:
    """What may have been planned before: nothing, an entry, an entry with an exit, and all of that with a size."""
    samples = Samples(f"plans {direction}")
    entry = EntryPlan(
        id=PlanId(samples.id(IdKind.ENTRY_PLAN)),
        side=opening_side(direction),
        type=OrderType.MARKET,
        price=None,
        stop_price=None,
        time_in_force=TimeInForce.GTC,
    )
    limit = replace(entry, type=OrderType.LIMIT, price=INSTRUMENT.price_down(PRICE))
    stop = Decimal(38_000) if direction is Direction.LONG else Decimal(39_000)
    leave = ExitPlan(id=PlanId(samples.id(IdKind.EXIT_PLAN)), stop_price=stop, target_price=None)
    size = SizePlan(id=PlanId(samples.id(IdKind.SIZE_PLAN)), quantity=Decimal("0.5"))
    return {
        "no plans": Plans(),
        "a market entry": Plans(entry=entry),
        "a limit entry": Plans(entry=limit),
        "an entry and an exit": Plans(entry=entry, exit=leave),
        "all three": Plans(entry=limit, exit=leave, size=size),
    }


def make_execution_directive(case: Case) -> ExecutionDirective:
    """What a gate is shown."""
    samples = Samples("execution")
    execution = ExecutionPlan(id=PlanId(samples.id(IdKind.EXECUTION_PLAN)), action=Action.EXECUTE_TRADE, algorithm="single")
    return ExecutionDirective(
        id=DirectiveId(samples.id(IdKind.EXECUTION_DIRECTIVE)),
        strategy=PROVISION.strategy,
        directive=case.directive,
        plans=replace(case.plans, execution=execution),
    )


def _situation(quantity: Decimal, facts: Facts, opinions: Sequence[Direction], *, risky: bool) -> Situation:
    samples = Samples(f"situation {quantity}")
    direction = Direction.SHORT if quantity < 0 else Direction.LONG
    family = samples.family(quantity=abs(quantity) or Decimal(1), price=PRICE)
    changes = _history(samples, family, quantity)
    ledger = NaiveLedger("book", changes)
    position = Position(instrument=INSTRUMENT, quantity=quantity, cost=multiply(PRICE, quantity))
    trade = OpenTrade(trade_id=family.trade.trade_id, symbol=INSTRUMENT.symbol, direction=direction, quantity=quantity)
    view = AccountView(
        revision=len(changes),
        strategy=PROVISION.strategy,
        account_type=AccountType.NETTING,
        currency="USDT",
        balances={"USDT": Decimal(100_000) - position.cost},
        positions={INSTRUMENT.symbol: position} if quantity else {},
        open_orders=tuple(ledger.orders(live=True)),
        open_trades=(trade,) if quantity else (),
    )
    return Situation(
        at=START,
        signals=tuple(_signal(samples, opinion) for opinion in opinions),
        risks=(_risk(samples),) if risky else (),
        facts=facts,
        view=view,
        open_ledger=lambda: ledger,
        instruments={INSTRUMENT.symbol: INSTRUMENT},
        prices={INSTRUMENT.symbol: PRICE},
    )


def _history(samples: Samples, family: Family, quantity: Decimal) -> list[LedgerChange]:
    """How the position came about; a trade that is open has a filled entry and a resting order beside it."""
    if not quantity:
        return [samples.funds()]
    resting = samples.intent(family.trade, family.group, quantity=abs(quantity), price=PRICE + 1_000)
    accepted: OrderChanged = samples.event(resting, 1, OrderEventKind.ACCEPTED)
    filled = samples.fill(family.intent, abs(quantity), PRICE)
    return [samples.funds(), *family.changes, filled, resting, accepted]


def _signal(samples: Samples, direction: Direction) -> Signal:
    return Signal(
        id=SignalId(samples.id(IdKind.SIGNAL)),
        detector="crossover",
        symbol=INSTRUMENT.symbol,
        direction=direction,
        kind="CROSS",
        confidence=0.8,
    )


def _risk(samples: Samples) -> Risk:
    return Risk(
        id=RiskId(samples.id(IdKind.RISK)),
        monitor="drawdown",
        kind="DRAWDOWN",
        severity=Severity.CRITICAL,
        symbol=None,
        detail="the limit is reached",
    )
