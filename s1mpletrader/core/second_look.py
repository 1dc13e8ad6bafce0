"""The second look at a directive that was approved earlier: whether it is still valid, and the gates still let it pass."""

from collections.abc import Callable, Mapping

from s1mpletrader.core.decision import refuse_again, refuse_approved
from s1mpletrader.core.market import Market
from s1mpletrader.core.quarantine import IQuarantine
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.batches import BATCH_ALGORITHM
from s1mpletrader.domain.directives import Approved, Refusal, RefusalDraft, Stage
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.ids import FlowIds, MakesIds
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.ports.ledger import ILedgerReader
from s1mpletrader.ports.planners import Situation


class SecondLook:
    """Asks the gates of a directive's strategy about the account, the market and the risks as they are now."""

    def __init__(
        self,
        *,
        strategies: Mapping[str, Strategy],
        markets: Mapping[str, Market],
        view: Callable[[str], AccountView],
        open_ledger: Callable[[], ILedgerReader],
        instruments: Mapping[str, Instrument],
        ids: MakesIds,
        now: Callable[[], Instant],
        quarantine: IQuarantine,
    ) -> None:
        self._strategies = strategies
        self._markets = markets
        self._view = view
        self._open_ledger = open_ledger
        self._instruments = instruments
        self._ids = ids
        self._now = now
        self._quarantine = quarantine

    def look_again(self, approved: Approved) -> Refusal | None:
        """The refusal, if it would not be approved now. A strategy in quarantine is not asked: nothing more begins for it."""
        strategy = self._strategies[approved.directive.strategy]
        failure = self._quarantine.failure_of(strategy.name)
        if failure is None:
            try:
                return refuse_again(strategy.planning, approved, self._situation(strategy), self._flow_ids(approved))
            except PluginFailed as failed:
                self._quarantine.put(strategy.name, failed)
                failure = failed
        draft = RefusalDraft(code="PLUGIN_FAILED", detail=str(failure))
        return refuse_approved(approved, Stage.RISK_GATE, failure.plugin, draft, self._flow_ids(approved))

    def withdraw(self, approved: Approved, draft: RefusalDraft) -> Refusal:
        """The refusal of a directive whose batch has failed before its turn came."""
        return refuse_approved(approved, Stage.EXECUTION_WORKER, BATCH_ALGORITHM, draft, self._flow_ids(approved))

    def _flow_ids(self, approved: Approved) -> FlowIds:
        execution = approved.directive
        return self._ids.flow(execution.strategy, f"{execution.id}:its turn", self._now())

    def _situation(self, strategy: Strategy) -> Situation:
        """No signal is new: what the directive answers was seen when it was given."""
        return Situation(
            at=self._now(),
            signals=(),
            risks=tuple(strategy.state.standing.values()),
            facts=strategy.facts,
            view=self._view(strategy.name),
            open_ledger=self._open_ledger,
            instruments=self._instruments,
            prices=self._markets[strategy.name].prices(),
        )
