"""A plugin that returns what its port does not declare ends a backtest with one sentence: whose, which method, what, what for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from dependency_injector import providers

from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.planning import Named
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.domain.errors import PluginFailed, WrongReturn
from s1mpletrader.domain.opinion import Direction, SignalDraft
from s1mpletrader.ports.algorithms import Advance, Place
from tests.running import EXAMPLES, MEMORY


class Returning:
    """A plugin one of whose methods returns what it is told, whatever it is asked."""

    def __init__(self, plugin: Any, method: str, value: Any) -> None:
        self._plugin = plugin
        self._method = method
        self._value = value

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plugin, name) if name != self._method else lambda *given: self._value


class Case(NamedTuple):
    """A part of a strategy, the method that is wrong, what it returns, and what is said of it."""

    part: str
    method: str
    value: Any
    said: str
    skip: bool = True


SIGNAL = SignalDraft(symbol="BTC/USDT", direction=Direction.LONG, kind="up", confidence=1.0)
DRAFTS = "expected a sequence of nothing but RiskDraft or SignalDraft"
CASES = [
    Case("detectors", "detect", "up", r"detect returned 'up' \(str\), expected a sequence of SignalDraft"),
    Case("detectors", "detect", None, r"detect returned None \(NoneType\), expected a sequence of SignalDraft", skip=False),
    Case("detectors", "detect", 7, r"detect returned 7 \(int\), expected a sequence of SignalDraft"),
    Case("detectors", "detect", {"up": 1}, r"detect returned {'up': 1} \(dict\), expected a sequence of SignalDraft"),
    Case("detectors", "detect", [SIGNAL, "up"], "detect returned 'up' .str., expected a sequence of nothing but SignalDraft"),
    Case("detectors", "candidates", [True], r"candidates returned \[True\] \(list\), expected 600 flags, one for each row"),
    Case("detectors", "candidates", True, r"candidates returned True \(bool\), expected 600 flags, one for each row"),
    Case("coupled", "step", None, r"step returned None \(NoneType\), expected a state and a sequence of drafts", skip=False),
    Case("coupled", "step", (1, 2, 3), r"step returned \(1, 2, 3\) \(tuple\), expected a state and a sequence", skip=False),
    Case("coupled", "step", ((), "danger"), "step returned 'danger' .str., expected a sequence of RiskDraft or Sig", skip=False),
    Case("coupled", "step", ((), [None]), f"step returned None .NoneType., {DRAFTS}", skip=False),
    Case("coupled", "quiet", None, r"quiet returned None \(NoneType\), expected a state and a row from \d+ to \d+"),
    Case("coupled", "quiet", ((), -1), r"quiet returned \(\(\), -1\) \(tuple\), expected a state and a row from \d+ to \d+"),
    Case("coupled", "quiet", ((), "now"), r"quiet returned \(\(\), 'now'\) \(tuple\), expected a state and a row from"),
    Case("workers", "columns", [1.0], r"columns returned \[1.0\] \(list\), expected 600 numbers for BTC/USDT"),
    Case("workers", "begin", lambda row: 1.5, r"its update returned 1.5 \(float\), expected None or 1 numbers", skip=False),
    Case("workers", "begin", lambda row: ("a",), r"its update returned \('a',\) \(tuple\), expected None or 1 num", skip=False),
    Case("planner", "plan", None, r"plan returned None \(NoneType\), expected a sequence of DirectiveDraft or RefusalDraft"),
    Case(
        "planner", "plan", [{}], r"plan returned {} \(dict\), expected a sequence of nothing but DirectiveDraft or RefusalDraft"
    ),
    Case("entry", "plan", None, r"plan returned None \(NoneType\), expected EntryPlanDraft, NOTHING or RefusalDraft"),
    Case("exit", "plan", (), r"plan returned \(\) \(tuple\), expected ExitPlanDraft, NOTHING or RefusalDraft"),
    Case("size", "plan", 0.5, r"plan returned 0.5 \(float\), expected SizePlanDraft, NOTHING or RefusalDraft"),
    Case("execution", "plan", {"algorithm": "x"}, r"plan returned {.*} \(dict\), expected ExecutionPlanDraft, NOTHING or Ref"),
    Case("gates", "check", True, r"check returned True \(bool\), expected None or a GateRefusal"),
    Case("gates", "check", False, r"check returned False \(bool\), expected None or a GateRefusal"),
    Case("algorithm", "begin", (), r"begin returned \(\) \(tuple\), expected an Advance"),
    Case("algorithm", "begin", Advance(state="s"), r"begin returned 's' \(str\), expected an Advance with bytes"),  # type: ignore[arg-type]
    Case("algorithm", "advance", None, r"advance returned None \(NoneType\), expected an Advance"),
    Case("algorithm", "advance", Advance(commands=("sell",)), r"advance returned 'sell' \(str\), expected an Adv"),  # type: ignore[arg-type]
    Case("algorithm", "advance", Advance(commands=(Place(orders=("a",)),)), r"advance returned 'a' \(str\), expected"),  # type: ignore[arg-type]
    Case("algorithm", "planned_quantity", 1.0, r"planned_quantity returned 1.0 \(float\), expected a Decimal"),
]


def spoilt(strategy: Strategy, case: Case) -> Strategy:
    """The strategy, the first of whose parts of this kind returns what it should not."""

    def bad(plugin: Any) -> Returning:
        return Returning(plugin, case.method, case.value)

    part, planning = case.part, strategy.planning
    if part in BOUND:
        first, *others = getattr(strategy, part)
        whole: dict[str, Any] = {part: (first._replace(**{BOUND[part]: bad(getattr(first, BOUND[part]))}), *others)}
        return replace(strategy, **whole)
    if part == "planner":
        return replace(strategy, planning=replace(planning, planner=Named(planning.planner.name, bad(planning.planner.plugin))))
    given = getattr(planning, part) or (Named("late", object()),)
    first, *others = given
    changed: dict[str, Any] = {part: (first._replace(plugin=bad(first.plugin)), *others)}
    return replace(strategy, planning=replace(planning, **changed))


BOUND: Mapping[str, str] = {"detectors": "detector", "coupled": "worker", "workers": "worker"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.part} {case.method} {type(case.value).__name__}")
def test_what_a_plugin_returns_wrongly_is_said(case: Case) -> None:
    example, count = ("twap.toml", 3000) if case.method == "planned_quantity" else ("breakout.toml", 600)
    small = [*MEMORY, f"data.0.candles={count}", f"engine.skip={str(case.skip).lower()}"]
    container = BacktestContainer(configuration=load(EXAMPLES / example, small))
    if case.part == "algorithm":
        algorithms = dict(container.algorithms())
        container.algorithms.override(
            providers.Object({name: Returning(one, case.method, case.value) for name, one in algorithms.items()})
        )
    else:
        strategies = {name: spoilt(one, case) for name, one in container.strategies().items()}
        container.strategies.override(providers.Object(strategies))
    with pytest.raises(PluginFailed, match=rf"^\w+ failed: WrongReturn: {case.said}") as ended:
        container.backtest().run()
    assert isinstance(ended.value.fault, WrongReturn)
