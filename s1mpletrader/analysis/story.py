"""The complete story of any id: what began it, what was seen, decided and ordered, and what came of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, to_builtins

from s1mpletrader.analysis.result import TradeResult, trade_result
from s1mpletrader.analysis.slippage import Slippage, calculate_slippage, total_cost
from s1mpletrader.core.journal_reader import StrategyJournal, bodies, read_reasons
from s1mpletrader.domain.directives import Plans, Refusal, StrategyDirective
from s1mpletrader.domain.errors import UnknownId
from s1mpletrader.domain.events import NewsItem, ScheduleTick
from s1mpletrader.domain.ids import DirectiveId, FillId, GroupId, IdKind, OrderId, TradeId, id_kind, id_second
from s1mpletrader.domain.instant import SECOND_NS, iso
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import plain
from s1mpletrader.domain.opinion import Risk, Signal
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.origin import Origin
from s1mpletrader.domain.reality import Fill, GroupOpened
from s1mpletrader.domain.reasons import EntryRef, MarketSnapshot, Reasons, SealedEntry
from s1mpletrader.ports.ledger import ILedgerReader

_LEDGER_KINDS: Final = frozenset({IdKind.ORDER, IdKind.FILL, IdKind.TRADE, IdKind.GROUP})


class Decision(Struct, frozen=True, kw_only=True):
    """One decision: to trade, or not to."""

    ref: EntryRef
    origin: Origin
    facts: Mapping[str, float]
    event: NewsItem | ScheduleTick | None
    market: MarketSnapshot | None
    signals: tuple[Signal, ...]
    risks: tuple[Risk, ...]
    directive: StrategyDirective | None
    execution_directive_id: DirectiveId | None
    plans: Plans
    gates: tuple[str, ...]
    refusals: tuple[Refusal, ...]


class OrderStory(Struct, frozen=True, kw_only=True):
    """An order, its fills, and the entries that tell of it."""

    order: Order
    role: str
    decision: int
    """Which of the story's decisions it carries out."""
    group: GroupOpened | None
    fills: tuple[Fill, ...]
    slippage: Slippage
    entries: tuple[tuple[str, int, str], ...]
    """Run, sequence and kind of every entry about the order."""


class Story(Struct, frozen=True, kw_only=True):
    """Everything about an id."""

    subject: str
    decisions: tuple[Decision, ...]
    orders: tuple[OrderStory, ...]
    trade: TradeResult | None

    def to_json(self) -> dict[str, Any]:
        """One JSON object. The keys of a single decision are those of the first; ``decisions`` has all."""
        first = self.decisions[0]
        slippages = [told.slippage for told in self.orders]
        return {
            "subject": self.subject,
            "origin": {**to_builtins(first.origin), "at_iso": iso(first.origin.at)},
            "context": {"facts": dict(first.facts), "market": to_builtins(first.market), "event": to_builtins(first.event)},
            "signals": to_builtins(first.signals),
            "risks": to_builtins(first.risks),
            "directive": to_builtins(first.directive),
            "plans": to_builtins(first.plans),
            "gates": list(first.gates),
            "refusals": [to_builtins(refusal) for decision in self.decisions for refusal in decision.refusals],
            "orders": [_order_json(told) for told in self.orders],
            "fills": [{**to_builtins(fill), "at_iso": iso(fill.venue_at)} for told in self.orders for fill in told.fills],
            "slippage": {"cost": plain(total_cost(slippages)), "orders": [to_builtins(slippage) for slippage in slippages]},
            "trade": to_builtins(self.trade),
            "decisions": [to_builtins(decision) for decision in self.decisions],
        }


def story_of(journal: StrategyJournal, ledger: ILedgerReader, subject: str) -> Story:
    """The story of any id; ``UnknownId`` where neither store knows it, ``ValueError`` where it is no id."""
    kind = id_kind(subject)
    teller = Teller(journal, ledger)
    if kind in _LEDGER_KINDS:
        orders = _orders_of(ledger, kind, subject)
        if not orders:
            raise UnknownId(f"the ledger has no {subject}")
        return teller.tell(subject, orders, [])
    entries = list(_entries_about(journal, subject))
    if not entries:
        raise UnknownId(f"the journal has no {subject}")
    flow = list(_flow_of(journal, entries[0]))
    about = [entry for entry in flow if entry.order_id is not None]
    if kind is not IdKind.SIGNAL and kind is not IdKind.TICK and kind is not IdKind.RISK:
        about = [entry for entry in about if entry.ref in {found.ref for found in entries}]
    groups = dict.fromkeys(
        order.group_id for entry in about if (order := ledger.get_order(OrderId(entry.order_id or ""))) is not None
    )
    orders = [order for group in groups for order in ledger.orders(group_id=group)]
    refused = [entry for entry in entries if entry.order_id is None] or ([] if orders else entries)
    return teller.tell(subject, orders, refused)


