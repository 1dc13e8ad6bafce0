"""A soak: a live strategy that is killed and started again, on days on which everything goes wrong, drawn from seeds.

``python -m tests.soak --seed 1 --days 5 --hours 6`` serves a local exchange for each day, runs ``examples/live_local.toml``
against it as the command that users start, kills that process every few seconds without a warning, and starts it again. After
each day nothing goes wrong any more, the process heals and is told to stop; then ledger and exchange have to agree to the last
trade and asset, no order may have been sent again in doubt, and the audit has to be clean. Nothing is repeatable but what goes
wrong, and when: the kills meet the process wherever it is.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random

from s1mpletrader.analysis import audit_store
from s1mpletrader.cli.options import StoreUrls
from s1mpletrader.cli.stores import opened
from s1mpletrader.exchange import ExchangeConfig, RunningExchange, serve
from tests.exchange.submissions import sent_in_doubt
from tests.live.reckoning import overrides, owned, trades_of
from tests.running import EXAMPLES
from tests.soak.faults import draw_faults

LIFE_S = (4, 20)
"""How long a process lives before it is killed, in this machine's time."""
HEALING_S = 45
STOP_S = 60


@dataclass
class Day:
    """What came of one day."""

    seed: int
    processes: int = 0
    kills: int = 0
    given_up: int = 0
    """How often a process found the venue unavailable for too long at its beginning, and ended with that."""
    orders: int = 0
    trades: int = 0
    faults: int = 0
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{self.kills} kills, {self.given_up} given up, {self.faults} faults, {self.orders} orders, {self.trades} trades"
        return f"seed {self.seed}: {counts}: " + ("in agreement" if not self.complaints else "; ".join(self.complaints))


async def live_through(seed: int, hours: float, speed: int, folder: Path) -> Day:
    """One day, from the exchange's opening to the reckoning."""
    random = Random(seed)
    day, store = Day(seed), folder / "soak.sqlite"
    config = ExchangeConfig(speed=speed, seed=seed, faults=draw_faults(random, hours))
    async with serve(config) as running:
        opening = owned(running)
        command = [sys.executable, "-m", "s1mpletrader", "run", str(EXAMPLES / "live_local.toml"), "--json"]
        for override in overrides(store, running, speed):
            command += ["--set", override]
        ends = asyncio.get_running_loop().time() + hours * 3_600 / speed
        while asyncio.get_running_loop().time() < ends:
            await _live(command, folder, day, random.uniform(*LIFE_S))
        day.faults = len(running.exchange.faults.fired)
        running.exchange.faults.clear()
        await _live(command, folder, day, HEALING_S, signal.SIGTERM)
        _reckon(day, store, running, opening)
    return day


async def _live(command: list[str], folder: Path, day: Day, life_s: float, end: signal.Signals = signal.SIGKILL) -> None:
    """A process's life. That it ends by itself is a complaint, unless it could not reach the venue to begin with."""
    environment = {**os.environ, "BINANCE_API_KEY": "test", "BINANCE_API_SECRET": "test"}
    day.processes += 1
    said = folder / f"process-{day.processes:03}.log"
    with said.open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            await asyncio.wait_for(process.wait(), life_s)
        except TimeoutError:
            process.send_signal(end)
            day.kills += end is signal.SIGKILL
        else:
            if process.returncode == 1 and "\nunavailable " in f"\n{said.read_text()}":
                day.given_up += 1
            else:
                day.complaints.append(f"a process ended by itself with {process.returncode}: {said.name}")
            return
        try:
            code = await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()
            day.complaints.append(f"the process did not stop within {STOP_S} seconds: {said.name}")
        else:
            if end is not signal.SIGKILL and code != 0:
                day.complaints.append(f"the process was told to stop and ended with {code}: {said.name}")


def _reckon(day: Day, store: Path, running: RunningExchange, opening: dict[str, Decimal]) -> None:
    exchange, complain = running.exchange, day.complaints.append
    url = f"sqlite:///{store}"
    with opened(StoreUrls(url, url)) as readers:
        (ledger,) = readers.ledgers
        ours, theirs = trades_of(ledger, running)
        day.orders, day.trades = len(list(ledger.orders())), len(theirs)
        if ours != theirs:
            missing = [trade for trade in theirs if trade not in ours]
            invented = [trade for trade in ours if trade not in theirs]
            complain(f"the ledger lacks {missing} and has invented {invented}")
        if live := [order.order_id for order in ledger.orders(live=True)]:
            complain(f"live in the ledger: {live}")
        balances = {asset: amount - opening.get(asset, Decimal(0)) for asset, amount in owned(running).items()}
        for fill in ledger.fills():
            sign = fill.side.sign
            balances["BTC"] -= sign * fill.quantity
            balances["USDT"] += sign * fill.quantity * fill.price
            balances[fill.fee_currency] += fill.fee
        if any(balances.values()):
            complain(f"balances differ by {balances}")
        for violation in audit_store(readers.ledgers, readers.journal).violations:
            complain(f"{violation.invariant}: {violation.sentence}")
    if live_there := exchange.accounts["test"].records.live():
        complain(f"live at the exchange: {[order.client_order_id for order in live_there]}")
    if doubtful := sent_in_doubt(exchange.log.requests):
        complain(f"sent again in doubt: {doubtful}")
    if exchange.log.unserved or exchange.log.failures:
        complain(f"the exchange failed: {exchange.log.unserved} {exchange.log.failures}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="the first day's seed; the next day has the next")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--hours", type=float, default=5, help="how long a day is, in the exchange's time")
    parser.add_argument("--speed", type=int, default=120, help="how much faster the exchange's time goes")
    options = parser.parse_args()
    failed = False
    for seed in range(options.seed, options.seed + options.days):
        folder = Path(tempfile.mkdtemp(prefix=f"soak-{seed}-"))
        day = asyncio.run(live_through(seed, options.hours, options.speed, folder))
        print(day if not day.complaints else f"{day}\n  kept: {folder}", flush=True)
        failed = failed or bool(day.complaints)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
