"""A stream that heals: the one owner of its connection.

A lost connection is opened again with growing pauses, a silent one is asked and given up where it does not answer, and one that
is about to be cut for its age is replaced by another while it still speaks. After every gap the speaker subscribes first, and
brings what was missed before anything goes on.
"""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Final, NamedTuple, Protocol

from s1mpletrader.api import (
    HOUR_NS,
    MINUTE_NS,
    SECOND_NS,
    AuthenticationFailed,
    Duration,
    IClock,
    Instant,
    ITransport,
    RateLimited,
    S1mpleTraderError,
    StreamHealth,
    Unavailable,
    iso,
)
from s1mpletrader.plugins.binance.link import Link
from s1mpletrader.plugins.binance.messages import EventHead, Frame, decode
from s1mpletrader.plugins.binance.waiting import settle, until

_log: Final = logging.getLogger(__name__)


_SHUTDOWN: Final = "serverShutdown"


class Pace(NamedTuple):
    """How long a line waits for what."""

    silence_ns: Duration = 30 * SECOND_NS
    answer_ns: Duration = 10 * SECOND_NS
    age_ns: Duration = 23 * HOUR_NS + 30 * MINUTE_NS
    """The venue cuts a connection after a day."""
    drain_ns: Duration = 5 * SECOND_NS
    """How long a replaced connection may still give answers that are waited for."""
    pause_ns_min: Duration = SECOND_NS // 4
    pause_ns_max: Duration = 10 * SECOND_NS
    steady_ns: Duration = 30 * SECOND_NS
    """A connection that lived so long starts the pauses anew."""


class Speaker(Protocol):
    """What is said on a line."""

    @property
    def question(self) -> str:
        """A method that the venue answers, to find out whether it is there."""
        ...

    @property
    def quiet_until(self) -> Instant | None:
        """Until when nothing may be asked; None where that is not so."""
        ...

    async def opened(self, link: Link) -> None:
        """A connection is open: subscribe on it. What this raises ends the connection."""
        ...

    async def heard(self, link: Link, frame: Frame) -> bool:
        """A message that is no answer. False where the link will not tell everything any more."""
        ...

    def garbled(self) -> None:
        """Something was said that cannot be read."""
        ...

    def lost(self) -> None:
        """The connection is gone: what is said now is missed."""
        ...

    async def restore(self) -> None:
        """Subscribed again: bring what was missed, and then what was said meanwhile."""
        ...


class _Held(NamedTuple):
    """A link with what is to be released after it."""

    link: Link
    release: AsyncExitStack


