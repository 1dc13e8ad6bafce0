"""A StrategyCache in Redis: it outlives this process's memory, and other processes can look into it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator

from s1mpletrader.api import (
    CONTEXT_LIMIT_DEFAULT,
    FLOW_LIMIT_DEFAULT,
    CacheFull,
    CacheMiss,
    CacheProvision,
    Defect,
    Instant,
    LaterThanAnchor,
    OrderContext,
    OrderId,
    PluginConfig,
    Refused,
    S1mpleTraderError,
    Unavailable,
)
from s1mpletrader.plugins.caches.redis_scripts import OPEN_FLOW, PUT_CONTEXT, PUT_FACT
from s1mpletrader.plugins.caches.values import decode, decode_context, encode, encode_context

if TYPE_CHECKING:
    from redis import Redis
    from redis.commands.core import Script

_OPTIONS: Final = frozenset(
    {"db", "username", "password", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
)
_TRANSIENT: Final = re.compile(r"(?:^|: -)(?:OOM|MISCONF|NOREPLICAS|READONLY|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN)\b")
"""Codes of answers that may be other ones later. Servers before version 7 put them behind the name of the script."""
_ANCHOR_OFFSET: Final = 2**63


class RedisCacheConfig(PluginConfig):
    """Where the server is, and how much the cache may hold."""

    model_config = ConfigDict(hide_input_in_errors=True)

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

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: SecretStr) -> SecretStr:
        fault = _url_fault(url.get_secret_value())
        if fault is not None:
            raise ValueError(fault)
        return url


class RedisCache:
    """Each flow is a hash, the contexts are one hash with their order beside it. Every call is one exchange with the server."""

    def __init__(self, config: RedisCacheConfig, provision: CacheProvision) -> None:
        self._library = _library()
        self._config = config
        self._prefix = f"{config.prefix}:{quote(provision.run, safe='')}:"
        url = config.url.get_secret_value()
        self._server = urlsplit(url).hostname or "a local socket"
        self._redis: Redis = _client(self._library, url, config.timeout_s)
        self._open_flow: Script = self._redis.register_script(OPEN_FLOW)
        self._put_fact: Script = self._redis.register_script(PUT_FACT)
        self._put_context: Script = self._redis.register_script(PUT_CONTEXT)

    def open_flow(self, flow_id: str, strategy: str, at: Instant) -> None:
        """Begin a flow at its point in time."""
        arguments: list[Any] = [_sortable(at), strategy, self._config.flows_max, self._ttl_ms]
        with self._reached():
            is_open: Any = self._open_flow(keys=self._flow_keys(flow_id), args=arguments)
        if not is_open:
            raise CacheFull(f"{self._config.flows_max} flows are open, and {strategy} wants another")

    def put(self, flow_id: str, key: str, value: Any, *, at: Instant) -> None:
        """Store a fact known at ``at``."""
        arguments: list[Any] = [_sortable(at), f"={key}", encode(value), self._ttl_ms]
        with self._reached():
            later_than: Any = self._put_fact(keys=self._flow_keys(flow_id), args=arguments)
        if later_than is None:
            raise CacheMiss(f"the flow {flow_id} is not open")
        if later_than:
            raise LaterThanAnchor(f"{key} is of {at}, the flow {flow_id} of {int(later_than) - _ANCHOR_OFFSET}")

    def get(self, flow_id: str, key: str) -> Any:
        """The stored fact."""
        flow, _ = self._flow_keys(flow_id)
        with self._reached():
            found: Any = self._redis.hmget(flow, ["@at", f"={key}"])
        anchor, data = found
        if anchor is None:
            raise CacheMiss(f"the flow {flow_id} is not open")
        if data is None:
            raise CacheMiss(f"the flow {flow_id} has no {key!r}")
        return decode(data)

    def close_flow(self, flow_id: str) -> None:
        """End a flow and forget its facts."""
        flow, flows = self._flow_keys(flow_id)
        with self._reached(), self._redis.pipeline() as together:
            together.delete(flow)
            together.srem(flows, flow)
            together.execute()

    def put_context(self, context: OrderContext) -> None:
        """Store or replace a live order's context."""
        arguments: list[Any] = [context.order_id, encode_context(context), self._config.contexts_max, self._ttl_ms]
        with self._reached():
            self._put_context(keys=self._context_keys, args=arguments)

    def get_context(self, order_id: OrderId) -> OrderContext:
        """The order's context."""
        contexts, _ = self._context_keys
        with self._reached():
            data: Any = self._redis.hget(contexts, order_id)
        if data is None:
            raise CacheMiss(f"no context of {order_id}")
        return decode_context(data)

    def drop_context(self, order_id: OrderId) -> None:
        """Forget an order that has ended."""
        contexts, order = self._context_keys
        with self._reached(), self._redis.pipeline() as together:
            together.hdel(contexts, order_id)
            together.zrem(order, order_id)
            together.execute()

    @property
    def _ttl_ms(self) -> int:
        return self._config.ttl_s * 1_000

    def _flow_keys(self, flow_id: str) -> tuple[str, str]:
        """The flow's own key, and that of the set of all open flows."""
        return f"{self._prefix}flow:{flow_id}", f"{self._prefix}flows"

    @property
    def _context_keys(self) -> tuple[str, str]:
        """The contexts, and their order ids in the order in which they were put."""
        return f"{self._prefix}contexts", f"{self._prefix}contexts:order"

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """What the client raises, as an error of ours; it names the server's host, and repeats nothing of what was sent."""
        try:
            yield
        except self._library.RedisError as fault:
            raise self._explained(fault) from None

    def _explained(self, fault: Exception) -> S1mpleTraderError:
        known, name = self._library.exceptions, type(fault).__name__
        no_access = (known.AuthenticationError, known.AuthorizationError, known.NoPermissionError)
        if isinstance(fault, (*no_access, known.AuthenticationWrongNumberOfArgsError)):
            return Refused(f"the cache at {self._server} gives no access: {name}")
        later = (known.ConnectionError, known.TimeoutError, known.OutOfMemoryError, known.ReadOnlyError)
        if isinstance(fault, later) or _TRANSIENT.search(str(fault)):
            return Unavailable(f"the cache at {self._server} does not answer: {name}")
        return Defect(f"the cache at {self._server} holds or answers what this cache cannot have put there: {name}")


