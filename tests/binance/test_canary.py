"""Key and secret are searched for in everything that is written, whatever goes wrong."""

import asyncio
import gc
import io
import logging
import pickle
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rich.console import Console
from rich.traceback import Traceback

from s1mpletrader.api import HttpRequest, S1mpleTraderError
from s1mpletrader.exchange import Fault
from tests.binance.local_world import CHANGES, LocalWorld, local_world
from tests.binance.samples import KEY, SECRET, details, ref_of

FAULTS: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "dropped": [{"kind": "drop"}],
    "error": [{"kind": "error", "status": 400, "code": -1100}],
    "html": [{"kind": "html"}],
    "limited": [{"kind": "rate_limit", "status": 429}],
}


async def everything(world: LocalWorld, written: list[str]) -> None:
    """Use all of the connector, and write down what a program could write down of it."""
    connector, request, other = world.connector, world.request(), world.request(details("buy 3 @ 9.4"))
    calls: list[Callable[[], Coroutine[Any, Any, Any]]] = [
        lambda: connector.submit([request]),
        lambda: connector.amend(ref_of(request), details("buy 3 @ 9").quantity),
        lambda: connector.replace(ref_of(request), other),
        lambda: connector.cancel(ref_of(other)),
        lambda: connector.query(ref_of(other)),
        connector.open_orders,
        connector.balances,
        lambda: connector.fills_since("BTC/USDT", world.clock.now()),
    ]
    for call in calls:
        try:
            written.append(repr(await world.answered(call())))
        except S1mpleTraderError as error:
            written.extend((repr(error), str(error), "".join(traceback.format_exception(error))))
            console = Console(file=io.StringIO(), width=200)
            console.print(Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True))
            written.append(console.file.getvalue())  # type: ignore[attr-defined]
    world.exchange.cut()
    await world.pass_by(1)
    written.append(repr(connector.health()))
    written.extend(repr(task) for task in asyncio.all_tasks())
    written.extend(shown_of(connector))


def shown_of(connector: object) -> list[str]:
    """The representations of everything of the connector's own package that lives now, and of what it holds."""
    mine = [each for each in gc.get_objects() if str(type(each).__module__).startswith("s1mpletrader.plugins")]
    shown = [repr(each) for each in mine] + [repr(getattr(each, "__dict__", None)) for each in mine]
    try:
        shown.append(repr(pickle.dumps(connector)))
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        shown.append(repr(error))
    return shown


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", ["socket", "rest"])
def test_no_secret_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], fault: str, way: str
) -> None:
    caplog.set_level(logging.DEBUG)
    written: list[str] = []
    urls: list[str] = []

    async def story() -> None:
        async with asyncio.timeout(60), local_world(tmp_path) as world:
            world.transport.sockets_fail = way == "rest"
            for kind in FAULTS[fault]:
                for route in (*CHANGES, *CHANGES.values(), "GET /api/v3/account"):
                    world.exchange.faults.add(Fault(route=route, **kind))
            await everything(world, written)
            written.extend(map(repr, world.told))
            written.extend(repr(seen) for seen in world.transport.seen)
            urls.extend(seen.url for seen in world.transport.seen if isinstance(seen, HttpRequest))
            world.exchange.faults.clear()
            await world.pass_by(2)

    asyncio.run(story())
    written.extend(record.getMessage() + (record.exc_text or "") for record in caplog.records)
    written.extend(capfd.readouterr())
    assert len(written) > 50
    assert any("/api/v3/" in urlsplit(url).path for url in urls)
    for secret in (KEY, SECRET):
        assert [text[:300] for text in written if secret in text] == []
        assert [url for url in urls if secret in url] == []


def test_an_ed25519_key_trades_and_shows_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    monkeypatch.setenv("LOCAL_API_SECRET", pem)
    written: list[str] = []

    async def story() -> None:
        async with asyncio.timeout(60), local_world(tmp_path, public_key=public) as world:
            await everything(world, written)
            assert world.account.records.trades == []
            codes = {entry.code for entry in world.exchange.log.requests}
            assert not codes & {-1022, -2014, -2015}
            assert world.exchange.log.of("order.place")[0].status == 200

    asyncio.run(story())
    secret = pem.splitlines()[1][20:50]
    assert [text[:300] for text in written if secret in text] == []
