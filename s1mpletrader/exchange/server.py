"""The network around the local exchange: one aiohttp server, on loopback unless told otherwise."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from aiohttp import WSMsgType, web

from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.exchange.clock import MILLISECOND_NS
from s1mpletrader.exchange.config import ExchangeConfig
from s1mpletrader.exchange.exchange import LocalExchange
from s1mpletrader.exchange.gateway import Gateway, RestRequest
from s1mpletrader.exchange.sockets import SOCKET_API, OpenSocket, Sockets
from s1mpletrader.ports.clock import IClock

HOST_DEFAULT: Final = "127.0.0.1"
_TICK_MS: Final = 20
"""How often, in the machine's time, the exchange looks whether something has happened."""
_HEARTBEAT_S: Final = 20
_MESSAGE_BYTES_MAX: Final = 1 << 20


class RunningExchange:
    """An exchange that can be reached."""

    def __init__(self, exchange: LocalExchange, host: str, port: int) -> None:
        self.exchange, self.host, self.port = exchange, host, port

    @property
    def rest_url(self) -> str:
        """In place of ``https://api.binance.com``."""
        return f"http://{self.host}:{self.port}"

    @property
    def socket_api_url(self) -> str:
        """In place of ``wss://ws-api.binance.com:443/ws-api/v3``."""
        return f"ws://{self.host}:{self.port}{SOCKET_API}"

    @property
    def stream_url(self) -> str:
        """In place of ``wss://stream.binance.com:9443``."""
        return f"ws://{self.host}:{self.port}"


class _Socket:
    """The outgoing side of one socket: messages wait in a queue until they are written."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def send(self, message: bytes) -> None:
        """Queue a message."""
        self._queue.put_nowait(message)

    def close(self) -> None:
        """Close once the queue is written."""
        self._queue.put_nowait(None)

    async def write_to(self, response: web.WebSocketResponse) -> None:
        """Write what is queued until the socket is to close."""
        with suppress(ConnectionError):
            while (message := await self._queue.get()) is not None:
                await response.send_frame(message, WSMsgType.TEXT)
        await response.close()


class _Server:
    """The exchange's paths."""

    def __init__(self, exchange: LocalExchange, gateway: Gateway) -> None:
        self._exchange, self._gateway, self._sockets = exchange, gateway, Sockets(exchange, gateway)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer whatever comes."""
        path, _, query = request.raw_path.partition("?")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request, path, query)
        answer = await self._gateway.rest(
            RestRequest(
                method=request.method,
                path=path,
                query=query,
                body=(await request.read()).decode(errors="replace"),
                key=request.headers.get("X-MBX-APIKEY"),
                address=request.remote or "",
            )
        )
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.Response(
            status=answer.status, body=answer.body(), headers={"Content-Type": answer.content_type, **answer.headers}
        )

    async def _socket(self, request: web.Request, path: str, query: str) -> web.StreamResponse:
        address = request.remote or ""
        refusal = self._sockets.refusal(path, query, address)
        if refusal is not None:
            return web.Response(status=refusal)
        channel = _Socket()
        opened = self._sockets.open(path, query, address, channel)
        try:
            return await self._run(request, channel, opened)
        finally:
            opened.closed()

    async def _run(self, request: web.Request, channel: _Socket, opened: OpenSocket) -> web.StreamResponse:
        """Serve a socket until either side closes it. A request that waits does not hold back the next one."""
        response = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_MESSAGE_BYTES_MAX)
        try:
            await response.prepare(request)
        except ConnectionResetError:
            # Who asked is gone already: a process that was killed, for one.
            return web.Response()
        tasks = {asyncio.create_task(channel.write_to(response))}
        try:
            with self._exchange.connected(channel):
                async for message in response:
                    if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                        task = asyncio.ensure_future(opened.receive(message.data))
                        tasks.add(task)
                        task.add_done_callback(tasks.discard)
        finally:
            for task in tuple(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return response


@asynccontextmanager
async def serve(
    config: ExchangeConfig | None = None,
    *,
    host: str = HOST_DEFAULT,
    port: int = 0,
    clock: IClock | None = None,
    directory: Path | None = None,
) -> AsyncIterator[RunningExchange]:
    """Run an exchange within this process; port 0 takes a free one. With a ``ManualClock`` it stands still until it is moved."""
    exchange = LocalExchange(config, clock, directory)
    gateway = Gateway(exchange)
    app = web.Application(client_max_size=_MESSAGE_BYTES_MAX)
    app.router.add_route("*", "/{path:.*}", _Server(exchange, gateway).handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    ticking = asyncio.create_task(_tick(exchange))
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        addresses = runner.addresses
        yield RunningExchange(exchange, host, addresses[0][1])
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        exchange.cut()
        await gateway.close()
        await runner.cleanup()


async def _tick(exchange: LocalExchange) -> None:
    step_ns = max(int(_TICK_MS * MILLISECOND_NS * exchange.config.speed), MILLISECOND_NS)
    while True:
        await exchange.clock.sleep_until(exchange.now() + min(step_ns, 60 * SECOND_NS))
        exchange.tick()
