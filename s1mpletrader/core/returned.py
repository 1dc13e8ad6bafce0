"""What plugins return, held to what their ports declare, at the place where it is used."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.errors import PluginFailed, WrongReturn
from s1mpletrader.domain.facts import Facts
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.opinion import RiskDraft, SignalDraft
from s1mpletrader.ports.algorithms import Advance, Amend, Cancel, Place, PlannedOrder, Replace
from s1mpletrader.ports.workers import ICoupled, SignalDetector

T = TypeVar("T")

_SEQUENCES: Final = (list, tuple)
_ABOUT_ONE: Final = (Cancel, Amend)


def drafts_of(plugin: str, method: str, given: Any, *kinds: type[T]) -> list[T]:
    """The drafts that a plugin gave; ``PluginFailed`` unless each is of one of these kinds."""
    if not isinstance(given, _SEQUENCES):
        given = _listed(plugin, method, given, kinds)
    for one in given:
        if not isinstance(one, kinds):
            raise wrong(plugin, method, one, f"a sequence of nothing but {_names(kinds)}")
    return list(given)


def _listed(plugin: str, method: str, given: Any, kinds: tuple[type, ...]) -> list[Any]:
    """What is neither a list nor a tuple, where it can be made one."""
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise wrong(plugin, method, given, f"a sequence of {_names(kinds)}")
    try:
        return list(given)
    except Exception as fault:
        raise PluginFailed(plugin, fault) from fault


def _names(kinds: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in kinds)


def stepped(plugin: str, worker: ICoupled[Any, Any], state: Any, facts: Facts, view: AccountView) -> tuple[Any, Any]:
    """A coupled worker's next state, and what it gave, for ``sort_drafts``; ``PluginFailed`` where it fails."""
    try:
        given: Any = worker.step(state, facts, view)
    except Exception as fault:
        raise PluginFailed(plugin, fault) from fault
    try:
        after, drafts = given
    except (TypeError, ValueError):
        raise wrong(plugin, "step", given, "a state and a sequence of drafts") from None
    return after, drafts


def detected(plugin: str, detector: SignalDetector, facts: Facts) -> list[tuple[str, SignalDraft]]:
    """What a detector sees now; ``PluginFailed`` where it fails."""
    try:
        given: Any = detector.detect(facts)
    except Exception as fault:
        raise PluginFailed(plugin, fault) from fault
    if not given and given is not None:
        return []
    return [(plugin, draft) for draft in drafts_of(plugin, "detect", given, SignalDraft)]


def sort_drafts(plugin: str, given: Any, risks: list[tuple[str, RiskDraft]], signals: list[tuple[str, SignalDraft]]) -> None:
    """Put what a coupled worker gave where it belongs."""
    for draft in drafts_of(plugin, "step", given, RiskDraft, SignalDraft):
        if isinstance(draft, RiskDraft):
            risks.append((plugin, draft))
        elif isinstance(draft, SignalDraft):
            signals.append((plugin, draft))


def wrong(plugin: str, method: str, given: object, expected: str) -> PluginFailed:
    """The failure of a plugin that returned something else than its port declares."""
    return PluginFailed(plugin, WrongReturn(method, given, expected))


def check_advance(method: str, given: Any, woken_at: Instant | None) -> None:
    """``WrongReturn`` unless all that an execution algorithm wants can be carried out."""
    if not isinstance(given, Advance):
        raise WrongReturn(method, given, "an Advance")
    if not isinstance(given.state, bytes):
        raise WrongReturn(method, given.state, "an Advance with bytes as its state")
    if woken_at is not None and given.wake_at is not None and given.wake_at <= woken_at:
        raise WrongReturn(method, given.wake_at, f"an Advance that is to be woken later than {woken_at}")
    for wish in given.commands:
        _check_wish(method, wish)


def _check_wish(method: str, wish: Any) -> None:
    planned: Any = ()
    if isinstance(wish, Place):
        planned = wish.orders
    elif isinstance(wish, Replace):
        planned = (wish.order,)
    elif not isinstance(wish, _ABOUT_ONE):
        raise WrongReturn(method, wish, "an Advance whose commands are Place, Cancel, Amend or Replace")
    for one in planned:
        if not isinstance(one, PlannedOrder):
            raise WrongReturn(method, one, "an Advance that places nothing but PlannedOrder")
