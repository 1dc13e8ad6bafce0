"""What workers remember survives the process; what cannot be read is told, and begins anew."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.strategy import BoundCoupled, Strategy
from s1mpletrader.core.worker_state import WorkerStates, seen_to
from s1mpletrader.domain.facts import Key, Series
from s1mpletrader.domain.ids import RiskId
from s1mpletrader.domain.opinion import Risk, Severity
from s1mpletrader.plugins.stores.state import MemoryState
from tests.running import EXAMPLES, MEMORY

SERIES = Series("BTC/USDT", "1m")


class Peak(Struct, frozen=True, kw_only=True):
    highest: float = 0.0
    seen: tuple[int, ...] = ()


class Remembers:
    needs = (Key(*SERIES, "close"),)
    window = 1

    def __init__(self, version: int | None = None, initial: Any = None) -> None:
        self._initial = initial if initial is not None else Peak()
        if version is not None:
            self.state_version = version

    def initial(self) -> Any:
        return self._initial

    def step(self, state: Any, at: Any, view: Any) -> tuple[Any, Sequence[Any]]:
        return state, ()


def strategy(worker: Remembers, name: str = "peak") -> Strategy:
    (found,) = (
        BacktestContainer(configuration=load(EXAMPLES / "ema_cross.toml", [*MEMORY, "data.candles=50"])).strategies().values()
    )
    object.__setattr__(found, "coupled", (BoundCoupled(name, worker, SERIES, 0),))
    found.state.coupled[:] = [worker.initial()]
    return found


def risk(monitor: str = "peak") -> Risk:
    return Risk(
        id=RiskId("RSK_20220101_000000_0123456789abcdef"),
        monitor=monitor,
        kind="DRAWDOWN",
        severity=Severity.HIGH,
        symbol=None,
        detail="",
    )


class Kept:
    def __init__(self) -> None:
        self.state = MemoryState()
        self.alarms: list[str] = []

    def states(self) -> WorkerStates:
        return WorkerStates(self.state, "paper-main", self.alarms.append)


def test_what_was_remembered_comes_back_with_the_risks_that_stood() -> None:
    kept, before, after = Kept(), strategy(Remembers()), strategy(Remembers())
    before.state.coupled[0] = Peak(highest=12.5, seen=(1, 2))
    before.state.standing["peak", "DRAWDOWN", None] = risk()
    before.facts.at = 77
    kept.states().keep(before)
    kept.states().restore(after)
    assert after.state.coupled == [Peak(highest=12.5, seen=(1, 2))]
    assert after.state.standing == {("peak", "DRAWDOWN", None): risk()}
    assert seen_to(kept.state, "paper-main", "ema_cross") == 77
    assert kept.alarms == []


def test_nothing_is_written_where_nothing_has_changed() -> None:
    kept, one = Kept(), strategy(Remembers())
    states = kept.states()
    states.keep(one)
    first = kept.state.get("worker_state/paper-main/ema_cross")
    one.facts.at = 99
    states.keep(one)
    assert kept.state.get("worker_state/paper-main/ema_cross") == first
    one.state.coupled[0] = Peak(highest=1.0)
    states.keep(one)
    assert kept.state.get("worker_state/paper-main/ema_cross") != first


def test_another_version_begins_anew_and_is_told() -> None:
    kept, before, after = Kept(), strategy(Remembers()), strategy(Remembers(version=2))
    before.state.coupled[0] = Peak(highest=12.5)
    kept.states().keep(before)
    kept.states().restore(after)
    assert after.state.coupled == [Peak()]
    assert kept.alarms == ["ema_cross: peak remembers in version 1, and begins anew in 2"]


def test_a_body_of_another_shape_begins_anew_and_is_told() -> None:
    kept, before, after = Kept(), strategy(Remembers(initial=["a", "list"])), strategy(Remembers())
    kept.states().keep(before)
    kept.states().restore(after)
    assert after.state.coupled == [Peak()]
    (alarm,) = kept.alarms
    assert alarm.startswith("ema_cross: what peak remembered cannot be read, it begins anew")


def test_text_that_is_no_state_begins_anew_and_is_told() -> None:
    kept, after = Kept(), strategy(Remembers())
    kept.state.put("worker_state/paper-main/ema_cross", b"not json", expected_version=0)
    states = kept.states()
    states.restore(after)
    assert len(kept.alarms) == 1
    assert seen_to(kept.state, "paper-main", "ema_cross") is None
    after.state.coupled[0] = Peak(highest=3.0)
    states.keep(after)
    again = strategy(Remembers())
    kept.states().restore(again)
    assert again.state.coupled == [Peak(highest=3.0)]


def test_a_risk_of_a_monitor_that_is_gone_stands_no_more() -> None:
    kept, before, after = Kept(), strategy(Remembers()), strategy(Remembers(), name="another")
    before.state.standing["peak", "DRAWDOWN", None] = risk()
    kept.states().keep(before)
    kept.states().restore(after)
    assert after.state.standing == {}


def test_who_restores_is_told_whether_anything_was_remembered() -> None:
    kept = Kept()
    assert not kept.states().restore(strategy(Remembers()))
    before = strategy(Remembers())
    before.state.coupled[0] = Peak(highest=1.0)
    kept.states().keep(before)
    assert kept.states().restore(strategy(Remembers()))
    kept.state.put("worker_state/paper-main/ema_cross", b"not json", expected_version=1)
    assert not kept.states().restore(strategy(Remembers()))
    (alarm,) = kept.alarms
    assert alarm.startswith("ema_cross: what its workers remembered cannot be read, they begin anew: JSON")
