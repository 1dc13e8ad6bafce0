"""Prometheus reads the counts of a run at an address of this machine, for as long as the run lasts."""

import logging
import socket
from collections.abc import Iterator
from decimal import Decimal
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from s1mpletrader.assembly.watching import watching
from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.clock import VirtualClock
from s1mpletrader.core.status import LiveStatus, StrategyStatus
from s1mpletrader.domain.directives import Refusal, Stage
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.order import order_from_intent
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reasons import EntryKind
from s1mpletrader.plugins.metrics.watcher import Metrics, open_metrics
from s1mpletrader.ports.health import Health, StreamHealth
from tests.core.samples import SYMBOL, draft, fill, intent
from tests.running import EXAMPLES, MEMORY

HERE = {"account": "main", "mode": "live"}


def scrape(port: int) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample, by name and the values of its own labels, sorted by label."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(value for label, value in sorted(sample.labels.items()) if label not in HERE)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    found = open_metrics(0, HERE)
    yield found
    found.close()


def test_orders_fills_and_latency_are_counted_once_each(metrics: Metrics) -> None:
    order = order_from_intent(intent(1))
    acknowledged = replace(order, state=OrderState.OPEN, acknowledged_at=30_000_000)
    for state in (order, acknowledged, replace(acknowledged, state=OrderState.FILLED)):
        metrics.s1mple_order(state)
    metrics.s1mple_fill(fill(1))
    metrics.s1mple_order(order_from_intent(intent(2)))
    metrics.s1mple_order(replace(order_from_intent(intent(2)), state=OrderState.REJECTED))
    found = scrape(metrics.port)
    assert found["s1mpletrader_orders_total", ("s", SYMBOL)] == 2
    assert found["s1mpletrader_fills_total", ("s", SYMBOL)] == 1
    assert found["s1mpletrader_rejections_total", ("s", SYMBOL)] == 1
    latency = "s1mpletrader_decision_to_acknowledgement_seconds"
    assert found[f"{latency}_count", ("s",)] == 1
    assert found[f"{latency}_sum", ("s",)] == pytest.approx(0.03)
    assert (found[f"{latency}_bucket", ("0.025", "s")], found[f"{latency}_bucket", ("0.05", "s")]) == (0, 1)


def test_flows_refusals_and_alarms_are_counted(metrics: Metrics) -> None:
    refusal = Refusal(
        id="REF_20220101_000000_0000000000000001",  # type: ignore[arg-type]
        stage=Stage.RISK_GATE,
        by="exposure",
        code="TOO_MUCH",
        detail="x",
        signal_ids=(),
        risk_ids=(),
    )
    metrics.s1mple_flow_started("s")
    metrics.s1mple_flow_started("s")
    metrics.s1mple_refusal("s", refusal)
    metrics.s1mple_strategy_journal_updated(draft(1, EntryKind.ALARM))
    metrics.s1mple_strategy_journal_updated(draft(1, EntryKind.FILLED))
    found = scrape(metrics.port)
    assert found["s1mpletrader_flows_total", ("s",)] == 2
    assert found["s1mpletrader_refusals_total", ("TOO_MUCH", "RISK_GATE", "s")] == 1
    assert found["s1mpletrader_alarms_total", ()] == 1


def test_a_status_is_measured(metrics: Metrics) -> None:
    at = 100 * SECOND_NS
    streams = (
        StreamHealth(name="market", connected=True, last_at=at - SECOND_NS),
        StreamHealth(name="private", connected=False, stale_since=at - 7 * SECOND_NS),
    )
    order = replace(order_from_intent(intent(1)), state=OrderState.UNKNOWN)
    strategies = (
        StrategyStatus(name="a", currency="USDT", equity=Decimal("1000.5"), open_orders=(order,)),
        StrategyStatus(name="b", currency="USDT"),
    )
    metrics.s1mple_status(
        LiveStatus(
            at=at,
            mode="live",
            account="main",
            strategies=strategies,
            health=Health(streams=streams, weight_used=120),
            halted=True,
            unknown_orders=1,
        )
    )
    found = scrape(metrics.port)
    measured = {
        (name.removeprefix("s1mpletrader_"), labels): value
        for (name, labels), value in found.items()
        if not name.endswith(("_total", "_created"))
    }
    assert measured == {
        ("equity", ("USDT", "a")): 1000.5,
        ("open_orders", ("a",)): 1,
        ("open_orders", ("b",)): 0,
        ("unknown_orders", ()): 1,
        ("halted", ()): 1,
        ("stream_connected", ("market",)): 1,
        ("stream_connected", ("private",)): 0,
        ("stream_stale_seconds", ("market",)): 0,
        ("stream_stale_seconds", ("private",)): 7,
        ("stream_silent_seconds", ("market",)): 1,
        ("weight_used", ()): 120,
    }


def test_a_run_is_counted_while_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    portfolio = load(EXAMPLES / "ema_cross.toml", [*MEMORY, "data.candles=400", "watch.plugin=prometheus", "watch.port=0"])
    container = BacktestContainer(configuration=portfolio)
    with caplog.at_level(logging.INFO), watching(portfolio, "r", VirtualClock()) as watchers:
        portfolio.plugins.register(watchers["prometheus"], "prometheus")
        container.backtest().run()
        port = int(caplog.messages[-1].partition("127.0.0.1:")[2].partition("/")[0])
        found = scrape(port)
        counts = container.metrics()
        assert counts.orders > 0
        assert found["s1mpletrader_orders_total", ("ema_cross", "BTC/USDT")] == counts.orders
        assert found["s1mpletrader_fills_total", ("ema_cross", "BTC/USDT")] == counts.fills
    with pytest.raises(URLError):
        scrape(port)


def test_a_port_that_is_taken_is_a_mistake_in_the_table() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        portfolio = load(EXAMPLES / "ema_cross.toml", ["watch.plugin=prometheus", f"watch.port={port}"])
        with (
            pytest.raises(ConfigurationError, match=rf"metrics cannot be served at 127\.0\.0\.1:{port}: Address already in use"),
            watching(portfolio, "r", VirtualClock()),
        ):
            pass


def test_of_very_many_orders_the_latest_are_remembered(metrics: Metrics) -> None:
    for number in range(10_050):
        metrics.s1mple_order(order_from_intent(intent(number)))
    for number in (10_049, 10_048, 3):
        metrics.s1mple_fill(fill(number))
    found = scrape(metrics.port)
    assert (found["s1mpletrader_fills_total", ("s", SYMBOL)], found["s1mpletrader_fills_total", ("", SYMBOL)]) == (2, 1)


def test_closing_twice_does_nothing() -> None:
    found = open_metrics(0, HERE)
    found.close()
    found.close()
