"""The strategy planner ``weighing``: signals for a direction against signals for the other, and against the risks that stand."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache, reduce
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field

from s1mpletrader.api import (
    DERIVED,
    ZERO,
    AccountType,
    Aim,
    Direction,
    DirectiveDraft,
    OpenTrade,
    OrderType,
    PluginConfig,
    RefusalDraft,
    Risk,
    Scope,
    Severity,
    Signal,
    SignalId,
    Situation,
    WorkerProvision,
    decimal_from_float,
    opening_side,
    plain,
)
from s1mpletrader.plugins.numbers import NotNegative, Positive
from s1mpletrader.plugins.planners.execution import CLOSING_ALGORITHM

ONE: Final = Decimal(1)

CONFIDENCES_MAX: Final = 256
"""How many confidences are remembered as Decimals."""


class RiskWeights(PluginConfig):
    """How much confidence a standing risk takes away, by its severity."""

    LOW: NotNegative = Decimal("0.1")
    HIGH: NotNegative = Decimal("0.5")
    CRITICAL: NotNegative = Decimal(1)


class WeighingConfig(PluginConfig):
    """Which trades are opened and closed, and what they need."""

    directions: Annotated[tuple[Direction, ...], Field(min_length=1)] = (Direction.LONG, Direction.SHORT)
    """The directions in which trades may be opened. A spot account opens no short, whatever is written here."""
    opposite_signal: Literal["close", "refuse"] = "close"
    """What a signal against an open trade does: it ends the trade, or is refused."""
    same_signal: Literal["add", "refuse"] = "refuse"
    """What a signal for the direction of an open trade does: it enters more of it, or is refused."""
    modify_kinds: tuple[str, ...] = ()
    """The kinds of signals that move an open trade's exits, such as ``trail``; they open and close nothing."""
    confidence_min: Annotated[Positive, Field(le=1)] = Decimal("0.5")
    """What must be left of the confidence: agreeing signals less opposing ones, at most 1, less the risks' weights."""
    risk_weights: RiskWeights = Field(default_factory=RiskWeights)
    close_on_risk: Literal["LOW", "HIGH", "CRITICAL"] | None = None
    """A standing risk of at least this severity ends open trades and lets none begin; risks end none where it is left out."""


class Opinion(Struct, frozen=True):
    """What a flow's signals for one symbol say together."""

    direction: Direction
    agreeing: Decimal
    """The sum of the confidences for the direction."""
    net: Decimal
    """The same less the opposing ones, at most 1."""


class Case(Struct, frozen=True):
    """One symbol in a situation."""

    symbol: str
    signals: Sequence[Signal]
    changes: Sequence[Signal]
    risks: Sequence[Risk]
    danger: Risk | None
    """The gravest of the risks that end trades, the first of equally grave ones."""
    trade: OpenTrade | None
    situation: Situation


Answer: TypeAlias = DirectiveDraft | RefusalDraft
No: TypeAlias = tuple[str, str]
"""What speaks against a directive: a code, and a sentence."""

# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every signal.
_SHORT: Final = Direction.SHORT
_NEW_TRADE: Final = Scope.NEW_TRADE
_MODIFY_EXISTING: Final = Scope.MODIFY_EXISTING
_CLOSE_EXISTING: Final = Scope.CLOSE_EXISTING


