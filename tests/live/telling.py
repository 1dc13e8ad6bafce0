"""Telling a story to a run on paper, in virtual time, while it goes on."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec import json

from s1mpletrader.configuration import load
from s1mpletrader.container import LiveContainer, live_run
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.live import LiveRun
from s1mpletrader.core.tenure import Lease
from s1mpletrader.domain.instant import MINUTE_NS, SECOND_NS
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reasons import EntryKind
from s1mpletrader.plugins.simulated_exchange.connector import SimulatedExchange
from s1mpletrader.ports.clock import IClock
from tests.live.meddling import Meddle, left_alone, meddled
from tests.live.virtual_loop import run_virtually
from tests.running import EXAMPLES, MEMORY

Story = Callable[["Running"], Coroutine[Any, Any, None]]


class Running:
    """A run that goes on, and what a test looks at."""

    def __init__(self, container: LiveContainer) -> None:
        self.container = container
        self.run: LiveRun = container.run()
        self.clock: IClock = container.real_clock()
        self.stop = asyncio.Event()
        self._start = self.clock.now()

    async def minutes(self, count: float) -> None:
        """Wait until so many minutes of the run's time have gone by since its beginning, and a second more."""
        await self.clock.sleep_until(self._start + int(count * MINUTE_NS) + SECOND_NS)

    async def until(self, is_there: Callable[[], object], every_s: int = 1) -> None:
        """Wait, looking every second, or less often."""
        for _ in range(60 * 600):
            if is_there():
                return
            await self.clock.sleep_until(self.clock.now() + every_s * SECOND_NS)
        raise AssertionError("it never came")

    @property
    def entries(self) -> list[tuple[EntryKind, str | None]]:
        journal = self.container.journal()
        return [(entry.kind, read_reasons(entry).text) for run in journal.runs() for entry in journal.entries(run)]

    def texts(self, kind: EntryKind) -> list[str]:
        """What the entries of one kind say."""
        return [text or "" for one, text in self.entries if one is kind]

    @property
    def held_back(self) -> list[str]:
        """Why the gate refused what was new."""
        journal = self.container.journal()
        reasons = [read_reasons(entry) for run in journal.runs() for entry in journal.entries(run)]
        return [refusal.detail for one in reasons for refusal in one.refusals if refusal.code == "GATE_CLOSED"]

    @property
    def lease(self) -> tuple[Lease, int]:
        """Who trades on the account, and the version of that."""
        found = self.container.state().get(f"lease/{self.container.book_name()}")
        assert found is not None
        return json.decode(found.value, type=Lease), found.version

    @property
    def states(self) -> list[OrderState]:
        return [order.state for order in self.container.ledger().orders()]

    @property
    def holds(self) -> bool:
        """Whether anything is held."""
        (name,) = self.run.identity.strategies
        return any(position.quantity for position in self.run.view(name).positions.values())


def told(story: Story, *overrides: str, meddle: Meddle = left_alone, file: str | Path = "ema_cross.toml", **more: Any) -> Running:
    """Run a strategy on paper while a story is told to it; what ends the run is raised. It is stopped when all is told."""
    stores = () if any(key.startswith("ledger.url") for key in overrides) else MEMORY
    keys = [*stores, "recording.plugin=none", "environment.mode=paper", "exchange.plugin=meddled", *overrides]
    if file == "ema_cross.toml":
        keys.append("data.candles=600")
    watching = more.pop("watching", {})

    async def telling() -> Running:
        portfolio = load(EXAMPLES / file, keys, load_plugins=meddled(meddle, **more))
        async with live_run(portfolio, watching=watching) as container:
            running = Running(container)
            going = asyncio.create_task(running.run.run(running.stop))
            telling = asyncio.create_task(story(running))
            await asyncio.wait({going, telling}, return_when=asyncio.FIRST_COMPLETED)
            is_told = telling.done()
            telling.cancel()
            running.stop.set()
            await asyncio.wait({going, telling})
            await going
            if story is not to_its_end:
                assert is_told, "the run has ended before the story"
                await telling
            return running

    return run_virtually(telling())


async def to_its_end(running: Running) -> None:
    """Nothing is done to the run: its data end."""
    await running.minutes(10_000)


def changed(exchange: SimulatedExchange, name: str, value: object) -> SimulatedExchange:
    """The exchange with something else in one place."""
    setattr(exchange, name, value)
    return exchange


def given(name: str, value: object) -> Meddle:
    """Changes an exchange in one place."""
    return lambda exchange: changed(exchange, name, value)
