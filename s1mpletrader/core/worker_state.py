"""Worker state that survives: what coupled workers remember, and the risks that stand, kept after each turn that changed them."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from msgspec import DecodeError, Struct, ValidationError, convert, json, to_builtins

from s1mpletrader.core.strategy import BoundCoupled, Strategy
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.opinion import Risk
from s1mpletrader.ports.state import IState

STATE_VERSION_DEFAULT: Final = 1
"""The version of a worker's state where the worker declares none (as ``state_version``)."""


class KeptState(Struct, frozen=True, kw_only=True):
    """One coupled worker's state."""

    name: str
    version: int
    body: Any


class KeptStates(Struct, frozen=True, kw_only=True):
    """What one strategy remembers."""

    closed_at: Instant
    """When the last candle that they have seen closed."""
    workers: tuple[KeptState, ...]
    standing: tuple[Risk, ...]


Remembered: TypeAlias = tuple[tuple[KeptState, ...], tuple[Risk, ...]]

NOTHING: Final[Remembered] = ((), ())


class WorkerStates:
    """Keeps and restores the declared state of strategies."""

    def __init__(self, state: IState, book: str, alarm: Callable[[str], None]) -> None:
        self._state = state
        self._book = book
        self._alarm = alarm
        self._kept: dict[str, tuple[Remembered, int]] = {}

    def restore(self, strategy: Strategy) -> bool:
        """Give a strategy back what it remembered; False where nothing is kept.

        A worker whose state has another version begins anew, and that is told.
        """
        found = self._state.get(_key(self._book, strategy.name))
        if found is None:
            return False
        self._kept[strategy.name] = (NOTHING, found.version)
        try:
            kept = json.decode(found.value, type=KeptStates)
        except (DecodeError, ValidationError) as fault:
            self._alarm(f"{strategy.name}: what its workers remembered cannot be read, they begin anew: {fault}")
            return False
        bodies = {one.name: one for one in kept.workers}
        for number, bound in enumerate(strategy.coupled):
            if bound.name in bodies:
                self._restore_one(strategy, number, bound, bodies[bound.name])
        monitors = {bound.name for bound in strategy.coupled}
        strategy.state.standing.update({(r.monitor, r.kind, r.symbol): r for r in kept.standing if r.monitor in monitors})
        return True

    def keep(self, strategy: Strategy) -> None:
        """Store what a strategy remembers, where it has changed."""
        states = zip(strategy.coupled, strategy.state.coupled, strict=True)
        workers = tuple(KeptState(name=bound.name, version=_version(bound), body=to_builtins(s)) for bound, s in states)
        standing = tuple(strategy.state.standing.values())
        remembered = (workers, standing)
        before, version = self._kept.get(strategy.name, (NOTHING, 0))
        if remembered == before:
            return
        value = json.encode(KeptStates(closed_at=strategy.facts.at, workers=workers, standing=standing))
        version = self._state.put(_key(self._book, strategy.name), value, expected_version=version)
        self._kept[strategy.name] = (remembered, version)

    def _restore_one(self, strategy: Strategy, number: int, bound: BoundCoupled, kept: KeptState) -> None:
        initial = bound.worker.initial()
        if kept.version != _version(bound):
            self._alarm(
                f"{strategy.name}: {bound.name} remembers in version {kept.version}, and begins anew in {_version(bound)}"
            )
            return
        try:
            strategy.state.coupled[number] = None if initial is None else convert(kept.body, type(initial))
        except ValidationError as fault:
            self._alarm(f"{strategy.name}: what {bound.name} remembered cannot be read, it begins anew: {fault}")


def seen_to(state: IState, book: str, strategy: str) -> Instant | None:
    """When the last candle closed before a strategy's workers last remembered anything; None where nothing is kept."""
    found = state.get(_key(book, strategy))
    try:
        return None if found is None else json.decode(found.value, type=KeptStates).closed_at
    except (DecodeError, ValidationError):
        return None


def _key(book: str, strategy: str) -> str:
    return f"worker_state/{book}/{strategy}"


def _version(bound: BoundCoupled) -> int:
    return int(getattr(bound.worker, "state_version", STATE_VERSION_DEFAULT))
