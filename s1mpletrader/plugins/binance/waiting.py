"""Waiting on the injected clock."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from s1mpletrader.api import IClock, Instant

T = TypeVar("T")


async def settle(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    waiting = [task for task in tasks if task is not asyncio.current_task()]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def until(clock: IClock, at: Instant, *awaited: Coroutine[Any, Any, Any]) -> bool:
    """Wait until one of the awaited has ended, or the instant has come; whether it was one of the awaited."""
    timer = asyncio.ensure_future(clock.sleep_until(at))
    tasks = [asyncio.ensure_future(one) for one in awaited]
    try:
        await asyncio.wait([timer, *tasks], return_when=asyncio.FIRST_COMPLETED)
        return any(task.done() for task in tasks)
    finally:
        await settle([timer, *tasks])


async def answer_by(clock: IClock, at: Instant, future: "asyncio.Future[T]") -> T:
    """The future's result; ``TimeoutError`` where it has none by the instant."""
    timer = asyncio.ensure_future(clock.sleep_until(at))
    try:
        await asyncio.wait((future, timer), return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise TimeoutError
        return future.result()
    finally:
        timer.cancel()
        await asyncio.gather(timer, return_exceptions=True)
