"""What a step causes beyond its own entry: further orders, commands, and what algorithms give up, each with its reason."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.core.commands import SubmitOrders
from s1mpletrader.core.effects import Directed, Effects, GivenUp, Intent
from s1mpletrader.core.group_reasons import GroupReasons, GroupReasonsFinder
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.causality import CausalityChain
from s1mpletrader.domain.directives import ExecutionDirective, Refusal, Stage
from s1mpletrader.domain.ids import GroupId, IdKind, MakesIds, OrderId, RefusalId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.order import order_from_intent
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.origin import Origin
from s1mpletrader.domain.reality import GroupAdvanced, OrderIntended
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, EntryRef, MarketSnapshot, Reasons
from s1mpletrader.ports.cache import ICache, OrderContext

_EXPIRY_CODES: Final = frozenset({"EXPIRED", "SUPERSEDED"})

# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every order.
_INTENDED: Final = EntryKind.INTENDED
_AT_FIRST: Final = OrderState.INTENDED


class Snapshots(Protocol):
    """A strategy's market, as an intent's entry keeps it."""

    def snapshot(self, symbol: str) -> MarketSnapshot | None:
        """Reference price, volume and volatility."""
        ...


class Cause(Struct, frozen=True, gc=False):
    """The entry of this step from which the rest follows, and the group whose decision it belongs to."""

    entry: int
    group_id: GroupId | None
    reasons: GroupReasons


class FollowUp:
    """Makes the entries, and keeps the contexts of new orders where the flow of their replies finds them."""

    def __init__(
        self,
        *,
        ids: MakesIds,
        cache: ICache,
        finder: GroupReasonsFinder,
        markets: Mapping[str, Snapshots],
        watchers: Watchers,
        next_ref: Callable[[], EntryRef],
    ) -> None:
        self._ids = ids
        self._cache = cache
        self._finder = finder
        self._markets = markets
        self._watchers = watchers
        self._next_ref = next_ref

    def drafts(self, effects: Effects, intents: Sequence[Intent], at: Instant, cause: Cause, start: int) -> list[EntryDraft]:
        """Entries for directives of a batch, then for these intents, for the commands, for what is given up, and for warnings.

        They follow upon the ``start`` entries that the step has already.
        """
        drafts: list[EntryDraft] = []
        causes: dict[GroupId, Cause] = {}
        for number, directed in enumerate(effects.directed, start):
            drafts.append(self._directed(directed, at))
            causes[directed.group_id] = Cause(number, directed.group_id, self._directed_reasons(directed, number))
        if intents:
            drafts += [self._intended(one, at, causes.get(one.intent.group_id, cause)) for one in intents]
        if effects.commands:
            noted = [command for command in effects.commands if not isinstance(command, SubmitOrders)]
            drafts += [_told(EntryKind.COMMANDED, command.note, at, cause, command.order.order_id) for command in noted]
        if effects.given_up:
            drafts += [self._given_up(given_up, at, cause) for given_up in effects.given_up]
        if effects.warnings:
            drafts += [_told(EntryKind.ALARM, warning, at, cause) for warning in effects.warnings]
        return drafts

    def _directed(self, directed: Directed, at: Instant) -> EntryDraft:
        execution = directed.approved.directive
        reasons = Reasons(
            v=SCHEMA_VERSION,
            strategy=execution.strategy,
            directive=execution.directive,
            plans=execution.plans,
            execution_directive_id=execution.id,
            gates=directed.approved.gates,
            market=self._markets[execution.strategy].snapshot(execution.directive.symbol),
        )
        return EntryDraft(EntryKind.COMMANDED, at, reasons, self._finder.find(directed.batch_id).decision)

    def _directed_reasons(self, directed: Directed, number: int) -> GroupReasons:
        execution, batch = directed.approved.directive, self._finder.find(directed.batch_id)
        first = self._next_ref()
        reasons = GroupReasons(
            strategy=execution.strategy,
            causality=chain_of(batch.causality.origin, execution),
            facts=batch.facts,
            decision=first._replace(seq=first.seq + number),
        )
        self._finder.put(directed.group_id, reasons)
        return reasons

    def notices(self, effects: Effects, drafts: Sequence[EntryDraft], cause: Cause) -> list[Callable[[], None]]:
        """Whom to tell of new orders and of refusals, once the step is durable; ``drafts`` are the step's."""
        notices: list[Callable[[], None]] = []
        if (watch_order := self._watchers.order) is not None:
            notices += [partial(watch_order, order_from_intent(one.intent)) for one in effects.intents]
        if (watch_refusal := self._watchers.refusal) is not None:
            refused = (draft.reasons.refusals[0] for draft in drafts[cause.entry :] if draft.kind is EntryKind.REFUSED)
            for given_up, refusal in zip(effects.given_up, refused, strict=False):
                notices.append(partial(watch_refusal, self._reasons(given_up.group_id, cause).strategy, refusal))
        return notices

    def remember(self, effects: Effects, drafts: Sequence[EntryDraft], refs: Sequence[EntryRef], cause: Cause) -> None:
        """Put the contexts of new orders, with the places of their entries, and forget the groups that are done."""
        if effects.intents:
            places = {draft.order_id: ref for draft, ref in zip(drafts, refs, strict=True) if draft.kind is _INTENDED}
            for one in effects.intents:
                self._remember(one.intent, self._reasons(one.intent.group_id, cause), places[one.intent.order_id])
        for change in effects.reality:
            if type(change) is GroupAdvanced and change.done:
                self._finder.drop(change.group_id)

    def _remember(self, intent: OrderIntended, reasons: GroupReasons, entry: EntryRef) -> None:
        self._cache.put_context(
            OrderContext(
                order_id=intent.order_id,
                strategy=intent.strategy,
                causality=replace(reasons.causality, order_ids=(intent.order_id,), fill_ids=()),
                order_details=intent.details,
                status=_AT_FIRST,
                facts=reasons.facts,
                reference_price=intent.reference_price,
                decision=reasons.decision,
                last=entry,
            )
        )

    def _reasons(self, group_id: GroupId, cause: Cause) -> GroupReasons:
        return cause.reasons if group_id == cause.group_id else self._finder.find(group_id)

    def _parent(self, group_id: GroupId, cause: Cause) -> EntryRef | int:
        return cause.entry if group_id == cause.group_id else self._finder.find(group_id).decision

    def _intended(self, one: Intent, at: Instant, cause: Cause) -> EntryDraft:
        intent = one.intent
        market = self._markets[intent.strategy].snapshot(intent.details.symbol)
        reasons = Reasons(v=SCHEMA_VERSION, role=one.role, market=market)
        return EntryDraft(_INTENDED, at, reasons, self._parent(intent.group_id, cause), intent.order_id)

    def _given_up(self, given_up: GivenUp, at: Instant, cause: Cause) -> EntryDraft:
        draft = given_up.refusal
        if isinstance(draft, Refusal):
            return self._refused_leg(given_up.group_id, draft, at, cause)
        reasons = self._reasons(given_up.group_id, cause)
        ids = self._ids.flow(reasons.strategy, f"{given_up.group_id}:given up", at)
        refusal = Refusal(
            id=RefusalId(ids.make(IdKind.REFUSAL)),
            stage=Stage.EXPIRY if draft.code in _EXPIRY_CODES else Stage.EXECUTION_WORKER,
            by=given_up.algorithm,
            code=draft.code,
            detail=draft.detail,
            signal_ids=reasons.causality.signal_ids,
            risk_ids=reasons.causality.risk_ids,
        )
        body = Reasons(v=SCHEMA_VERSION, refusals=(refusal,))
        return EntryDraft(EntryKind.REFUSED, at, body, self._parent(given_up.group_id, cause))

    def _refused_leg(self, batch_id: GroupId, refusal: Refusal, at: Instant, cause: Cause) -> EntryDraft:
        """A leg that did not begin when its turn came, or whose turn will not come."""
        symbol = refusal.directive.symbol if refusal.directive is not None else ""
        market = self._markets[self._reasons(batch_id, cause).strategy].snapshot(symbol) if symbol else None
        body = Reasons(v=SCHEMA_VERSION, refusals=(refusal,), market=market)
        return EntryDraft(EntryKind.REFUSED, at, body, self._parent(batch_id, cause))


def chain_of(origin: Origin, execution: ExecutionDirective) -> CausalityChain:
    """The ids from an origin to an execution directive."""
    directive = execution.directive
    return CausalityChain(
        origin=origin,
        signal_ids=directive.signal_ids,
        risk_ids=directive.risk_ids,
        strategy_directive_id=directive.id,
        plan_ids=execution.plans.ids,
        execution_directive_id=execution.id,
    )


def _told(kind: EntryKind, text: str, at: Instant, cause: Cause, order_id: OrderId | None = None) -> EntryDraft:
    """An entry that is a sentence."""
    return EntryDraft(kind, at, Reasons(v=SCHEMA_VERSION, text=text), cause.entry, order_id)
