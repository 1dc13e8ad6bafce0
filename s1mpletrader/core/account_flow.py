"""The async flow of what a venue does to the account itself: funding, and positions that it closes for want of margin."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from s1mpletrader.core.account_events import Imposed
from s1mpletrader.core.effects import Effects
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.follow_up import Cause, FollowUp
from s1mpletrader.core.group_reasons import GroupReasons
from s1mpletrader.core.market import Market
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.recorder import Recorder, Step
from s1mpletrader.core.timers import TimerFlow
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.causality import CausalityChain
from s1mpletrader.domain.ids import IdKind, MakesIds, OriginId
from s1mpletrader.domain.money import plain
from s1mpletrader.domain.orders import Side
from s1mpletrader.domain.origin import Origin, OriginKind
from s1mpletrader.domain.reality import LIQUIDATION_ALGORITHM
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, Reasons
from s1mpletrader.domain.replies import AccountReply, FundsChanged, Liquidated


class AccountFlow:
    """Books replies about the account, each with an origin of its own: nobody here has decided it."""

    def __init__(
        self,
        *,
        ids: MakesIds,
        worker: ExecutionWorker,
        recorder: Recorder,
        outbox: Outbox,
        follow_up: FollowUp,
        timers: TimerFlow,
        markets: Mapping[str, Market],
        metrics: Metrics,
        watchers: Watchers,
    ) -> None:
        self._ids = ids
        self._worker = worker
        self._recorder = recorder
        self._outbox = outbox
        self._follow_up = follow_up
        self._timers = timers
        self._markets = markets
        self._metrics = metrics
        self._watchers = watchers

    def book(self, reply: AccountReply) -> None:
        """Book one reply, with its reason."""
        match reply:
            case FundsChanged():
                self._book_funds(reply)
            case Liquidated():
                self._book_liquidation(reply)

    def _book_funds(self, reply: FundsChanged) -> None:
        effects = self._worker.on_funds_changed(reply)
        if not effects.reality:
            return
        reasons = Reasons(v=SCHEMA_VERSION, origin=self._origin(reply, reply.venue_change_id), text=_funds_text(reply))
        self._recorder.record(Step(tuple(effects.reality), (EntryDraft(EntryKind.FUNDS_MOVED, reply.at, reasons),)))

    def _book_liquidation(self, reply: Liquidated) -> None:
        effects, imposed = self._worker.on_liquidation(reply)
        if not effects.reality:
            return
        origin = self._origin(reply, reply.venue_trade_id)
        drafts = self._liquidation_drafts(reply, origin, effects, imposed)
        reasons = GroupReasons(strategy="", causality=CausalityChain(origin=origin), facts={}, decision=self._recorder.next_ref)
        cause = Cause(0, None, reasons)
        drafts += self._follow_up.drafts(effects, effects.intents, reply.at, cause, start=len(drafts))
        refs = self._recorder.record(Step(tuple(effects.reality), tuple(drafts)), self._notices(effects, imposed, drafts, cause))
        self._follow_up.remember(effects, drafts, refs, cause)
        self._timers.set(effects.wakes)
        self._outbox.put(self._recorder.recorded, effects.commands)
        self._outbox.release(self._recorder.released)
        self._metrics.alarms += 1
        self._metrics.fills += len(imposed)
        self._metrics.count(effects)

    def _liquidation_drafts(
        self, reply: Liquidated, origin: Origin, effects: Effects, imposed: Sequence[Imposed]
    ) -> list[EntryDraft]:
        """What the venue did, and under it each order that it made of one of our trades, with its fill."""
        external = effects.external.fill_id if effects.external is not None else None
        reasons = Reasons(v=SCHEMA_VERSION, origin=origin, text=_liquidation_text(reply))
        drafts = [EntryDraft(EntryKind.EXTERNAL, reply.at, reasons, None, None, external)]
        nothing_new = Reasons(v=SCHEMA_VERSION)
        for order, fill in imposed:
            market = self._markets[order.intent.strategy]
            intended = Reasons(
                v=SCHEMA_VERSION, role=LIQUIDATION_ALGORITHM, facts=market.facts(), market=market.snapshot(reply.symbol)
            )
            drafts.append(EntryDraft(EntryKind.INTENDED, reply.at, intended, 0, order.order_id))
            if order.exchange_order_id is not None:
                drafts.append(EntryDraft(EntryKind.RECORDED, reply.at, nothing_new, len(drafts) - 1, order.order_id))
            drafts.append(EntryDraft(EntryKind.FILLED, reply.at, nothing_new, len(drafts) - 1, order.order_id, fill.fill_id))
        return drafts

    def _origin(self, reply: AccountReply, anchor: str) -> Origin:
        ids = self._ids.flow("", f"{OriginKind.EXTERNAL}:{anchor}", reply.at)
        return Origin(id=OriginId(ids.make(IdKind.EXTERNAL)), kind=OriginKind.EXTERNAL, at=reply.at)

    def _notices(
        self, effects: Effects, imposed: Sequence[Imposed], drafts: Sequence[EntryDraft], cause: Cause
    ) -> list[Callable[[], None]]:
        notices: list[Callable[[], None]] = []
        for order, fill in imposed:
            if self._watchers.order is not None:
                notices.append(partial(self._watchers.order, order))
            if self._watchers.fill is not None:
                notices.append(partial(self._watchers.fill, fill))
        return notices + self._follow_up.notices(effects, drafts, cause)


def _funds_text(reply: FundsChanged) -> str:
    text = f"{reply.kind} {plain(reply.amount)} {reply.asset}"
    if reply.symbol is None:
        return text
    return f"{text} in {reply.symbol}" if reply.quantity is None else f"{text} for {plain(reply.quantity)} {reply.symbol}"


def _liquidation_text(reply: Liquidated) -> str:
    done = "sold" if reply.side is Side.SELL else "bought"
    return (
        f"the venue {done} {plain(reply.quantity)} {reply.symbol} at {plain(reply.price)} for want of margin,"
        f" for a fee of {plain(reply.fee)} {reply.fee_currency}"
    )
