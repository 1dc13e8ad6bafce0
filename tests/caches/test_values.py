"""A stored value stays as it was stored, and is copied only where its giver could still change it."""

from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from msgspec import Struct

from s1mpletrader.api import Direction, Origin, OriginId, OriginKind, PlatformData, Series
from s1mpletrader.plugins.caches.memory import MemoryCache, MemoryCacheConfig


class Holder(Struct, frozen=True):
    values: list[int]


class Open(Struct):
    value: int


class Wrapped(Struct, frozen=True):
    inner: Open


class Pair(NamedTuple):
    name: str
    values: list[int]


class Loose(Struct, frozen=True):
    payload: Any


ORIGIN = Origin(id=OriginId("TCK_20220101_000000_0123456789abcdef"), kind=OriginKind.TICK, at=0)


def stored(value: Any) -> Any:
    cache = MemoryCache(MemoryCacheConfig())
    cache.open_flow("flow", "alpha", 1)
    cache.put("flow", "key", value, at=1)
    return cache.get("flow", "key")


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.5"),
        Direction.LONG,
        ORIGIN,
        Series("BTC/USDT", "1m"),
        (("a", 1.0), ("b", 2.0)),
        frozenset({1, 2}),
        PlatformData(origin=ORIGIN, source="candles", payload=((Series("BTC/USDT", "1m"), 3),)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_nobody_can_change_is_not_copied(value: Any) -> None:
    assert stored(value) is value


@pytest.mark.parametrize(
    ("value", "inside"),
    [
        ([1], lambda it: it),
        ((1, [1]), lambda it: it[1]),
        (Holder([1]), lambda it: it.values),
        (Pair("a", [1]), lambda it: it.values),
        (Loose([1]), lambda it: it.payload),
        ((Loose((Holder([1]),)),), lambda it: it[0].payload[0].values),
    ],
    ids=["list", "tuple", "struct", "named tuple", "any", "nested"],
)
def test_what_its_giver_changes_afterwards_stays_as_it_was(value: Any, inside: Any) -> None:
    kept = stored(value)
    inside(value).append(2)
    assert inside(kept) == [1]


def test_a_frozen_value_that_holds_an_open_one_is_copied() -> None:
    value = Wrapped(Open(1))
    kept = stored(value)
    value.inner.value = 2
    assert kept.inner.value == 1
