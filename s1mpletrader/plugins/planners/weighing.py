"""The strategy planner ``weighing``: signals for a direction against signals for the other, and against the risks that stand."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import reduce
from typing import Annotated, Literal, NamedTuple

from msgspec.structs import replace
from pydantic import Field

from s1mpletrader.api import (
    DERIVED,
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
    Situation,
    WorkerProvision,
    decimal_from_float,
    opening_side,
    plain,
)
from s1mpletrader.plugins.numbers import NotNegative, Positive
from s1mpletrader.plugins.planners.execution import CLOSING_ALGORITHM

ONE = Decimal(1)


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


class Opinion(NamedTuple):
    """What a flow's signals for one symbol say together."""

    direction: Direction
    agreeing: Decimal
    """The sum of the confidences for the direction."""
    net: Decimal
    """The same less the opposing ones, at most 1."""


class Case(NamedTuple):
    """One symbol in a situation."""

    symbol: str
    signals: Sequence[Signal]
    changes: Sequence[Signal]
    risks: Sequence[Risk]
    trade: OpenTrade | None
    situation: Situation


Answers = Iterator[DirectiveDraft | RefusalDraft]


class Weighing:
    """One trade at a time for each symbol. Risks hold back new trades and never an end."""

    def __init__(self, config: WeighingConfig, provision: WorkerProvision) -> None:
        self._config = config
        self._weights = {
            Severity.LIFTED: Decimal(0),
            Severity.LOW: config.risk_weights.LOW,
            Severity.HIGH: config.risk_weights.HIGH,
            Severity.CRITICAL: config.risk_weights.CRITICAL,
        }
        self._closing_severity = Severity[config.close_on_risk] if config.close_on_risk is not None else None

    def plan(self, situation: Situation) -> Sequence[DirectiveDraft | RefusalDraft]:
        """An answer for every symbol with signals, and an end of every trade that a risk no longer allows."""
        return [answer for case in self._cases(situation) for answer in self._answers(case)]

    def _cases(self, situation: Situation) -> Iterator[Case]:
        symbols = [signal.symbol for signal in situation.signals]
        if self._closing_severity is not None:
            symbols += [trade.symbol for trade in situation.view.open_trades]
        for symbol in dict.fromkeys(symbols):
            about = [signal for signal in situation.signals if signal.symbol == symbol]
            yield Case(
                symbol=symbol,
                signals=[signal for signal in about if signal.kind not in self._config.modify_kinds],
                changes=[signal for signal in about if signal.kind in self._config.modify_kinds],
                risks=[risk for risk in situation.risks if risk.concerns(symbol)],
                trade=situation.view.open_trade(symbol),
                situation=situation,
            )

    def _answers(self, case: Case) -> Answers:
        ended = False
        danger = self._danger(case)
        if case.trade is not None and danger is not None and not is_closing(case.trade, case.situation):
            yield _close(case.trade, f"the risk {danger.kind} is {danger.severity.name}", ONE)
            ended = True
        if not case.signals:
            yield from self._changes(case, is_ending=ended)
            return
        opinion = weigh(case.signals)
        wanted = self._wanted(case, opinion)
        yield from self._changes(case, is_ending=ended or wanted.scope is Scope.CLOSE_EXISTING)
        if not ended:
            yield self._refusal(case, opinion, wanted) or self._less_risks(case, wanted, opinion)
        elif wanted.scope is Scope.NEW_TRADE:
            yield _refuse("RISK_VETO", f"{case.symbol}: a risk has just ended the trade", wanted)

    def _changes(self, case: Case, *, is_ending: bool) -> Answers:
        """One modification for all signals that ask for it; refused where there is nothing to modify."""
        if not case.changes:
            return
        answers = tuple(signal.id for signal in case.changes)
        reason = ", ".join(dict.fromkeys(signal.kind for signal in case.changes))
        trade = case.trade
        if trade is None:
            yield RefusalDraft(code="FLAT", detail=f"{case.symbol}: {reason} finds no trade to modify", answers=answers)
        elif is_ending or is_closing(trade, case.situation):
            yield RefusalDraft(code="ORDER_PENDING", detail=f"{case.symbol}: the trade's end is under way", answers=answers)
        else:
            yield DirectiveDraft(
                symbol=case.symbol,
                direction=trade.direction,
                scope=Scope.MODIFY_EXISTING,
                trade_id=trade.trade_id,
                aim=Aim.EXITS,
                reason=reason,
                answers=answers,
            )

    def _danger(self, case: Case) -> Risk | None:
        """The gravest of the risks that end trades, the first of equally grave ones."""
        if self._closing_severity is None:
            return None
        grave = [risk for risk in case.risks if risk.severity >= self._closing_severity]
        return max(grave, key=lambda risk: risk.severity, default=None)

    def _wanted(self, case: Case, opinion: Opinion) -> DirectiveDraft:
        """The directive that the signals ask for, before anything speaks against it."""
        reason = ", ".join(dict.fromkeys(signal.kind for signal in case.signals if signal.direction is opinion.direction))
        answers = tuple(signal.id for signal in case.signals) if case.changes else None
        closes = self._config.opposite_signal == "close"
        if closes and case.trade is not None and case.trade.direction is not opinion.direction:
            return replace(_close(case.trade, reason, opinion.net), answers=answers)
        if self._config.same_signal == "add" and case.trade is not None and case.trade.direction is opinion.direction:
            return DirectiveDraft(
                symbol=case.symbol,
                direction=opinion.direction,
                scope=Scope.MODIFY_EXISTING,
                trade_id=case.trade.trade_id,
                aim=Aim.ADD,
                confidence=float(opinion.net),
                reason=reason,
                answers=answers,
            )
        return DirectiveDraft(
            symbol=case.symbol, direction=opinion.direction, confidence=float(opinion.net), reason=reason, answers=answers
        )

    def _refusal(self, case: Case, opinion: Opinion, wanted: DirectiveDraft) -> RefusalDraft | None:
        """What speaks against the directive: the signals themselves, the trade that there is, the rules, the risks."""
        no = self._weakness(opinion)
        if no is None and wanted.scope is Scope.CLOSE_EXISTING:
            no = _pending_close(case)
        elif no is None:
            is_occupied = _pending_close(case) if wanted.scope is Scope.MODIFY_EXISTING else _occupied(case)
            no = self._disallowed(case, opinion.direction) or is_occupied or self._veto(case, opinion)
        return _refuse(no[0], f"{case.symbol}: {no[1]}", wanted) if no is not None else None

    def _weakness(self, opinion: Opinion) -> tuple[str, str] | None:
        least = self._config.confidence_min
        if opinion.net >= least:
            return None
        if opinion.agreeing >= least:
            opposing = DERIVED.subtract(opinion.agreeing, opinion.net)
            detail = f"{plain(opinion.agreeing)} for {opinion.direction}, {plain(opposing)} against it"
            return "CONFLICTING_SIGNALS", detail
        return "WEAK", f"a confidence of {plain(opinion.net)} does not reach {plain(least)}"

    def _disallowed(self, case: Case, direction: Direction) -> tuple[str, str] | None:
        if direction not in self._config.directions:
            if self._config.opposite_signal == "close" and case.trade is None:
                return "FLAT", f"there is no trade that {direction} could end, and none is opened in this direction"
            return "DIRECTION_NOT_ALLOWED", f"no trade is opened {direction}"
        if direction is Direction.SHORT and case.situation.view.account_type is AccountType.SPOT:
            return "DIRECTION_NOT_ALLOWED", "a spot account sells only what it owns"
        return None

    def _veto(self, case: Case, opinion: Opinion) -> tuple[str, str] | None:
        danger = self._danger(case)
        if danger is not None:
            return "RISK_VETO", f"the risk {danger.kind} {danger.severity.name} would end the trade at once"
        left = DERIVED.subtract(opinion.net, self._penalty(case))
        if left >= self._config.confidence_min:
            return None
        risks = ", ".join(f"{risk.kind} {risk.severity.name}" for risk in case.risks)
        detail = (
            f"{risks} leave {plain(left)} of a confidence of {plain(opinion.net)}, {plain(self._config.confidence_min)} is needed"
        )
        return "RISK_VETO", detail

    def _less_risks(self, case: Case, wanted: DirectiveDraft, opinion: Opinion) -> DirectiveDraft:
        if wanted.scope is Scope.CLOSE_EXISTING or not case.risks:
            return wanted
        return replace(wanted, confidence=float(DERIVED.subtract(opinion.net, self._penalty(case))))

    def _penalty(self, case: Case) -> Decimal:
        return _sum(self._weights[risk.severity] for risk in case.risks)


