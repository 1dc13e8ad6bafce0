"""Why an execution group is there: kept while its algorithm listens, and found again in the journal after a restart."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct, json

from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.core.order_context import rebuild_context
from s1mpletrader.domain.batches import BATCH_ALGORITHM, Batch
from s1mpletrader.domain.causality import CausalityChain
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import GroupId
from s1mpletrader.domain.reality import GroupOpened
from s1mpletrader.domain.reasons import EntryRef
from s1mpletrader.ports.cache import OrderContext
from s1mpletrader.ports.ledger import ILedgerReader

GROUPS_MAX: Final = 10_000
"""How many groups' reasons are kept; the oldest is found again where it is needed."""


class GroupReasons(Struct, frozen=True, kw_only=True):
    """The decision that a group carries out."""

    strategy: str
    causality: CausalityChain
    facts: Mapping[str, float]
    decision: EntryRef
    """The entry that holds the decision."""

    @classmethod
    def of_order(cls, context: OrderContext) -> "GroupReasons":
        """As one of its orders' context has it."""
        return cls(strategy=context.strategy, causality=context.causality, facts=context.facts, decision=context.decision)


class GroupReasonsFinder:
    """The reasons of groups, by their id."""

    def __init__(self, settled_ledger: Callable[[], ILedgerReader], settled_journal: Callable[[], StrategyJournal]) -> None:
        self._settled_ledger = settled_ledger
        self._settled_journal = settled_journal
        self._known: dict[GroupId, GroupReasons] = {}

    def put(self, group_id: GroupId, reasons: GroupReasons) -> None:
        """Keep the reasons of a group that has just been opened."""
        self._known[group_id] = reasons
        if len(self._known) > GROUPS_MAX:
            del self._known[next(iter(self._known))]

    def drop(self, group_id: GroupId) -> None:
        """Forget a group that is done."""
        self._known.pop(group_id, None)

    def find(self, group_id: GroupId) -> GroupReasons:
        """The group's reasons; looked up in ledger and journal where they are not known."""
        found = self._known.get(group_id)
        if found is None:
            found = self._known[group_id] = self._look_up(group_id)
        return found

    def _look_up(self, group_id: GroupId) -> GroupReasons:
        ledger, journal = self._settled_ledger(), self._settled_journal()
        order = next(ledger.orders(group_id=group_id), None)
        if order is not None:
            return GroupReasons.of_order(rebuild_context(journal, order))
        opened = ledger.get_group(group_id)
        if opened is None:
            raise Defect(f"the ledger has no group {group_id}")
        if opened.algorithm == BATCH_ALGORITHM:
            return self._batch_of(opened, ledger, journal)
        return self._decision_of(opened, ledger, journal)

    def _batch_of(self, opened: GroupOpened, ledger: ILedgerReader, journal: StrategyJournal) -> GroupReasons:
        """The reasons of a batch: all that its directives answer, and the entry that names them."""
        trade = ledger.get_trade(opened.trade_id)
        entries = [(entry, read_reasons(entry)) for entry in journal.reader.entries_between(opened.at, opened.at)]
        first_leg = self.find(json.decode(opened.state, type=Batch).legs[0].group_id).causality.execution_directive_id
        for entry, reasons in entries:
            if trade is None or reasons.batch is None or first_leg not in reasons.batch.execution_directive_ids:
                continue
            legs = {one.execution_directive_id: one.directive for _, one in entries if one.directive is not None}
            directives = [legs[directive_id] for directive_id in reasons.batch.execution_directive_ids]
            began = read_reasons(journal.lineage(entry)[-1])
            if began.origin is None:
                break
            causality = CausalityChain(
                origin=began.origin,
                signal_ids=tuple(dict.fromkeys(one for directive in directives for one in directive.signal_ids)),
                risk_ids=tuple(dict.fromkeys(one for directive in directives for one in directive.risk_ids)),
            )
            return GroupReasons(strategy=trade.strategy, causality=causality, facts=dict(began.facts or {}), decision=entry.ref)
        raise Defect(f"the journal has no batch of the group {opened.group_id}")

    def _decision_of(self, opened: GroupOpened, ledger: ILedgerReader, journal: StrategyJournal) -> GroupReasons:
        """The decision of a group that has no order yet: made at the same instant, for the same symbol and algorithm."""
        trade = ledger.get_trade(opened.trade_id)
        for entry in journal.reader.entries_between(opened.at, opened.at):
            reasons = read_reasons(entry)
            plan = reasons.plans.execution if reasons.plans is not None else None
            if trade is None or plan is None or reasons.directive is None or plan.algorithm != opened.algorithm:
                continue
            lineage = [read_reasons(link) for link in journal.lineage(entry)]
            strategy = next((link.strategy for link in lineage if link.strategy is not None), None)
            if reasons.directive.symbol == trade.symbol and strategy == trade.strategy:
                facts = next((link.facts for link in lineage if link.facts is not None), {})
                return GroupReasons(
                    strategy=trade.strategy, causality=journal.causality(entry), facts=dict(facts), decision=entry.ref
                )
        raise Defect(f"the journal has no decision of the group {opened.group_id}")
