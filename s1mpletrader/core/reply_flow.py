"""The async flow: what the exchange replies becomes reality, and finds the reason that it belongs to."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from s1mpletrader.core.account_flow import AccountFlow
from s1mpletrader.core.effects import Effects
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.flow_initiator import FlowInitiator, FlowTerminator
from s1mpletrader.core.follow_up import Cause, FollowUp
from s1mpletrader.core.group_reasons import GroupReasons
from s1mpletrader.core.market import Market
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.order_context import ContextFinder
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.recorder import Recorder, Step
from s1mpletrader.core.timers import TimerFlow
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.ids import IdKind, MakesIds, OriginId
from s1mpletrader.domain.origin import Origin, OriginKind
from s1mpletrader.domain.reality import Fill
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, EntryRef, Reasons
from s1mpletrader.domain.replies import (
    Accepted,
    Amended,
    Cancelled,
    CancelRejected,
    ExchangeReply,
    Expired,
    Filled,
    FundsChanged,
    Liquidated,
    NotPlaced,
    NotSent,
    Rejected,
    Replaced,
    Unknown,
    VenueReply,
)
from s1mpletrader.ports.cache import ICache, OrderContext

Notice = Callable[[], None]

_OF_THE_ACCOUNT: Final = (Liquidated, FundsChanged)

_KIND_OF: Final[dict[type[ExchangeReply], EntryKind]] = {
    Accepted: EntryKind.RECORDED,
    Rejected: EntryKind.REJECTED,
    Filled: EntryKind.FILLED,
    Cancelled: EntryKind.CANCELLED,
    Expired: EntryKind.EXPIRED,
    Unknown: EntryKind.UNKNOWN,
    NotSent: EntryKind.NOT_PLACED,
    NotPlaced: EntryKind.NOT_PLACED,
    Amended: EntryKind.AMENDED,
    Replaced: EntryKind.REPLACED,
    CancelRejected: EntryKind.CANCEL_REJECTED,
}

_WORDS_OF: Final[dict[type[ExchangeReply], Callable[[ExchangeReply], str | None]]] = {
    Rejected: attrgetter("rejection_reason"),
    Cancelled: attrgetter("reason"),
    Expired: attrgetter("reason"),
    Unknown: attrgetter("reason"),
    NotSent: attrgetter("reason"),
    NotPlaced: attrgetter("evidence"),
    Replaced: attrgetter("replaced_by"),
    CancelRejected: attrgetter("reason"),
}
"""What the venue said in words; acceptances, fills and amendments say nothing."""

_NOTHING_SAID: Final = Reasons(v=SCHEMA_VERSION)


class ReplyFlow:
    """Books replies one by one, for all strategies of an account."""

    def __init__(
        self,
        *,
        ids: MakesIds,
        initiator: FlowInitiator,
        terminator: FlowTerminator,
        worker: ExecutionWorker,
        recorder: Recorder,
        outbox: Outbox,
        cache: ICache,
        contexts: ContextFinder,
        follow_up: FollowUp,
        timers: TimerFlow,
        markets: Mapping[str, Market],
        metrics: Metrics,
        watchers: Watchers,
    ) -> None:
        self._ids = ids
        self._initiator = initiator
        self._terminator = terminator
        self._worker = worker
        self._recorder = recorder
        self._outbox = outbox
        self._cache = cache
        self._contexts = contexts
        self._follow_up = follow_up
        self._timers = timers
        self._markets = markets
        self._metrics = metrics
        self._watchers = watchers
        self._account_flow = AccountFlow(
            ids=ids,
            worker=worker,
            recorder=recorder,
            outbox=outbox,
            follow_up=follow_up,
            timers=timers,
            markets=markets,
            metrics=metrics,
            watchers=watchers,
        )
        self._count = 0

    def run(self, replies: Sequence[VenueReply]) -> None:
        """Book replies in the order of their arrival."""
        for reply in replies:
            if isinstance(reply, _OF_THE_ACCOUNT):
                self._run_account(reply)
            else:
                self._run_one(reply)

    def _run_account(self, reply: Liquidated | FundsChanged) -> None:
        self._count += 1
        self._metrics.replies += 1
        flow_id = f"account:{self._count}"
        self._initiator.start_reply("", flow_id, reply)
        try:
            self._account_flow.book(reply)
        finally:
            self._terminator.end("", flow_id, reply.at)

    def _run_one(self, reply: ExchangeReply) -> None:
        self._count += 1
        self._metrics.replies += 1
        context = self._contexts.find(reply.order_id) if reply.order_id is not None else None
        strategy = context.strategy if context is not None else ""
        flow_id = f"{reply.order_id}:{self._count}"
        self._initiator.start_reply(strategy, flow_id, reply)
        try:
            self._book(reply, context)
        finally:
            self._terminator.end(strategy, flow_id, reply.at)

    def _book(self, reply: ExchangeReply, context: OrderContext | None) -> None:
        effects = self._worker.on_exchange_reply(reply)
        if effects.external is not None:
            self._record_external(reply, effects)
            return
        if context is None and effects.order is not None:
            context = self._contexts.find(effects.order.order_id)
        if context is None or not (effects.order or effects.alarm or isinstance(reply, CancelRejected)):
            return
        drafts = self._own_drafts(reply, effects, context)
        own = len(drafts) - 1
        cause = self._cause(own, effects, context) if effects.go_further else None
        if cause is not None:
            drafts += self._follow_up.drafts(effects, effects.intents, reply.at, cause, start=len(drafts))
        refs = self._recorder.record(Step(tuple(effects.reality), tuple(drafts)), self._notices(effects, drafts, cause))
        self._count_reply(reply, effects)
        self._remember(effects, context, refs[own])
        if cause is not None:
            self._metrics.count(effects)
            self._follow_up.remember(effects, drafts, refs, cause)
            self._timers.set(effects.wakes)
            self._outbox.put(self._recorder.recorded, effects.commands)
        self._outbox.release(self._recorder.released)

    def _cause(self, own: int, effects: Effects, context: OrderContext) -> Cause:
        """What the rest of the step follows from: the reply's entry, and the decision of its order's group."""
        group_id = effects.order.group_id if effects.order is not None else self._worker.group_of(context.order_id)
        return Cause(own, group_id, GroupReasons.of_order(context))

    def _own_drafts(self, reply: ExchangeReply, effects: Effects, context: OrderContext) -> list[EntryDraft]:
        """The reply's own entry, after that of the reopening which it may have forced."""
        if effects.reopened_by is None:
            return [self._own_draft(reply, effects, context, context.last)]
        evidence = Reasons(v=SCHEMA_VERSION, text=effects.reopened_by)
        reopened = EntryDraft(EntryKind.REOPENED, reply.at, evidence, context.last, context.order_id)
        return [reopened, self._own_draft(reply, effects, context, 0)]

    def _own_draft(self, reply: ExchangeReply, effects: Effects, context: OrderContext, parent: EntryRef | int) -> EntryDraft:
        said, fill = type(reply), effects.fill
        kind, words = _KIND_OF[said], None
        if effects.alarm is not None:
            kind, words = EntryKind.ALARM, effects.alarm
        elif said in _WORDS_OF:
            words = _WORDS_OF[said](reply)
        if fill is not None:
            return EntryDraft(kind, reply.at, self._reasons_at(fill, words, context), parent, context.order_id, fill.fill_id)
        return EntryDraft(kind, reply.at, _in_words(words), parent, context.order_id)

    def _reasons_at(self, fill: Fill, words: str | None, context: OrderContext) -> Reasons:
        market = self._markets[context.strategy]
        if market.at <= context.causality.origin.at:
            # No candle has closed since the decision, so that the facts at fill time are the decision's own.
            return _in_words(words)
        return Reasons(v=SCHEMA_VERSION, text=words, facts=market.facts(), market=market.snapshot(fill.symbol))

    def _record_external(self, reply: ExchangeReply, effects: Effects) -> None:
        external = effects.external
        if external is None:
            return
        ids = self._ids.flow("", f"{OriginKind.EXTERNAL}:{external.fill_id}", external.at)
        origin = Origin(id=OriginId(ids.make(IdKind.EXTERNAL)), kind=OriginKind.EXTERNAL, at=external.at)
        reasons = Reasons(v=SCHEMA_VERSION, origin=origin, text="a fill of an order that is not ours")
        draft = EntryDraft(EntryKind.EXTERNAL, reply.at, reasons, None, None, external.fill_id)
        self._recorder.record(Step(tuple(effects.reality), (draft,)))
        self._metrics.alarms += 1

    def _remember(self, effects: Effects, context: OrderContext, last: EntryRef) -> None:
        """Bring the order's own context up to date."""
        order = effects.order
        if order is None:
            self._cache.put_context(replace(context, last=last))
        elif order.live:
            self._cache.put_context(replace(context, status=order.state, fills=order.fill_ids, last=last))
        else:
            self._cache.drop_context(context.order_id)

    def _count_reply(self, reply: ExchangeReply, effects: Effects) -> None:
        if effects.fill is not None:
            self._metrics.fills += 1
        if effects.alarm is not None:
            self._metrics.alarms += 1
        if isinstance(reply, Rejected):
            self._metrics.rejections += 1

    def _notices(self, effects: Effects, drafts: Sequence[EntryDraft], cause: Cause | None) -> list[Notice]:
        notices: list[Notice] = []
        order, fill = effects.order, effects.fill
        if self._watchers.order is not None and order is not None:
            watch_order = self._watchers.order
            notices.append(lambda: watch_order(order))
        if self._watchers.fill is not None and fill is not None:
            watch_fill = self._watchers.fill
            notices.append(lambda: watch_fill(fill))
        return notices if cause is None else notices + self._follow_up.notices(effects, drafts, cause)


def _in_words(words: str | None) -> Reasons:
    return _NOTHING_SAID if words is None else Reasons(v=SCHEMA_VERSION, text=words)
