"""Batches of directives, as groups of their own: told of their legs' orders, they take back or go on."""

from collections.abc import Callable
from typing import Final

from msgspec import json
from msgspec.structs import replace

from s1mpletrader.core.book import Book
from s1mpletrader.core.deferred import Deferred
from s1mpletrader.core.effects import Directed, Effects, GivenUp, Wake
from s1mpletrader.core.execution_groups import ExecutionGroups
from s1mpletrader.core.live_trades import LiveGroup, LiveTrade
from s1mpletrader.domain.batches import BATCH_ALGORITHM, Batch, Leg, LegState, OnFailure
from s1mpletrader.domain.directives import (
    Action,
    Approved,
    ExecutionDirective,
    ExecutionPlan,
    Plans,
    RefusalDraft,
    Scope,
    SizePlan,
    StrategyDirective,
)
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import DirectiveId, GroupId, IdKind, MakesIds, PlanId, TradeId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import opening_side
from s1mpletrader.domain.reality import Fill, GroupAdvanced, GroupOpened
from s1mpletrader.ports.algorithms import Advance, GroupContext, GroupEvent, PlansChanged, Stop

CLOSING_ALGORITHM: Final = "close"
"""By which a failed batch ends its legs' trades."""

Execute = Callable[[Approved, Effects], tuple[GroupId, TradeId]]
"""Carries out a directive within the effects of what is going on; gives the group that it opened, and its trade."""

FindDeferred = Callable[[DirectiveId, LiveGroup], Deferred]
"""The deferred directive with this id, of this batch."""


