"""Which worker needs which fact, and the order in which context workers can run."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Generic, TypeVar

from s1mpletrader.configuration.nearest import nearest
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.facts import Key, Series

W = TypeVar("W")


@dataclass(frozen=True, kw_only=True)
class FactUser(Generic[W]):
    """A built worker with the facts that it reads and makes, and where its table stands."""

    place: str
    name: str
    needs: tuple[Key, ...]
    gives: tuple[Key, ...] = ()
    worker: W


def order_workers(workers: Sequence[FactUser[W]], candles: Collection[Key]) -> tuple[FactUser[W], ...]:
    """The workers, each after those whose facts it needs; otherwise in their own order, so the same on every machine.

    A ``ConfigurationError`` names a fact that two give, one that nobody gives with the nearest that there is, or a circle.
    """
    givers = _givers(workers, candles)
    known = {*candles, *givers}
    check_needs(workers, known)
    needs = {index: {givers[key] for key in user.needs if key in givers} for index, user in enumerate(workers)}
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as fault:
        circle = [workers[index] for index in fault.args[1]]
        names = " -> ".join(user.name for user in circle)
        raise ConfigurationError(circle[0].place, f"these workers need each other's facts in a circle: {names}") from None
    order: list[int] = []
    ready = sorted(sorter.get_ready())
    while ready:
        index, *ready = ready
        order.append(index)
        sorter.done(index)
        ready = sorted([*ready, *sorter.get_ready()])
    return tuple(workers[index] for index in order)


def check_needs(users: Sequence[FactUser[W]], known: Collection[Key]) -> None:
    """Raise a ``ConfigurationError`` for the first fact that a worker needs and nobody gives."""
    for user in users:
        for key in user.needs:
            if key not in known:
                raise ConfigurationError(
                    user.place, f"{user.name} needs the fact {str(key)!r}, which nobody gives", _hint(key, known)
                )


def _givers(workers: Sequence[FactUser[W]], candles: Collection[Key]) -> dict[Key, int]:
    givers: dict[Key, int] = {}
    for index, user in enumerate(workers):
        for key in user.gives:
            if key in candles:
                raise ConfigurationError(
                    user.place, f"{user.name} gives {str(key)!r}, which the candles have", "give it another name"
                )
            if key in givers:
                other = workers[givers[key]]
                raise ConfigurationError(
                    user.place, f"{user.name} gives {str(key)!r}, as {other.name} does", "give it another name"
                )
            givers[key] = index
    return givers


def _hint(key: Key, known: Collection[Key]) -> str | None:
    """The nearest fact, by its name alone among those of the same series, else in full."""
    beside = [other.name for other in known if other.series == key.series]
    return nearest(key.name, beside) if beside else nearest(str(key), map(str, known)) or _offered(known)


def _offered(known: Collection[Key]) -> str:
    series: set[Series] = {key.series for key in known}
    return f"there are facts of {', '.join(sorted(map(str, series)))}"
