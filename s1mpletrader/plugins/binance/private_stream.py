"""The account's private stream: order events, buffered while a gap is being closed."""

import logging
from collections import deque
from typing import Final

import msgspec

from s1mpletrader.api import Instant
from s1mpletrader.plugins.binance.commands import SignedApi
from s1mpletrader.plugins.binance.desk import Desk
from s1mpletrader.plugins.binance.limits import Limits
from s1mpletrader.plugins.binance.link import Link
from s1mpletrader.plugins.binance.messages import EventHead, ExecutionReport, Frame, ListStatus, decode
from s1mpletrader.plugins.binance.reconciling import Reconciler
from s1mpletrader.plugins.binance.rest import Rest

_log: Final = logging.getLogger(__name__)

_SUBSCRIBE: Final = "userDataStream.subscribe.signature"
_SUBSCRIBE_WEIGHT: Final = 2
_BUFFER_MAX: Final = 100_000


class PrivateStream:
    """Speaks on the private line."""

    question = "ping"

    def __init__(self, rest: Rest, api: SignedApi, desk: Desk, reconciler: Reconciler, limits: Limits) -> None:
        self._rest = rest
        self._api = api
        self._desk = desk
        self._reconciler = reconciler
        self._limits = limits
        self._buffer: deque[bytes] | None = deque()

    @property
    def quiet_until(self) -> Instant | None:
        """The end of a ban."""
        return self._limits.banned_until

    async def opened(self, link: Link) -> None:
        """Subscribe, freshly signed; the stream is not trusted before the venue has confirmed it."""
        await self._rest.time.refresh()
        self._limits.take(_SUBSCRIBE_WEIGHT)
        await self._api.call(link, _SUBSCRIBE, {})

    async def heard(self, link: Link, frame: Frame) -> bool:
        """An event of the account."""
        event = bytes(frame.event)
        if not event:
            return True
        if self._buffer is not None:
            # What does not fit is not lost: the connection is given up, and all of it asked for.
            self._buffer.append(event)
            return len(self._buffer) <= _BUFFER_MAX and not _is_end(event)
        return await self._take(event)

    def garbled(self) -> None:
        """It may have been an event of the account: compare."""
        self._reconciler.soon()

    def lost(self) -> None:
        """From now on events are kept until the gap is closed."""
        if self._buffer is None:
            self._buffer = deque()

    async def restore(self) -> None:
        """Ask for what was missed, and then tell what has come meanwhile."""
        if not await self._reconciler.run():
            self._reconciler.soon()
        while self._buffer:
            await self._take(self._buffer[0])
            self._buffer.popleft()
        self._buffer = None

    async def _take(self, event: bytes) -> bool:
        """Tell one event; one that is not understood is put aside alone, and the account compared."""
        try:
            kind = decode(event, EventHead).kind
            if kind == "executionReport":
                await self._take_report(decode(event, ExecutionReport))
            elif kind == "listStatus":
                self._take_list(decode(event, ListStatus))
        except (msgspec.MsgspecError, ValueError, ArithmeticError) as error:
            _log.error("binance: an event of the account was put aside: %s: %s", error, event[:500])
            self._reconciler.soon()
            return True
        except Exception:  # noqa: BLE001 - whatever it is, the stream goes on, and it is logged
            _log.exception("binance: an event of the account was put aside")
            self._reconciler.soon()
            return True
        return kind != "eventStreamTerminated"

    async def _take_report(self, report: ExecutionReport) -> None:
        """Tell a report, and before it the fills that are missing: no end of an order is told without them."""
        if self._desk.misses(report):
            await self._reconciler.catch_up()
        if not await self._desk.report(report):
            self._reconciler.soon()

    def _take_list(self, status: ListStatus) -> None:
        """A list that is done has ended its legs: compare them, for their own events may be missing."""
        if status.list_status in ("ALL_DONE", "REJECT") and any(self._desk.lives(leg.client_id) for leg in status.legs):
            self._reconciler.soon()


def _is_end(event: bytes) -> bool:
    return b"eventStreamTerminated" in event
