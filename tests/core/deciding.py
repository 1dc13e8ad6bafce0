"""A strategy of planners and gates that have one answer each, and what is seen when they are asked."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from s1mpletrader.core.book import Book
from s1mpletrader.core.decision import Verdict, ask_planner, judge
from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.planning import Named, Planning, Routed
from s1mpletrader.domain.directives import (
    DirectiveDraft,
    EntryPlanDraft,
    ExecutionDirective,
    ExecutionPlanDraft,
    ExitPlanDraft,
    Scope,
    SizePlanDraft,
)
from s1mpletrader.domain.ids import IdSpace, TradeId
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.opinion import Direction, Risk, Severity, Signal
from s1mpletrader.domain.orders import Side
from s1mpletrader.domain.reality import TradeOpened
from s1mpletrader.plugins.stores import MemoryLedger
from s1mpletrader.ports.planners import GateRefusal, Situation

from .samples import INSTRUMENT, SYMBOL

HASH = "20220101_000000_000000000000000"
OPENING = DirectiveDraft(symbol=SYMBOL, direction=Direction.LONG, confidence=0.7)
CLOSING = DirectiveDraft(symbol=SYMBOL, direction=Direction.LONG, scope=Scope.CLOSE_EXISTING, trade_id=TradeId(f"TRD_{HASH}1"))


def signal(number: int, symbol: str = SYMBOL) -> Signal:
    return Signal(id=f"SIG_{HASH}{number}", detector="d", symbol=symbol, direction=Direction.LONG, kind="k", confidence=1.0)  # type: ignore[arg-type]


def risk(number: int, symbol: str | None = None) -> Risk:
    return Risk(id=f"RSK_{HASH}{number}", monitor="m", kind="k", severity=Severity.HIGH, symbol=symbol, detail="")  # type: ignore[arg-type]


def situation(signals: Sequence[Signal] = (), risks: Sequence[Risk] = (), at: int = 100, *, is_open: bool = True) -> Situation:
    ledger = MemoryLedger("b", lasting=False)
    book = Book(AccountType.SPOT, "USDT", {SYMBOL: INSTRUMENT}, lambda: ledger)
    if is_open and CLOSING.trade_id is not None:
        book.apply(TradeOpened(trade_id=CLOSING.trade_id, strategy="s", symbol=SYMBOL, direction=Direction.LONG, at=1))
    return Situation(
        at=at,
        signals=tuple(signals),
        risks=tuple(risks),
        facts=FactTable({}),
        view=book.view("s"),
        open_ledger=lambda: ledger,
        instruments={SYMBOL: INSTRUMENT},
        prices={SYMBOL: Decimal(10)},
    )


class Says:
    """A planner or a gate with one answer; keeps what it was asked with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[Any, ...]] = []
        self.checked: list[tuple[ExecutionDirective, Situation]] = []

    def plan(self, *asked: Any) -> Any:
        self.asked.append(asked)
        return self.answer

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        self.checked.append((directive, situation))
        answer: GateRefusal | None = self.answer
        return answer


ENTRY = EntryPlanDraft(side=Side.BUY)
EXIT = ExitPlanDraft(stop_price=Decimal(9))
SIZE = SizePlanDraft(quantity=Decimal(2))
EXECUTION = ExecutionPlanDraft(algorithm="bracket")


def planning(
    answers: Sequence[Any],
    entry: Any = ENTRY,
    exit_: Any = EXIT,
    size: Any = SIZE,
    execution: Any = EXECUTION,
    gates: Sequence[Any] = (),
) -> Planning:
    def routed(name: str, answer: Any) -> tuple[Routed[Any], ...]:
        return (Routed(name, Says(answer), 0.0, 1.0),)

    return Planning(
        planner=Named("planner", Says(answers)),
        entry=routed("entry", entry),
        exit=routed("exit", exit_),
        size=routed("size", size),
        execution=routed("execution", execution),
        gates=tuple(Named(f"gate{number}", Says(answer)) for number, answer in enumerate(gates)),
    )


def verdicts(plan: Planning, at: Situation) -> list[Verdict]:
    ids = IdSpace("n").flow("s", "a", 0)
    return [judge(plan, answer, at, ids, "s") for answer in ask_planner(plan, at)]