class Batches:
    """Keeps nothing: a batch's state is its group's, in the book and the ledger; a deferred directive is in the journal."""

    def __init__(
        self,
        *,
        book: Book,
        groups: ExecutionGroups,
        ids: MakesIds,
        execute: Execute,
        find_deferred: FindDeferred,
        now: Callable[[], Instant],
    ) -> None:
        self._book = book
        self._groups = groups
        self._ids = ids
        self._execute = execute
        self._find_deferred = find_deferred
        self._now = now

    def open(self, batch: Batch, strategy: str, effects: Effects) -> GroupId:
        """Open a batch's group, in its first leg's trade."""
        at = self._now()
        group_id = GroupId(self._ids.flow(strategy, f"batch:{batch.legs[0].group_id}", at).make(IdKind.GROUP))
        opened = GroupOpened(
            group_id=group_id,
            trade_id=batch.legs[0].trade_id,
            action=Action.EXECUTE_TRADE,
            algorithm=BATCH_ALGORITHM,
            at=at,
            state=json.encode(batch),
            wake_at=batch.deadline,
        )
        self._groups.write(opened, effects)
        if batch.deadline is not None:
            effects.wakes.append(Wake(batch.deadline, group_id))
        return group_id

    def heard(self, order: Order | None, fill: Fill | None, effects: Effects) -> None:
        """Something has happened to an order or a group: see what it means for the batches."""
        for group, trade in self._book.batches():
            batch = before = json.decode(group.state, type=Batch)
            if order is not None and fill is not None and self._is_entry(order, trade):
                batch = batch.filled(order.group_id, fill.quantity)
            for leg in batch.legs:
                if leg.state is LegState.OPEN and self._is_over(leg):
                    batch = batch.failed(leg.group_id)
            if batch != before:
                why = f"{order.details.symbol} {order.rejection_reason or order.state}" if order is not None else "a leg gave up"
                self._go_on(batch, group, why, effects)

    def expired(self, group: LiveGroup, effects: Effects) -> None:
        """The time limit has come: what has not succeeded by now has failed."""
        batch = json.decode(group.state, type=Batch)
        for leg in batch.legs:
            if leg.state is LegState.OPEN:
                batch = batch.failed(leg.group_id)
        self._go_on(batch, group, "the time limit has come", effects)

    def _is_entry(self, order: Order, trade: LiveTrade) -> bool:
        own = self._book.trade(order.trade_id)
        return order.details.side is opening_side((own or trade).opened.direction)

    def _is_over(self, leg: Leg) -> bool:
        """Whether nothing of a leg can fill any more."""
        trade = self._book.trade(leg.trade_id)
        if trade is None:
            return True
        is_working = leg.group_id in trade.groups
        return not is_working and not any(order.group_id == leg.group_id for order in trade.orders.values())

    def _go_on(self, batch: Batch, group: LiveGroup, why: str, effects: Effects) -> None:
        has_failed = batch.has_failed or (batch.deadline is not None and self._now() >= batch.deadline)
        if not has_failed and batch.is_ready:
            waiting = self._find_deferred(batch.deferred[0], group)
            refusal = waiting.look_again()
            if refusal is None:
                batch = self._next_leg(batch, waiting.approved, group, effects)
            else:
                has_failed = True
                batch = replace(batch, deferred=batch.deferred[1:])
                effects.given_up.append(GivenUp(group.opened.group_id, BATCH_ALGORITHM, refusal))
                why = f"{waiting.approved.directive.directive.symbol}, a leg of it, was refused: {refusal.code}"
        done = has_failed or batch.has_succeeded
        change = GroupAdvanced(
            group_id=group.opened.group_id,
            ordinal=group.advance_count + 1,
            at=self._now(),
            state=json.encode(batch),
            wake_at=None if done else batch.deadline,
            done=done,
        )
        self._groups.write(change, effects)
        if has_failed:
            self._take_back(batch, group, why, effects)

    def _next_leg(self, batch: Batch, approved: Approved, group: LiveGroup, effects: Effects) -> Batch:
        group_id, trade_id = self._execute(approved, effects)
        effects.directed.append(Directed(group_id, approved, group.opened.group_id))
        leg = leg_of(approved.directive, group_id, trade_id)
        return replace(batch, legs=(*batch.legs, leg), deferred=batch.deferred[1:])

    def _take_back(self, batch: Batch, group: LiveGroup, why: str, effects: Effects) -> None:
        """Withdraw the legs that have not begun, and do with the others as ``on_failure`` says."""
        batch_id = group.opened.group_id
        for directive_id in batch.deferred:
            draft = RefusalDraft(code="BATCH_FAILED", detail=f"{why}; this leg of the batch is not begun")
            refusal = self._find_deferred(directive_id, group).withdraw(draft)
            effects.given_up.append(GivenUp(batch_id, BATCH_ALGORITHM, refusal))
        if not any(one.group_id == batch_id for one in effects.given_up):
            effects.given_up.append(GivenUp(batch_id, BATCH_ALGORITHM, RefusalDraft(code="BATCH_FAILED", detail=why)))
        for leg in batch.legs:
            own = self._book.trade(leg.trade_id)
            if own is None:
                continue
            if batch.on_failure is OnFailure.FLATTEN:
                self._flatten(leg, own, batch_id, why, effects)
            else:
                self._cancel(leg, own, why, effects)

    def _cancel(self, leg: Leg, trade: LiveTrade, why: str, effects: Effects) -> None:
        """Enter no more. What has been entered is kept, and keeps its exits: its algorithm learns that this is all of it."""
        group = trade.groups.get(leg.group_id)
        ids = self._ids.flow(trade.opened.strategy, f"{leg.group_id}:batch failed", self._now())
        if group is not None:
            event: GroupEvent = Stop(reason=why)
            if leg.filled:
                size = SizePlan(id=PlanId(ids.make(IdKind.SIZE_PLAN)), quantity=leg.filled)
                event = PlansChanged(plans=Plans(size=size))
            self._groups.tell_one(group, trade, event, ids, effects)
        for order in list(trade.orders.values()):
            if order.group_id == leg.group_id and self._is_entry(order, trade):
                self._groups.cancel(order, effects)

    def _flatten(self, leg: Leg, trade: LiveTrade, batch_id: GroupId, why: str, effects: Effects) -> None:
        if CLOSING_ALGORITHM in [group.opened.algorithm for group in trade.groups.values()]:
            return
        if not trade.quantity and not trade.orders and set(trade.groups) <= {batch_id}:
            return
        strategy = trade.opened.strategy
        ids = self._ids.flow(strategy, f"{batch_id}:{leg.group_id}", self._now())
        directive = StrategyDirective(
            id=DirectiveId(ids.make(IdKind.STRATEGY_DIRECTIVE)),
            symbol=trade.opened.symbol,
            direction=trade.opened.direction,
            scope=Scope.CLOSE_EXISTING,
            trade_id=trade.opened.trade_id,
            confidence=1.0,
            reason=f"its batch failed: {why}",
            signal_ids=(),
            risk_ids=(),
        )
        plan = ExecutionPlan(id=PlanId(ids.make(IdKind.EXECUTION_PLAN)), action=Action.EXECUTE_TRADE, algorithm=CLOSING_ALGORITHM)
        execution = ExecutionDirective(
            id=DirectiveId(ids.make(IdKind.EXECUTION_DIRECTIVE)),
            strategy=strategy,
            directive=directive,
            plans=Plans(execution=plan),
        )
        approved = Approved(directive=execution)
        group_id, _ = self._execute(approved, effects)
        effects.directed.append(Directed(group_id, approved, batch_id))


def leg_of(directive: ExecutionDirective, group_id: GroupId, trade_id: TradeId) -> Leg:
    """The leg that a directive's group is."""
    size = directive.plans.size
    if size is None:
        raise Defect(f"{directive.id} is no leg of a batch: it enters nothing")
    return Leg(group_id=group_id, trade_id=trade_id, target=size.quantity)


class BatchListener:
    """A batch's group as the trade that it lies in sees it: it hears everything, and ends when the trade is to end."""

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Never asked: a batch is opened by the flow."""
        raise Defect("a batch is no algorithm that a planner may name")

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Stay as it is."""
        if isinstance(event, Stop):
            return Advance(done=True)
        return Advance(state=state, wake_at=json.decode(state, type=Batch).deadline)
