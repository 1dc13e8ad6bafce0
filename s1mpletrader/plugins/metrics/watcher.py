"""Counts what the watching hooks tell, and serves it to Prometheus."""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from threading import Thread
from typing import Final
from wsgiref.simple_server import WSGIServer

from prometheus_client import start_http_server

from s1mpletrader.api import (
    SECOND_NS,
    EntryDraft,
    EntryKind,
    Fill,
    Health,
    Instant,
    LiveStatus,
    Order,
    OrderId,
    OrderState,
    Refusal,
    hookimpl,
)
from s1mpletrader.plugins.metrics.meters import Meters

_log: Final = logging.getLogger(__name__)

ADDRESS: Final = "127.0.0.1"
_ORDERS_MAX: Final = 10_000
"""How many orders are remembered, to know whose they are and that their acknowledgement has been measured."""
_ALARMS: Final = frozenset({EntryKind.ALARM, EntryKind.EXTERNAL})


class Metrics:
    """The meters of a run, and the server that shows them."""

    def __init__(self, meters: Meters, server: WSGIServer, thread: Thread) -> None:
        self._meters = meters
        self._server = server
        self._thread = thread
        self._strategies: OrderedDict[OrderId, str] = OrderedDict()
        self._acknowledged: OrderedDict[OrderId, None] = OrderedDict()

    @property
    def port(self) -> int:
        """Where the server listens."""
        return self._server.server_port

    @hookimpl
    def s1mple_flow_started(self, strategy: str) -> None:
        """Count a flow."""
        self._meters.flows.labels(**self._meters.labels(strategy=strategy)).inc()

    @hookimpl
    def s1mple_order(self, order: Order) -> None:
        """Count an order once, its rejection, and how long its acknowledgement took."""
        strategy, labels = order.intent.strategy, self._meters.labels(strategy=order.intent.strategy, symbol=order.details.symbol)
        self._strategies[order.order_id] = strategy
        _bound(self._strategies)
        if order.state is OrderState.INTENDED:
            self._meters.orders.labels(**labels).inc()
        elif order.state is OrderState.REJECTED:
            self._meters.rejections.labels(**labels).inc()
        if order.acknowledged_at is not None and order.order_id not in self._acknowledged:
            self._acknowledged[order.order_id] = None
            _bound(self._acknowledged)
            took_s = (order.acknowledged_at - order.intent.decided_at) / SECOND_NS
            self._meters.acknowledgement.labels(**self._meters.labels(strategy=strategy)).observe(took_s)

    @hookimpl
    def s1mple_fill(self, fill: Fill) -> None:
        """Count a fill."""
        strategy = self._strategies.get(fill.order_id, "")
        self._meters.fills.labels(**self._meters.labels(strategy=strategy, symbol=fill.symbol)).inc()

    @hookimpl
    def s1mple_refusal(self, strategy: str, refusal: Refusal) -> None:
        """Count a refusal."""
        labels = self._meters.labels(strategy=strategy, stage=refusal.stage, code=refusal.code)
        self._meters.refusals.labels(**labels).inc()

    @hookimpl
    def s1mple_strategy_journal_updated(self, entry: EntryDraft) -> None:
        """Count an alarm."""
        if entry.kind in _ALARMS:
            self._meters.alarms.labels(**self._meters.labels()).inc()

    @hookimpl
    def s1mple_status(self, status: LiveStatus) -> None:
        """Measure how the run stands."""
        meters = self._meters
        for one in status.strategies:
            meters.open_orders.labels(**meters.labels(strategy=one.name)).set(len(one.open_orders))
            if one.equity is not None:
                meters.equity.labels(**meters.labels(strategy=one.name, currency=one.currency)).set(float(one.equity))
        meters.unknown_orders.labels(**meters.labels()).set(status.unknown_orders)
        meters.halted.labels(**meters.labels()).set(status.halted)
        self._measure(status.health, status.at)

    def close(self) -> None:
        """Stop serving."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _measure(self, health: Health, at: Instant) -> None:
        meters = self._meters
        for stream in health.streams:
            labels = meters.labels(stream=stream.name)
            meters.stream_connected.labels(**labels).set(stream.connected)
            meters.stream_stale.labels(**labels).set(_seconds(stream.stale_since, at))
            if stream.last_at is not None:
                meters.stream_silent.labels(**labels).set(_seconds(stream.last_at, at))
        if health.weight_used is not None:
            meters.weight_used.labels(**meters.labels()).set(health.weight_used)


def open_metrics(port: int, labels: Mapping[str, str]) -> Metrics:
    """Meters that are served from now on; ``ValueError`` where the port is taken."""
    meters = Meters(labels)
    try:
        server, thread = start_http_server(port, ADDRESS, meters.registry)
    except OSError as fault:
        raise ValueError(f"metrics cannot be served at {ADDRESS}:{port}: {fault.strerror}") from None
    _log.info("metrics are served at http://%s:%d/metrics", ADDRESS, server.server_port)
    return Metrics(meters, server, thread)


def _seconds(since: Instant | None, at: Instant) -> float:
    return 0.0 if since is None else max(at - since, 0) / SECOND_NS


def _bound(remembered: OrderedDict[OrderId, str] | OrderedDict[OrderId, None]) -> None:
    if len(remembered) > _ORDERS_MAX:
        remembered.popitem(last=False)