def weigh(signals: Sequence[Signal]) -> Opinion:
    """The stronger direction, the first signal's of equally strong ones. Decimals, so that 0.7 less 0.2 reaches 0.5."""
    first = signals[0].direction
    agreeing = _sum(decimal_from_float(signal.confidence) for signal in signals if signal.direction is first)
    opposing = _sum(decimal_from_float(signal.confidence) for signal in signals if signal.direction is not first)
    if opposing > agreeing:
        return Opinion(first.opposite, opposing, min(ONE, DERIVED.subtract(opposing, agreeing)))
    return Opinion(first, agreeing, min(ONE, DERIVED.subtract(agreeing, opposing)))


def _sum(weights: Iterable[Decimal]) -> Decimal:
    # A confidence is no money: however small, it may be rounded away beside a large one.
    return reduce(DERIVED.add, weights, Decimal(0))


def is_closing(trade: OpenTrade, situation: Situation) -> bool:
    """Whether the trade's end is under way: its closing order is live, or waits for the end of the trade's other orders."""
    if CLOSING_ALGORITHM in trade.algorithms:
        return True
    closing_side = opening_side(trade.direction).opposite
    return any(
        order.trade_id == trade.trade_id and order.details.type is OrderType.MARKET and order.details.side is closing_side
        for order in situation.view.open_orders
    )


def _close(trade: OpenTrade, reason: str, confidence: Decimal) -> DirectiveDraft:
    return DirectiveDraft(
        symbol=trade.symbol,
        direction=trade.direction,
        scope=Scope.CLOSE_EXISTING,
        trade_id=trade.trade_id,
        confidence=float(confidence),
        reason=reason,
    )


def _refuse(code: str, detail: str, withheld: DirectiveDraft) -> RefusalDraft:
    return RefusalDraft(code=code, detail=detail, withheld=withheld)


def _pending_close(case: Case) -> tuple[str, str] | None:
    if case.trade is not None and is_closing(case.trade, case.situation):
        return "ORDER_PENDING", "the trade's end is under way"
    return None


def _occupied(case: Case) -> tuple[str, str] | None:
    """A second trade is not opened beside one that is open, or may yet come to be."""
    if case.trade is not None and case.trade.quantity:
        return "POSITION_OPEN", f"a {case.trade.direction} trade of {plain(abs(case.trade.quantity))} is open"
    if case.trade is not None or any(order.details.symbol == case.symbol for order in case.situation.view.open_orders):
        return "ORDER_PENDING", "a trade has been begun, and its orders have not ended"
    return None
