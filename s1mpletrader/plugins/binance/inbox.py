"""What the venue has told, on its way to whoever listens."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from s1mpletrader.api import ExchangeReply

LENGTH_MAX: Final = 10_000


class Inbox:
    """A queue of replies that drops nothing: where it is full, whoever brings more waits, and with it the venue's socket."""

    def __init__(self, length_max: int = LENGTH_MAX) -> None:
        self._length_max = length_max
        self._replies: deque[ExchangeReply] = deque()
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    async def room(self) -> None:
        """Wait until there is room for one more."""
        while len(self._replies) >= self._length_max and not self._closed:
            self._room.clear()
            await self._room.wait()

    def put(self, reply: ExchangeReply) -> None:
        """Add a reply."""
        self._replies.append(reply)
        self._filled.set()

    def close(self) -> None:
        """End the stream after what is in it."""
        self._closed = True
        self._filled.set()
        self._room.set()

    async def replies(self) -> AsyncIterator[ExchangeReply]:
        """The replies in their order, until the inbox is closed and empty."""
        while True:
            while self._replies:
                reply = self._replies.popleft()
                self._room.set()
                yield reply
            if self._closed:
                return
            self._filled.clear()
            await self._filled.wait()
