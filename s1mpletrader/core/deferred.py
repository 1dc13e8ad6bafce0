"""Directives that wait for the leg of their batch before them: read back from the journal, which keeps their bodies.

When their turn comes they are put before the risk gates again: the account is no longer the one that they were approved for.
"""

from collections.abc import Callable
from typing import NamedTuple

from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.core.live_trades import LiveGroup
from s1mpletrader.domain.directives import Approved, ExecutionDirective, Refusal, RefusalDraft
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import DirectiveId
from s1mpletrader.domain.reasons import EntryKind

LookAgain = Callable[[Approved], Refusal | None]
"""The gates' second verdict on a directive; None lets it pass."""

Withdraw = Callable[[Approved, RefusalDraft], Refusal]
"""The refusal of a directive whose batch has failed before its turn."""


class Deferred(NamedTuple):
    """A directive as it was approved, and what may become of it."""

    approved: Approved
    look_again: Callable[[], Refusal | None]
    """Asks the gates about it as the account is now."""
    withdraw: Callable[[RefusalDraft], Refusal]
    """Refuses it, with what had been planned."""


class DeferredDirectives:
    """Finds a deferred directive among the entries of the instant at which its batch began."""

    def __init__(
        self,
        settled_journal: Callable[[], StrategyJournal],
        strategy_of: Callable[[LiveGroup], str],
        look_again: LookAgain,
        withdraw: Withdraw,
    ) -> None:
        self._settled_journal = settled_journal
        self._strategy_of = strategy_of
        self._look_again = look_again
        self._withdraw = withdraw

    def find(self, directive_id: DirectiveId, batch: LiveGroup) -> Deferred:
        """The directive; ``Defect`` where the journal has none."""
        approved = self._read(directive_id, batch)
        return Deferred(approved, lambda: self._look_again(approved), lambda draft: self._withdraw(approved, draft))

    def _read(self, directive_id: DirectiveId, batch: LiveGroup) -> Approved:
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
