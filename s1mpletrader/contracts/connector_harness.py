"""What a test gives the execution connector's contract, and how a law is tried on it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, Final, Protocol, TypeVar

from s1mpletrader.api import (
    ExchangeReply,
    Filled,
    IdKind,
    IExecutionConnector,
    Instant,
    ListKind,
    OrderDetails,
    OrderId,
    OrderRef,
    OrderRequest,
    OrderSnapshot,
    Outcome,
)
from s1mpletrader.contracts.abilities import need
from s1mpletrader.contracts.samples import Samples

SECONDS_MAX: Final = 60
"""A law that takes longer has met a connector that waits for something that does not come."""


async def _nothing() -> None:
    """A harness that holds nothing has nothing to release."""


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
    close: Callable[[], Awaitable[None]] = _nothing
    """Release the world behind the connector."""


class Trial:
    """One law's use of a harness."""

    def __init__(self, harness: ConnectorHarness) -> None:
        self.harness, self.connector = harness, harness.connector
        self._samples = Samples("connector")
        self._heard: list[ExchangeReply] = []

    def request(self, details: OrderDetails | None = None) -> OrderRequest:
        """A new order."""
        order_id = OrderId(self._samples.id(IdKind.ORDER))
        client_order_id = self.connector.venue_id(order_id)
        return OrderRequest(order_id=order_id, client_order_id=client_order_id, details=details or self.harness.details)

    async def submit(self, request: OrderRequest) -> Outcome:
        """Submit one order, as the framework does: from then on the ledger knows it."""
        (outcome,) = await self.connector.submit([request])
        self.harness.known_orders.add(request.order_id)
        return outcome

    async def place(self, details: OrderDetails | None = None) -> OrderRef:
        """An order that the venue has accepted."""
        request = self.request(details)
        outcome = await self.submit(request)
        exchange_order_id = getattr(outcome, "exchange_order_id", None)
        if exchange_order_id is None:
            raise AssertionError(f"the harness' own order was not accepted: {outcome}")
        return ref_of(request, exchange_order_id)

    async def fill_part(self, ref: OrderRef) -> None:
        """Let a part of the order be filled."""
        await need(self.harness.fill_part, "fill_part")(ref)

    async def fill_rest(self, ref: OrderRef) -> None:
        """Let the rest of the order be filled."""
        await need(self.harness.fill_rest, "fill_rest")(ref)

    async def snapshot(self, ref: OrderRef) -> OrderSnapshot:
        """The order as the venue shows it."""
        found = await self.connector.query(ref)
        if found is None:
            raise AssertionError(f"the venue does not know {ref.client_order_id}")
        return found

    async def replies(self) -> list[ExchangeReply]:
        """Everything told unasked since the beginning."""
        self._heard.extend(await self.harness.collect())
        return list(self._heard)

    async def fills(self, ref: OrderRef) -> list[Filled]:
        """Everything told unasked about fills of the order."""
        return [reply for reply in await self.replies() if isinstance(reply, Filled) and reply.order_id == ref.order_id]


def ref_of(request: OrderRequest, exchange_order_id: str | None = None) -> OrderRef:
    """How to speak of a submitted order."""
    return OrderRef(
        order_id=request.order_id,
        client_order_id=request.client_order_id,
        symbol=request.details.symbol,
        exchange_order_id=exchange_order_id,
    )


@dataclass
class Aftermath:
    """What a trial left behind."""

    tasks: set[str] = field(default_factory=set)


class MakesHarness(Protocol):
    """A test class with the factory method."""

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        """A harness on a fresh world."""
        ...


M = TypeVar("M", bound=MakesHarness)
AsyncLaw = Callable[[Any, Trial], Coroutine[Any, Any, None]]


def run(contract: MakesHarness, directory: Path, law: Callable[[Trial], Coroutine[Any, Any, None]]) -> Aftermath:
    """Try a law on a fresh harness, in an event loop of its own; tells which tasks the closed connector left."""
    aftermath = Aftermath()

    async def main() -> None:
        mine = asyncio.current_task()
        async with asyncio.timeout(SECONDS_MAX):
            harness = await contract.make_harness(directory)
            trial = Trial(harness)
            try:
                await law(trial)
            finally:
                await trial.connector.close()
                await asyncio.sleep(0)
                await harness.close()
            aftermath.tasks = {repr(task) for task in asyncio.all_tasks() if task is not mine}

    asyncio.run(main())
    return aftermath


def on_a_loop(law: Callable[[M, Trial], Coroutine[Any, Any, None]]) -> Callable[Concatenate[M, ...], None]:
    """Let pytest call an asynchronous law."""

    def called(self: M, tmp_path: Path) -> None:
        run(self, tmp_path, lambda trial: law(self, trial))

    called.__name__, called.__qualname__, called.__doc__ = law.__name__, law.__qualname__, law.__doc__
    return called
