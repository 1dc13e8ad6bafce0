"""The gate of a live run: while any part of it cannot be trusted, nothing but cancellations leaves, and nothing new is opened."""

from collections.abc import Callable

from s1mpletrader.domain.directives import ExecutionDirective, Scope
from s1mpletrader.domain.instant import SECOND_NS, Duration
from s1mpletrader.ports.planners import GateRefusal, Situation


class LiveGate:
    """Open while nothing speaks against it. ``changed`` is called when it opens."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._reasons: dict[str, str] = {}

    @property
    def is_open(self) -> bool:
        """Whether anything may leave."""
        return not self._reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks against it, in words."""
        return tuple(self._reasons.values())

    def close(self, by: str, reason: str) -> None:
        """Something speaks against it; each party has one say."""
        self._reasons[by] = reason

    def open(self, by: str) -> None:
        """What this party had against it is over."""
        if self._reasons.pop(by, None) is not None and self.is_open:
            self._changed()


class LiveCheck:
    """The gate as a risk gate: what it would hold back is refused while it is decided, with its reason.

    A new trade on bars that closed longer ago than ``age_ns_max`` is refused as well: what arrives after an interruption is
    there to be known, not to be traded on. Closing is never refused: it waits in the outbox until it may leave.
    """

    def __init__(self, gate: LiveGate, age_ns_max: Duration) -> None:
        self._gate = gate
        self._age_ns_max = age_ns_max

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """None lets the directive pass."""
        if directive.directive.scope is Scope.CLOSE_EXISTING:
            return None
        if not self._gate.is_open:
            return GateRefusal(code="GATE_CLOSED", detail="; ".join(self._gate.reasons))
        age_ns = situation.at - situation.facts.at
        if age_ns > self._age_ns_max:
            return GateRefusal(code="STALE_BARS", detail=f"the bars closed {age_ns / SECOND_NS:.1f} s ago")
        return None
