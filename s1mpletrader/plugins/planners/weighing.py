"""The StrategyPlanner that weighs signals against risks."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from s1mpletrader.api import (
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
    opening_side,
)

Weight = Annotated[float, Field(ge=0, le=1)]
SeverityName = Literal["LOW", "HIGH", "CRITICAL"]


class WeighingConfig(PluginConfig):
    """What may be opened, how an opposite signal is answered, and how heavy a risk weighs."""

    directions: Annotated[tuple[Direction, ...], Field(min_length=1)] = (Direction.LONG, Direction.SHORT)
    """Which way new trades may point."""
    opposite_signal: Literal["close", "refuse"] = "close"
    """Whether a signal against an open trade closes it."""
    confidence_min: Weight = 0.5
    """What has to be left of the signals' confidence once the risks are taken off."""
    risk_weights: Mapping[SeverityName, Weight] = {"LOW": 0.2, "HIGH": 0.6, "CRITICAL": 1.0}
    """What a standing risk takes off, by its severity."""
    close_on_risk: SeverityName | None = None
    """Open trades are closed while a risk of at least this severity stands."""


class Weighing:
    """At most one trade in a symbol. Every opportunity is answered: by a directive, or by the reason against it."""

    def __init__(self, config: WeighingConfig, provision: WorkerProvision) -> None:
        self._config = config
        self._symbols = provision.symbols

    def plan(self, situation: Situation) -> Sequence[DirectiveDraft | RefusalDraft]:
        """An answer for each symbol that has signals, and closes where a risk demands them."""
        answers: list[DirectiveDraft | RefusalDraft] = []
        for symbol in self._symbols:
            signals = [signal for signal in situation.signals if signal.symbol == symbol]
            risks = [risk for risk in situation.risks if risk.concerns(symbol)]
            trade = situation.view.open_trade(symbol)
            escape = self._escape(trade, risks, situation)
            if escape is not None:
                answers.append(escape)
            elif signals:
                answers.append(self._answer(symbol, signals, risks, trade, situation))
        return answers

    def _escape(self, trade: OpenTrade | None, risks: Sequence[Risk], situation: Situation) -> DirectiveDraft | None:
        """The close that a grave risk demands."""
        if trade is None or self._config.close_on_risk is None or not trade.quantity or _is_closing(trade, situation):
            return None
        grave = [risk for risk in risks if risk.severity >= Severity[self._config.close_on_risk]]
        return _close(trade, f"{grave[0].kind} is {grave[0].severity.name}") if grave else None

    def _answer(
        self, symbol: str, signals: Sequence[Signal], risks: Sequence[Risk], trade: OpenTrade | None, situation: Situation
    ) -> DirectiveDraft | RefusalDraft:
        balance = sum(signal.confidence if signal.direction is Direction.LONG else -signal.confidence for signal in signals)
        if balance == 0:
            return RefusalDraft(code="CONFLICTING_SIGNALS", detail=f"the signals in {symbol} cancel each other out")
        direction = Direction.LONG if balance > 0 else Direction.SHORT
        if trade is not None:
            return self._answer_open(trade, direction, situation)
        return self._answer_flat(symbol, direction, min(abs(balance), 1.0), signals, risks)

    def _answer_open(self, trade: OpenTrade, direction: Direction, situation: Situation) -> DirectiveDraft | RefusalDraft:
        """An answer while a trade is open. Risks never hold back a close."""
        if direction is trade.direction:
            return RefusalDraft(code="POSITION_OPEN", detail=f"{trade.trade_id} is open in this direction")
        if self._config.opposite_signal == "refuse":
            return RefusalDraft(code="OPPOSITE_POSITION_OPEN", detail=f"{trade.trade_id} ends by its own exits")
        if _is_closing(trade, situation):
            return RefusalDraft(code="CLOSE_PENDING", detail=f"{trade.trade_id} is being closed")
        return _close(trade, f"signal against {trade.direction}")

    def _answer_flat(
        self, symbol: str, direction: Direction, confidence: float, signals: Sequence[Signal], risks: Sequence[Risk]
    ) -> DirectiveDraft | RefusalDraft:
        if direction not in self._config.directions:
            return RefusalDraft(code="DIRECTION_NOT_ALLOWED", detail=f"flat, and {direction} trades are not allowed")
        kinds = ", ".join(dict.fromkeys(signal.kind for signal in signals))
        opening = DirectiveDraft(symbol=symbol, direction=direction, confidence=confidence, reason=f"{kinds} {direction}")
        if confidence < self._config.confidence_min:
            detail = f"confidence {confidence:g} is below {self._config.confidence_min:g}"
            return RefusalDraft(code="WEAK_SIGNAL", detail=detail, withheld=opening)
        penalty = sum(self._config.risk_weights.get(_name(risk), 0.0) for risk in risks)
        if confidence - penalty < self._config.confidence_min:
            named = ", ".join(f"{risk.kind} {risk.severity.name}" for risk in risks)
            detail = f"confidence {confidence:g} less {penalty:g} for {named} is below {self._config.confidence_min:g}"
            return RefusalDraft(code="RISK_VETO", detail=detail, withheld=opening)
        return opening


def _name(risk: Risk) -> SeverityName:
    names: dict[Severity, SeverityName] = {
        Severity.LOW: "LOW",
        Severity.HIGH: "HIGH",
        Severity.CRITICAL: "CRITICAL",
    }
    return names[risk.severity]


def _close(trade: OpenTrade, reason: str) -> DirectiveDraft:
    return DirectiveDraft(
        symbol=trade.symbol,
        direction=trade.direction,
        scope=Scope.CLOSE_EXISTING,
        trade_id=trade.trade_id,
        reason=reason,
    )


def _is_closing(trade: OpenTrade, situation: Situation) -> bool:
    """Whether a market order that ends the trade is live, or its outcome unknown."""
    return any(
        order.trade_id == trade.trade_id
        and order.details.type is OrderType.MARKET
        and order.details.side is not opening_side(trade.direction)
        for order in situation.view.open_orders
    )