class Weighing:
    """One trade at a time for each symbol. Risks hold back new trades and never an end."""

    def __init__(self, config: WeighingConfig, provision: WorkerProvision) -> None:
        self._directions = config.directions
        self._closes = config.opposite_signal == "close"
        self._adds = config.same_signal == "add"
        self._modify_kinds = config.modify_kinds
        self._confidence_min = config.confidence_min
        self._weights = {
            Severity.LIFTED: ZERO,
            Severity.LOW: config.risk_weights.LOW,
            Severity.HIGH: config.risk_weights.HIGH,
            Severity.CRITICAL: config.risk_weights.CRITICAL,
        }
        self._closing_severity = Severity[config.close_on_risk] if config.close_on_risk is not None else None
        # Detectors know few confidences, and each is written as text on its way to a Decimal.
        self._decimal = lru_cache(maxsize=CONFIDENCES_MAX)(decimal_from_float)

    def plan(self, situation: Situation) -> Sequence[Answer]:
        """An answer for every symbol with signals, and an end of every trade that a risk no longer allows."""
        about: dict[str, list[Signal]] = {}
        for signal in situation.signals:
            about.setdefault(signal.symbol, []).append(signal)
        if self._closing_severity is not None:
            for trade in situation.view.open_trades:
                about.setdefault(trade.symbol, [])
        answers: list[Answer] = []
        for symbol, signals in about.items():
            self._answer(self._case(symbol, signals, situation), answers)
        return answers

    def _case(self, symbol: str, signals: list[Signal], situation: Situation) -> Case:
        changes: list[Signal] = []
        if self._modify_kinds:
            changes = [signal for signal in signals if signal.kind in self._modify_kinds]
            signals = [signal for signal in signals if signal.kind not in self._modify_kinds]
        risks = [risk for risk in situation.risks if risk.concerns(symbol)] if situation.risks else []
        return Case(symbol, signals, changes, risks, self._danger(risks), situation.view.open_trade(symbol), situation)

    def _danger(self, risks: Sequence[Risk]) -> Risk | None:
        if self._closing_severity is None:
            return None
        grave = [risk for risk in risks if risk.severity >= self._closing_severity]
        return max(grave, key=lambda risk: risk.severity, default=None)

    def _answer(self, case: Case, answers: list[Answer]) -> None:
        trade, danger = case.trade, case.danger
        ended = False
        if danger is not None and trade is not None and not is_closing(trade, case.situation):
            answers.append(_close(trade, f"the risk {danger.kind} is {danger.severity.name}", ONE))
            ended = True
        if not case.signals:
            if case.changes:
                answers.append(_change(case, is_ending=ended))
            return
        opinion = self._weigh(case.signals)
        wanted = self._wanted(case, opinion)
        if case.changes:
            answers.append(_change(case, is_ending=ended or wanted.scope is _CLOSE_EXISTING))
        if not ended:
            no = self._objection(case, opinion, wanted)
            answers.append(self._less_risks(case, wanted, opinion) if no is None else _refuse(case, no, wanted))
        elif wanted.scope is _NEW_TRADE:
            answers.append(_refuse(case, ("RISK_VETO", "a risk has just ended the trade"), wanted))

    def _weigh(self, signals: Sequence[Signal]) -> Opinion:
        """The stronger direction, the first signal's of equally strong ones. Decimals, so that 0.7 less 0.2 reaches 0.5."""
        first = signals[0].direction
        agreeing = opposing = ZERO
        # A confidence is no money: however small, it may be rounded away beside a large one.
        for signal in signals:
            if signal.direction is first:
                agreeing = DERIVED.add(agreeing, self._decimal(signal.confidence))
            else:
                opposing = DERIVED.add(opposing, self._decimal(signal.confidence))
        if opposing > agreeing:
            return Opinion(first.opposite, opposing, min(ONE, DERIVED.subtract(opposing, agreeing)))
        return Opinion(first, agreeing, min(ONE, DERIVED.subtract(agreeing, opposing)))

    def _wanted(self, case: Case, opinion: Opinion) -> DirectiveDraft:
        """The directive that the signals ask for, before anything speaks against it."""
        direction, trade = opinion.direction, case.trade
        reason = _kinds(case.signals, direction)
        answers = tuple([signal.id for signal in case.signals]) if case.changes else None
        if trade is not None and self._closes and trade.direction is not direction:
            return _close(trade, reason, opinion.net, answers)
        if trade is not None and self._adds and trade.direction is direction:
            return DirectiveDraft(
                symbol=case.symbol,
                direction=direction,
                scope=_MODIFY_EXISTING,
                trade_id=trade.trade_id,
                aim=Aim.ADD,
                confidence=float(opinion.net),
                reason=reason,
                answers=answers,
            )
        return DirectiveDraft(
            symbol=case.symbol, direction=direction, confidence=float(opinion.net), reason=reason, answers=answers
        )

    def _objection(self, case: Case, opinion: Opinion, wanted: DirectiveDraft) -> No | None:
        """What speaks against the directive: the signals themselves, the trade that there is, the rules, the risks."""
        if opinion.net < self._confidence_min:
            return self._weakness(opinion)
        if wanted.scope is _CLOSE_EXISTING:
            return _pending_close(case)
        occupied = _pending_close if wanted.scope is _MODIFY_EXISTING else _occupied
        return self._disallowed(case, opinion.direction) or occupied(case) or self._veto(case, opinion)

    def _weakness(self, opinion: Opinion) -> No:
        least = self._confidence_min
        if opinion.agreeing >= least:
            opposing = DERIVED.subtract(opinion.agreeing, opinion.net)
            detail = f"{plain(opinion.agreeing)} for {opinion.direction}, {plain(opposing)} against it"
            return "CONFLICTING_SIGNALS", detail
        return "WEAK", f"a confidence of {plain(opinion.net)} does not reach {plain(least)}"

    def _disallowed(self, case: Case, direction: Direction) -> No | None:
        if direction not in self._directions:
            if self._closes and case.trade is None:
                return "FLAT", f"there is no trade that {direction} could end, and none is opened in this direction"
            return "DIRECTION_NOT_ALLOWED", f"no trade is opened {direction}"
        if direction is _SHORT and case.situation.view.account_type is AccountType.SPOT:
            return "DIRECTION_NOT_ALLOWED", "a spot account sells only what it owns"
        return None

    def _veto(self, case: Case, opinion: Opinion) -> No | None:
        if not case.risks:
            return None
        danger = case.danger
        if danger is not None:
            return "RISK_VETO", f"the risk {danger.kind} {danger.severity.name} would end the trade at once"
        left = DERIVED.subtract(opinion.net, self._penalty(case))
        if left >= self._confidence_min:
            return None
        risks = ", ".join(f"{risk.kind} {risk.severity.name}" for risk in case.risks)
        return (
            "RISK_VETO",
            f"{risks} leave {plain(left)} of a confidence of {plain(opinion.net)}, {plain(self._confidence_min)} is needed",
        )

    def _less_risks(self, case: Case, wanted: DirectiveDraft, opinion: Opinion) -> DirectiveDraft:
        if wanted.scope is _CLOSE_EXISTING or not case.risks:
            return wanted
        return replace(wanted, confidence=float(DERIVED.subtract(opinion.net, self._penalty(case))))

    def _penalty(self, case: Case) -> Decimal:
        return reduce(DERIVED.add, [self._weights[risk.severity] for risk in case.risks], ZERO)


