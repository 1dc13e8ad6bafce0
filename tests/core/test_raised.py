"""A worker that raises ends a backtest with its name, and with what it raised, whatever form it was asked in."""

from dataclasses import replace
from typing import Any

import pytest
from dependency_injector import providers

from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.domain.errors import PluginFailed
from tests.running import EXAMPLES, MEMORY

from .test_events import CLOSE, Loud, Room, news

BOUND = {"detectors": "detector", "coupled": "worker", "workers": "worker"}
FAULT = LookupError("where is it?")


class Raising:
    """A plugin one of whose methods fails."""

    def __init__(self, plugin: Any, method: str) -> None:
        self._plugin = plugin
        self._method = method

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plugin, name) if name != self._method else self._fail

    def _fail(self, *_: object) -> None:
        raise FAULT


def spoilt(strategy: Strategy, part: str, method: str) -> Strategy:
    """The strategy, the first of whose parts of this kind fails."""
    first, *others = getattr(strategy, part)
    worker = BOUND[part]
    changed: dict[str, Any] = {part: (first._replace(**{worker: Raising(getattr(first, worker), method)}), *others)}
    return replace(strategy, **changed)


@pytest.mark.parametrize(
    ("part", "method", "skip"),
    [
        ("detectors", "detect", False),
        ("detectors", "detect", True),
        ("detectors", "candidates", True),
        ("coupled", "step", False),
        ("coupled", "quiet", True),
        ("workers", "columns", True),
        ("workers", "begin", False),
    ],
)
def test_what_a_worker_raises_is_said_in_its_name(part: str, method: str, *, skip: bool) -> None:
    overrides = [*MEMORY, "data.0.candles=600", f"engine.skip={str(skip).lower()}"]
    container = BacktestContainer(configuration=load(EXAMPLES / "breakout.toml", overrides))
    strategies = dict(container.strategies())
    ((name, strategy),) = strategies.items()
    container.strategies.override(providers.Object({name: spoilt(strategy, part, method)}))
    with pytest.raises(PluginFailed) as failed:
        container.backtest().run()
    plugin = getattr(strategy, part)[0].name
    assert (failed.value.plugin, failed.value.fault) == (plugin, FAULT)
    assert str(failed.value) == f"{plugin} failed: LookupError: where is it?"


def test_what_a_detector_of_events_raises_is_said_in_its_name() -> None:
    room = Room(Loud("wire"), Raising(Loud("wire", needs=(CLOSE,)), "detect"))  # type: ignore[arg-type]
    with pytest.raises(PluginFailed) as failed:
        room.desk.take(news("wire", 5))
    assert (failed.value.plugin, failed.value.fault, failed.value.__cause__) == ("d1", FAULT, FAULT)
