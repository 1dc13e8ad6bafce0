"""Serving the local exchange until somebody interrupts."""

import asyncio
import errno
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from s1mpletrader.cli.output import out, print_json
from s1mpletrader.configuration.strategy_file import parse_file
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.exchange import ExchangeConfig, RunningExchange, serve


def run_exchange(
    *,
    port: int,
    config: Path | None,
    speed: float | None,
    seed: int | None,
    candles: Sequence[str],
    faults: Path | None,
    host: str,
    json_: bool,
) -> None:
    """Serve what the files and options say; a mistake in them is a ``ConfigurationError``."""
    tables = _tables(config)
    options = {"speed": speed, "seed": seed}
    tables |= {name: value for name, value in options.items() if value is not None}
    for each in candles:
        symbol, equals, file = each.partition("=")
        if not (symbol and equals and file):
            raise ConfigurationError("--candles", f"{each!r} names no file", "write SYMBOL=FILE, such as BTC/USDT=btc.csv")
        tables.setdefault("symbols", {}).setdefault(symbol, {})["file"] = file
    if faults is not None:
        tables["faults"] = [*tables.get("faults", ()), *_tables(faults).get("faults", ())]
    directory = Path() if config is None else config.parent
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(_validated(tables, config), host, port, directory, json_=json_))


def _tables(file: Path | None) -> dict[str, Any]:
    return {} if file is None else parse_file(file)


def _validated(tables: dict[str, Any], file: Path | None) -> ExchangeConfig:
    try:
        return ExchangeConfig.model_validate(tables)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{file or 'exchange serve'}: {place}", first["msg"]) from invalid


async def _serve(config: ExchangeConfig, host: str, port: int, directory: Path, *, json_: bool) -> None:
    interrupted = _interruption()
    try:
        async with serve(config, host=host, port=port, directory=directory) as running:
            _tell(running, json_=json_)
            await interrupted.wait()
            if json_:
                _tell_requests(running)
    except OSError as fault:
        if fault.errno in (errno.EADDRINUSE, errno.EACCES):
            text = f"port {port} is in use" if fault.errno == errno.EADDRINUSE else f"port {port} may not be opened by this user"
            raise ConfigurationError("--port", text, "choose another port; 0 takes a free one") from fault
        raise ConfigurationError("--host", f"{host}: {fault.strerror}", "127.0.0.1 is this machine") from fault


def _interruption() -> asyncio.Event:
    """Set once the process is asked to end."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, asked.set)
    return asked


def _tell(running: RunningExchange, *, json_: bool) -> None:
    symbols, accounts = list(running.exchange.markets), list(running.exchange.accounts)
    if json_:
        urls = {"rest": running.rest_url, "socket_api": running.socket_api_url, "stream": running.stream_url}
        print_json({**urls, "port": running.port, "symbols": symbols, "accounts": accounts})
        return
    out.print(f"[bold]the local exchange is open[/]  {', '.join(symbols)}  accounts: {', '.join(accounts)}")
    out.print(f"REST           {running.rest_url}\nWebSocket API  {running.socket_api_url}\nstreams        {running.stream_url}")


def _tell_requests(running: RunningExchange) -> None:
    log = running.exchange.log
    print_json({"requests": dict(sorted(log.counts().items())), "unserved": log.unserved, "failures": log.failures})
