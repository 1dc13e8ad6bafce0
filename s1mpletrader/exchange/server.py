"""The network around the local exchange: one aiohttp server, on loopback unless told otherwise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from aiohttp import WSMsgType, web

from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.exchange.clock import MILLISECOND_NS
from s1mpletrader.exchange.config import ExchangeConfig
from s1mpletrader.exchange.exchange import LocalExchange
from s1mpletrader.exchange.gateway import Gateway, RestRequest
from s1mpletrader.exchange.socket_session import SocketSession
from s1mpletrader.ports.clock import IClock

HOST_DEFAULT: Final = "127.0.0.1"
_TICK_MS: Final = 20
"""How often, in the machine's time, the exchange looks whether something has happened."""
_HEARTBEAT_S: Final = 20
_MESSAGE_BYTES_MAX: Final = 1 << 20
_SOCKET_API: Final = "/ws-api/v3"

Receive = Callable[[str], Awaitable[None]]


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
        return f"ws://{self.host}:{self.port}{_SOCKET_API}"

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
        self._exchange, self._gateway = exchange, gateway

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
        exchange, at = self._exchange, self._exchange.now()
        exchange.log.add(at, f"SOCKET {path}", {"query": query})
        if exchange.faults.standing("refuse_sockets", at):
            return web.Response(status=503)
        if not exchange.limiter.may_connect(request.remote or "", at):
            return web.Response(status=429)
        head, _, rest = path.strip("/").partition("/")
        if path == _SOCKET_API:
            return await self._socket_api(request)
        if head == "ws":
            return await self._streams(
                request, [] if rest.isdigit() else [name for name in rest.split("/") if name], combined=False
            )
        if head == "stream":
            names = parse_qs(query).get("streams", [""])[0]
            return await self._streams(request, [name for name in names.split("/") if name], combined=True)
        exchange.log.add_unserved(f"SOCKET {path}")
        return web.Response(status=404)

    async def _socket_api(self, request: web.Request) -> web.StreamResponse:
        channel = _Socket()
        session = SocketSession(self._exchange, self._gateway, channel, request.remote or "")
        try:
            return await self._run(request, channel, session.receive)
        finally:
            session.closed()

    async def _streams(self, request: web.Request, streams: list[str], *, combined: bool) -> web.StreamResponse:
        channel, market_streams = _Socket(), self._exchange.market_streams
        session = market_streams.open(channel, streams, self._exchange.now(), combined=combined)

        async def receive(message: str) -> None:
            market_streams.receive(session, message, self._exchange.now())

        try:
            return await self._run(request, channel, receive)
        finally:
            market_streams.forget(session)

    async def _run(self, request: web.Request, channel: _Socket, receive: Receive) -> web.StreamResponse:
        """Serve a socket until either side closes it. A request that waits does not hold back the next one."""
        response = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_MESSAGE_BYTES_MAX)
        await response.prepare(request)
        tasks = {asyncio.create_task(channel.write_to(response))}
        try:
            with self._exchange.connected(channel):
                async for message in response:
                    if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                        task = asyncio.ensure_future(receive(message.data))
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
