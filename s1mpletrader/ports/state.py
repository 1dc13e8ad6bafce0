"""State that is neither reality nor reason: worker state, kill switch, bans, leases, account pin."""

from typing import NamedTuple, Protocol

from s1mpletrader.domain.errors import Refused


class StateConflict(Refused):
    """Somebody else changed the key since it was read."""


class VersionedValue(NamedTuple):
    """A value with the number of its writes so far, from 1."""

    value: bytes
    version: int


class IState(Protocol):
    """A versioned key-value store with compare-and-set, durable when a call returns."""

    def get(self, key: str) -> VersionedValue | None:
        """The value now, or None."""
        ...

    def put(self, key: str, value: bytes, *, expected_version: int) -> int:
        """Write and return the new version. ``expected_version`` is the one that was read, 0 for none; else ``StateConflict``."""
        ...

    def delete(self, key: str, *, expected_version: int) -> None:
        """Remove the key; ``StateConflict`` where it has another version, or is not there."""
        ...

    def keys(self, prefix: str = "") -> tuple[str, ...]:
        """The keys that begin with the prefix, sorted."""
        ...
