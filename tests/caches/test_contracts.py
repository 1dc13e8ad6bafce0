"""The memory cache keeps the laws of caches."""

from pathlib import Path

from s1mpletrader.contracts import CacheContract, CacheHarness
from s1mpletrader.plugins.caches.memory import MemoryCache, MemoryCacheConfig


class TestMemory(CacheContract):
    def make_harness(self, directory: Path) -> CacheHarness:
        config = MemoryCacheConfig(flows_max=4, contexts_max=4)
        return CacheHarness(open=lambda: MemoryCache(config), flow_limit=4, context_limit=4)
