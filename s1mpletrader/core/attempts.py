"""Trying again: what is unavailable for a moment does not end a run before it has begun."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from s1mpletrader.domain.errors import Unavailable
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.execution import RateLimited

T = TypeVar("T")

PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0)
"""How long is waited after each attempt but the last."""

_log: Final = logging.getLogger(__name__)


async def until_available(attempt: Callable[[], Awaitable[T]], clock: IClock, pauses_s: Sequence[float] = PAUSES_S) -> T:
    """What the attempt gives. ``Unavailable`` is met with another one after a pause; that of the last attempt is raised.

    Where the venue has said from when on it listens again, the pause lasts until then.
    """
    for pause_s in pauses_s:
        try:
            return await attempt()
        except RateLimited as limited:
            _log.warning("%s; tried again then", limited)
            await clock.sleep_until(limited.retry_at)
        except Unavailable as unavailable:
            _log.warning("%s; tried again in %g s", unavailable, pause_s)
            await asyncio.sleep(pause_s)
    return await attempt()
