"""While a flow of decision is open, its cache holds what started it and the facts that it saw."""

from typing import Any

import pytest

from s1mpletrader.api import hookimpl
from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.domain.events import NewsItem, ScheduleTick
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.origin import OriginKind, PlatformData
from s1mpletrader.ports.cache import CacheMiss
from tests.running import EXAMPLES

from .chronicle import SCENARIOS, overrides_of


class Looking:
    """Looks into the cache of the flow in which an order is meant."""

    def __init__(self, container: BacktestContainer) -> None:
        self.container = container
        self.flow_id = ""
        self.seen: dict[str, tuple[PlatformData, Any]] = {}

    @hookimpl
    def s1mple_flow_started(self, flow_id: str) -> None:
        self.flow_id = flow_id

    @hookimpl
    def s1mple_order(self, order: Order) -> None:
        if order.state is OrderState.INTENDED:
            cache = self.container.cache()
            self.seen[order.order_id] = cache.get(self.flow_id, "platform_data"), cache.get(self.flow_id, "facts")


@pytest.mark.parametrize(
    ("scenario", "source", "payload"),
    [("crossover", "candles", tuple), ("news", "wire", NewsItem), ("schedule", "every_morning", ScheduleTick)],
)
def test_a_flows_cache_holds_what_its_decision_was_made_on(scenario: str, source: str, payload: type) -> None:
    configuration = load(EXAMPLES / SCENARIOS[scenario][0], overrides_of(scenario))
    container = BacktestContainer(configuration=configuration)
    looking = Looking(container)
    configuration.plugins.register(looking, "looking")
    container.backtest().run()
    journal = StrategyJournal(container.journal())
    assert looking.seen
    sources = set()
    for order_id, (data, facts) in looking.seen.items():
        reasons = read_reasons(journal.reader.entries_of_order(order_id)[0])  # type: ignore[arg-type]
        assert data.origin == reasons.origin
        assert dict(facts.pairs) == reasons.facts
        if data.origin.kind is OriginKind.TICK:
            assert [count for _, count in data.payload] == [_closed(container, data)]
        else:
            assert data.payload == reasons.event
        sources.add((data.source, type(data.payload)))
        with pytest.raises(CacheMiss):
            container.cache().get(data.origin.id, "platform_data")
    assert (source, payload) in sources


def _closed(container: BacktestContainer, data: PlatformData) -> int:
    """How many candles had closed at the flow's instant."""
    (candles,) = container.candles().values()
    return int((candles.closed_at <= data.origin.at).sum())
