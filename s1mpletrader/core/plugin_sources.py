"""Where plugins come from: the entry points that installed distributions declare, read one by one."""

import re
from collections.abc import Callable, Collection, Iterator
from functools import partial
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Final, NamedTuple, TypeVar

from s1mpletrader.ports.hooks import PROJECT

_ENTRY_POINT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")

T = TypeVar("T")


class PluginSource(NamedTuple):
    """Where a plugin comes from: the entry point, and the distribution that declares it."""

    name: str
    package: str
    version: str

    def __str__(self) -> str:
        return f"{self.name!a} of {self.package} {self.version}"


class FoundPlugin(NamedTuple):
    """An entry point that has not been imported yet; ``fault`` where it cannot be."""

    source: PluginSource
    entry_point: EntryPoint | None
    fault: str | None = None

    def is_allowed(self, allow: Collection[str] | None) -> bool:
        """Whether an allow-list names the distribution or the entry point. None allows all, and built-ins always are."""
        package = normal_package(self.source.package)
        module = self.entry_point.value if self.entry_point is not None else ""
        built_in = package == PROJECT and module.startswith(f"{PROJECT}.")
        if allow is None or built_in or self.source.name in allow:
            return True
        return package in {normal_package(name) for name in allow}

    def load(self) -> object:
        """Import it."""
        if self.entry_point is None:
            raise ImportError(self.fault)
        return self.entry_point.load()


def installed() -> Iterator[FoundPlugin]:
    """The entry points of our group. Of a distribution that is on the path twice the first counts, as for the interpreter."""
    seen = set[str]()
    for distribution in distributions():
        entry_points, fault = attempt(partial(_declared, distribution))
        if entry_points == ():
            continue
        package, version = _identity(distribution)
        if normal_package(package) in seen:
            continue
        seen.add(normal_package(package))
        if fault is not None:
            yield FoundPlugin(PluginSource("?", package, version), None, f"its entry points cannot be read: {fault}")
        for entry_point in entry_points or ():
            yield FoundPlugin(PluginSource(entry_point.name, package, version), entry_point, _name_fault(entry_point.name))


def normal_package(package: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def attempt(action: Callable[[], T]) -> tuple[T, None] | tuple[None, str]:
    """Run foreign code: its value, or what it raised in one line. Only the user's interrupt passes."""
    try:
        return action(), None
    except KeyboardInterrupt:
        raise
    except BaseException as fault:  # noqa: BLE001  A foreign module may raise anything, SystemExit too, and must end nothing else.
        text = " ".join(str(fault).split())
        return None, f"{type(fault).__name__}: {text}" if text else type(fault).__name__


def _declared(distribution: Distribution) -> tuple[EntryPoint, ...]:
    # The text is looked at first, so that another package's broken entry points are not ours to report.
    if PROJECT not in (distribution.read_text("entry_points.txt") or ""):
        return ()
    return tuple(distribution.entry_points.select(group=PROJECT))


def _identity(distribution: Distribution) -> tuple[str, str]:
    """Name and version, also of a distribution whose metadata lacks them."""
    found, _ = attempt(lambda: (str(distribution.metadata["Name"]), str(distribution.metadata["Version"])))
    return found or ("None", "None")


def _name_fault(name: str) -> str | None:
    if _ENTRY_POINT_NAME.fullmatch(name):
        return None
    return "an entry point's name is ASCII letters, digits, _, - and ., and begins with a letter"
