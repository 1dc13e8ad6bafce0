"""How a law is tried on a connector."""
# ruff: noqa: S101 - what the venue shows and what the connector tells must agree: that is a law, too.

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from msgspec.structs import replace

from s1mpletrader.api import (
    Accepted,
    AlreadySubmitted,
    AuthenticationFailed,
    Balance,
    Cancelled,
    CancelOutcome,
    ExchangeReply,
    Filled,
    IdKind,
    Instant,
    ListKind,
    NotSent,
    OrderDetails,
    OrderId,
    OrderRef,
    OrderRequest,
    OrderSnapshot,
    OrderState,
    Outcome,
    Refused,
    ReplaceOutcome,
    Unavailable,
    Unknown,
    UnsupportedOrder,
)
from s1mpletrader.contracts.abilities import need
from s1mpletrader.contracts.connector_harness import ConnectorHarness
from s1mpletrader.contracts.samples import Samples

P = ParamSpec("P")
T = TypeVar("T")

SECONDS_MAX: Final = 60
"""A law that takes longer has met a connector that waits for something that does not come."""
TRIES_MAX: Final = 8
"""How often something is asked where the venue fails on its own; more often, and its failures do not end."""


class Trial:
    """One law's use of a harness.

    Where the harness can ``settle``, the venue fails on its own, and every method goes on as the framework would: what was
    provably not done is asked again under the same id, what is in doubt never; an intent that came to nothing is followed by
    another. Where it cannot, everything is asked once.
    """

    def __init__(self, harness: ConnectorHarness) -> None:
        self.harness, self.connector = harness, harness.connector
        self._samples = Samples("connector")
        self._heard: list[ExchangeReply] = []

    def request(self, details: OrderDetails | None = None) -> OrderRequest:
        """A new order."""
        order_id = OrderId(self._samples.id(IdKind.ORDER))
        client_order_id = self.connector.venue_id(order_id)
        return OrderRequest(order_id=order_id, client_order_id=client_order_id, details=details or self.harness.details)

    async def settle(self) -> None:
        """Let everything come to rest, where something may go wrong on its own."""
        if self.harness.settle is not None:
            await self.harness.settle()

    async def ask(self, call: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the connector, and again where it says that the venue has done nothing because it cannot now."""
        for _ in range(self._tries() - 1):
            try:
                return await self.harness.wait(call(*args, **kwargs))
            except (Unavailable, AuthenticationFailed):
                await self.settle()
        return await self.harness.wait(call(*args, **kwargs))

    async def submit(self, request: OrderRequest) -> Outcome:
        """Submit one order, as the framework does: from then on the ledger knows it."""
        (outcome,) = await self.ask(self.connector.submit, [request])
        if not isinstance(outcome, NotSent):
            self.harness.known_orders.add(request.order_id)
        return outcome

    async def decide(self, request: OrderRequest) -> Outcome:
        """Submit one order, and wait until it is decided; ``Unknown`` where in the end the venue shows nothing of it."""
        outcome = await self.submit(request)
        for _ in range(self._tries() - 1):
            if not isinstance(outcome, NotSent):
                break
            await self.settle()
            outcome = await self.submit(request)
        return await self._evidence(request, outcome) if isinstance(outcome, Unknown) else outcome

    async def accept(self, details: OrderDetails | None = None) -> tuple[OrderRequest, Accepted]:
        """An order that the venue has accepted, and its acceptance."""
        for _ in range(self._tries()):
            request = self.request(details)
            try:
                outcome: object = await self.decide(request)
            except (AlreadySubmitted, UnsupportedOrder):
                raise
            except Refused as refused:
                if self.harness.settle is None:
                    raise
                outcome = refused
            if isinstance(outcome, Accepted):
                return request, outcome
            await self.settle()
        raise AssertionError(f"the harness' own order was not accepted: {outcome}")

    async def reject(self, details: OrderDetails) -> Refused | Outcome:
        """What becomes of an order that must not be placed: a refusal, here or by the venue; anything else is wrong."""
        for _ in range(self._tries()):
            try:
                outcome = await self.decide(self.request(details))
            except Refused as refused:
                return refused
            if not isinstance(outcome, Unknown):
                break
        return outcome

    async def submit_list(self, details: Sequence[OrderDetails], kind: ListKind) -> tuple[list[OrderRequest], Sequence[Outcome]]:
        """Linked orders, and what became of them; where that is in doubt, it is the same for all of them by evidence."""
        for _ in range(self._tries()):
            requests, outcomes = await self._submit_list(details, kind)
            if self.harness.settle is None or all(isinstance(outcome, Accepted) for outcome in outcomes):
                break
            if not any(isinstance(outcome, Unknown) for outcome in outcomes):
                await self.settle()
                continue
            assert all(isinstance(outcome, Unknown) for outcome in outcomes), outcomes
            decided = [await self._evidence(request, outcome) for request, outcome in zip(requests, outcomes, strict=True)]
            placed = [isinstance(outcome, Accepted) for outcome in decided]
            assert len(set(placed)) == 1, f"a part of a list was placed: {decided}"
            if all(placed):
                return requests, decided
        return requests, outcomes

    async def _submit_list(self, details: Sequence[OrderDetails], kind: ListKind) -> tuple[list[OrderRequest], Sequence[Outcome]]:
        requests = [self.request(each) for each in details]
        outcomes = await self.ask(self.connector.submit, requests, kind)
        self.harness.known_orders.update(request.order_id for request in requests)
        return requests, outcomes

    async def replace(self, ref: OrderRef) -> tuple[OrderRef, OrderRequest, ReplaceOutcome, Outcome]:
        """Replace an order: what was replaced, by what, and both outcomes.

        Where that is in doubt and was done, what stands now is replaced once more; both never stand.
        """
        for _ in range(self._tries()):
            request = self.request()
            ended, begun = await self.ask(self.connector.replace, ref, request)
            self.harness.known_orders.add(request.order_id)
            if not isinstance(ended, Unknown | NotSent) and not isinstance(begun, Unknown | NotSent):
                break
            if self.harness.settle is None:
                break
            decided = await self._evidence(request, begun)
            stands = (await self.snapshot(ref)).state is not OrderState.CANCELLED
            assert stands != isinstance(decided, Accepted), f"{ref.order_id} and its replacement: {stands}, {decided}"
            ref = ref if stands else ref_of(request)
        return ref, request, ended, begun

    async def place(self, details: OrderDetails | None = None) -> OrderRef:
        """An order that the venue has accepted."""
        request, accepted = await self.accept(details)
        return ref_of(request, accepted.exchange_order_id)

    async def cancel(self, ref: OrderRef) -> CancelOutcome:
        """Cancel an order until there is a definite answer; a doubt is no reason to believe either."""
        for _ in range(self._tries()):
            outcome = await self.ask(self.connector.cancel, ref)
            if self.harness.settle is None or not isinstance(outcome, Unknown | NotSent):
                break
            await self.settle()
        return outcome

    async def end(self, ref: OrderRef) -> CancelOutcome:
        """Cancel an order that rests; where the answer is in doubt, its cancellation is what is told or shown."""
        for _ in range(self._tries()):
            outcome = await self.ask(self.connector.cancel, ref)
            if self.harness.settle is None or not isinstance(outcome, Unknown | NotSent):
                break
            await self.settle()
            told = [reply for reply in await self.replies() if isinstance(reply, Cancelled) and reply.order_id == ref.order_id]
            shown = await self.snapshot(ref)
            assert shown.state is OrderState.CANCELLED or not told, f"{ref.order_id} is {shown.state}, and was told as {told}"
            if shown.state is OrderState.CANCELLED:
                return told[0] if told else Cancelled(order_id=ref.order_id, at=self.harness.now())
        return outcome

    async def fill_part(self, ref: OrderRef) -> None:
        """Let a part of the order be filled."""
        await need(self.harness.fill_part, "fill_part")(ref)

    async def fill_rest(self, ref: OrderRef) -> None:
        """Let the rest of the order be filled."""
        await need(self.harness.fill_rest, "fill_rest")(ref)

    async def query(self, ref: OrderRef) -> OrderSnapshot | None:
        """The order as the venue shows it; None where it does not."""
        return await self.ask(self.connector.query, ref)

    async def snapshot(self, ref: OrderRef) -> OrderSnapshot:
        """The order as the venue shows it, once it does."""
        for _ in range(self._tries()):
            found = await self.query(ref)
            if found is not None:
                return found
            await self.settle()
        raise AssertionError(f"the venue does not know {ref.client_order_id}")

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderSnapshot]:
        """The live orders."""
        return await self.ask(self.connector.open_orders, symbol)

    async def listing(self, exchange_order_id: str) -> Sequence[OrderSnapshot]:
        """The live orders, once this one is among them."""
        for _ in range(self._tries() - 1):
            shown = await self.open_orders()
            if exchange_order_id in [order.exchange_order_id for order in shown]:
                return shown
            await self.settle()
        return await self.open_orders()

    async def holdings(self) -> dict[str, Decimal]:
        """What the account has of each asset, free or locked."""
        balances: Sequence[Balance] = await self.ask(self.connector.balances)
        return {balance.asset: balance.free + balance.locked for balance in balances}

    async def fills_since(self, symbol: str, at: Instant) -> Sequence[Filled]:
        """The account's fills, asked for."""
        return await self.ask(self.connector.fills_since, symbol, at)

    async def replies(self) -> list[ExchangeReply]:
        """Everything told unasked since the beginning."""
        self._heard.extend(await self.harness.collect())
        return list(self._heard)

    async def fills(self, ref: OrderRef) -> list[Filled]:
        """Everything told unasked about fills of the order."""
        return [reply for reply in await self.replies() if isinstance(reply, Filled) and reply.order_id == ref.order_id]

    def _tries(self) -> int:
        return 1 if self.harness.settle is None else TRIES_MAX

    async def _evidence(self, request: OrderRequest, doubt: Outcome) -> Outcome:
        """What is told or shown of an order in doubt, once everything has settled; the doubt itself where there is nothing."""
        if self.harness.settle is None:
            return doubt
        await self.settle()
        told = [reply for reply in await self.replies() if isinstance(reply, Accepted) and reply.order_id == request.order_id]
        shown = await self.query(ref_of(request))
        assert len(told) <= (shown is not None), f"told: {told}, shown: {shown}"
        submitted_at = doubt.submitted_at if isinstance(doubt, Unknown) else None
        if told:
            return replace(told[0], submitted_at=submitted_at)
        if shown is None:
            return doubt
        return Accepted(
            order_id=request.order_id,
            exchange_order_id=shown.exchange_order_id,
            at=self.harness.now(),
            venue_at=shown.venue_at,
            submitted_at=submitted_at,
        )


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