class Teller:
    """Puts a story together from both stores."""

    def __init__(self, journal: StrategyJournal, ledger: ILedgerReader) -> None:
        self._journal = journal
        self._ledger = ledger

    def tell(self, subject: str, orders: Iterable[Order], others: Iterable[SealedEntry]) -> Story:
        """The story of these orders, and of these entries that led to none."""
        decisions: dict[EntryRef, Decision] = {}
        for entry in others:
            decisions.setdefault(entry.ref, self._decision(entry, entry))
        told = []
        for order in orders:
            entries = self._journal.reader.entries_of_order(order.order_id)
            if not entries:
                raise UnknownId(f"the journal has no entry of {order.order_id}")
            deciding = self._deciding(entries[0])
            decisions.setdefault(deciding.ref, self._decision(deciding, entries[0]))
            told.append(self._order(order, entries, list(decisions).index(deciding.ref)))
        return Story(subject=subject, decisions=tuple(decisions.values()), orders=tuple(told), trade=self._trade(told, decisions))

    def _deciding(self, entry: SealedEntry) -> SealedEntry:
        """The entry with the directive that led to this one."""
        lineage = self._journal.lineage(entry)
        return next((link for link in lineage if read_reasons(link).directive is not None), lineage[-1])

    def _decision(self, entry: SealedEntry, about: SealedEntry) -> Decision:
        links = [read_reasons(link) for link in self._journal.lineage(entry)]
        root = next(link for link in links if link.origin is not None)
        own = links[0]
        directive = own.directive
        refusal = own.refusals[0] if own.refusals else None
        signal_ids = directive.signal_ids if directive else refusal.signal_ids if refusal else ()
        risk_ids = directive.risk_ids if directive else refusal.risk_ids if refusal else ()
        if root.origin is None:
            raise UnknownId(f"entry {about.ref} leads to no origin")
        return Decision(
            ref=entry.ref,
            origin=root.origin,
            facts=root.facts or {},
            event=root.event,
            market=own.market,
            signals=tuple(signal for signal in root.signals if not signal_ids or signal.id in signal_ids),
            risks=self._risks(root, risk_ids),
            directive=directive or (refusal.directive if refusal else None),
            execution_directive_id=own.execution_directive_id,
            plans=own.plans or (refusal.plans if refusal else Plans()),
            gates=own.gates,
            refusals=own.refusals,
        )

    def _risks(self, root: Reasons, risk_ids: Iterable[str]) -> tuple[Risk, ...]:
        """The risks that a decision answers: raised in its flow, or standing from earlier ones."""
        here = {risk.id: risk for risk in root.risks}
        found = [here.get(risk_id) or self._journal.get(risk_id) for risk_id in risk_ids]  # type: ignore[call-overload]
        risks = tuple(risk for risk in found if isinstance(risk, Risk))
        return risks or (root.risks if not risk_ids else ())

    def _order(self, order: Order, entries: Iterable[SealedEntry], decision: int) -> OrderStory:
        fills = tuple(fill for fill_id in order.fill_ids if (fill := self._ledger.get_fill(fill_id)) is not None)
        listed = tuple(entries)
        return OrderStory(
            order=order,
            role=read_reasons(listed[0]).role or "",
            decision=decision,
            group=self._ledger.get_group(order.group_id),
            fills=fills,
            slippage=calculate_slippage(order, fills),
            entries=tuple((entry.run, entry.seq, str(entry.kind)) for entry in listed),
        )

    def _trade(self, told: list[OrderStory], decisions: Mapping[EntryRef, Decision]) -> TradeResult | None:
        """The result of the whole trade, also where the story is of one of its orders."""
        trade_ids = {one.order.trade_id for one in told}
        if len(trade_ids) != 1:
            return None
        trade = self._ledger.get_trade(trade_ids.pop())
        if trade is None:
            return None
        orders = self._ledger.orders(trade_id=trade.trade_id)
        fills = [fill for order in orders for fill_id in order.fill_ids if (fill := self._ledger.get_fill(fill_id))]
        fills.sort(key=lambda fill: fill.venue_at)
        instrument = self._instrument(trade.symbol, next(iter(decisions)).run)
        return trade_result(trade, fills, instrument) if instrument is not None else None

    def _instrument(self, symbol: str, run: str) -> Instrument | None:
        """The instrument as the run's first entry knows it."""
        started = self._journal.reader.entry(EntryRef(run, 0))
        identity = read_reasons(started).run if started is not None else None
        instruments = identity.instruments if identity is not None else ()
        return next((instrument for instrument in instruments if instrument.symbol == symbol), None)


def _orders_of(ledger: ILedgerReader, kind: IdKind, subject: str) -> list[Order]:
    if kind is IdKind.TRADE:
        return list(ledger.orders(trade_id=TradeId(subject)))
    if kind is IdKind.GROUP:
        return list(ledger.orders(group_id=GroupId(subject)))
    if kind is IdKind.FILL:
        fill = ledger.get_fill(FillId(subject))
        subject = fill.order_id if fill is not None else ""
    order = ledger.get_order(OrderId(subject)) if subject else None
    return [order] if order is not None else []


def _entries_about(journal: StrategyJournal, subject: str) -> Iterator[SealedEntry]:
    """The entries that keep the body, the origin or the execution directive of this id."""
    second = id_second(subject)
    for entry in journal.reader.entries_between(second, second + SECOND_NS - 1):
        reasons = read_reasons(entry)
        ids = {body.id for body in bodies(reasons)} | {reasons.execution_directive_id}
        if subject in ids or (reasons.origin is not None and reasons.origin.id == subject):
            yield entry


def _flow_of(journal: StrategyJournal, entry: SealedEntry) -> Iterator[SealedEntry]:
    """The entries of the flow that an entry belongs to: those of its instant that lead back to the same beginning."""
    root = journal.lineage(entry)[-1].ref
    for other in journal.reader.entries_between(entry.at, entry.at):
        if journal.lineage(other)[-1].ref == root:
            yield other


def _order_json(told: OrderStory) -> dict[str, Any]:
    order = told.order
    return {
        **to_builtins(order),
        "order_id": order.order_id,
        "role": told.role,
        "decision": told.decision,
        "algorithm": told.group.algorithm if told.group is not None else None,
        "average_price": plain(order.average_price) if order.average_price is not None else None,
        "entries": [list(entry) for entry in told.entries],
    }
