"""The live engine: takes what arrives in turns.

All that is due at a turn's instant happens in one declared order, is made durable together, and then lets its commands leave.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from s1mpletrader.core.clock import Agenda
from s1mpletrader.core.engine import HandlesReplies
from s1mpletrader.core.inbox import Inbox
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.real_time import TurnClock
from s1mpletrader.core.recorder import Recorder
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.instant import Instant
from s1mpletrader.ports.recording import IRecording

ROUNDS_TO_LEAVE: Final = 2
"""How many rounds of the event loop a command takes to leave: a task for the command, and in it one that has a deadline."""


class LiveEngine:
    """Runs turns on the event loop, from ``begin`` to ``end``. What arrives before the beginning waits for it.

    Nothing here waits: a turn is one call from the loop. What goes wrong in one ends the run, through ``failure``, because what
    is in memory may then differ from what is stored; a restart begins again from the stores.
    """

    def __init__(
        self,
        *,
        clock: TurnClock,
        agenda: Agenda,
        inbox: Inbox,
        replies: HandlesReplies,
        recording: IRecording,
        recorder: Recorder,
        outbox: Outbox,
    ) -> None:
        self._clock = clock
        self._agenda = agenda
        self._inbox = inbox
        self._replies = replies
        self._recording = recording
        self._recorder = recorder
        self._outbox = outbox
        self._after: Callable[[], None] = lambda: None
        self._runs = False
        self._is_due = False
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at: Instant | None = None
        self._failed: asyncio.Future[None] | None = None

    @property
    def failure(self) -> "asyncio.Future[None]":
        """Done, with its exception, once something went wrong."""
        if self._failed is None:
            raise Defect("the engine has not begun")
        return self._failed

    def begin(self, after: Callable[[], None]) -> None:
        """From now on turns are taken. ``after`` is called after each, when its commands are on their way."""
        self._after = after
        self._failed = asyncio.get_running_loop().create_future()
        self._runs = True
        self._inbox.serve(self._soon, self._fail)
        self._soon()

    async def end(self) -> None:
        """Take a last turn, and no more."""
        self._turn()
        self._runs = False
        self._ring_at(None)

    def _fail(self, fault: BaseException) -> None:
        """The first fault counts."""
        self._runs = False
        if not self.failure.done():
            self.failure.set_exception(fault)

    def _soon(self) -> None:
        if self._runs and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_due = False
        if not self._runs:
            return
        at = self._clock.begin_turn()
        try:
            while (key := self._agenda.next_key()) is not None and key[0] <= at:
                self._replies.run(self._agenda.pop()())
            self._recording.flush()
            self._recorder.flush()
            self._outbox.release(self._recorder.released)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the run ends with it
            self._fail(fault)
            return
        finally:
            self._clock.end_turn()
        asyncio.get_running_loop().call_soon(self._finish_turn, ROUNDS_TO_LEAVE - 1)
        key = self._agenda.next_key()
        self._ring_at(None if key is None else key[0])

    def _finish_turn(self, rounds: int) -> None:
        """What can wait until the turn's commands are on their way: in each round they come before this.

        Nothing is done after a fault: what has changed in memory since the turn may then never have been stored.
        """
        if not self._runs:
            return
        if rounds:
            asyncio.get_running_loop().call_soon(self._finish_turn, rounds - 1)
            return
        try:
            self._after()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the run ends with it
            self._fail(fault)

    def _ring_at(self, at: Instant | None) -> None:
        """Take a turn at an instant; one alarm is set at a time."""
        if self._alarm is not None and (at != self._alarm_at or self._alarm.done()):
            self._alarm.cancel()
            self._alarm = None
        if at is not None and self._alarm is None:
            self._alarm = asyncio.get_running_loop().create_task(self._ring(at))
        self._alarm_at = at

    async def _ring(self, at: Instant) -> None:
        await self._clock.sleep_until(at)
        self._soon()
