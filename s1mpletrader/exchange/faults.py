"""Misbehaviour by a script: what goes wrong at which call, or in which time; never by chance."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from s1mpletrader.domain.instant import Instant
from s1mpletrader.exchange.clock import MILLISECOND_NS
from s1mpletrader.exchange.rules import Rules
from s1mpletrader.plugins.numbers import Positive
from s1mpletrader.ports.plugin import PluginConfig

RequestFaultKind = Literal["delay", "drop", "error", "html", "rate_limit", "rewrite"]
EventFaultKind = Literal["duplicate", "reorder", "lose", "hold", "rewrite", "garbage", "cut"]
StateFaultKind = Literal["maintenance", "replica_lag", "filters", "clock_skew", "key_revoked", "silent", "refuse_sockets"]

REQUEST_KINDS: Final = frozenset({"delay", "drop", "error", "html", "rate_limit", "rewrite"})
EVENT_KINDS: Final = frozenset({"duplicate", "reorder", "lose", "hold", "rewrite", "garbage", "cut"})
STATE_KINDS: Final = frozenset({"maintenance", "replica_lag", "filters", "clock_skew", "key_revoked", "silent", "refuse_sockets"})

CHANGEABLE_FILTERS: Final = frozenset(Rules.__struct_fields__) - {"orders_max", "algo_orders_max"}


class Fault(PluginConfig):
    """One misbehaviour. It acts within its time, on what its route names, at the calls that it counts.

    Requests (``route`` is ``"POST /api/v3/order"`` or ``"order.place"``):

    - ``delay``: waits ``delay_ms`` before the request is carried out, or, with ``commit = "first"``, before it is answered.
    - ``drop``: closes the connection without an answer; ``commit`` says whether the request is carried out ``never``, ``first``,
      or ``later``, after ``delay_ms``.
    - ``error``: answers ``status`` with ``code`` and ``message``; ``commit`` as above.
    - ``html``: answers 403 with an HTML page; ``commit`` as above.
    - ``rate_limit``: answers ``status`` 429 or 418 with ``Retry-After`` and carries nothing out.
    - ``rewrite``: answers with ``fields`` changed, in every record of a list.

    Events (``route`` is ``"executionReport"``, ``"kline"``, or another event's name):

    - ``duplicate``: sends the event twice. ``lose``: not at all. ``garbage``: half of its text. ``cut``: closes the socket.
    - ``reorder``: sends it after the next ``count`` events of the same connection. ``hold``: sends it ``delay_ms`` later.
    - ``rewrite``: sends it with ``fields`` changed.

    Time (no calls are counted):

    - ``maintenance``: ``symbol``, or every one, has the status ``BREAK``: no new orders, cancels go on.
    - ``replica_lag``: orders and trades of the last ``delay_ms`` are not seen by queries, or by that of ``route``.
    - ``filters``: ``symbol`` has other ``filters``, by the names of its keys in the configuration.
    - ``clock_skew``: the exchange's clock is ``skew_ms`` ahead, or, below zero, behind, for timestamps and the time it tells.
    - ``key_revoked``: ``key``, or every one, is refused with -2015, and its private streams end.
    - ``silent``: sockets stay open and nothing is sent on them. ``refuse_sockets``: none can be opened.
    """

    kind: RequestFaultKind | EventFaultKind | StateFaultKind
    route: str | None = None
    calls: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Which of the matching calls or events within the time, from 1 on; every one if left out."""
    account: str | None = None
    """Only for this account's requests and events."""
    from_ms: Annotated[int, Field(ge=0)] = 0
    """When it begins, from the exchange's opening, in the exchange's time."""
    until_ms: Annotated[int, Field(ge=0)] | None = None
    """When it ends."""
    commit: Literal["never", "first", "later"] = "never"
    delay_ms: Annotated[int, Field(ge=0)] = 0
    status: Annotated[int, Field(ge=400, le=599)] = 503
    code: int = -1007
    message: str = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
    retry_after_s: Annotated[int, Field(ge=1)] = 1
    count: Annotated[int, Field(ge=1)] = 1
    fields: dict[str, Any] = Field(default_factory=dict)
    symbol: str | None = None
    key: str | None = None
    skew_ms: int = 0
    filters: dict[str, Positive] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind not in STATE_KINDS and self.route is None:
            raise ValueError(f"a fault of kind {self.kind} needs a route")
        if self.kind in STATE_KINDS and self.calls:
            raise ValueError(f"a fault of kind {self.kind} counts no calls")
        if self.kind == "rate_limit" and self.status not in (418, 429):
            raise ValueError("a fault of kind rate_limit has the status 429 or 418")
        if self.kind == "filters" and not self.symbol:
            raise ValueError("a fault of kind filters needs a symbol")
        unknown = self.filters.keys() - CHANGEABLE_FILTERS
        if unknown:
            raise ValueError(
                f"there is no filter {', '.join(sorted(unknown))}; there are {', '.join(sorted(CHANGEABLE_FILTERS))}"
            )
        return self


def rewritten(content: Any, fields: Mapping[str, Any]) -> Any:
    """An event or an answer with fields changed, in every record of a list."""
    if isinstance(content, list):
        return [rewritten(each, fields) for each in content]
    return {**content, **fields}


class Fired(NamedTuple):
    """What a script has done: which fault, when, and at which of the calls that it counts."""

    fault: Fault
    at: Instant
    call: int


class FaultScript:
    """The faults of one exchange, with their counts. A test may add to it, and clear it, at any time."""

    def __init__(self, faults: Iterable[Fault], opened_at: Instant) -> None:
        self._opened_at = opened_at
        self._faults: list[Fault] = []
        self._counts: list[int] = []
        self.fired: list[Fired] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Let one more thing go wrong, its calls counted from now on."""
        self._faults.append(fault)
        self._counts.append(0)

    def prefer(self, fault: Fault) -> None:
        """The same, before everything else that could go wrong at the same call."""
        self._faults.insert(0, fault)
        self._counts.insert(0, 0)

    def remove(self, fault: Fault) -> None:
        """Let one thing go wrong no longer, if it still could."""
        for index in reversed([index for index, one in enumerate(self._faults) if one is fault]):
            del self._faults[index], self._counts[index]

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()
        self._counts.clear()

    def at_call(self, kinds: frozenset[str], route: str, account: str | None, at: Instant) -> Fault | None:
        """The first fault that acts at this call or event. Every fault that it matches counts it."""
        found = None
        for index, fault in enumerate(self._faults):
            if fault.kind not in kinds or fault.route != route or not self._is_on(fault, at):
                continue
            if fault.account is not None and fault.account != account:
                continue
            self._counts[index] += 1
            if found is None and (not fault.calls or self._counts[index] in fault.calls):
                found = fault
                self.fired.append(Fired(fault, at, self._counts[index]))
        return found

    def standing(self, kind: StateFaultKind, at: Instant) -> list[Fault]:
        """The faults of a kind that act at an instant."""
        return [fault for fault in self._faults if fault.kind == kind and self._is_on(fault, at)]

    def _is_on(self, fault: Fault, at: Instant) -> bool:
        since = at - self._opened_at
        begun = since >= fault.from_ms * MILLISECOND_NS
        return begun and (fault.until_ms is None or since < fault.until_ms * MILLISECOND_NS)
