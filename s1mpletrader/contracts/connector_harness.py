"""What a test gives the execution connector's contract."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from s1mpletrader.api import ExchangeReply, IExecutionConnector, Instant, ListKind, OrderDetails, OrderId, OrderRef

T = TypeVar("T")


class Waits(Protocol):
    """Awaits a call to the connector."""

    async def __call__(self, call: Coroutine[Any, Any, T], /) -> T:
        """What the call returns, or raises."""
        ...


async def _nothing() -> None:
    """A harness that holds nothing has nothing to release."""


async def _at_once(call: Coroutine[Any, Any, T], /) -> T:
    """Where time passes by itself, nothing else has to be done meanwhile."""
    return await call


@dataclass(frozen=True, kw_only=True)
class ConnectorHarness:
    """A connector, and the world behind it. What is None is not declared, and the laws that need it are skipped by its name."""

    connector: IExecutionConnector
    details: OrderDetails
    """A limit order of at least four lots that the venue accepts, that can be filled in parts, and that rests."""
    known_orders: set[OrderId]
    """What the ledger knows as submitted: the connector's ``is_submitted`` looks here, and the laws add to it."""
    sent_count: Callable[[], int]
    """How many requests that could change an order have left so far."""
    collect: Callable[[], Awaitable[Sequence[ExchangeReply]]]
    """What the connector has told unasked since the last call, once the world has come to rest; nothing while disconnected."""
    now: Callable[[], Instant]
    """The present as the connector's clock has it."""
    secrets: tuple[str, ...]
    """Keys and passwords that it was built with, to be looked for in what it writes; empty for one that has none."""
    venue_now: Callable[[], Instant] | None = None
    """The present as the venue's clock has it, where that is another one."""
    batch: tuple[tuple[OrderDetails, ...], ListKind] | None = None
    """Linked orders that the venue accepts as one and that rest; at least two."""
    fill_part: Callable[[OrderRef], Awaitable[None]] | None = None
    """The market fills a part of the resting order, not all; twice at least."""
    fill_rest: Callable[[OrderRef], Awaitable[None]] | None = None
    """The market fills what is left of the resting order."""
    fail_before_send: Callable[[], None] | None = None
    """The next request that could change an order fails before it leaves."""
    lose_answer: Callable[[bool], None] | None = None
    """The next request that could change an order leaves and its answer is lost; the flag tells whether the venue got it."""
    ack_after_fill: Callable[[], None] | None = None
    """The next submission is filled whole, and its fill pushed, before its acknowledgement arrives."""
    push_again: Callable[[], Awaitable[None]] | None = None
    """The venue pushes its latest fill a second time."""
    disconnect: Callable[[], Awaitable[None]] | None = None
    """The private stream is lost."""
    reconnect: Callable[[], Awaitable[None]] | None = None
    """The private stream comes back."""
    restart: Callable[[], Awaitable[IExecutionConnector]] | None = None
    """Close the connector and build another on the same world; from then on the harness speaks of the new one."""
    place_foreign_order: Callable[[], Awaitable[str]] | None = None
    """Somebody else places a resting order on the account; returns the venue's id of it."""
    wait: Waits = _at_once
    """How a call to the connector is awaited. Where time is the test's own, it has to pass meanwhile."""
    settle: Callable[[], Awaitable[None]] | None = None
    """For a venue that fails on its own: let time pass until the connector is well again, nothing that was sent can still arrive,
    and all that was in doubt has been asked for.

    Where it is given, a law that meets such a failure settles, and goes on by the port's rules: what was provably not done is
    asked again, and a doubt is decided by evidence alone. The failures have to end, or the law cannot be asked. Where it is left
    out, nothing may fail but what the law lets fail.
    """
    close: Callable[[], Awaitable[None]] = _nothing
    """Release the world behind the connector."""
