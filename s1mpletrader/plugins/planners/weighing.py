"""The strategy planner ``weighing``: signals for a direction against signals for the other, and against the risks that stand."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache, reduce
from typing import Annotated, Final, Literal

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
    PluginConfig,
    Risk,
    Scope,
    Severity,
    Signal,
    Situation,
    WorkerProvision,
    decimal_from_float,
    plain,
)
from s1mpletrader.plugins.numbers import NotNegative, Positive
from s1mpletrader.plugins.planners.cases import (
    Answer,
    Case,
    No,
    change,
    close,
    is_closing,
    kinds,
    occupied,
    pending_close,
    refuse,
)

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


class Opinion(Struct, frozen=True, gc=False):
    """What a flow's signals for one symbol say together."""

    direction: Direction
    agreeing: Decimal
    """The sum of the confidences for the direction."""
    net: Decimal
    """The same less the opposing ones, at most 1."""


_add: Final = DERIVED.add
_subtract: Final = DERIVED.subtract

# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every signal.
_SHORT: Final = Direction.SHORT
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
            answers.append(close(trade, f"the risk {danger.kind} is {danger.severity.name}", ONE))
            ended = True
        if not case.signals:
            if case.changes:
                answers.append(change(case, is_ending=ended))
            return
        opinion = self._weigh(case.signals)
        wanted = self._wanted(case, opinion)
        if case.changes:
            answers.append(change(case, is_ending=ended or wanted.scope is _CLOSE_EXISTING))
        if not ended:
            no = self._objection(case, opinion, wanted)
            answers.append(self._less_risks(case, wanted, opinion) if no is None else refuse(case, no, wanted))
        elif wanted.scope is Scope.NEW_TRADE:
            answers.append(refuse(case, ("RISK_VETO", "a risk has just ended the trade"), wanted))

    def _weigh(self, signals: Sequence[Signal]) -> Opinion:
        """The stronger direction, the first signal's of equally strong ones. Decimals, so that 0.7 less 0.2 reaches 0.5."""
        first = signals[0].direction
        agreeing = opposing = ZERO
        # A confidence is no money: however small, it may be rounded away beside a large one.
        for signal in signals:
            if signal.direction is first:
                agreeing = _add(agreeing, self._decimal(signal.confidence))
            else:
                opposing = _add(opposing, self._decimal(signal.confidence))
        if opposing > agreeing:
            return Opinion(first.opposite, opposing, min(ONE, _subtract(opposing, agreeing)))
        return Opinion(first, agreeing, min(ONE, _subtract(agreeing, opposing) if opposing else agreeing))

    def _wanted(self, case: Case, opinion: Opinion) -> DirectiveDraft:
        """The directive that the signals ask for, before anything speaks against it."""
        direction, trade = opinion.direction, case.trade
        reason = kinds(case.signals, direction)
        answers = tuple([signal.id for signal in case.signals]) if case.changes else None
        if trade is not None and self._closes and trade.direction is not direction:
            return close(trade, reason, opinion.net, answers)
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
            return pending_close(case)
        hindrance = pending_close if wanted.scope is _MODIFY_EXISTING else occupied
        return self._disallowed(case, opinion.direction) or hindrance(case) or self._veto(case, opinion)

    def _weakness(self, opinion: Opinion) -> No:
        least = self._confidence_min
        if opinion.agreeing >= least:
            opposing = _subtract(opinion.agreeing, opinion.net)
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
        left = _subtract(opinion.net, self._penalty(case))
        if left >= self._confidence_min:
            return None
        risks = ", ".join(f"{risk.kind} {risk.severity.name}" for risk in case.risks)
        needed = plain(self._confidence_min)
        return "RISK_VETO", f"{risks} leave {plain(left)} of a confidence of {plain(opinion.net)}, {needed} is needed"

    def _less_risks(self, case: Case, wanted: DirectiveDraft, opinion: Opinion) -> DirectiveDraft:
        if wanted.scope is _CLOSE_EXISTING or not case.risks:
            return wanted
        return replace(wanted, confidence=float(_subtract(opinion.net, self._penalty(case))))

    def _penalty(self, case: Case) -> Decimal:
        return reduce(_add, [self._weights[risk.severity] for risk in case.risks], ZERO)
