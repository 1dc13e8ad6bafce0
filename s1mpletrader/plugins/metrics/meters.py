"""What is counted and measured, each with its labels, in a registry of its own."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX: Final = "s1mpletrader"
LATENCY_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Meters:
    """The instruments. Everything of a run carries the same constant labels beside its own."""

    def __init__(self, constant: Mapping[str, str]) -> None:
        self.registry = CollectorRegistry()
        self._constant = dict(constant)
        self.flows = self._counter("flows", "Flows that have begun.", "strategy")
        self.orders = self._counter("orders", "Orders that were intended.", "strategy", "symbol")
        self.fills = self._counter("fills", "Fills that were booked.", "strategy", "symbol")
        self.rejections = self._counter("rejections", "Orders that the venue rejected.", "strategy", "symbol")
        self.refusals = self._counter("refusals", "Decisions not to trade.", "strategy", "stage", "code")
        self.alarms = self._counter("alarms", "What a person should look at.")
        self.equity = self._gauge("equity", "What a strategy is worth at the last prices.", "strategy", "currency")
        self.open_orders = self._gauge("open_orders", "Live orders.", "strategy")
        self.unknown_orders = self._gauge("unknown_orders", "Orders of unknown outcome.")
        self.halted = self._gauge("halted", "1 while nothing new is opened.")
        self.stream_connected = self._gauge("stream_connected", "1 while a stream is connected.", "stream")
        self.stream_stale = self._gauge("stream_stale_seconds", "Since when a stream is not to be trusted.", "stream")
        self.stream_silent = self._gauge("stream_silent_seconds", "How long a stream has said nothing.", "stream")
        self.weight_used = self._gauge("weight_used", "Of the venue's request budget.")
        self.acknowledgement = Histogram(
            f"{PREFIX}_decision_to_acknowledgement_seconds",
            "From a decision to the venue's acknowledgement of its order.",
            (*self._constant, "strategy"),
            registry=self.registry,
            buckets=LATENCY_BUCKETS_S,
        )

    def labels(self, **own: str) -> dict[str, str]:
        """The constant labels and these."""
        return {**self._constant, **own}

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, (*self._constant, *labels), registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, (*self._constant, *labels), registry=self.registry)
