"""One symbol in a situation, as ``weighing`` looks at it, and the answers that it can have."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from msgspec import Struct

from s1mpletrader.api import (
    Aim,
    Direction,
    DirectiveDraft,
    OpenTrade,
    OrderType,
    RefusalDraft,
    Risk,
    Scope,
    Signal,
    SignalId,
    Situation,
    opening_side,
    plain,
)
from s1mpletrader.plugins.planners.execution import CLOSING_ALGORITHM

Answer: TypeAlias = DirectiveDraft | RefusalDraft
No: TypeAlias = tuple[str, str]
"""What speaks against a directive: a code, and a sentence."""

# Looking a member up in its enumeration costs as much as three calls.
_CLOSE_EXISTING: Final = Scope.CLOSE_EXISTING


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


def close(trade: OpenTrade, reason: str, confidence: Decimal, answers: tuple[SignalId, ...] | None = None) -> DirectiveDraft:
    """The end of a trade."""
    return DirectiveDraft(
        symbol=trade.symbol,
        direction=trade.direction,
        scope=_CLOSE_EXISTING,
        trade_id=trade.trade_id,
        confidence=float(confidence),
        reason=reason,
        answers=answers,
    )


def change(case: Case, *, is_ending: bool) -> Answer:
    """One modification for all signals that ask for it; refused where there is nothing to modify."""
    answers = tuple([signal.id for signal in case.changes])
    reason = kinds(case.changes)
    trade = case.trade
    if trade is None:
        return RefusalDraft(code="FLAT", detail=f"{case.symbol}: {reason} finds no trade to modify", answers=answers)
    if is_ending or is_closing(trade, case.situation):
        return RefusalDraft(code="ORDER_PENDING", detail=f"{case.symbol}: the trade's end is under way", answers=answers)
    return DirectiveDraft(
        symbol=case.symbol,
        direction=trade.direction,
        scope=Scope.MODIFY_EXISTING,
        trade_id=trade.trade_id,
        aim=Aim.EXITS,
        reason=reason,
        answers=answers,
    )


def kinds(signals: Sequence[Signal], direction: Direction | None = None) -> str:
    """What the signals are of, or those of them for a direction."""
    found: dict[str, None] = {}
    for signal in signals:
        if direction is None or signal.direction is direction:
            found[signal.kind] = None
    return ", ".join(found)


def refuse(case: Case, no: No, withheld: DirectiveDraft) -> RefusalDraft:
    """A refusal that keeps the directive which it prevents."""
    code, detail = no
    return RefusalDraft(code=code, detail=f"{case.symbol}: {detail}", withheld=withheld)


def pending_close(case: Case) -> No | None:
    """A trade that is being ended is neither ended again nor added to."""
    if case.trade is not None and is_closing(case.trade, case.situation):
        return "ORDER_PENDING", "the trade's end is under way"
    return None


def occupied(case: Case) -> No | None:
    """A second trade is not opened beside one that is open, or may yet come to be."""
    if case.trade is not None and case.trade.quantity:
        return "POSITION_OPEN", f"a {case.trade.direction} trade of {plain(abs(case.trade.quantity))} is open"
    if case.trade is not None or case.symbol in [order.details.symbol for order in case.situation.view.open_orders]:
        return "ORDER_PENDING", "a trade has been begun, and its orders have not ended"
    return None
