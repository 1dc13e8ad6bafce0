"""A plugin package: the detector ``three_soldiers`` and the cache ``shelf``."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import CacheProvision, ICache, Plugin, SignalDetector, WorkerProvision, hookimpl

from s1mpletrader_example.shelf import Shelf, ShelfConfig
from s1mpletrader_example.three_soldiers import ThreeSoldiers, ThreeSoldiersConfig

__all__ = ["Shelf", "ShelfConfig", "ThreeSoldiers", "ThreeSoldiersConfig"]


@hookimpl
def s1mple_signal_detectors() -> Sequence[Plugin[Any, WorkerProvision, SignalDetector]]:
    """Register the detector."""
    return (
        Plugin(
            name="three_soldiers",
            config=ThreeSoldiersConfig,
            build=ThreeSoldiers,
            summary="Several closes in a row, each above the one before.",
        ),
    )


@hookimpl
def s1mple_caches() -> Sequence[Plugin[Any, CacheProvision, ICache]]:
    """Register the cache."""
    return (
        Plugin(
            name="shelf",
            config=ShelfConfig,
            build=lambda config, _: Shelf(config),
            summary="Keeps copies in two dictionaries, with a small bound.",
        ),
    )
