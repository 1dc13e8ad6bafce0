"""How each algorithm begins: from its parameters to a pace, a window, and what becomes of the rest."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, TypeAlias, TypeVar

from msgspec import Struct, ValidationError, convert

from s1mpletrader.api import (
    Duration,
    EntryPlan,
    GroupContext,
    Instant,
    OrderType,
    Parameters,
    RefusalDraft,
    Side,
    TimeInForce,
    add,
    multiply,
    subtract,
    timeframe_ns,
)
from s1mpletrader.plugins.algorithms.slicing.lots import divide, lots_min, lots_of, merge
from s1mpletrader.plugins.algorithms.slicing.paces import Display, Ladder, Missed, Pace, Participation, Schedule


class Leftover(StrEnum):
    """What becomes, at the end of the window, of what has not been filled."""

    CANCEL = "cancel"
    """Slices that are live are cancelled, and the rest is given up."""
    MARKET = "market"
    """Slices that are live are cancelled, and the rest is taken at the market."""
    KEEP = "keep"
    """Slices that are live stay; what has not been placed is given up."""


class Started(NamedTuple):
    """The pace, the end of the window, and what then becomes of the rest."""

    pace: Pace
    ends_at: Instant | None
    leftover: Leftover


class Asked(NamedTuple):
    """What an algorithm is asked for at its beginning."""

    entry: EntryPlan
    lots: int
    parameters: Parameters
    context: GroupContext

    @property
    def least(self) -> int:
        """The smallest order at the entry's price, or at the last known one."""
        return lots_min(self.context.instrument, self.entry.price or self.context.last_price)


Start: TypeAlias = Callable[[Asked], Started | RefusalDraft]
"""The beginning of one algorithm; a ``ValueError`` says what is wrong with the parameters."""

P = TypeVar("P")


class TwapParameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of ``twap``."""

    duration: str
    slices: int
    leftover: Leftover = Leftover.CANCEL
    missed: Missed = Missed.SPREAD


class VwapParameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of ``vwap``; the profile's weights are divided by commas."""

    duration: str
    profile: str
    leftover: Leftover = Leftover.CANCEL
    missed: Missed = Missed.SPREAD


class PovParameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of ``pov``."""

    participation: Decimal
    interval: str
    duration: str
    leftover: Leftover = Leftover.CANCEL
    missed: Missed = Missed.SPREAD


class IcebergParameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of ``iceberg``; without a duration it goes on until it is filled."""

    display: Decimal
    duration: str | None = None
    leftover: Leftover = Leftover.CANCEL


class LadderParameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of ``ladder``; without a duration it waits until it is filled."""

    levels: int
    step_percent: Decimal
    duration: str | None = None
    leftover: Leftover = Leftover.CANCEL


def start_twap(asked: Asked) -> Started:
    """Equal slices, equally far apart; fewer where the venue would not take such small ones."""
    wanted = _read(asked, TwapParameters)
    count = min(_positive("slices", wanted.slices), max(1, asked.lots // asked.least))
    return _scheduled(asked, (1,) * count, timeframe_ns(wanted.duration), wanted.missed, wanted.leftover)


def start_vwap(asked: Asked) -> Started:
    """Slices as large as the profile says, equally far apart."""
    wanted = _read(asked, VwapParameters)
    weights = tuple(map(Decimal, wanted.profile.split(",")))
    if not all(weight.is_finite() and weight >= 0 for weight in weights) or not any(weights):
        raise ValueError(f"a profile has weights of at least zero and not only zeros, found {wanted.profile}")
    return _scheduled(asked, weights, timeframe_ns(wanted.duration), wanted.missed, wanted.leftover)


def start_pov(asked: Asked) -> Started:
    """A share of the market's volume from now on."""
    wanted, at = _read(asked, PovParameters), asked.context.at
    if not 0 < wanted.participation <= 1:
        raise ValueError(f"participation must be above 0 and at most 1, found {wanted.participation}")
    interval = timeframe_ns(wanted.interval)
    pace = Participation(
        rate=wanted.participation, interval=interval, missed=wanted.missed, next_at=at + interval, counted_until=at
    )
    return Started(pace, at + timeframe_ns(wanted.duration), wanted.leftover)


def start_iceberg(asked: Asked) -> Started | RefusalDraft:
    """One small limit order after the other."""
    wanted = _read(asked, IcebergParameters)
    if asked.entry.type is not OrderType.LIMIT or asked.entry.time_in_force is not TimeInForce.GTC:
        return RefusalDraft(code="UNSUPPORTED_ENTRY", detail="an iceberg hides limit orders that wait; the entry is none")
    lots = lots_of(wanted.display, asked.context.instrument)
    if not lots:
        raise ValueError(f"display must be at least one lot, found {wanted.display}")
    return Started(Display(lots=lots), _end(asked, wanted.duration), wanted.leftover)


def start_ladder(asked: Asked) -> Started | RefusalDraft:
    """Limit orders from the entry's price, or the last one, away from the market; fewer where they would be too small."""
    wanted, instrument = _read(asked, LadderParameters), asked.context.instrument
    first = asked.entry.price or asked.context.last_price
    if first is None:
        return RefusalDraft(code="NO_PRICE", detail=f"no price of {instrument.symbol} is known yet")
    if not (wanted.step_percent.is_finite() and wanted.step_percent > 0):
        raise ValueError(f"step_percent must be above zero, found {wanted.step_percent}")
    step = multiply(multiply(first, wanted.step_percent), Decimal("0.01"))
    levels = range(_positive("levels", wanted.levels))
    if asked.entry.side is Side.BUY:
        prices = [instrument.price_down(subtract(first, multiply(step, Decimal(level)))) for level in levels]
    else:
        prices = [instrument.price_up(add(first, multiply(step, Decimal(level)))) for level in levels]
    if min(prices) <= 0:
        return RefusalDraft(code="IMPOSSIBLE_PRICE", detail=f"a ladder from {first} on would reach {min(prices)}")
    count = min(len(prices), asked.lots // lots_min(instrument, min(prices)))
    if not count:
        return RefusalDraft(code="BELOW_MINIMUM", detail="the quantity is less than the venue takes on the lowest level")
    pace = Ladder(prices=tuple(prices[:count]), lots=divide(asked.lots, (1,) * count))
    return Started(pace, _end(asked, wanted.duration), wanted.leftover)


def _scheduled(
    asked: Asked, weights: tuple[Decimal | int, ...], duration: Duration, missed: Missed, leftover: Leftover
) -> Started:
    at = asked.context.at
    times = [at + duration * index // len(weights) for index in range(len(weights))]
    merged_times, lots = merge(times, divide(asked.lots, weights), asked.least)
    return Started(Schedule(times=merged_times, lots=lots, missed=missed), at + duration, leftover)


def _read(asked: Asked, kind: type[P]) -> P:
    try:
        return convert(dict(asked.parameters), type=kind, strict=False)
    except ValidationError as error:
        raise ValueError(str(error)) from error


def _positive(name: str, count: int) -> int:
    if count < 1:
        raise ValueError(f"{name} must be at least 1, found {count}")
    return count


def _end(asked: Asked, duration: str | None) -> Instant | None:
    return None if duration is None else asked.context.at + timeframe_ns(duration)
