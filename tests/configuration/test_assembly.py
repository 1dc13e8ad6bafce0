"""Assembling a strategy: what only shows once the workers are built."""

from typing import Any

import pytest

from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.plugins.workers.crossover import Crossover
from tests.running import EXAMPLES, MEMORY


def test_a_worker_that_reads_nothing_would_never_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    build = Crossover.__init__

    def reads_nothing(self: Crossover, *given: Any) -> None:
        build(self, *given)
        self.needs = ()

    monkeypatch.setattr(Crossover, "__init__", reads_nothing)
    container = BacktestContainer(configuration=load(EXAMPLES / "ema_cross.toml", [*MEMORY, "data.candles=50"]))
    with pytest.raises(ConfigurationError, match=r"ema_cross\.toml: \[\[signal\]\] #1: crossover reads no fact"):
        container.strategies()
