"""An open message socket of aiohttp."""

from collections.abc import AsyncIterator

import aiohttp

from s1mpletrader.api import NotSentError, SentWithoutAnswer


class AiohttpSocket:
    """A socket that is open until either side closes it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, place: str) -> None:
        self._socket = socket
        self._place = place

    async def send(self, message: str | bytes) -> None:
        """Send one message; a socket that is known to be closed sends nothing."""
        if self._socket.closed:
            raise NotSentError(f"the socket to {self._place} is closed")
        try:
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)
        except (aiohttp.ClientError, ConnectionError, RuntimeError) as error:
            raise SentWithoutAnswer(f"the socket to {self._place}: {type(error).__name__}") from None

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Texts and bytes as they arrive. A frame that breaks the protocol (too large, no UTF-8) ends the socket."""
        async for message in self._socket:
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                yield message.data
            elif message.type is aiohttp.WSMsgType.ERROR:
                return

    async def close(self) -> None:
        """Close the socket, and the connection below it."""
        await self._socket.close()