def is_closing(trade: OpenTrade, situation: Situation) -> bool:
    """Whether the trade's end is under way: its closing order is live, or waits for the end of the trade's other orders."""
    if CLOSING_ALGORITHM in trade.algorithms:
        return True
    if not situation.view.open_orders:
        return False
    closing_side = opening_side(trade.direction).opposite
    return any(
        order.trade_id == trade.trade_id and order.details.type is OrderType.MARKET and order.details.side is closing_side
        for order in situation.view.open_orders
    )


def _close(trade: OpenTrade, reason: str, confidence: Decimal, answers: tuple[SignalId, ...] | None = None) -> DirectiveDraft:
    return DirectiveDraft(
        symbol=trade.symbol,
        direction=trade.direction,
        scope=_CLOSE_EXISTING,
        trade_id=trade.trade_id,
        confidence=float(confidence),
        reason=reason,
        answers=answers,
    )


def _change(case: Case, *, is_ending: bool) -> Answer:
    """One modification for all signals that ask for it; refused where there is nothing to modify."""
    answers = tuple([signal.id for signal in case.changes])
    reason = _kinds(case.changes)
    trade = case.trade
    if trade is None:
        return RefusalDraft(code="FLAT", detail=f"{case.symbol}: {reason} finds no trade to modify", answers=answers)
    if is_ending or is_closing(trade, case.situation):
        return RefusalDraft(code="ORDER_PENDING", detail=f"{case.symbol}: the trade's end is under way", answers=answers)
    return DirectiveDraft(
        symbol=case.symbol,
        direction=trade.direction,
        scope=_MODIFY_EXISTING,
        trade_id=trade.trade_id,
        aim=Aim.EXITS,
        reason=reason,
        answers=answers,
    )


def _kinds(signals: Sequence[Signal], direction: Direction | None = None) -> str:
    """What the signals are of, or those of them for a direction."""
    kinds: dict[str, None] = {}
    for signal in signals:
        if direction is None or signal.direction is direction:
            kinds[signal.kind] = None
    return ", ".join(kinds)


def _refuse(case: Case, no: No, withheld: DirectiveDraft) -> RefusalDraft:
    code, detail = no
    return RefusalDraft(code=code, detail=f"{case.symbol}: {detail}", withheld=withheld)


def _pending_close(case: Case) -> No | None:
    if case.trade is not None and is_closing(case.trade, case.situation):
        return "ORDER_PENDING", "the trade's end is under way"
    return None


def _occupied(case: Case) -> No | None:
    """A second trade is not opened beside one that is open, or may yet come to be."""
    if case.trade is not None and case.trade.quantity:
        return "POSITION_OPEN", f"a {case.trade.direction} trade of {plain(abs(case.trade.quantity))} is open"
    if case.trade is not None or case.symbol in [order.details.symbol for order in case.situation.view.open_orders]:
        return "ORDER_PENDING", "a trade has been begun, and its orders have not ended"
    return None
