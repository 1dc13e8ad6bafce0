"""Both flows by hand: the worker, the recorder and the stores, with a venue whose replies the test gives."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from s1mpletrader.core.book import Book
from s1mpletrader.core.commands import Command
from s1mpletrader.core.deferred import Deferred
from s1mpletrader.core.effects import Effects
from s1mpletrader.core.execution_groups import ExecutionGroups
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.flow_initiator import FlowInitiator, FlowTerminator
from s1mpletrader.core.follow_up import FollowUp
from s1mpletrader.core.group_reasons import GroupReasonsFinder
from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.market import Market
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.order_context import ContextFinder
from s1mpletrader.core.quarantine import NoQuarantine
from s1mpletrader.core.recorder import INLINE, Recorder, Step
from s1mpletrader.core.reply_flow import ReplyFlow
from s1mpletrader.core.timers import TimerFlow
from s1mpletrader.core.watchers import NOBODY, Watchers
from s1mpletrader.domain.directives import (
    Action,
    Approved,
    EntryPlan,
    ExecutionDirective,
    ExecutionPlan,
    ExitPlan,
    Plans,
    Scope,
    SizePlan,
    StrategyDirective,
)
from s1mpletrader.domain.ids import GroupId, IdKind, IdSpace, OrderId, TradeId
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderType, Side, TimeInForce
from s1mpletrader.domain.origin import Origin, OriginKind
from s1mpletrader.domain.reality import FillSource, LedgerChange, Liquidity
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, MarketSnapshot, Reasons, SealedEntry
from s1mpletrader.domain.replies import Accepted, ExchangeReply, Filled
from s1mpletrader.plugins.algorithms.bracket import Bracket
from s1mpletrader.plugins.algorithms.close import Close
from s1mpletrader.plugins.algorithms.single import Single
from s1mpletrader.plugins.caches import MemoryCache, MemoryCacheConfig
from s1mpletrader.plugins.stores import MemoryJournal, MemoryLedger
from s1mpletrader.ports.algorithms import ExecutionAlgorithm
from s1mpletrader.ports.execution import Capabilities

from .samples import INSTRUMENT, SYMBOL

NOON = 1_641_038_400_000_000_000


class NoMarket(Market):
    """A market of one symbol before its first candle."""

    def __init__(self) -> None:
        pass

    @property
    def at(self) -> int:
        return 0

    def facts(self) -> dict[str, float]:
        return {}

    def snapshot(self, symbol: str) -> MarketSnapshot | None:
        return None

    def price(self, symbol: str) -> Decimal:
        assert symbol == SYMBOL
        return Decimal(10)

    def volume_since(self, symbol: str, at: int) -> Decimal:
        assert symbol == SYMBOL
        return Decimal(at)


class SomeVenue:
    venue = "v"
    account = "a"
    amends = True

    def venue_id(self, order_id: OrderId) -> str:
        return f"c-{order_id}"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            order_types=frozenset(OrderType), times_in_force=frozenset(TimeInForce), amend=self.amends, replace=True
        )


class Sent:
    """Collects commands in place of an outbox."""

    def __init__(self, told: Callable[[Command], None] | None = None) -> None:
        self.commands: list[Any] = []
        self.steps: list[int] = []
        """After how many steps each of the commands may leave."""
        self.released = 0
        self.told = told

    def put(self, step: int, commands: Sequence[Any]) -> None:
        self.commands.extend(commands)
        self.steps.extend([step] * len(commands))
        if self.told is not None:
            for command in commands:
                self.told(command)

    def release(self, steps: int) -> None:
        self.released = steps


ALGORITHMS: Mapping[str, ExecutionAlgorithm] = MappingProxyType({"single": Single(), "bracket": Bracket(), "close": Close()})


class Desk:
    """One strategy ``s`` on a spot or netting account."""

    def __init__(
        self,
        account_type: AccountType = AccountType.SPOT,
        watchers: Watchers = NOBODY,
        algorithms: Mapping[str, ExecutionAlgorithm] = ALGORITHMS,
        market: Market | None = None,
        told: Callable[[Command], None] | None = None,
    ) -> None:
        self.ledger = MemoryLedger("b", lasting=False)
        self.journal = MemoryJournal(lasting=False)
        self.watchers = watchers
        self.recorder = Recorder(self.ledger, self.journal, StrategyJournalWriter("r"), INLINE, self._published)
        markets = {"s": market or NoMarket()}
        self.book = Book(account_type, "USDT", {SYMBOL: INSTRUMENT}, lambda: self.ledger)
        self.cache = MemoryCache(MemoryCacheConfig())
        self.ids = IdSpace("n")
        self.now = NOON
        self.metrics = Metrics()
        self.sent = Sent(told)
        self.venue = SomeVenue()
        self.groups = ExecutionGroups(
            book=self.book,
            algorithms=algorithms,
            instruments={SYMBOL: INSTRUMENT},
            venue=self.venue,
            markets=markets,
            now=lambda: self.now,
            quarantine=NoQuarantine(),
        )
        self.worker = ExecutionWorker(
            book=self.book,
            ids=self.ids,
            groups=self.groups,
            venue="v",
            account="a",
            now=lambda: self.now,
            find_order=self._find,
            find_deferred=self._no_deferred,
        )
        initiator = FlowInitiator(self.ids, self.cache, watchers)
        terminator = FlowTerminator(self.cache, self.metrics, watchers)
        self.finder = GroupReasonsFinder(lambda: self.ledger, lambda: StrategyJournal(self.journal))
        self.follow_up = FollowUp(
            ids=self.ids,
            cache=self.cache,
            finder=self.finder,
            markets=markets,
            watchers=watchers,
            next_ref=lambda: self.recorder.next_ref,
        )
        self.alarms: list[tuple[int, int, Callable[[], None]]] = []
        self.timers = TimerFlow(
            initiator=initiator,
            terminator=terminator,
            worker=self.worker,
            recorder=self.recorder,
            outbox=self.sent,  # type: ignore[arg-type]
            follow_up=self.follow_up,
            finder=self.finder,
            schedule=lambda at, rank, call: self.alarms.append((at, rank, call)),
            metrics=self.metrics,
            now=lambda: self.now,
        )
        self.flow = ReplyFlow(
            ids=self.ids,
            initiator=initiator,
            terminator=terminator,
            worker=self.worker,
            recorder=self.recorder,
            outbox=self.sent,  # type: ignore[arg-type]
            cache=self.cache,
            contexts=ContextFinder(self.cache, self.book, lambda: StrategyJournal(self.journal)),
            follow_up=self.follow_up,
            timers=self.timers,
            markets=markets,
            metrics=self.metrics,
            watchers=watchers,
        )

    def reasons_of(self, entry: SealedEntry) -> Reasons:
        """The body of an entry."""
        return read_reasons(entry)

    def _no_deferred(self, directive_id: object, batch: object) -> Deferred:
        raise LookupError(directive_id)

    def execute(
        self,
        *,
        quantity: str = "2",
        algorithm: str = "single",
        stop: str | None = None,
        target: str | None = None,
        close: TradeId | None = None,
        part: str | None = None,
        number: int = 0,
        action: Action = Action.EXECUTE_TRADE,
        group: GroupId | None = None,
    ) -> Effects:
        """Carry out a long directive, and record it with its reason as the sync flow does.

        ``part`` is how much is closed; ``group`` the one that ``action`` is about.
        """
        directive = self._directive(quantity, algorithm, stop, target, close, number)
        if directive.plans.execution is not None and action is not Action.EXECUTE_TRADE:
            parameters = (("group", str(group)),) if group is not None else ()
            plan = replace(directive.plans.execution, action=action, parameters=parameters)
            directive = replace(directive, plans=replace(directive.plans, execution=plan))
        if part is not None:
            size = SizePlan(id=self.ids.flow("s", f"part {number}", NOON).make(IdKind.SIZE_PLAN), quantity=Decimal(part))  # type: ignore[arg-type]
            directive = replace(directive, plans=replace(directive.plans, size=size))
        approved = Approved(directive=directive)
        effects = self.worker.execute(approved)
        directive = approved.directive
        origin = Origin(id=self.ids.flow("s", f"{number}", NOON).make(IdKind.TICK), kind=OriginKind.TICK, at=NOON)  # type: ignore[arg-type]
        reasons = Reasons(
            v=SCHEMA_VERSION, strategy="s", origin=origin, directive=directive.directive, plans=directive.plans, facts={"f": 1.0}
        )
        drafts = [
            EntryDraft(
                EntryKind.INTENDED,
                NOON,
                reasons if not index else Reasons(v=SCHEMA_VERSION),
                0 if index else None,
                one.intent.order_id,
            )
            for index, one in enumerate(effects.intents)
        ] or [EntryDraft(EntryKind.COMMANDED, NOON, reasons)]
        self.recorder.record(Step(tuple(effects.reality), tuple(drafts)))
        self.sent.put(0, effects.commands)
        return effects

    def reply(self, *replies: ExchangeReply) -> None:
        self.flow.run(replies)

    def order(self, order_id: OrderId) -> Order:
        found = self.ledger.get_order(order_id)
        assert found is not None
        assert self.book.order(order_id) == found
        return found

    @property
    def kinds(self) -> list[str]:
        """The kinds of all entries so far."""
        return [str(entry.kind) for entry in self.journal.entries("r")]

    def _published(self, changes: Sequence[LedgerChange]) -> None:
        if self.watchers.strategy_ledger_updated is not None:
            for change in changes:
                self.watchers.strategy_ledger_updated(change)

    def _find(self, client: str | None, exchange: str | None) -> Order | None:
        return self.ledger.find_order(client_order_id=client, exchange_order_id=exchange)

    def _directive(
        self, quantity: str, algorithm: str, stop: str | None, target: str | None, close: TradeId | None, number: int
    ) -> ExecutionDirective:
        ids = self.ids.flow("s", f"directive {number}", NOON)
        exits = None
        if stop or target:
            exits = ExitPlan(
                id=ids.make(IdKind.EXIT_PLAN),  # type: ignore[arg-type]
                stop_price=Decimal(stop) if stop else None,
                target_price=Decimal(target) if target else None,
            )
        entry = EntryPlan(
            id=ids.make(IdKind.ENTRY_PLAN),  # type: ignore[arg-type]
            side=Side.BUY,
            type=OrderType.MARKET,
            price=None,
            stop_price=None,
            time_in_force=TimeInForce.GTC,
        )
        size = SizePlan(id=ids.make(IdKind.SIZE_PLAN), quantity=Decimal(quantity))  # type: ignore[arg-type]
        execution = ExecutionPlan(
            id=ids.make(IdKind.EXECUTION_PLAN),  # type: ignore[arg-type]
            action=Action.EXECUTE_TRADE,
            algorithm=algorithm,
        )
        directive = StrategyDirective(
            id=ids.make(IdKind.STRATEGY_DIRECTIVE),  # type: ignore[arg-type]
            symbol=SYMBOL,
            direction=Direction.LONG,
            scope=Scope.NEW_TRADE if close is None else Scope.CLOSE_EXISTING,
            trade_id=close,
            confidence=1.0,
            reason="",
            signal_ids=(),
            risk_ids=(),
        )
        plans = Plans(execution=execution) if close else Plans(entry=entry, size=size, exit=exits, execution=execution)
        return ExecutionDirective(
            id=ids.make(IdKind.EXECUTION_DIRECTIVE),  # type: ignore[arg-type]
            strategy="s",
            directive=directive,
            plans=plans,
        )


def accepted(order_id: OrderId) -> Accepted:
    return Accepted(order_id=order_id, exchange_order_id=f"X{order_id[-4:]}", at=NOON + 1, venue_at=NOON, submitted_at=NOON)


def filled(
    order_id: OrderId | None, number: int, quantity: str = "2", side: Side = Side.BUY, client_order_id: str | None = None
) -> Filled:
    return Filled(
        order_id=order_id,
        symbol=SYMBOL,
        venue_trade_id=str(number),
        side=side,
        price=Decimal(10),
        quantity=Decimal(quantity),
        fee=Decimal(0),
        fee_currency="USDT",
        liquidity=Liquidity.TAKER,
        at=NOON + number,
        venue_at=NOON + number,
        client_order_id=client_order_id,
        source=FillSource.STREAM,
    )
