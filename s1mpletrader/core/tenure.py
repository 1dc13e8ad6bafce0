"""A process's tenure of an account: the store belongs to one environment and account, and one process at a time trades on it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from msgspec import Struct, json

from s1mpletrader.domain.errors import Defect, Refused
from s1mpletrader.domain.instant import SECOND_NS, Instant, iso
from s1mpletrader.ports.state import IState, StateConflict, VersionedValue

LEASE_NS: Final = 30 * SECOND_NS
"""How long a lease lasts from its last renewal."""

RENEWAL_NS: Final = 10 * SECOND_NS
"""How often it is renewed."""


class WrongStore(Refused):
    """The store belongs to another environment or account."""


class LeaseTaken(Refused):
    """Another process trades on this account."""


class LeaseLost(Refused):
    """Another process has taken the account over: this one must not act any more."""


PIN_KEY: Final = "pin"
"""Where a store keeps what it belongs to."""


class Pin(Struct, frozen=True, kw_only=True):
    """What a store belongs to, from its first paper or live run on."""

    mode: str
    venue: str
    account: str


class Lease(Struct, frozen=True, kw_only=True):
    """Who trades on the account, and until when that is certain. The version it is stored under is the fencing token."""

    owner: str
    until: Instant


def pin(state: IState, wanted: Pin) -> None:
    """Tie a store to its environment and account; ``WrongStore`` where it is tied to another."""
    if state.get(PIN_KEY) is None:
        with suppress(StateConflict):
            # Whoever comes at the same moment may be the first; what counts is read below.
            state.put(PIN_KEY, json.encode(wanted), expected_version=0)
    found = state.get(PIN_KEY)
    if found is None:
        raise Defect("the store does not keep what it belongs to")
    kept = json.decode(found.value, type=Pin)
    if kept != wanted:
        raise WrongStore(
            f"the store belongs to the {kept.mode} account {kept.account!r} at {kept.venue}, "
            f"and not to the {wanted.mode} account {wanted.account!r} at {wanted.venue}"
        )


class Tenure:
    """The lease of one process. ``now`` is the machine's time, whatever clock the flows go by."""

    def __init__(self, state: IState, book: str, owner: str, now: Callable[[], Instant], is_dead: Callable[[str], bool]) -> None:
        self._state = state
        self._key = f"lease/{book}"
        self._owner = owner
        self._now = now
        self._is_dead = is_dead
        self._version = 0
        self._until: Instant = 0

    @property
    def is_held(self) -> bool:
        """Whether the lease certainly lasts: nobody else can have taken it yet."""
        return self._now() < self._until

    def begin(self) -> None:
        """Take the lease, unless it is held; ``LeaseTaken`` where another process holds it that is not known to be dead."""
        if self.is_held:
            return
        found = self._state.get(self._key)
        if found is not None:
            held = json.decode(found.value, type=Lease)
            if held.until > self._now() and not self._is_dead(held.owner):
                raise LeaseTaken(f"{held.owner} trades on this account; its lease lasts until {iso(held.until)}")
        self._write(found)

    def renew(self) -> None:
        """Hold it longer; ``LeaseLost`` where another process has taken it."""
        since = self._now()
        try:
            self._held(self._state.put(self._key, self._lease(LEASE_NS), expected_version=self._version), since)
        except StateConflict as conflict:
            raise LeaseLost(f"another process trades on this account now: {conflict}") from conflict

    def end(self) -> None:
        """Give it back, if it is still held; ending twice does nothing."""
        self._until = 0
        try:
            self._state.put(self._key, self._lease(0), expected_version=self._version)
        except StateConflict:
            return

    def _write(self, found: VersionedValue | None) -> None:
        since, version = self._now(), 0 if found is None else found.version
        try:
            self._held(self._state.put(self._key, self._lease(LEASE_NS), expected_version=version), since)
        except StateConflict as conflict:
            raise LeaseTaken(f"another process has just taken this account: {conflict}") from conflict

    def _lease(self, length: int) -> bytes:
        return json.encode(Lease(owner=self._owner, until=self._now() + length))

    def _held(self, version: int, since: Instant) -> None:
        self._version, self._until = version, since + LEASE_NS
