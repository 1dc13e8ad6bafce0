"""What is put into a shared cache comes back as what it was, of the same types, or is refused."""

import subprocess
from collections import OrderedDict
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from s1mpletrader.api import (
    Accepted,
    Defect,
    Direction,
    EntryRef,
    FactValues,
    Instrument,
    NewsItem,
    OrderState,
    Origin,
    OriginId,
    OriginKind,
    PlatformData,
    ScheduleTick,
    Series,
)
from s1mpletrader.contracts.cache import make_context
from s1mpletrader.contracts.samples import START, Samples
from s1mpletrader.plugins.caches.values import NotStorable, decode, decode_context, encode, encode_context

INSTRUMENT = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    settlement="USDT",
    price_tick=Decimal("0.1"),
    quantity_lot=Decimal("0.001"),
    notional_min=Decimal(10),
)
ORIGIN = Origin(id=OriginId("TCK_20220101_000000_0123456789abcdef"), kind=OriginKind.TICK, at=START)
PUT_BY_FLOWS = [
    PlatformData(origin=ORIGIN, source="candles", payload=((Series("BTC/USDT", "1m"), 3),)),
    PlatformData(origin=ORIGIN, source="wire", payload=NewsItem(headline="h", symbols=("BTC/USDT",), published_at=START)),
    PlatformData(origin=ORIGIN, source="cron", payload=ScheduleTick(due_at=START)),
    FactValues((("BTC/USDT 1m ema", 1.5), ("BTC/USDT 1m nothing", float("inf")))),
    Accepted(order_id=make_context(Samples()).order_id, at=START, exchange_order_id="7", venue_at=START),
]

NUMBERS = st.integers() | st.floats(allow_nan=False) | st.decimals(allow_nan=False)
PLAIN = st.none() | st.booleans() | NUMBERS | st.text() | st.binary()
KNOWN = st.sampled_from(
    [Series("BTC/USDT", "1m"), EntryRef("run", 3), OrderState.OPEN, Direction.LONG, INSTRUMENT, *PUT_BY_FLOWS]
)
SCALARS = st.sampled_from([np.float64(0.1), np.float32(0.1), np.int64(-3), np.bool_(1), np.datetime64("2022-01-01", "ns")])
VALUES = st.recursive(
    PLAIN | KNOWN | SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.tuples(st.integers()), inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=4).map(MappingProxyType)
        | st.frozensets(st.integers() | st.decimals(allow_nan=False), max_size=4)
        | st.sets(st.text(), max_size=4)
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Equal, of one type all the way down; a Decimal with its zeros, a float with its sign."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict | MappingProxyType):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, Struct):
        return all(same(getattr(one, name), getattr(other, name)) for name in one.__struct_fields__)
    return repr(one) == repr(other) if isinstance(one, Decimal | float) else bool(one == other)


@settings(max_examples=200)
@given(VALUES)
def test_a_value_comes_back_as_what_it_was(value: Any) -> None:
    assert same(decode(encode(value)), value)


@pytest.mark.parametrize("value", PUT_BY_FLOWS, ids=lambda value: type(value).__name__)
def test_what_flows_put_comes_back(value: Any) -> None:
    assert same(decode(encode(value)), value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("-sNaN12"), Decimal("1E+3"), Decimal("-0.00"), float("nan"), -0.0])
def test_numbers_that_equality_does_not_tell_apart_come_back(value: Any) -> None:
    assert repr(decode(encode(value))) == repr(value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, -(2**63), 10**5000], ids=["above", "below", "lowest", "long"])
def test_whole_numbers_have_no_bound(value: int) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "array",
    [
        np.array([[0.1, -0.0], [np.inf, 1e-300]]),
        np.arange(6, dtype=np.int32).reshape(2, 3).T,
        np.array([], dtype=np.bool_),
        np.array(1.5),
        np.array(["2022-01-01", "NaT"], dtype="datetime64[ns]"),
        np.array(["a", "bc"]),
        np.array([1, 2], dtype=">i2"),
    ],
    ids=lambda array: f"{array.dtype.str}{array.shape}",
)
def test_an_array_comes_back_bit_by_bit_and_is_ones_own(array: Any) -> None:
    back = decode(encode(array))
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
    back[...] = back
    assert encode(decode(encode({"kept": array}))["kept"]) == encode(array)


class Foreign(Struct, frozen=True):
    value: int


class Direction2(str):
    __slots__ = ()


Impostor = type("Series", (tuple,), {"_fields": ()})


def endless() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    "value",
    [
        object(),
        subprocess.run,
        Path("x"),
        date(2022, 1, 1),
        Foreign(1),
        Direction2("LONG"),
        Impostor(),
        OrderedDict(a=1),
        np.array([object()]),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.ma.masked_array([1.0], mask=[True]),
        endless(),
        "\ud800",
        {"deep": [(object(),)]},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_not_come_back_the_same_is_refused(value: Any) -> None:
    with pytest.raises(NotStorable, match="cannot be stored"):
        encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x90",
        b"\x92\xa3foo\x01",
        b"\x92\xa7decimal\xa1x",
        b"\x93\xa6struct\xa3run\x90",
        b"\x93\xa6struct\xa6Series\x90",
        b"\x93\xa4enum\xa9Direction\xa1?",
        b"\x94\xa5numpy\xa2|O\x91\x01\xc4\x08" + bytes(8),
        encode((1, 2))[:-1],
    ],
)
def test_bytes_of_another_are_a_defect_and_run_nothing(data: bytes) -> None:
    with pytest.raises(Defect, match="cannot be read"):
        decode(data)


def test_a_context_comes_back_also_with_numpy_facts() -> None:
    facts: dict[str, Any] = {"ema": np.float64(0.1), "count": np.int64(3), "nothing": float("inf")}
    context = make_context(Samples(), facts=facts)
    back = decode_context(encode_context(context))
    assert back == context
    assert {type(value) for value in back.facts.values()} == {float}


def test_a_context_that_cannot_be_stored_is_refused() -> None:
    with pytest.raises(NotStorable):
        encode_context(make_context(Samples(), facts={"ema": object()}))  # type: ignore[dict-item]
    with pytest.raises(NotStorable):
        encode_context(make_context(Samples(), facts={"\ud800": 1.0}))
