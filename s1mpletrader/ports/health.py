"""How a connector or a live source is doing: for people who watch a run, and for the gate that a stale stream closes."""

from typing import Protocol, runtime_checkable

from msgspec import Struct

from s1mpletrader.domain.instant import Instant


class StreamHealth(Struct, frozen=True, kw_only=True):
    """One stream of messages."""

    name: str
    connected: bool
    last_at: Instant | None = None
    """When the last message arrived."""
    stale_since: Instant | None = None
    """Since when what it says may be incomplete; None while it can be trusted."""


class Health(Struct, frozen=True, kw_only=True):
    """A connector or a live source at one instant."""

    streams: tuple[StreamHealth, ...] = ()
    weight_used: int | None = None
    """Of the venue's request budget, as the venue counts it; None where it counts nothing."""
    weight_max: int | None = None
    banned_until: Instant | None = None

    @property
    def stale(self) -> bool:
        """Whether any stream cannot be trusted now."""
        return any(stream.stale_since is not None for stream in self.streams)


@runtime_checkable
class IHealth(Protocol):
    """What can tell how it is doing."""

    def health(self) -> Health:
        """As it is now."""
        ...


@runtime_checkable
class IOpened(Protocol):
    """What has to be opened within a running event loop before it is used; it is closed by its ``close``."""

    async def open(self) -> None:
        """Connect, and fetch what has to be known first."""
        ...


class KeyPermissions(Struct, frozen=True, kw_only=True):
    """What the venue lets a key do. None where the venue does not tell."""

    trading: bool | None = None
    withdrawals: bool | None = None
    bound_to_addresses: bool | None = None
    """Whether the key works from declared network addresses only."""


@runtime_checkable
class IKeyInspection(Protocol):
    """A connector that can ask the venue about its key."""

    async def key_permissions(self) -> KeyPermissions:
        """What the key may do; ``AuthenticationFailed`` for one that the venue does not accept."""
        ...


@runtime_checkable
class IServerTime(Protocol):
    """A connector that can ask the venue for its time."""

    async def server_time(self) -> Instant:
        """The venue's present instant, as its answer says."""
        ...
