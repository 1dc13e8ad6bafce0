"""A simulated venue on paper: there is nobody to ask, and it may be kept in a file."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from s1mpletrader.assembly import build_connector
from s1mpletrader.cli.diagnosis.findings import Finding, ok, problem, warning
from s1mpletrader.configuration import Portfolio
from s1mpletrader.domain.errors import ConfigurationError, S1mpleTraderError
from s1mpletrader.plugins.simulated_exchange.config import SimulatedExchangeConfig
from s1mpletrader.ports.clock import IClock


async def examine_world(portfolio: Portfolio, config: SimulatedExchangeConfig, clock: IClock) -> Finding:
    """Whether the venue can be kept, and taken up again where it was left."""
    if config.world is None:
        advice = "name a file with [exchange] world, if the account is to go on after a restart"
        return warning("world", "the simulated venue ends with the process", advice)
    path = Path(portfolio.path.parent, config.world)
    told = _place(path)
    if told is not None:
        return told
    with TemporaryDirectory() as room:
        # The venue is taken up in a copy, because doing so may write to its file.
        fault = await _fault(portfolio, config.model_copy(update={"world": _copied(path, room)}), clock)
    if fault is not None:
        return problem("world", fault.replace(room, str(path.parent)), "restore a copy, or begin another file")
    return ok("world", f"{path} is there, and the venue goes on from it")


def _place(path: Path) -> Finding | None:
    """What can be told without looking into the file; None where it has to be looked into."""
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        return problem("world", f"{path} cannot be made in {path.parent}", "make the directory, or name another file")
    if not path.exists():
        return ok("world", f"{path} is not there yet; the first run makes it")
    if not os.access(path, os.R_OK | os.W_OK):
        return problem("world", f"{path} cannot be read and written", "make it this user's own")
    return None


def _copied(path: Path, room: str) -> Path:
    """The file in another directory, with what its database has beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, room)
    return Path(room, path.name)


async def _fault(portfolio: Portfolio, config: SimulatedExchangeConfig, clock: IClock) -> str | None:
    try:
        table = replace(portfolio.exchange, config=config)
        connector = build_connector(replace(portfolio, exchange=table), clock, {}, lambda _: False)
    except (ConfigurationError, S1mpleTraderError) as fault:
        return str(fault)
    await connector.close()
    return None
