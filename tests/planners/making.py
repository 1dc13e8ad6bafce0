"""Situations told as stories: what happened on the account, folded by the real book, and what is seen now."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from s1mpletrader.api import (
    AccountType,
    Action,
    Aim,
    Direction,
    DirectiveId,
    EntryPlan,
    ExitPlan,
    Facts,
    FloatArray,
    GroupAdvanced,
    GroupId,
    GroupOpened,
    IdKind,
    Instrument,
    Key,
    LedgerChange,
    OrderDetails,
    OrderEventKind,
    OrderIntended,
    OrderType,
    PlanId,
    Risk,
    RiskId,
    Scope,
    Series,
    Severity,
    Side,
    Signal,
    SignalId,
    Situation,
    SizePlan,
    StrategyDirective,
    TimeInForce,
    TradeId,
    TradeOpened,
    WorkerProvision,
    opening_side,
)
from s1mpletrader.contracts.naive_ledger import NaiveLedger
from s1mpletrader.contracts.samples import START, Samples
from s1mpletrader.core.book import Book

LONG, SHORT = Direction.LONG, Direction.SHORT
BTC, ETH = "BTC/USDT", "ETH/USDT"
PRICE = Decimal("100.0")


def make_instrument(symbol: str = BTC, /, **rules: Decimal) -> Instrument:
    base, quote = symbol.split("/")
    given = {"price_tick": Decimal("0.1"), "quantity_lot": Decimal("0.01"), "notional_min": Decimal(10), **rules}
    return Instrument(symbol=symbol, base=base, quote=quote, settlement=quote, **given)


INSTRUMENTS = {symbol: make_instrument(symbol) for symbol in (BTC, ETH)}


def make_provision() -> WorkerProvision:
    return WorkerProvision(
        name="planner",
        strategy="alpha",
        series=Series(BTC, "1m"),
        symbols=(BTC, ETH),
        instruments=INSTRUMENTS,
        account_type=AccountType.NETTING,
        seed=7,
    )


class FixedFacts:
    """The facts that a test gives."""

    at = START

    def __init__(self, values: Mapping[Key, float]) -> None:
        self._values = values

    def value(self, key: Key, back: int = 0) -> float:
        return self._values[key]

    def window(self, key: Key, length: int) -> FloatArray:
        raise LookupError(key)


class Account:
    """What has happened on an account, change by change."""

    def __init__(self, account_type: AccountType = AccountType.NETTING, funds: int = 10_000) -> None:
        self.samples = Samples("account")
        self.account_type = account_type
        self.changes: list[LedgerChange] = [self.samples.funds(amount=Decimal(funds))]

    def begin(self, direction: Direction = LONG, symbol: str = BTC) -> TradeOpened:
        trade_id = TradeId(self.samples.id(IdKind.TRADE))
        trade = TradeOpened(trade_id=trade_id, strategy="alpha", symbol=symbol, direction=direction, at=self.samples.next_at())
        self.changes.append(trade)
        return trade

    def group(self, trade: TradeOpened, algorithm: str = "single", *, done: bool = True) -> GroupOpened:
        group = GroupOpened(
            group_id=GroupId(self.samples.id(IdKind.GROUP)),
            trade_id=trade.trade_id,
            action=Action.EXECUTE_TRADE,
            algorithm=algorithm,
            at=self.samples.next_at(),
            done=done,
        )
        self.changes.append(group)
        return group

    def end_group(self, group: GroupOpened) -> None:
        self.changes.append(GroupAdvanced(group_id=group.group_id, ordinal=1, at=self.samples.next_at(), done=True))

    def order(
        self,
        trade: TradeOpened,
        side: Side | None = None,
        quantity: str = "1",
        price: str | None = None,
        stop_price: str | None = None,
        state: OrderEventKind | None = OrderEventKind.ACCEPTED,
    ) -> OrderIntended:
        """An order of the trade: at the market unless it has a price, and in that state; None leaves it intended."""
        kind = OrderType.LIMIT if price else OrderType.STOP if stop_price else OrderType.MARKET
        details = OrderDetails(
            symbol=trade.symbol,
            side=side or opening_side(trade.direction),
            type=kind,
            quantity=Decimal(quantity),
            price=Decimal(price) if price else None,
            stop_price=Decimal(stop_price) if stop_price else None,
        )
        intent = replace(self.samples.intent(trade, self.group(trade)), details=details)
        self.changes.append(intent)
        if state is not None:
            self.changes.append(self.samples.event(intent, 1, state))
        return intent

    def fill(self, intent: OrderIntended, quantity: str | None = None) -> None:
        amount = Decimal(quantity) if quantity else intent.details.quantity
        self.changes.append(replace(self.samples.fill(intent, amount, PRICE), fee=Decimal(0)))

    def enter(self, direction: Direction = LONG, symbol: str = BTC, quantity: str = "1") -> TradeOpened:
        """A trade whose entry has filled."""
        trade = self.begin(direction, symbol)
        self.fill(self.order(trade, quantity=quantity))
        return trade

    def situation(
        self,
        signals: Sequence[Signal] = (),
        risks: Sequence[Risk] = (),
        facts: Mapping[Key, float] | None = None,
        instruments: Mapping[str, Instrument] = INSTRUMENTS,
        prices: Mapping[str, Decimal] | None = None,
    ) -> Situation:
        ledger = NaiveLedger("book", self.changes)
        book = Book(self.account_type, "USDT", instruments, lambda: ledger)
        for change in self.changes:
            book.apply(change)
        known: Facts = FixedFacts(facts or {})
        return Situation(
            at=START,
            signals=tuple(signals),
            risks=tuple(risks),
            facts=known,
            view=book.view("alpha"),
            open_ledger=lambda: ledger,
            instruments=instruments,
            prices={BTC: PRICE, ETH: Decimal("20.0")} if prices is None else prices,
        )


_IDS = Samples("opinions")


def make_signal(direction: Direction, confidence: float = 1.0, symbol: str = BTC) -> Signal:
    return Signal(
        id=SignalId(_IDS.id(IdKind.SIGNAL)),
        detector="crossover",
        symbol=symbol,
        direction=direction,
        kind="CROSS",
        confidence=confidence,
    )


def make_risk(severity: Severity, symbol: str | None = None) -> Risk:
    return Risk(id=RiskId(_IDS.id(IdKind.RISK)), monitor="drawdown", kind="DRAWDOWN", severity=severity, symbol=symbol, detail="")


def make_directive(
    direction: Direction = LONG,
    scope: Scope = Scope.NEW_TRADE,
    trade_id: TradeId | None = None,
    symbol: str = BTC,
    aim: Aim | None = None,
) -> StrategyDirective:
    return StrategyDirective(
        id=DirectiveId(_IDS.id(IdKind.STRATEGY_DIRECTIVE)),
        symbol=symbol,
        direction=direction,
        scope=scope,
        trade_id=trade_id,
        confidence=1.0,
        reason="",
        signal_ids=(),
        risk_ids=(),
        aim=(aim or Aim.EXITS) if scope is Scope.MODIFY_EXISTING else None,
    )


def make_entry(side: Side = Side.BUY, price: str | None = None) -> EntryPlan:
    return EntryPlan(
        id=PlanId(_IDS.id(IdKind.ENTRY_PLAN)),
        side=side,
        type=OrderType.LIMIT if price else OrderType.MARKET,
        price=Decimal(price) if price else None,
        stop_price=None,
        time_in_force=TimeInForce.GTC,
    )


def make_exit(stop: str | None, target: str | None = None) -> ExitPlan:
    return ExitPlan(
        id=PlanId(_IDS.id(IdKind.EXIT_PLAN)),
        stop_price=Decimal(stop) if stop else None,
        target_price=Decimal(target) if target else None,
    )


def make_size(quantity: str) -> SizePlan:
    return SizePlan(id=PlanId(_IDS.id(IdKind.SIZE_PLAN)), quantity=Decimal(quantity))
