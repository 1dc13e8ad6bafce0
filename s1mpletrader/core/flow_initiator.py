"""The FlowInitiator and the FlowTerminator: both flows begin and end here."""

from typing import Any

from msgspec import Struct

from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.ids import FlowIds, MakesIds, OriginId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.origin import ORIGIN_ID_KIND, Origin, OriginKind, PlatformData
from s1mpletrader.domain.replies import VenueReply
from s1mpletrader.ports.cache import ICache


class Flow(Struct, frozen=True):
    """A flow that has begun: its origin, and where its ids come from."""

    strategy: str
    origin: Origin
    ids: FlowIds


class FlowInitiator:
    """Makes the origin, opens the flow's cache and stores the datum there."""

    def __init__(self, ids: MakesIds, cache: ICache, watchers: Watchers) -> None:
        self._ids = ids
        self._cache = cache
        self._watchers = watchers

    def start(self, strategy: str, kind: OriginKind, anchor: str, at: Instant, source: str, payload: Any) -> Flow:
        """Begin a flow of decision. ``anchor`` is what tells its origin from all others of the strategy."""
        ids = self._ids.flow(strategy, kind + ":" + anchor, at)
        origin = Origin(id=OriginId(ids.make(ORIGIN_ID_KIND[kind])), kind=kind, at=at)
        data = PlatformData(origin=origin, source=source, payload=payload)
        self._cache.open_flow(origin.id, strategy, at)
        self._cache.put(origin.id, "platform_data", data, at=at)
        if self._watchers.flow_started is not None:
            self._watchers.flow_started(strategy, origin.id, at)
        if kind is OriginKind.TICK and self._watchers.candle_stream_data_ready is not None:
            self._watchers.candle_stream_data_ready(strategy, data)
        return Flow(strategy, origin, ids)

    def start_reply(self, strategy: str, flow_id: str, reply: VenueReply) -> None:
        """Begin a flow of reality: the reply is stored for as long as it takes to book it."""
        self._cache.open_flow(flow_id, strategy, reply.at)
        self._cache.put(flow_id, "platform_data", reply, at=reply.at)
        if self._watchers.flow_started is not None:
            self._watchers.flow_started(strategy, flow_id, reply.at)
        if self._watchers.exchange_reply is not None:
            self._watchers.exchange_reply(reply)

    def start_timer(self, strategy: str, flow_id: str, at: Instant) -> None:
        """Begin a flow that an execution algorithm's timer started."""
        self._cache.open_flow(flow_id, strategy, at)
        if self._watchers.flow_started is not None:
            self._watchers.flow_started(strategy, flow_id, at)


class FlowTerminator:
    """Ends a flow after its recording: counts it, clears its cache, tells those who watch."""

    def __init__(self, cache: ICache, metrics: Metrics, watchers: Watchers) -> None:
        self._cache = cache
        self._metrics = metrics
        self._watchers = watchers

    def end(self, strategy: str, flow_id: str, at: Instant) -> None:
        """End the flow, however it went."""
        self._cache.close_flow(flow_id)
        self._metrics.flows += 1
        if self._watchers.flow_terminated is not None:
            self._watchers.flow_terminated(strategy, flow_id, at)
