"""Ending tasks."""

import asyncio
from collections.abc import Collection
from typing import Any


async def end_all(tasks: "Collection[asyncio.Task[Any]]") -> None:
    """Cancel tasks and wait until they have ended, however they end.

    The caller's own cancellation goes through: awaiting a cancelled task and suppressing its ``CancelledError`` would swallow it.
    """
    for task in tasks:
        task.cancel()
    if tasks:
        done, _ = await asyncio.wait(tasks)
        for task in done:
            if not task.cancelled():
                task.exception()
