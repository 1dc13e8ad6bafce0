"""A plugin that breaks: a live run goes on without its strategy's decisions, and a backtest ends and says which one it was."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import pytest
from dependency_injector import providers

from s1mpletrader.analysis import audit_store
from s1mpletrader.configuration import Portfolio, load
from s1mpletrader.container import BacktestContainer, live_run
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.narrator import troubles
from s1mpletrader.core.planning import Named, Planning
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.domain.directives import ExecutionDirective, Stage
from s1mpletrader.domain.errors import PluginFailed, Unavailable
from s1mpletrader.domain.reasons import EntryKind, SealedEntry
from s1mpletrader.ports.ledger import ILedgerReader
from s1mpletrader.ports.planners import GateRefusal, Situation
from s1mpletrader.ports.status import LiveStatus
from tests.live.virtual_loop import run_virtually
from tests.running import EXAMPLES, MEMORY

Armed = Callable[[], bool]


class Answer(Exception):
    """Not raised, but returned: what a plugin may not return."""

    def __init__(self, value: object) -> None:
        self.value = value


class Poisoned:
    """A plugin that raises in one of its methods from the time on at which it is armed, or returns what it may not."""

    def __init__(self, plugin: Any, method: str, armed: Armed, fault: BaseException) -> None:
        self._plugin = plugin
        self._method = method
        self._armed = armed
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        sound = getattr(self._plugin, name)
        if name != self._method:
            return sound

        def call(*given: Any) -> Any:
            if self._armed():
                if isinstance(self._fault, Answer):
                    return self._fault.value
                raise self._fault
            made = sound(*given)
            return self._poisoned_update(made) if name == "begin" else made

        return call

    def _poisoned_update(self, update: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def call(row: Any) -> Any:
            if self._armed():
                raise self._fault
            return update(row)

        return call


def _bound(field: str, part: str, method: str) -> Callable[[Strategy, Armed, BaseException], Strategy]:
    """Poison the first of a strategy's bound workers."""

    def poison(strategy: Strategy, armed: Armed, fault: BaseException) -> Strategy:
        first, *others = getattr(strategy, field)
        bad = first._replace(**{part: Poisoned(getattr(first, part), method, armed, fault)})
        changes: dict[str, Any] = {field: (bad, *others)}
        return replace(strategy, **changes)

    return poison


def _planner(strategy: Strategy, armed: Armed, fault: BaseException) -> Strategy:
    name, plugin = strategy.planning.planner
    return _planned(strategy, planner=Named(name, Poisoned(plugin, "plan", armed, fault)))


def _sizer(strategy: Strategy, armed: Armed, fault: BaseException) -> Strategy:
    first, *others = strategy.planning.size
    return _planned(strategy, size=(first._replace(plugin=Poisoned(first.plugin, "plan", armed, fault)), *others))


def _gate(strategy: Strategy, armed: Armed, fault: BaseException) -> Strategy:
    """A gate that fails where it is asked about a leg whose turn has come: then no signal is new."""

    class Gate:
        def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
            if not situation.signals and armed():
                raise fault
            return None

    return _planned(strategy, gates=(Named("late", Gate()), *strategy.planning.gates))


def _planned(strategy: Strategy, **changes: Any) -> Strategy:
    planning: Planning = replace(strategy.planning, **changes)
    return replace(strategy, planning=planning)


PARTS: Mapping[str, tuple[str, Callable[[Strategy, Armed, BaseException], Strategy]]] = {
    "context worker": ("range_high", _bound("workers", "worker", "begin")),
    "detector": ("breakout", _bound("detectors", "detector", "detect")),
    "coupled worker": ("drawdown", _bound("coupled", "worker", "step")),
    "strategy planner": ("weighing", _planner),
    "size planner": ("risk_percent", _sizer),
}
LATE_GATE: Mapping[str, tuple[str, Callable[[Strategy, Armed, BaseException], Strategy]]] = {"late gate": ("late", _gate)}
"""For a batch whose legs follow one another."""


class Ended(NamedTuple):
    """What a run came to."""

    ledger: ILedgerReader
    entries: list[SealedEntry]
    status: LiveStatus
    metrics: Metrics
    violations: tuple[Any, ...]


def alarms(entries: list[SealedEntry]) -> list[SealedEntry]:
    return [entry for entry in entries if entry.kind is EntryKind.ALARM]


def decisions(entries: list[SealedEntry], strategy: str) -> list[int]:
    """When a strategy has decided something."""
    reasons = [(entry.at, read_reasons(entry)) for entry in entries]
    return [at for at, one in reasons if one.origin is not None and one.strategy == strategy]


