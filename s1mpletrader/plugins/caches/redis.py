"""A StrategyCache in Redis: several processes of one run share it, and it survives each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

from msgspec import msgpack
from pydantic import Field, SecretStr

from s1mpletrader.api import (
    CONTEXT_LIMIT_DEFAULT,
    FLOW_LIMIT_DEFAULT,
    CacheFull,
    CacheMiss,
    CacheProvision,
    Instant,
    LaterThanAnchor,
    OrderContext,
    OrderId,
    PluginConfig,
    Unavailable,
)
from s1mpletrader.plugins.caches.values import decode, encode

if TYPE_CHECKING:
    from redis.commands.core import Script

_OPEN: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then
  for _, flow in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    if redis.call('EXISTS', flow) == 0 then redis.call('SREM', KEYS[2], flow) end
  end
  if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[3]) then return 0 end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '@at', ARGV[1], '@strategy', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('SADD', KEYS[2], KEYS[1])
return 1
"""
"""Opens a flow unless too many are open; flows that a dead process has left no longer count once they have expired."""

_PUT_CONTEXT: Final = """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), ARGV[1])
if redis.call('ZCARD', KEYS[2]) > tonumber(ARGV[3]) then
  local oldest = redis.call('ZPOPMIN', KEYS[2])
  redis.call('HDEL', KEYS[1], oldest[1])
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[4]) end
return 1
"""
"""Stores a context, and past the bound lets the one go that was put longest ago."""


class RedisCacheConfig(PluginConfig):
    """Where the server is, and how much the cache may hold."""

    url: SecretStr = SecretStr("redis://localhost:6379/0")
    """``redis://[user:password@]host:port/db``, ``rediss://`` for TLS, ``unix://path``. Never shown again."""
    prefix: Annotated[str, Field(min_length=1)] = "s1mpletrader"
    """Every key begins with it, and with the run."""
    ttl_s: Annotated[int, Field(ge=1)] = 86_400
    """How long what nobody touches stays: flows and contexts are removed in their time, and this catches what a crash leaves."""
    flows_max: Annotated[int, Field(ge=1)] = FLOW_LIMIT_DEFAULT
    contexts_max: Annotated[int, Field(ge=1)] = CONTEXT_LIMIT_DEFAULT
    timeout_s: Annotated[float, Field(gt=0)] = 5.0
    """How long an answer is waited for."""


class RedisCache:
    """Flows as hashes, contexts in one hash with their order of use beside it."""

    def __init__(self, config: RedisCacheConfig, provision: CacheProvision) -> None:
        try:
            from redis import Redis  # noqa: PLC0415 - an extra: who does not use it need not have it.
        except ImportError as missing:
            raise ValueError("the cache 'redis' needs a library: pip install 's1mpletrader[redis]'") from missing
        self._config = config
        self._prefix = f"{config.prefix}:{provision.run}:"
        url = config.url.get_secret_value()
        self._server = urlsplit(url).hostname or "a local socket"
        timeout = config.timeout_s
        self._redis: Redis = Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)
        self._opening: Script = self._redis.register_script(_OPEN)
        self._putting: Script = self._redis.register_script(_PUT_CONTEXT)

    def open_flow(self, flow_id: str, strategy: str, at: Instant) -> None:
        """Begin a flow at its point in time."""
        ttl_ms = self._config.ttl_s * 1_000
        with self._reached():
            keys = [self._flow(flow_id), f"{self._prefix}flows"]
            opened = self._opening(keys=keys, args=[at, strategy, self._config.flows_max, ttl_ms])
        if not opened:
            raise CacheFull(f"{self._config.flows_max} flows are open, and {strategy} wants another")

    def put(self, flow_id: str, key: str, value: Any, *, at: Instant) -> None:
        """Store a fact known at ``at``."""
        anchor = self._anchor(flow_id)
        if at > anchor:
            raise LaterThanAnchor(f"{key} is of {at}, the flow {flow_id} of {anchor}")
        data = encode(value)
        with self._reached():
            self._redis.hset(self._flow(flow_id), f"={key}", data)

    def get(self, flow_id: str, key: str) -> Any:
        """The stored fact."""
        self._anchor(flow_id)
        with self._reached():
            data: Any = self._redis.hget(self._flow(flow_id), f"={key}")
        if data is None:
            raise CacheMiss(f"the flow {flow_id} has no {key!r}")
        return decode(data)

    def close_flow(self, flow_id: str) -> None:
        """End a flow and forget its facts."""
        with self._reached():
            self._redis.delete(self._flow(flow_id))
            self._redis.srem(f"{self._prefix}flows", self._flow(flow_id))

    def put_context(self, context: OrderContext) -> None:
        """Store or replace a live order's context."""
        names = [f"{self._prefix}{name}" for name in ("contexts", "recency", "counter")]
        data = msgpack.encode(context)
        with self._reached():
            self._putting(keys=names, args=[context.order_id, data, self._config.contexts_max, self._config.ttl_s * 1_000])

    def get_context(self, order_id: OrderId) -> OrderContext:
        """The order's context."""
        with self._reached():
            data: Any = self._redis.hget(f"{self._prefix}contexts", order_id)
        if data is None:
            raise CacheMiss(f"no context of {order_id}")
        return msgpack.decode(data, type=OrderContext)

    def drop_context(self, order_id: OrderId) -> None:
        """Forget an order that has ended."""
        with self._reached():
            self._redis.hdel(f"{self._prefix}contexts", order_id)
            self._redis.zrem(f"{self._prefix}recency", order_id)

    def _flow(self, flow_id: str) -> str:
        return f"{self._prefix}flow:{flow_id}"

    def _anchor(self, flow_id: str) -> Instant:
        with self._reached():
            at: Any = self._redis.hget(self._flow(flow_id), "@at")
        if at is None:
            raise CacheMiss(f"the flow {flow_id} is not open")
        return int(at)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """``Unavailable`` where the server cannot be reached; its address is named, its password never."""
        from redis import RedisError  # noqa: PLC0415

        try:
            yield
        except RedisError as fault:
            raise Unavailable(f"the cache at {self._server} does not answer: {type(fault).__name__}") from None
