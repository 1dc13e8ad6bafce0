"""The public streams on one connection: who listens to what, subscribed again after every gap."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from s1mpletrader.api import SECOND_NS, Duration, IClock, Instant, NotSentError, Refused, SentWithoutAnswer, Unavailable
from s1mpletrader.plugins.binance.link import Link
from s1mpletrader.plugins.binance.messages import Frame

_log: Final = logging.getLogger(__name__)

_STREAMS_MAX: Final = 1_024
_BATCH: Final = 200
_BETWEEN_NS: Final = SECOND_NS // 4
"""The venue takes at most five messages a second, pings among them."""

T = TypeVar("T")


class Listener(Protocol):
    """Somebody who listens to streams. Nothing here waits, and nothing may raise but ``ValueError`` for a bad message."""

    def heard(self, stream: str, data: bytes) -> None:
        """A message of a stream."""
        ...

    def restored(self) -> None:
        """The stream goes on; what came before may be missing."""
        ...

    def closed(self) -> None:
        """There will be no more."""
        ...


class Latest(Generic[T]):
    """A queue that keeps the latest: for data that is worth less the older it is."""

    def __init__(self, clock: IClock, length_max: int) -> None:
        self._clock = clock
        self._items: deque[T] = deque(maxlen=length_max)
        self._sleeper: asyncio.Future[None] | None = None
        self.dropped_count = 0

    def put(self, item: T) -> None:
        """Add an item; the oldest makes room for it."""
        if len(self._items) == self._items.maxlen:
            self.dropped_count += 1
        self._items.append(item)
        _wake(self._sleeper)

    async def get(self, at: Instant | None = None) -> T | None:
        """The next item; None where there is none by the instant. One at a time waits for it."""
        if not self._items:
            await self._sleep(at)
        return self._items.popleft() if self._items else None

    async def _sleep(self, at: Instant | None) -> None:
        """Wait for an item, or for the instant. Whoever waits goes on in the next round of the loop: an order hangs on it."""
        self._sleeper = sleeper = asyncio.get_running_loop().create_future()
        timer = None if at is None else asyncio.ensure_future(self._clock.sleep_until(at))
        if timer is not None:
            timer.add_done_callback(lambda _: _wake(sleeper))
        try:
            await sleeper
        finally:
            self._sleeper = None
            if timer is not None:
                timer.cancel()


def _wake(sleeper: asyncio.Future[None] | None) -> None:
    if sleeper is not None and not sleeper.done():
        sleeper.set_result(None)


class MarketStream:
    """Speaks on the line for market data."""

    question = "LIST_SUBSCRIPTIONS"

    def __init__(self, clock: IClock, answer_ns: Duration) -> None:
        self._clock = clock
        self._answer_ns = answer_ns
        self._listeners: dict[str, list[Listener]] = {}
        self._link: Link | None = None
        self._speaking = asyncio.Lock()

    async def opened(self, link: Link) -> None:
        """Subscribe to everything that somebody listens to."""
        await self._ask(link, "SUBSCRIBE", list(self._listeners))
        self._link = link

    @property
    def quiet_until(self) -> Instant | None:
        """Nothing is counted on this line but messages, of which it sends few."""
        return None

    async def heard(self, link: Link, frame: Frame) -> bool:
        """A message of a stream, handed to its listeners."""
        for listener in self._listeners.get(frame.stream or "", ()):
            listener.heard(frame.stream or "", bytes(frame.data))
        return True

    def garbled(self) -> None:
        """What it may have told is asked for when it is late."""

    def lost(self) -> None:
        """Nothing can be subscribed until there is another connection."""
        self._link = None

    async def restore(self) -> None:
        """Let everybody see to what they have missed."""
        for listener in self._distinct():
            listener.restored()

    async def listen(self, streams: Sequence[str], listener: Listener) -> None:
        """Hear these streams from now on, or as soon as there is a connection."""
        new = [stream for stream in streams if stream not in self._listeners]
        if len(self._listeners) + len(new) > _STREAMS_MAX:
            raise Refused(f"binance sends at most {_STREAMS_MAX} streams on a connection")
        for stream in streams:
            self._listeners.setdefault(stream, []).append(listener)
        await self._tell("SUBSCRIBE", new)

    async def leave(self, listener: Listener) -> None:
        """Hear nothing any more."""
        ended = []
        for stream, listeners in list(self._listeners.items()):
            if listener in listeners:
                listeners.remove(listener)
                if not listeners:
                    del self._listeners[stream]
                    ended.append(stream)
        await self._tell("UNSUBSCRIBE", ended)

    def close(self) -> None:
        """Tell every listener that there will be no more. The connection ends, too: nobody unsubscribes on it."""
        self._link = None
        for listener in self._distinct():
            listener.closed()

    async def _tell(self, method: str, streams: Sequence[str]) -> None:
        """Change what the present connection sends. One that does not answer is given up, and the next one starts right."""
        link = self._link
        if link is None or link.ended.is_set():
            return
        try:
            await self._ask(link, method, streams)
        except (NotSentError, SentWithoutAnswer) as fault:
            _log.warning("binance market: %s", fault)
            link.ended.set()
        except (Refused, Unavailable):
            raise
        except Exception:
            link.ended.set()
            raise

    async def _ask(self, link: Link, method: str, streams: Sequence[str]) -> None:
        async with self._speaking:
            for begin in range(0, len(streams), _BATCH):
                answer = await link.call(method, list(streams[begin : begin + _BATCH]), self._answer_ns)
                if bytes(answer.error):
                    raise Refused(f"binance refused {method}: {bytes(answer.error)[:200]!r}")
                await self._clock.sleep_until(self._clock.now() + _BETWEEN_NS)

    def _distinct(self) -> list[Listener]:
        found = {id(listener): listener for listeners in self._listeners.values() for listener in listeners}
        return list(found.values())
