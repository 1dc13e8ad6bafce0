"""``s1mpletrader exchange serve``: the local exchange."""

from pathlib import Path
from typing import Annotated

import typer

from s1mpletrader.cli.options import JsonOption

PORT_DEFAULT = 9100
HOST_DEFAULT = "127.0.0.1"

exchange = typer.Typer(help="A local exchange that speaks Binance Spot.", no_args_is_help=True)


@exchange.command(name="serve")
def serve_exchange(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Where to listen; 0 takes a free port.")] = PORT_DEFAULT,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="A TOML file with symbols, accounts, limits and faults.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option("--speed", metavar="N", help="Seconds of the exchange in one of the machine.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="What the generated market derives from.")] = None,
    candles: Annotated[
        list[str] | None,
        typer.Option("--candles", metavar="SYMBOL=FILE", help="List a symbol with candles from a file, as in BTC/USDT=btc.csv."),
    ] = None,
    faults: Annotated[
        Path | None, typer.Option("--faults", metavar="FILE", help="A TOML file with [[faults]], added to the configuration's.")
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")] = HOST_DEFAULT,
    json_: JsonOption = False,
) -> None:
    """Serve Binance Spot's REST, WebSocket API and streams on loopback, over the simulated matching engine, until interrupted."""
    # The exchange and its server take half a second to import, which no other command has to wait for.
    from s1mpletrader.cli.exchange_server import run_exchange  # noqa: PLC0415

    run_exchange(port=port, config=config, speed=speed, seed=seed, candles=candles or (), faults=faults, host=host, json_=json_)