def _library() -> ModuleType:
    """The client; it is imported here, so that who does not use it need not have it."""
    try:
        import redis  # noqa: PLC0415
    except ImportError as missing:
        raise ValueError("the cache 'redis' needs a library: pip install 's1mpletrader[redis]'") from missing
    return redis


def _client(library: ModuleType, url: str, timeout_s: float) -> Any:
    """A client whose representation never has the password: some versions of the library show what they were given."""
    keys = library.connection.parse_url(url)
    username, password = keys.pop("username", None), keys.pop("password", None)
    if password is not None:
        keys["credential_provider"] = library.UsernamePasswordCredentialProvider(username, password)
    # The library's default would wait for random times; a connection that the server has closed is opened again at once.
    retry = library.retry.Retry(library.backoff.NoBackoff(), 1)
    pool = library.ConnectionPool(**keys, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=retry)
    return library.Redis.from_pool(pool)


def _url_fault(url: str) -> str | None:
    """What is wrong with a URL, without a word of it: a password that is not escaped may lie in any of its parts."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "host or port cannot be read; in a password write special characters as %2F, %23, %3F, %40"
    if parts.scheme not in ("redis", "rediss", "unix"):
        return "must begin with redis://, rediss:// or unix://"
    if parts.fragment or not parse_qs(parts.query, keep_blank_values=True).keys() <= _OPTIONS:
        return f"after ? it may have {', '.join(sorted(_OPTIONS))}; in a password write special characters as %23, %3F"
    if parts.scheme == "unix":
        return None if parts.path and not parts.hostname else "must name the socket from the root: unix:///path"
    database = parts.path.strip("/")
    return None if not database or database.isdecimal() else "after the host it may have the number of a database, as in /0"


def _sortable(at: Instant) -> str:
    """An instant as text that sorts as the instants do: the server's own numbers have too few digits."""
    return f"{at + _ANCHOR_OFFSET:020d}"
