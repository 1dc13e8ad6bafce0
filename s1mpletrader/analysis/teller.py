"""Telling the complete story of any id, from both stores."""

from collections.abc import Iterable, Mapping, Sequence

from s1mpletrader.analysis.batch_story import BatchTeller
from s1mpletrader.analysis.funding import funding_of
from s1mpletrader.analysis.happenings import (
    Algorithm,
    Happening,
    OrderFacts,
    algorithms_of,
    commands_of,
    happenings_of,
)
from s1mpletrader.analysis.result import trade_legs, trade_result
from s1mpletrader.analysis.slippage import calculate_shortfall, calculate_slippage
from s1mpletrader.analysis.story import Decision, OrderStory, RefusalStory, Story, TradeStory
from s1mpletrader.analysis.subjects import LEDGER_KINDS, entries_about, orders_of_subject, orders_that_followed
from s1mpletrader.analysis.trade_entries import (
    Told,
    TradeEntries,
    deciding_entry,
    decision_of_empty_trade,
    entries_of_trade,
    gives_up,
)
from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.domain.directives import Plans
from s1mpletrader.domain.errors import UnknownId
from s1mpletrader.domain.ids import IdKind, OrderId, TradeId, id_kind
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.opinion import Risk
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderEventKind
from s1mpletrader.domain.reality import Fill, TradeOpened
from s1mpletrader.domain.reasons import EntryKind, EntryRef, Reasons, SealedEntry
from s1mpletrader.ports.ledger import ILedgerReader


def story_of(journal: StrategyJournal, ledger: ILedgerReader, subject: str) -> Story:
    """The story of any id; ``UnknownId`` where neither store knows it, ``ValueError`` where it is no id."""
    kind = id_kind(subject)
    teller = Teller(journal, ledger, subject)
    if kind is IdKind.TRADE:
        trade = ledger.get_trade(TradeId(subject))
        if trade is None:
            raise UnknownId(f"the ledger has no {subject}")
        return teller.tell_trade(trade)
    if kind in LEDGER_KINDS:
        orders = orders_of_subject(ledger, kind, subject)
        if not orders:
            raise UnknownId(f"the ledger has no {subject}")
        return teller.tell(orders, [])
    entries = list(entries_about(journal, subject))
    if not entries:
        raise UnknownId(f"the journal has no {subject}")
    orders = orders_that_followed(journal, ledger, kind, entries)
    refused = [entry for entry in entries if entry.order_id is None] or ([] if orders else entries)
    return teller.tell(orders, refused)


