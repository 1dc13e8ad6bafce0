"""A run's story for the journal: decisions with many reasons, an order that fills, and a decision not to trade."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from s1mpletrader.api import (
    SCHEMA_VERSION,
    SECOND_NS,
    Action,
    Direction,
    DirectiveId,
    EntryDraft,
    EntryKind,
    EntryPlan,
    EntryRef,
    ExecutionPlan,
    FillId,
    IdKind,
    IdSpace,
    Instant,
    MarketSnapshot,
    OrderId,
    OrderType,
    Origin,
    OriginId,
    OriginKind,
    PlanId,
    Plans,
    Reasons,
    Refusal,
    RefusalId,
    Risk,
    RiskId,
    RunIdentity,
    Scope,
    SealedEntry,
    Severity,
    Side,
    Signal,
    SignalId,
    SizePlan,
    Stage,
    StrategyDirective,
    TimeInForce,
    fill_id,
)
from s1mpletrader.core.journal_writer import StrategyJournalWriter

START: Final[Instant] = 1_700_000_000 * SECOND_NS + 987_654_321
STRATEGY: Final = "alpha"
SYMBOL: Final = "BTC/USDT"
FIRST_RELEASE_PAYLOAD: Final = (
    b'{"v":1,"strategy":"alpha","origin":{"id":"TCK_20231114_221320_0123456789abcdef","kind":"TICK","at":1700000000000000000},'
    b' "facts":{"BTC/USDT 1m ema":38527.1}, "of_a_version_since_forgotten":[1, 2.50, null]}'
)
"""A body as an earlier version might have written it: other spacing, and a field that nobody knows any more."""


class Story:
    """One run's entries, told step by step. Equal arguments tell equal stories."""

    def __init__(self, run: str = "run-1", at: Instant = START) -> None:
        self.run, self.at = run, at
        self.writer = StrategyJournalWriter(run)
        self.entries: list[SealedEntry] = []
        ids = IdSpace("contract kit").flow(STRATEGY, run, at)
        self._make = ids.make
        self.origin = Origin(id=OriginId(ids.make(IdKind.TICK)), kind=OriginKind.TICK, at=at)
        self.order_id = OrderId(ids.make(IdKind.ORDER))
        self.fill_ids = tuple(FillId(fill_id("kit", "kit", SYMBOL, f"{run}-{number}", at)) for number in range(2))

    def tell(self, *drafts: EntryDraft) -> list[SealedEntry]:
        """Seal further entries."""
        sealed = self.writer.seal(drafts)
        self.entries.extend(sealed)
        return sealed

    def begin(self) -> list[SealedEntry]:
        """The run's first entry."""
        identity = RunIdentity(
            run=self.run,
            book="book",
            environment="paper",
            strategies=(STRATEGY,),
            configuration_hash="0" * 64,
            configuration="{}",
            seed=7,
        )
        return self.tell(EntryDraft(EntryKind.RUN_STARTED, self.at, Reasons(v=SCHEMA_VERSION, run=identity)))

    def intend(self, *, signals: int = 3, risks: int = 2) -> list[SealedEntry]:
        """A decision to trade, for so many reasons."""
        self.signals, self.risks = self.make_signals(signals), self.make_risks(risks)
        self.directive = StrategyDirective(
            id=DirectiveId(self._make(IdKind.STRATEGY_DIRECTIVE)),
            symbol=SYMBOL,
            direction=Direction.LONG,
            scope=Scope.NEW_TRADE,
            trade_id=None,
            confidence=0.75,
            reason="both averages agree",
            signal_ids=tuple(signal.id for signal in self.signals),
            risk_ids=tuple(risk.id for risk in self.risks),
        )
        reasons = Reasons(
            v=SCHEMA_VERSION,
            strategy=STRATEGY,
            origin=self.origin,
            signals=self.signals,
            risks=self.risks,
            directive=self.directive,
            plans=self._plans(),
            execution_directive_id=DirectiveId(self._make(IdKind.EXECUTION_DIRECTIVE)),
            facts={"BTC/USDT 1m ema": 38527.1},
            market=MarketSnapshot(symbol=SYMBOL, reference_price=Decimal("38527.10"), volume=12.5, at=self.at),
        )
        return self.tell(EntryDraft(EntryKind.INTENDED, self.at, reasons, order_id=self.order_id))

    def follow(self, kind: EntryKind, parent: EntryRef | int | None = None, fill: FillId | None = None) -> list[SealedEntry]:
        """What became of the order; its parent is the latest entry unless another is named."""
        last = EntryRef(self.run, len(self.entries) - 1) if parent is None else parent
        at = self.at + len(self.entries) * SECOND_NS
        return self.tell(EntryDraft(kind, at, Reasons(v=SCHEMA_VERSION), last, self.order_id, fill))

    def refuse(self) -> list[SealedEntry]:
        """A decision not to trade: an opportunity held back because of two risks."""
        self.refused_signals, self.refusing_risks = self.make_signals(1), self.make_risks(2)
        self.refusal = Refusal(
            id=RefusalId(self._make(IdKind.REFUSAL)),
            stage=Stage.STRATEGY_PLANNER,
            by="weighing",
            code="RISK",
            detail="the drawdown limit is near",
            signal_ids=tuple(signal.id for signal in self.refused_signals),
            risk_ids=tuple(risk.id for risk in self.refusing_risks),
        )
        reasons = Reasons(
            v=SCHEMA_VERSION,
            strategy=STRATEGY,
            origin=self.origin,
            signals=self.refused_signals,
            risks=self.refusing_risks,
            refusals=(self.refusal,),
        )
        return self.tell(EntryDraft(EntryKind.REFUSED, self.at, reasons))

    def whole(self) -> Sequence[SealedEntry]:
        """Begin, intend, acknowledge, fill twice, refuse."""
        self.begin()
        self.intend()
        self.follow(EntryKind.RECORDED)
        for fill in self.fill_ids:
            self.follow(EntryKind.FILLED, fill=fill)
        self.refuse()
        return self.entries

    def make_signals(self, count: int) -> tuple[Signal, ...]:
        """So many signals."""
        return tuple(
            Signal(
                id=SignalId(self._make(IdKind.SIGNAL)),
                detector=f"detector {number}",
                symbol=SYMBOL,
                direction=Direction.LONG,
                kind="CROSS",
                confidence=0.1 + number / 100,
            )
            for number in range(count)
        )

    def make_risks(self, count: int) -> tuple[Risk, ...]:
        """So many risks."""
        return tuple(
            Risk(
                id=RiskId(self._make(IdKind.RISK)),
                monitor=f"monitor {number}",
                kind="DRAWDOWN",
                severity=Severity.HIGH,
                symbol=None,
                detail="ünusual",
            )
            for number in range(count)
        )

    def _plans(self) -> Plans:
        return Plans(
            entry=EntryPlan(
                id=PlanId(self._make(IdKind.ENTRY_PLAN)),
                side=Side.BUY,
                type=OrderType.LIMIT,
                price=Decimal("38527.10"),
                stop_price=None,
                time_in_force=TimeInForce.GTC,
            ),
            size=SizePlan(id=PlanId(self._make(IdKind.SIZE_PLAN)), quantity=Decimal("0.1")),
            execution=ExecutionPlan(
                id=PlanId(self._make(IdKind.EXECUTION_PLAN)), action=Action.EXECUTE_TRADE, algorithm="single"
            ),
        )
