"""Opinions of workers: signals and risks, as drafts from a plugin and as identified values in a flow."""

from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

from s1mpletrader.domain.ids import IdKind, RiskId, SignalId, check_id


class Direction(StrEnum):
    """Which way a position points."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def opposite(self) -> "Direction":
        """The other way."""
        return _SHORT if self is _LONG else _LONG


# Looking a member up in its enumeration costs as much as three calls.
_LONG: Final = Direction.LONG
_SHORT: Final = Direction.SHORT
_SIGNAL: Final = IdKind.SIGNAL


class Severity(IntEnum):
    """How grave a risk is. ``LIFTED`` ends a risk that stood."""

    LIFTED = 0
    LOW = 1
    HIGH = 2
    CRITICAL = 3


def check_confidence(confidence: float) -> None:
    """Raise ``ValueError`` unless the confidence lies in [0, 1]; NaN does not."""
    if not 0.0 <= confidence <= 1.0:
        raise ValueError(f"confidence {confidence!r} lies outside [0, 1]")


class SignalDraft(Struct, frozen=True, kw_only=True, gc=False):
    """What a detector saw: a symbol, a direction, the kind of pattern and the confidence in [0, 1]."""

    symbol: str
    direction: Direction
    kind: str
    confidence: float = 1.0

    def __post_init__(self) -> None:
        check_confidence(self.confidence)


class RiskDraft(Struct, frozen=True, kw_only=True, gc=False):
    """What a monitor saw: its kind and severity, for one symbol, or for the whole account where ``symbol`` is None.

    A risk stands from the draft that raises it until a draft of the same monitor, kind and symbol with another severity
    replaces it; ``Severity.LIFTED`` ends it.
    """

    kind: str
    severity: Severity
    symbol: str | None = None
    detail: str = ""


class Signal(Struct, frozen=True, kw_only=True, gc=False):
    """A detector's opinion in a flow."""

    id: SignalId
    detector: str
    symbol: str
    direction: Direction
    kind: str
    confidence: float

    def __post_init__(self) -> None:
        check_id(self.id, _SIGNAL)
        check_confidence(self.confidence)


class Risk(Struct, frozen=True, kw_only=True, gc=False):
    """A monitor's opinion, standing until it is lifted."""

    id: RiskId
    monitor: str
    kind: str
    severity: Severity
    symbol: str | None
    detail: str

    def __post_init__(self) -> None:
        check_id(self.id, IdKind.RISK)

    def concerns(self, symbol: str) -> bool:
        """Whether the risk bears on trades in this symbol."""
        return self.symbol is None or self.symbol == symbol
