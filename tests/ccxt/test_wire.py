"""Below ccxt: what is imported when, what is sent how often, and what is never shown."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from s1mpletrader.api import (
    Accepted,
    DataProvision,
    HttpRequest,
    IdKind,
    NotSent,
    OrderId,
    OrderRef,
    OrderRequest,
    Series,
    Unknown,
)
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.ccxt_exchange import CcxtDataConfig, CcxtExchange, build_exchange, build_market_stream
from s1mpletrader.plugins.ccxt_exchange.config import CcxtKeys
from s1mpletrader.plugins.ccxt_exchange.library import make_exchange, moved
from s1mpletrader.plugins.credentials import CredentialsFault
from s1mpletrader.ports.execution import IProduction
from tests.ccxt.dialects.okx import Okx
from tests.ccxt.harness import SECRETS, configuration, provision
from tests.ccxt.world import DETAILS, Asked, Wire, World, taken_apart


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for part, secret in zip(("KEY", "SECRET", "PASSWORD"), SECRETS, strict=True):
        monkeypatch.setenv(f"OKX_API_{part}", secret)


def test_the_plugin_is_found_without_importing_ccxt() -> None:
    program = """
import sys
from s1mpletrader.core.plugin_manager import PluginManager
import s1mpletrader.plugins.ccxt_exchange as module
manager = PluginManager()
manager.register(module, "ccxt")
print(*(line.state.lower() for line in manager.report()), "ccxt" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ok", "ok", "False"]


def test_without_the_extra_one_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "ccxt"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(ValueError, match=r"pip install 's1mpletrader\[ccxt\]'"):
        make_exchange(CcxtKeys(exchange="kraken"))


def test_a_name_that_ccxt_has_not_is_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="no 'karken'; nearest: kraken"):
        make_exchange(CcxtKeys(exchange="karken"))


def test_a_sandbox_that_is_not_there_is_said() -> None:
    with pytest.raises(ValueError, match="sandbox: ccxt knows none of kraken"):
        make_exchange(CcxtKeys(exchange="kraken", sandbox=True))
    bybit = make_exchange(CcxtKeys(exchange="bybit", sandbox=True))
    assert "testnet" in bybit.implode_hostname(bybit.urls["api"]["private"]) or "testnet" in str(bybit.urls["api"])


def test_the_sandbox_has_another_name_and_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsFault, match="OKX_SANDBOX_API_KEY"):
        build_exchange(configuration("okx", sandbox=True), provision(known=set(), transport=None))
    for part, secret in zip(("KEY", "SECRET", "PASSWORD"), SECRETS, strict=True):
        monkeypatch.setenv(f"OKX_SANDBOX_API_{part}", secret)
    sandboxed = build_exchange(configuration("okx", sandbox=True), provision(known=set(), transport=None))
    assert (sandboxed.venue, sandboxed.is_production) == ("okx-sandbox", False)


def test_real_money_is_told_from_every_other() -> None:
    for host, is_production in (
        (None, True),
        ("http://127.0.0.1:80", False),
        ("http://localhost", False),
        ("https://x.com", True),
    ):
        connector = build_exchange(configuration("okx", host=host), provision(known=set(), transport=None))
        assert isinstance(connector, IProduction)
        assert connector.is_production is is_production


def test_an_exchange_that_cannot_be_traded_is_refused_before_any_key_is_asked_for() -> None:
    with pytest.raises(ValueError, match="it can be used in \\[\\[data\\]\\]"):
        build_exchange(configuration("bitso"), provision(known=set(), transport=None))


@pytest.mark.parametrize("host", ["ftp://x", "127.0.0.1:80", "http://x/path", "http://user@x"])
def test_a_host_is_a_scheme_and_a_host(host: str) -> None:
    with pytest.raises(ValueError, match="scheme and host"):
        CcxtKeys(exchange="kraken", host=host)


def test_every_address_is_moved_to_the_host() -> None:
    urls = {"public": "https://api.x.com/v3", "ws": {"spot": "wss://s.x.com:9443/ws"}, "list": ["https://y.x.com"], "no": "x"}
    assert moved(urls, "http://127.0.0.1:9") == {
        "public": "http://127.0.0.1:9/v3",
        "ws": {"spot": "ws://127.0.0.1:9/ws"},
        "list": ["http://127.0.0.1:9"],
        "no": "x",
    }


