"""Batches: directives given at once that succeed or fail together, or one after the other. Never part of causality."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.domain.ids import DirectiveId, GroupId, TradeId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import add

BATCH_ALGORITHM: Final = "batch"
"""What the group that holds a batch together names as its algorithm."""


class BatchPolicy(StrEnum):
    """How directives of one flow hang together."""

    INDEPENDENT = "INDEPENDENT"
    COORDINATED = "COORDINATED"
    """All legs, or none: where one fails, the others are taken back."""
    SEQUENTIAL = "SEQUENTIAL"
    """Each leg once the one before it has succeeded."""


class OnFailure(StrEnum):
    """How the legs of a failed batch are taken back."""

    CANCEL = "CANCEL"
    """What has not been filled is cancelled, and what has been is kept."""
    FLATTEN = "FLATTEN"
    """Every leg's trade is ended."""


class BatchRules(Struct, frozen=True, kw_only=True):
    """What a strategy says of directives that it gives at once."""

    policy: BatchPolicy = BatchPolicy.INDEPENDENT
    on_failure: OnFailure = OnFailure.FLATTEN
    time_limit_ns: int | None = None
    """How long the legs may take, all together."""


class LegState(StrEnum):
    """Where a leg stands."""

    OPEN = "OPEN"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class Leg(Struct, frozen=True, kw_only=True):
    """One group of a batch; it has succeeded when its target is filled."""

    group_id: GroupId
    trade_id: TradeId
    target: Decimal
    filled: Decimal = Decimal(0)
    state: LegState = LegState.OPEN


class Batch(Struct, frozen=True, kw_only=True):
    """A batch as its group's state keeps it: ids and quantities only."""

    policy: BatchPolicy
    on_failure: OnFailure
    deadline: Instant | None
    legs: tuple[Leg, ...]
    deferred: tuple[DirectiveId, ...] = ()
    """The execution directives that wait for the leg before them."""

    def leg(self, group_id: GroupId) -> Leg | None:
        """The leg that a group is."""
        return next((leg for leg in self.legs if leg.group_id == group_id), None)

    def filled(self, group_id: GroupId, quantity: Decimal) -> "Batch":
        """After a fill of a leg's entry."""
        return self._changed(group_id, quantity, None)

    def failed(self, group_id: GroupId) -> "Batch":
        """After a leg's end without its target."""
        return self._changed(group_id, Decimal(0), LegState.FAILED)

    @property
    def has_failed(self) -> bool:
        """Whether one leg has."""
        return any(leg.state is LegState.FAILED for leg in self.legs)

    @property
    def has_succeeded(self) -> bool:
        """Whether all legs have, and none waits."""
        return not self.deferred and all(leg.state is LegState.SUCCEEDED for leg in self.legs)

    @property
    def is_ready(self) -> bool:
        """Whether the next deferred leg may begin."""
        return bool(self.deferred) and all(leg.state is LegState.SUCCEEDED for leg in self.legs)

    def _changed(self, group_id: GroupId, quantity: Decimal, state: LegState | None) -> "Batch":
        legs = tuple(_leg_after(leg, quantity, state) if leg.group_id == group_id else leg for leg in self.legs)
        return replace(self, legs=legs)


def _leg_after(leg: Leg, quantity: Decimal, state: LegState | None) -> Leg:
    filled = add(leg.filled, quantity)
    if state is None:
        state = LegState.SUCCEEDED if filled >= leg.target else leg.state
    return replace(leg, filled=filled, state=state)