async def on_paper(
    portfolio: Portfolio,
    part: str | None,
    fault: BaseException,
    *,
    from_the_start: bool = False,
    when: Callable[[ILedgerReader], bool] | None = None,
    algorithm: str | None = None,
) -> Ended:
    """A paper run whose first strategy has a part that breaks as soon as something has filled, or as ``when`` says."""
    async with live_run(portfolio) as container:
        ledger, journal = container.ledger(), container.journal()
        strategies = dict(container.strategies())
        if part is not None:
            name = next(iter(strategies))
            armed = (lambda: True) if from_the_start else lambda: any(one.intent.strategy == name for one in filled(ledger))
            if when is not None:
                armed = partial(when, ledger)
            strategies[name] = {**PARTS, **LATE_GATE}[part][1](strategies[name], armed, fault)
            container.strategies.override(providers.Object(strategies))
        if algorithm is not None:
            broken = {
                key: Poisoned(one, "advance", lambda: any(ledger.fills()), fault) if key == algorithm else one
                for key, one in container.flows.algorithms().items()
            }
            container.flows.algorithms.override(providers.Object(broken))
        run = container.run()
        await run.run(asyncio.Event())
        entries = list(journal.entries(run.identity.run))
        return Ended(ledger, entries, run.status(), container.metrics(), audit_store([ledger], journal).violations)


def filled(ledger: ILedgerReader) -> list[Any]:
    return [order for order in ledger.orders() if order.filled_quantity]


def breakout(*overrides: str) -> Portfolio:
    return load(EXAMPLES / "breakout.toml", [*MEMORY, "recording.plugin=none", "data.0.candles=600", *overrides])


@pytest.mark.parametrize("part", PARTS)
def test_a_broken_plugin_silences_its_strategy_and_leaves_what_it_has_open(part: str) -> None:
    ended = run_virtually(on_paper(breakout("environment.mode=paper"), part, ValueError("bad luck")))
    plugin = PARTS[part][0]
    (alarm,) = alarms(ended.entries)
    assert read_reasons(alarm).text == f"breakout decides nothing any more: {plugin} failed: ValueError: bad luck"
    assert ended.metrics.alarms == 1
    assert max(decisions(ended.entries, "breakout")) <= alarm.at
    (status,) = ended.status.strategies
    assert status.quarantine == f"{plugin} failed: ValueError: bad luck"
    assert troubles(ended.status)["strategy breakout"].endswith("bad luck")
    exits = [entry.at for entry in ended.entries if entry.kind is EntryKind.FILLED]
    assert max(exits) > alarm.at, "the protective orders go on"
    assert (status.positions, status.open_orders) == ((), ())
    assert ended.entries[-1].kind is EntryKind.RUN_ENDED
    assert not ended.violations


@pytest.mark.parametrize("part", ["context worker", "coupled worker"])
def test_a_plugin_may_be_broken_while_the_past_is_read(part: str) -> None:
    portfolio = breakout("environment.mode=paper")
    ended = run_virtually(on_paper(portfolio, part, ValueError("bad luck"), from_the_start=part == "coupled worker"))
    assert len(alarms(ended.entries)) == 1
    assert ended.entries[-1].kind is EntryKind.RUN_ENDED


def test_other_strategies_go_on_as_if_nothing_had_happened() -> None:
    portfolio = load(
        EXAMPLES / "portfolio.toml", [*MEMORY, "recording.plugin=none", "data.0.candles=600", "environment.mode=paper"]
    )
    sound = run_virtually(on_paper(portfolio, None, ValueError()))
    broken = run_virtually(on_paper(portfolio, "strategy planner", ValueError("bad luck")))
    first, *others = [status.name for status in broken.status.strategies]
    assert [status.quarantine is None for status in broken.status.strategies] == [False, True, True]
    assert len(decisions(broken.entries, first)) < len(decisions(sound.entries, first))
    for name in others:
        assert decisions(broken.entries, name) == decisions(sound.entries, name)
        assert decisions(sound.entries, name)
    assert not broken.violations


@pytest.mark.parametrize("part", ["detector", "coupled worker", "strategy planner", "size planner"])
def test_what_a_plugin_returns_wrongly_silences_its_strategy_as_well(part: str) -> None:
    ended = run_virtually(on_paper(breakout("environment.mode=paper"), part, Answer("up")))
    (alarm,) = alarms(ended.entries)
    (status,) = ended.status.strategies
    failed = f"{PARTS[part][0]} failed: WrongReturn: "
    assert f"{read_reasons(alarm).text}".startswith(f"breakout decides nothing any more: {failed}")
    assert f"{status.quarantine}".startswith(failed)
    assert ended.entries[-1].kind is EntryKind.RUN_ENDED
    assert not ended.violations