def test_a_source_of_candles_needs_a_present() -> None:
    with pytest.raises(ValueError, match="live"):
        build_market_stream(
            CcxtDataConfig(exchange="kraken"), DataProvision(series=Series("BTC/USDT", "1m"), seed=0, directory=".")
        )


class DroppingServer:
    """Serves a dialect over a real socket, and drops the connection where a change is asked for."""

    def __init__(self) -> None:
        self.wire = Wire(Okx(), World())
        self.arrived: list[Asked] = []
        self.drops = False
        self.methods: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (head := await _head(reader)) is not None:
                method, target, headers = head
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.methods.append(f"{method} {target.partition('?')[0]}")
                asked = taken_apart(HttpRequest(method=method, url=f"http://x{target}", body=body))
                if self.drops and method != "GET":
                    return
                answer = self.wire.answer(asked)
                lines = (f"HTTP/1.1 {answer.status} OK", "Content-Type: application/json", f"Content-Length: {len(answer.body)}")
                writer.write("\r\n".join((*lines, "", "")).encode() + answer.body)
                await writer.drain()
        finally:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]] | None:
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = text.split("\r\n")
    method, target, _ = first.split(" ")
    return method, target, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


@asynccontextmanager
async def at_a_dropping_server() -> AsyncIterator[tuple[DroppingServer, CcxtExchange]]:
    dropping = DroppingServer()
    server = await asyncio.start_server(dropping.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config = configuration("okx", host=f"http://127.0.0.1:{port}", watch=False)
    connector = build_exchange(config, provision(known=set(), transport=None))
    try:
        await connector.open()
        await connector.instruments(["BTC/USDT"])
        yield dropping, connector
    finally:
        await connector.close()
        server.close()
        await server.wait_closed()


def request_of(connector: CcxtExchange, name: str) -> OrderRequest:
    order_id = OrderId(Samples(name).id(IdKind.ORDER))
    return OrderRequest(order_id=order_id, client_order_id=connector.venue_id(order_id), details=DETAILS)


def test_a_dropped_change_is_sent_once_and_in_doubt() -> None:
    async def story() -> None:
        async with at_a_dropping_server() as (server, connector):
            first, second = request_of(connector, "first"), request_of(connector, "second")
            (outcome,) = await connector.submit([first])
            assert isinstance(outcome, Accepted)
            server.methods.clear()
            server.drops = True
            (lost,) = await connector.submit([second])
            assert isinstance(lost, Unknown)
            ref = OrderRef(
                order_id=first.order_id,
                client_order_id=first.client_order_id,
                symbol="BTC/USDT",
                exchange_order_id=outcome.exchange_order_id,
            )
            assert isinstance(await connector.cancel(ref), Unknown)
            assert [one for one in server.methods if one.startswith("POST")] == [
                "POST /api/v5/trade/batch-orders",
                "POST /api/v5/trade/cancel-order",
            ]

    asyncio.run(story())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_no_method_is_resent_where_the_connection_is_dropped(method: str) -> None:
    """aiohttp sends a DELETE and a PUT again on its own, on a connection that was used before."""

    async def story() -> None:
        async with at_a_dropping_server() as (server, connector):
            exchange: Any = connector._session.exchange
            base = exchange.urls["api"]["rest"]
            await exchange.fetch(f"{base}/api/v5/public/time")
            server.methods.clear()
            server.drops = True
            with pytest.raises(Exception, match="okx"):
                await exchange.fetch(f"{base}/api/v5/trade/order", method, {}, None)
            assert server.methods == [f"{method} /api/v5/trade/order"]

    asyncio.run(story())


def test_where_nobody_listens_nothing_is_sent() -> None:
    async def story() -> None:
        async with at_a_dropping_server() as (_, connector):
            exchange: Any = connector._session.exchange
            request = request_of(connector, "one")
            free = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
            port = free.sockets[0].getsockname()[1]
            free.close()
            await free.wait_closed()
            exchange.urls["api"] = moved(exchange.urls["api"], f"http://127.0.0.1:{port}")
            (outcome,) = await connector.submit([request])
            assert isinstance(outcome, NotSent)

    asyncio.run(story())


def test_ccxts_own_log_says_nothing(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)

    async def story() -> None:
        async with at_a_dropping_server() as (_, connector):
            await connector.submit([request_of(connector, "one")])

    asyncio.run(story())
    written = caplog.text + "".join(capfd.readouterr())
    assert not any(secret in written for secret in SECRETS)
    assert "OK-ACCESS-KEY" not in written
