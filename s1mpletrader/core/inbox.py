"""The inbox of a live run: where everything that arrives waits for its turn."""

from collections.abc import Callable, Sequence

from s1mpletrader.core.clock import Agenda
from s1mpletrader.core.engine import RANK_REPLY
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.replies import VenueReply
from s1mpletrader.ports.clock import IClock


class Inbox:
    """Puts what arrives on the agenda, and lets the engine know. Faults arrive here, too."""

    def __init__(self, clock: IClock, agenda: Agenda) -> None:
        self._clock = clock
        self._agenda = agenda
        self._soon: Callable[[], None] | None = None
        self._failed: Callable[[BaseException], None] | None = None
        self._early_fault: BaseException | None = None

    def serve(self, soon: Callable[[], None], failed: Callable[[BaseException], None]) -> None:
        """From now on somebody takes turns: ``soon`` asks for one, ``failed`` ends them."""
        self._soon, self._failed = soon, failed
        if self._early_fault is not None:
            failed(self._early_fault)

    def put(self, rank: int, call: Callable[[], None], source: int = 0, at: Instant | None = None) -> None:
        """Let something happen now, or at an instant, in the turn of its rank."""

        def happens() -> Sequence[VenueReply]:
            call()
            return ()

        self._agenda.add(self._clock.now() if at is None else at, rank, happens, source)
        self.look()

    def deliver(self, replies: Sequence[VenueReply]) -> None:
        """Replies have come."""
        if replies:
            self._agenda.add(self._clock.now(), RANK_REPLY, lambda: replies)
            self.look()

    def look(self) -> None:
        """Ask for a turn: what held something back may have changed."""
        if self._soon is not None:
            self._soon()

    def fail(self, fault: BaseException) -> None:
        """Something beside the flows went wrong, and ends the run: at once, or as soon as turns are taken."""
        if self._failed is None:
            self._early_fault = self._early_fault or fault
        else:
            self._failed(fault)
