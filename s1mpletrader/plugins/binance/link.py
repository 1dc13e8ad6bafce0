"""One open socket: questions and their answers by id, and everything else as it comes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from s1mpletrader.api import Duration, IClock, Instant, ISocket, NotSentError, SentWithoutAnswer
from s1mpletrader.plugins.binance.messages import Frame, decode
from s1mpletrader.plugins.binance.waiting import answer_by, settle
from s1mpletrader.plugins.transport import Sealed

_log: Final = logging.getLogger(__name__)

FRAME_LENGTH_MAX: Final = 4 * 1024 * 1024
_ID_LENGTH_MAX: Final = 36


class Link:
    """A socket with the task that reads it. It ends when the socket does; one bad frame ends nothing."""

    def __init__(
        self,
        name: str,
        socket: ISocket,
        clock: IClock,
        heard: Callable[["Link", Frame], Awaitable[None]],
        garbled: Callable[[], None],
    ) -> None:
        self.opened_at: Final[Instant] = clock.now()
        self.last_at: Instant = self.opened_at
        self.ended: Final = asyncio.Event()
        self.busy = False
        """Whether a frame is being worked on: then the silence is ours, not the venue's."""
        self._name = name
        self._socket = socket
        self._clock = clock
        self._heard = heard
        self._garbled = garbled
        self._waiting: dict[str, asyncio.Future[Frame]] = {}
        self._count = 0
        self._reader = asyncio.create_task(self._read(), name=f"binance {name}")

    @property
    def idle(self) -> bool:
        """Whether no answer is waited for."""
        return not self._waiting

    async def call(self, method: str, parameters: Any, timeout_ns: Duration) -> Frame:
        """Ask, and wait for the answer; ``NotSentError`` before it left, ``SentWithoutAnswer`` where none came."""
        if self.ended.is_set():
            raise NotSentError(f"{self._name}: the socket has ended")
        self._count += 1
        message = {"id": self._count, "method": method}
        if parameters is not None:
            message["params"] = parameters
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        key = str(self._count)
        self._waiting[key] = answer
        try:
            await self._socket.send(Sealed(msgspec.json.encode(message, enc_hook=str).decode()))
            return await answer_by(self._clock, self._clock.now() + timeout_ns, answer)
        except TimeoutError:
            raise SentWithoutAnswer(f"{self._name}: no answer to {method} in time") from None
        finally:
            self._waiting.pop(key, None)
            if not answer.cancel() and not answer.cancelled():
                answer.exception()  # An exception that nobody looked at would be reported as a leak.

    async def close(self) -> None:
        """Stop reading."""
        await settle([self._reader])

    async def _read(self) -> None:
        try:
            async for message in self._socket.messages():
                self.last_at = self._clock.now()
                await self._take(message)
        except (NotSentError, SentWithoutAnswer, OSError) as error:
            _log.warning("binance %s: the socket failed: %s", self._name, type(error).__name__)
        finally:
            self.ended.set()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(SentWithoutAnswer(f"{self._name}: the socket ended before the answer"))

    async def _take(self, message: str | bytes) -> None:
        frame = self._decoded(message)
        if frame is None:
            self._garbled()
            return
        answer = self._waiting.get(str(frame.id)[:_ID_LENGTH_MAX]) if frame.id is not None else None
        if answer is not None:
            if not answer.done():
                answer.set_result(frame)
            return
        self.busy = True
        try:
            await self._heard(self, frame)
        except Exception:  # noqa: BLE001 - one bad message ends nothing, and it is logged
            _log.exception("binance %s: a message was put aside", self._name)
        finally:
            self.busy = False
            self.last_at = self._clock.now()

    def _decoded(self, message: str | bytes) -> Frame | None:
        if len(message) > FRAME_LENGTH_MAX:
            _log.warning("binance %s: a frame of %d was put aside", self._name, len(message))
            return None
        try:
            return decode(message.encode() if isinstance(message, str) else message, Frame)
        except (msgspec.MsgspecError, ValueError):
            _log.warning("binance %s: a frame that is no message was put aside", self._name)
            return None