@pytest.mark.parametrize("fault", [ValueError("bad luck"), Answer(())])
def test_an_algorithm_that_breaks_gives_up_its_group_and_its_strategy_decides_nothing_any_more(fault: Exception) -> None:
    portfolio = load(
        EXAMPLES / "portfolio.toml", [*MEMORY, "recording.plugin=none", "data.0.candles=600", "environment.mode=paper"]
    )
    ended = run_virtually(on_paper(portfolio, None, fault, algorithm="bracket"))
    texts = [f"{read_reasons(alarm).text}" for alarm in alarms(ended.entries)]
    first, *_ = [text for text in texts if "it attends no more to its orders of TRD_" in text]
    assert first.startswith("bracket failed: ")
    silent = {status.name: status.quarantine for status in ended.status.strategies if status.quarantine is not None}
    assert silent
    assert all(f"{name} decides nothing any more: {failure}" in texts for name, failure in silent.items())
    refused = [one for entry in ended.entries for one in read_reasons(entry).refusals if one.code == "PLUGIN_FAILED"]
    assert {one.by for one in refused} == {"bracket"}
    assert ended.entries[-1].kind is EntryKind.RUN_ENDED
    assert not ended.violations


def test_a_ledger_that_an_algorithm_cannot_read_ends_the_run_and_no_group() -> None:
    quick = ("recording.plugin=none", "data.0.candles=600", "environment.mode=paper")
    portfolio = load(EXAMPLES / "portfolio.toml", [*MEMORY, *quick])
    with pytest.raises(Unavailable, match="busy"):
        run_virtually(on_paper(portfolio, None, Unavailable("the store is busy"), algorithm="bracket"))


def test_what_is_no_exception_of_a_plugin_ends_the_run() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_virtually(on_paper(breakout("environment.mode=paper"), "detector", KeyboardInterrupt()))


@pytest.mark.parametrize("part", [part for part in PARTS if part != "context worker"])
def test_in_a_backtest_it_ends_the_run_and_is_named(part: str) -> None:
    container = BacktestContainer(configuration=breakout())
    strategies = dict(container.strategies())
    strategies["breakout"] = PARTS[part][1](strategies["breakout"], lambda: True, ValueError("bad luck"))
    container.strategies.override(providers.Object(strategies))
    with pytest.raises(PluginFailed, match=f"{PARTS[part][0]} failed: ValueError: bad luck") as ended:
        container.backtest().run()
    assert isinstance(ended.value.__cause__, ValueError)


def sequence(*overrides: str) -> Portfolio:
    data = ("data.0.candles=1500", "data.1.candles=1500", "batch.policy=SEQUENTIAL")
    return load(EXAMPLES / "pairs.toml", [*MEMORY, "recording.plugin=none", *data, *overrides])


def test_a_gate_may_be_broken_when_a_later_leg_s_turn_comes() -> None:
    ended = run_virtually(on_paper(sequence("environment.mode=paper"), "late gate", ValueError("bad luck")))
    failed = "late failed: ValueError: bad luck"
    (alarm,) = alarms(ended.entries)
    assert read_reasons(alarm).text == f"pairs decides nothing any more: {failed}"
    refusals = [one for entry in ended.entries for one in read_reasons(entry).refusals if one.code == "PLUGIN_FAILED"]
    assert [(one.stage, one.by, one.detail) for one in refusals] == [(Stage.RISK_GATE, "late", failed)]
    assert refusals[0].plans.size is not None
    (status,) = ended.status.strategies
    assert (status.quarantine, status.positions, status.open_orders) == (failed, (), ()), "the leg before it is taken back"
    assert max(decisions(ended.entries, "pairs")) <= alarm.at
    assert ended.entries[-1].kind is EntryKind.RUN_ENDED
    assert not ended.violations


def test_no_later_leg_of_a_strategy_in_quarantine_begins() -> None:
    portfolio = sequence("environment.mode=paper", "entry.plugin=limit", "entry.offset_percent=0.25", "batch.time_limit=2h")
    waits = on_paper(portfolio, "coupled worker", ValueError("bad luck"), when=lambda ledger: any(ledger.orders(live=True)))
    ended = run_virtually(waits)
    refused = [one for entry in ended.entries for one in read_reasons(entry).refusals if one.code == "PLUGIN_FAILED"]
    assert [one.by for one in refused] == ["pairs"]
    (status,) = ended.status.strategies
    assert (status.positions, status.open_orders) == ((), ()), "the leg that had filled is taken back"
    assert not ended.violations


def test_in_a_backtest_a_gate_that_breaks_at_a_later_leg_s_turn_ends_the_run() -> None:
    container = BacktestContainer(configuration=sequence())
    strategies = dict(container.strategies())
    strategies["pairs"] = _gate(strategies["pairs"], lambda: True, ValueError("bad luck"))
    container.strategies.override(providers.Object(strategies))
    with pytest.raises(PluginFailed, match=r"failed: ValueError: bad luck$"):
        container.backtest().run()