class Line:
    """Keeps one connection up, and tells how it is doing."""

    def __init__(
        self, name: str, url: str, transport: ITransport, clock: IClock, speaker: Speaker, pace: Pace | None = None
    ) -> None:
        self._name = name
        self._url = url
        self._transport = transport
        self._clock = clock
        self._speaker = speaker
        self._pace = pace or Pace()
        self._task: asyncio.Task[None] | None = None
        self._held: _Held | None = None
        self._old: set[asyncio.Task[None]] = set()
        self._ready = asyncio.Event()
        self._poked = asyncio.Event()
        self._stale_since: Instant | None = None
        self._last_at: Instant | None = None
        self.refusal: S1mpleTraderError | None = None
        """Why the latest attempt failed; None once one has worked."""

    @property
    def link(self) -> Link | None:
        """The connection to speak on now; None while there is none."""
        return self._held.link if self._held is not None and not self._held.link.ended.is_set() else None

    def health(self) -> StreamHealth:
        """How the stream is doing."""
        last_at = self._held.link.last_at if self._held is not None else self._last_at
        return StreamHealth(name=self._name, connected=self.link is not None, last_at=last_at, stale_since=self._stale_since)

    def start(self) -> None:
        """Connect, and stay connected; doing so twice does nothing."""
        if self._task is None:
            self._stale_since = self._clock.now()
            self._task = asyncio.create_task(self._run(), name=f"binance line {self._name}")

    async def ready(self, within_ns: Duration) -> None:
        """Wait until the stream can be trusted; ``Unavailable``, or the refusal of the key, where it cannot in time."""
        if await until(self._clock, self._clock.now() + within_ns, self._ready.wait()):
            return
        if isinstance(self.refusal, AuthenticationFailed):
            raise self.refusal
        raise Unavailable(f"{self._name}: no connection in time" + (f": {self.refusal}" if self.refusal else ""))

    def renew(self) -> None:
        """Replace the connection by another, without a gap."""
        self._poked.set()

    def distrust(self) -> None:
        """Give up the connection: what it says is not complete any more."""
        if self._held is not None:
            self._held.link.ended.set()

    async def close(self) -> None:
        """End the connection; leaves no task behind."""
        if self._task is not None:
            await settle([self._task])
        await settle(list(self._old))

    async def _run(self) -> None:
        failures = 0
        try:
            while True:
                held = await self._connect()
                if held is not None:
                    self._held = held
                    began = held.link.opened_at
                    await self._live()
                    self._mark_stale()
                    if self._clock.now() - began >= self._pace.steady_ns:
                        failures = 0
                failures += 1
                pause = min(self._pace.pause_ns_min << min(failures - 1, 20), self._pace.pause_ns_max)
                await self._clock.sleep_until(max(self._clock.now() + pause, self._refused_until()))
        finally:
            await self._drop()

    def _refused_until(self) -> Instant:
        return self.refusal.retry_at if isinstance(self.refusal, RateLimited) else 0

    async def _connect(self) -> _Held | None:
        """An open connection on which the speaker has subscribed; None where that failed."""
        release = AsyncExitStack()
        try:
            socket = await release.enter_async_context(self._transport.connect(self._url))
            link = Link(self._name, socket, self._clock, self._heard, self._speaker.garbled)
            release.push_async_callback(link.close)
            await self._speaker.opened(link)
        except S1mpleTraderError as error:
            self.refusal = error
            _log.warning("binance %s: not connected: %s", self._name, error)
            await release.aclose()
            return None
        except Exception:  # noqa: BLE001 - whatever it is, it is tried again, and it is logged
            _log.exception("binance %s: not connected", self._name)
            await release.aclose()
            return None
        except BaseException:
            await release.aclose()
            raise
        self.refusal = None
        return _Held(link, release)

    async def _heard(self, link: Link, frame: Frame) -> None:
        if _is_shutdown(frame):
            self.renew()
        elif not await self._speaker.heard(link, frame):
            link.ended.set()

    async def _live(self) -> None:
        """Bring what was missed, and watch the connection until it is lost."""
        restoring = asyncio.create_task(self._restore(), name=f"binance restore {self._name}")
        try:
            while await self._watch():
                pass
        finally:
            await settle([restoring])
            await self._drop()

    async def _restore(self) -> None:
        pause = self._pace.pause_ns_min
        while True:
            try:
                await self._speaker.restore()
                break
            except S1mpleTraderError as error:
                _log.warning("binance %s: what was missed cannot be asked for yet: %s", self._name, error)
            except Exception:  # noqa: BLE001 - whatever it is, the stream goes on, and it is logged
                _log.exception("binance %s: what was missed could not be brought", self._name)
            await self._clock.sleep_until(self._clock.now() + pause)
            pause = min(pause * 2, self._pace.pause_ns_max)
        if self._stale_since is not None:
            _log.debug("binance %s: complete again; it was not since %s", self._name, iso(self._stale_since))
        self._stale_since = None
        self._ready.set()

    async def _watch(self) -> bool:
        """Wait for the next thing to be done, and do it; whether the connection lives on."""
        held = self._held
        if held is None:
            return False
        link = held.link
        old_at = link.opened_at + self._pace.age_ns
        check_at = (self._clock.now() if link.busy else link.last_at) + self._pace.silence_ns
        await until(self._clock, min(check_at, old_at), link.ended.wait(), self._poked.wait())
        if link.ended.is_set():
            return False
        now = self._clock.now()
        if self._poked.is_set() or now >= old_at:
            self._poked.clear()
            await self._replace(held)
            return True
        if link.busy or now < link.last_at + self._pace.silence_ns:
            return True
        return await self._answers(link)

    async def _answers(self, link: Link) -> bool:
        quiet_until = self._speaker.quiet_until
        if quiet_until is not None:
            await until(self._clock, quiet_until, link.ended.wait(), self._poked.wait())
            return True
        try:
            await link.call(self._speaker.question, None, self._pace.answer_ns)
        except S1mpleTraderError as error:
            if link.busy:
                return True
            _log.warning("binance %s: silent: %s", self._name, error)
            return False
        return True

    async def _replace(self, old: _Held) -> None:
        """Put another connection in the place of one that still speaks; where that fails, it is tried again later."""
        new = await self._connect()
        if new is None:
            await until(self._clock, self._clock.now() + self._pace.answer_ns, old.link.ended.wait())
            self._poked.set()
            return
        if old.link.ended.is_set():
            # It was cut before the other had subscribed: that is a gap, and is closed as one.
            await new.release.aclose()
            return
        self._held = new
        task = asyncio.create_task(self._drain(old), name=f"binance drain {self._name}")
        self._old.add(task)
        task.add_done_callback(self._old.discard)

    async def _drain(self, old: _Held) -> None:
        """Let a replaced connection give the answers that are still waited for, and its last events."""
        until_at = self._clock.now() + self._pace.drain_ns
        try:
            await until(self._clock, until_at, old.link.ended.wait())
        finally:
            await old.release.aclose()

    async def _drop(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._last_at = held.link.last_at
            await held.release.aclose()

    def _mark_stale(self) -> None:
        self._ready.clear()
        if self._stale_since is None:
            self._stale_since = self._clock.now()
        self._speaker.lost()
        _log.warning("binance %s: the connection is lost", self._name)


def _is_shutdown(frame: Frame) -> bool:
    """Whether the server says that it is about to go."""
    if frame.kind is not None:
        return frame.kind == _SHUTDOWN
    return _SHUTDOWN.encode() in bytes(frame.event) and decode(frame.event, EventHead).kind == _SHUTDOWN
