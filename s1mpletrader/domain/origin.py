"""What started a flow."""

from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from s1mpletrader.domain.ids import IdKind, OriginId, check_id
from s1mpletrader.domain.instant import Instant


class OriginKind(StrEnum):
    """The four ways a flow can begin."""

    TICK = "TICK"
    NEWS = "NEWS"
    SCHEDULE = "SCHEDULE"
    EXTERNAL = "EXTERNAL"
    """What others did on the account: a person at the venue's screen, another program."""

    # The hash of an enumeration's member is a call into Python, the text's is none.
    __hash__ = str.__hash__


ORIGIN_ID_KIND: Final = {
    OriginKind.TICK: IdKind.TICK,
    OriginKind.NEWS: IdKind.NEWS,
    OriginKind.SCHEDULE: IdKind.SCHEDULE,
    OriginKind.EXTERNAL: IdKind.EXTERNAL,
}


class Origin(Struct, frozen=True, kw_only=True):
    """A type-safe reference to what started a flow: its id, its kind and when it became known."""

    id: OriginId
    kind: OriginKind
    at: Instant

    def __post_init__(self) -> None:
        check_id(self.id, ORIGIN_ID_KIND[self.kind])


class PlatformData(Struct, frozen=True, kw_only=True):
    """One datum at its point in time, as the FlowInitiator stores it: the origin, what it came from, and its payload."""

    origin: Origin
    source: str
    payload: Any
