"""What a run keeps in memory is found again in ledger and journal, equal to the last field: nothing is lost with a restart."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from s1mpletrader.api import hookimpl
from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.group_reasons import GroupReasonsFinder
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.order_context import rebuild_context
from s1mpletrader.domain.ids import GroupId
from tests.running import EXAMPLES

from .chronicle import SCENARIOS, overrides_of

Pair = tuple[object, object]
"""What is found again, and what is kept."""


class Restarted:
    """After each flow: what would be there if the process began anew at this point."""

    def __init__(self, container: BacktestContainer, look: Callable[[BacktestContainer], list[Pair]]) -> None:
        self.container = container
        self.look = look
        self.pairs: list[Pair] = []
        self.faults: list[Exception] = []

    @hookimpl
    def s1mple_flow_terminated(self) -> None:
        try:
            self.pairs += self.look(self.container)
        except Exception as fault:
            self.faults.append(fault)
            raise


def contexts(container: BacktestContainer) -> list[Pair]:
    """Every live order's context. Its fills stand beside its causality, which is that of its intent."""
    journal, cache = StrategyJournal(container.journal()), container.cache()
    pairs: list[Pair] = []
    for order in container.ledger().orders(live=True):
        again = rebuild_context(journal, order)
        pairs.append((replace(again, causality=replace(again.causality, fill_ids=())), cache.get_context(order.order_id)))
    return pairs


def group_reasons(container: BacktestContainer) -> list[Pair]:
    """Why every group is there that has more to do."""
    ledger, journal = container.ledger(), StrategyJournal(container.journal())
    anew, kept = GroupReasonsFinder(lambda: ledger, lambda: journal), getattr(container, "flows", container).finder()
    groups = [one.group_id for one in ledger.active_groups()]
    return [(found(anew, group_id), found(kept, group_id)) for group_id in groups]


def found(finder: GroupReasonsFinder, group_id: GroupId) -> object:
    """Its decision, without the orders that came of it: a group is asked for the orders to come."""
    reasons = finder.find(group_id)
    chain = reasons.causality
    return reasons.strategy, chain.origin, chain.signal_ids, chain.risk_ids, chain.plan_ids, dict(reasons.facts), reasons.decision


CASES = [(contexts, scenario) for scenario in SCENARIOS if scenario != "pair that is refused"] + [
    (group_reasons, scenario)
    for scenario in (
        "bracket",
        "trailing stop",
        "slices",
        "pair",
        "pair that fails",
        "pair at risk",
        "sequence",
        "sequence that fails",
        "sequence at risk",
    )
]


@pytest.mark.parametrize(("look", "scenario"), CASES, ids=[f"{look.__name__} of {scenario}" for look, scenario in CASES])
def test_it_is_found_again_as_it_was(look: Callable[[BacktestContainer], list[Pair]], scenario: str) -> None:
    example, *_ = SCENARIOS[scenario]
    configuration = load(EXAMPLES / example, overrides_of(scenario))
    container = BacktestContainer(configuration=configuration)
    restarted = Restarted(container, look)
    configuration.plugins.register(restarted, "restarted")
    container.backtest().run()
    assert restarted.faults == []
    assert restarted.pairs
    for again, kept in restarted.pairs:
        assert again == kept