class Teller:
    """Puts the story of one id together."""

    def __init__(self, journal: StrategyJournal, ledger: ILedgerReader, subject: str) -> None:
        self._journal = journal
        self._ledger = ledger
        self._subject = subject

    def tell(self, orders: Sequence[Order], others: Sequence[SealedEntry]) -> Story:
        """The story of these orders, and of these entries that led to none."""
        first = {order.order_id: self._entries(order) for order in orders}
        decisions = dict.fromkeys(_place(self._journal, entry) for entry in others)
        decisions.update(dict.fromkeys(deciding_entry(self._journal, entries[0]) for entries in first.values()))
        told = [Told(entry, read_reasons(entry)) for entries in first.values() for entry in entries]
        refused = [Told(entry, read_reasons(entry)) for entry in others if entry.kind is EntryKind.REFUSED]
        entries = self._in_order((*told, *refused))
        return self._story(orders, list(decisions), TradeEntries(entries))

    def tell_trade(self, trade: TradeOpened) -> Story:
        """The story of a whole trade, also of one that has no order."""
        orders = list(self._ledger.orders(trade_id=trade.trade_id))
        decisions = dict.fromkeys(deciding_entry(self._journal, self._entries(order)[0]) for order in orders)
        if not orders:
            opening = decision_of_empty_trade(self._journal, trade.strategy, trade.symbol, trade.at)
            if opening is None:
                raise UnknownId(f"the journal has no decision of {trade.trade_id}")
            decisions[opening] = None
        order_ids = {order.order_id for order in orders}
        entries = entries_of_trade(self._journal, trade.trade_id, order_ids, decisions)
        decided = [entry for entry, reasons in entries.own if entry in decisions or _decides(entry, reasons)]
        return self._story(orders, decided, entries, trade)

    def _story(
        self, orders: Sequence[Order], decided: Sequence[SealedEntry], entries: TradeEntries, trade: TradeOpened | None = None
    ) -> Story:
        places = {entry.ref: number for number, entry in enumerate(decided)}
        happenings = happenings_of(entries.own, lambda entry: places.get(_place(self._journal, entry).ref))
        about = [self._facts_of(order, places) for order in orders]
        decisions = tuple(self._decision(entry) for entry in decided)
        trade = trade or self._trade_of(orders)
        instrument = self._instrument(trade.symbol, decided[0].run) if trade is not None else None
        told = tuple(self._order(one, happenings, instrument) for one in about)
        return Story(
            subject=self._subject,
            decisions=decisions,
            orders=told,
            refusals=tuple(self._refusals(entries.own, places)),
            commands=commands_of(happenings),
            algorithms=algorithms_of(happenings, about, _algorithms(decisions)),
            batches=BatchTeller(self._journal, self._ledger).tell(entries.batches),
            happenings=happenings,
            shortfall=calculate_shortfall([(one.order, one.fills) for one in told], instrument),
            trade=self._trade(trade, instrument) if trade is not None and instrument is not None else None,
        )

    def _decision(self, entry: SealedEntry) -> Decision:
        links = [read_reasons(link) for link in self._journal.lineage(entry)]
        root = next((link for link in links if link.origin is not None), None)
        if root is None or root.origin is None:
            raise UnknownId(f"entry {entry.ref} leads to no origin")
        own = links[0]
        refusal = own.refusals[0] if own.refusals else None
        directive = own.directive or (refusal.directive if refusal is not None else None)
        signal_ids = directive.signal_ids if directive else refusal.signal_ids if refusal else ()
        risk_ids = directive.risk_ids if directive else refusal.risk_ids if refusal else ()
        return Decision(
            ref=entry.ref,
            origin=root.origin,
            facts=root.facts or {},
            event=root.event,
            market=own.market,
            signals=tuple(signal for signal in root.signals if not signal_ids or signal.id in signal_ids),
            risks=self._risks(root, risk_ids),
            directive=directive,
            execution_directive_id=own.execution_directive_id,
            plans=own.plans or (refusal.plans if refusal else Plans()),
            gates=own.gates,
            refusals=own.refusals,
            text=own.text if directive is None else None,
        )

    def _risks(self, root: Reasons, risk_ids: Iterable[str]) -> tuple[Risk, ...]:
        """The risks that a decision answers: raised in its flow, or standing from earlier ones."""
        here = {risk.id: risk for risk in root.risks}
        found = [here.get(risk_id) or self._journal.get(risk_id) for risk_id in risk_ids]  # type: ignore[call-overload]
        risks = tuple(risk for risk in found if isinstance(risk, Risk))
        return risks or (root.risks if not risk_ids else ())

    def _refusals(self, entries: Iterable[Told], places: Mapping[EntryRef, int]) -> Iterable[RefusalStory]:
        for entry, reasons in entries:
            for refusal in reasons.refusals:
                yield RefusalStory(
                    refusal=refusal,
                    ref=entry.ref,
                    at=entry.at,
                    decision=places.get(_place(self._journal, entry).ref),
                    gave_up=gives_up(refusal),
                )

    def _entries(self, order: Order) -> Sequence[SealedEntry]:
        entries = self._journal.reader.entries_of_order(order.order_id)
        if not entries:
            raise UnknownId(f"the journal has no entry of {order.order_id}")
        return entries

    def _in_order(self, entries: Iterable[Told]) -> tuple[Told, ...]:
        """As they were written: the runs in their order, each by its sequence."""
        runs = {run: number for number, run in enumerate(self._journal.reader.runs())}
        return tuple(sorted(entries, key=lambda told: (runs[told.entry.run], told.entry.seq)))

    def _facts_of(self, order: Order, places: Mapping[EntryRef, int]) -> OrderFacts:
        first = self._entries(order)[0]
        return OrderFacts(order, read_reasons(first).role or "", places[deciding_entry(self._journal, first).ref])

    def _order(self, about: OrderFacts, happenings: Iterable[Happening], instrument: Instrument | None) -> OrderStory:
        order, role, decision = about
        entries = self._entries(order)
        fills = self._fills(order)
        changes = tuple(self._ledger.order_events(order.order_id))
        cause = entries[0].parent if read_reasons(entries[0]).directive is None else None
        heir = next((change.evidence for change in changes if change.kind is OrderEventKind.REPLACED), None)
        return OrderStory(
            order=order,
            role=role,
            decision=decision,
            group=self._ledger.get_group(order.group_id),
            fills=fills,
            slippage=calculate_slippage(order, fills),
            shortfall=calculate_shortfall([(order, fills)], instrument),
            changes=changes,
            replaced_by=OrderId(heir) if heir is not None else None,
            cause=next((one for one in happenings if one.ref == cause), None),
            entries=tuple((entry.run, entry.seq, str(entry.kind)) for entry in entries),
        )

    def _fills(self, order: Order) -> tuple[Fill, ...]:
        return tuple(fill for fill_id in order.fill_ids if (fill := self._ledger.get_fill(fill_id)) is not None)

    def _trade_of(self, orders: Iterable[Order]) -> TradeOpened | None:
        """The trade that all of these orders belong to."""
        trade_ids = {order.trade_id for order in orders}
        return self._ledger.get_trade(trade_ids.pop()) if len(trade_ids) == 1 else None

    def _trade(self, trade: TradeOpened, instrument: Instrument) -> TradeStory:
        """What came of the whole trade, also where the story is of one of its orders."""
        filled = [(order, self._fills(order)) for order in self._ledger.orders(trade_id=trade.trade_id)]
        fills = sorted((fill for _, own in filled for fill in own), key=lambda fill: fill.venue_at)
        funding = funding_of(self._ledger, trade, fills, instrument.settlement)
        return TradeStory(
            result=trade_result(trade, fills, instrument),
            legs=trade_legs(trade, filled, instrument),
            funding=funding.own,
            funding_shared=funding.shared,
        )

    def _instrument(self, symbol: str, run: str) -> Instrument | None:
        """The instrument as the run's first entry knows it."""
        started = self._journal.reader.entry(EntryRef(run, 0))
        identity = read_reasons(started).run if started is not None else None
        instruments = identity.instruments if identity is not None else ()
        return next((instrument for instrument in instruments if instrument.symbol == symbol), None)


def _place(journal: StrategyJournal, entry: SealedEntry) -> SealedEntry:
    """The decision that an entry belongs to: a refusal that gave nothing up is one itself."""
    reasons = read_reasons(entry)
    if reasons.refusals and not all(gives_up(refusal) for refusal in reasons.refusals):
        return entry
    return deciding_entry(journal, entry)


def _decides(entry: SealedEntry, reasons: Reasons) -> bool:
    """Whether it is a decision: carried out, or refused."""
    if entry.kind is EntryKind.REFUSED:
        return any(refusal.directive is not None for refusal in reasons.refusals)
    return reasons.directive is not None and entry.kind is not EntryKind.DEFERRED


def _algorithms(decisions: Sequence[Decision]) -> dict[int, Algorithm]:
    """The algorithms of the decisions that were carried out."""
    found = {}
    for number, decision in enumerate(decisions):
        execution, size, market = decision.plans.execution, decision.plans.size, decision.market
        if execution is not None and not decision.refusals:
            target = size.quantity if size is not None else None
            found[number] = Algorithm(execution.algorithm, target, market.reference_price if market is not None else None)
    return found
