"""Both plugins keep the laws of their ports."""

from pathlib import Path

from s1mpletrader.api import SignalDetector, WorkerProvision
from s1mpletrader.contracts import CacheContract, CacheHarness, SignalDetectorContract

from s1mpletrader_example import Shelf, ShelfConfig, ThreeSoldiers, ThreeSoldiersConfig


class TestThreeSoldiers(SignalDetectorContract):
    """The detector with its default count."""

    def make_detector(self, provision: WorkerProvision) -> SignalDetector:
        return ThreeSoldiers(ThreeSoldiersConfig(), provision)


class TestOneSoldier(SignalDetectorContract):
    """The smallest count."""

    def make_detector(self, provision: WorkerProvision) -> SignalDetector:
        return ThreeSoldiers(ThreeSoldiersConfig(count=1), provision)


class TestShelf(CacheContract):
    """The cache, with room for little."""

    def make_harness(self, directory: Path) -> CacheHarness:
        config = ShelfConfig(flows_max=4, contexts_max=4)
        return CacheHarness(open=lambda: Shelf(config), flow_limit=4, context_limit=4)
