"""Built-in StrategyCaches: ``memory`` and ``redis``."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import CacheProvision, ICache, Plugin, hookimpl
from s1mpletrader.plugins.caches.memory import MemoryCache, MemoryCacheConfig
from s1mpletrader.plugins.caches.redis import RedisCache, RedisCacheConfig

__all__ = ["MemoryCache", "MemoryCacheConfig"]


@hookimpl
def s1mple_caches() -> Sequence[Plugin[Any, CacheProvision, ICache]]:
    """Register the caches."""
    return (
        Plugin(
            name="memory",
            config=MemoryCacheConfig,
            build=lambda config, _: MemoryCache(config),
            summary="Keeps flows and order contexts in this process.",
        ),
        Plugin(name="redis", config=RedisCacheConfig, build=RedisCache, summary="Keeps flows and order contexts in Redis."),
    )
