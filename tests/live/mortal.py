"""A process that runs a strategy on paper in virtual time, and may be killed at an instant: ``python -m tests.live.mortal``."""

import asyncio
import os
import sys
from pathlib import Path

from s1mpletrader.configuration import load
from s1mpletrader.container import live_run
from tests.live.virtual_loop import run_virtually

KILLED = 9


async def live(file: Path, overrides: list[str], dies_at: int | None) -> None:
    async with live_run(load(file, [*overrides, "environment.mode=paper"])) as container:
        run, clock = container.run(), container.real_clock()

        async def die() -> None:
            if dies_at is not None:
                await clock.sleep_until(dies_at)
                os._exit(KILLED)

        death = asyncio.create_task(die())
        await run.run(asyncio.Event())
        death.cancel()


if __name__ == "__main__":
    run_virtually(live(Path(sys.argv[1]), sys.argv[3:], int(sys.argv[2]) or None))
