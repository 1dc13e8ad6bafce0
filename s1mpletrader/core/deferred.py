"""Directives that wait for the leg of their batch before them: read back from the journal, which keeps their bodies."""

from collections.abc import Callable

from s1mpletrader.core.book import LiveGroup
from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.domain.directives import Approved, ExecutionDirective
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import DirectiveId
from s1mpletrader.domain.reasons import EntryKind


class DeferredDirectives:
    """Finds a deferred directive among the entries of the instant at which its batch began."""

    def __init__(self, settled_journal: Callable[[], StrategyJournal], strategy_of: Callable[[LiveGroup], str]) -> None:
        self._settled_journal = settled_journal
        self._strategy_of = strategy_of

    def find(self, directive_id: DirectiveId, batch: LiveGroup) -> Approved:
        """The directive as it was approved; ``Defect`` where the journal has none."""
        for entry in self._settled_journal().reader.entries_between(batch.opened.at, batch.opened.at):
            reasons = read_reasons(entry) if entry.kind is EntryKind.DEFERRED else None
            if reasons is None or reasons.execution_directive_id != directive_id:
                continue
            if reasons.directive is None or reasons.plans is None:
                break
            directive = ExecutionDirective(
                id=directive_id, strategy=self._strategy_of(batch), directive=reasons.directive, plans=reasons.plans
            )
            return Approved(directive=directive, gates=reasons.gates)
        raise Defect(f"the journal has no deferred directive {directive_id}")
