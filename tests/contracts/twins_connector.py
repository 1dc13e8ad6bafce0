"""Connectors that break one law each. The name of a twin begins with the law that it breaks."""

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace as changed

from s1mpletrader.api import (
    SECOND_NS,
    Accepted,
    Cancelled,
    CancelOutcome,
    Filled,
    Instant,
    ListKind,
    NotPlaced,
    OrderId,
    OrderRef,
    OrderRequest,
    OrderSnapshot,
    Outcome,
    Rejected,
    Replaced,
    ReplaceOutcome,
)

from .reference_connector import (
    FailingConnector,
    ReferenceConnector,
    ReferenceExecutionConnector,
    ReferenceOnABadDay,
    Resting,
    World,
)


class Law01SendsWhatItDoesNotOffer(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def check(self, orders: Sequence[OrderRequest], list_kind: ListKind) -> None:
            if list_kind is ListKind.NONE:
                super().check([order for order in orders if not order.details.reduce_only], list_kind)


class Law02ForgetsOurIdAtARestart(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def snapshot(self, order: Resting) -> OrderSnapshot:
            shown = super().snapshot(order)
            return shown if order.order_id in self.submitted else changed(shown, order_id=None)


class Law02CutsIdsShort(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def venue_id(self, order_id: OrderId) -> str:
            return order_id[:20]


class Law03AsksNobodyWhetherItWasSubmitted(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def check(self, orders: Sequence[OrderRequest], list_kind: ListKind) -> None:
            known, self.known = self.known, set()
            super().check(orders, list_kind)
            self.known = known


class Law04TakesATimeoutForARejection(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def doubt(self, orders: Sequence[OrderRequest], placed: object) -> Sequence[Outcome]:
            return [Rejected(order_id=order.order_id, rejection_reason="timeout", at=self.world.now()) for order in orders]


class Law04SendsAgain(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def doubt(self, orders: Sequence[OrderRequest], placed: object) -> Sequence[Outcome]:
            self.world.sent += 1
            return super().doubt(orders, placed)


class Law05TakesSilenceForProof(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        async def query(self, order: OrderRef) -> OrderSnapshot | None:
            found = await super().query(order)
            if found is None:
                self.told.append(NotPlaced(order_id=order.order_id, evidence="not found", at=self.world.now()))
            return found


class Law06WaitsForTheAcknowledgement(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
            outcomes = await super().submit(orders, list_kind)
            self.told.clear()
            return outcomes


class Law07CountsAFillTwice(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def snapshot(self, order: Resting) -> OrderSnapshot:
            return changed(super().snapshot(order), filled_quantity=order.filled * 2)


class Law08PollsUnderAnotherId(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        async def fills_since(self, symbol: str, at: Instant) -> Sequence[Filled]:
            return [changed(fill, venue_trade_id=f"p{fill.venue_trade_id}") for fill in await super().fills_since(symbol, at)]


class Law09CancelsWhatHasEnded(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        async def cancel(self, order: OrderRef) -> CancelOutcome:
            await super().cancel(order)
            return Cancelled(order_id=order.order_id, at=self.world.now())


class Law10ForgetsWhatItReplaced(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ReplaceOutcome, Outcome]:
            ended, begun = await super().replace(order, replacement)
            assert isinstance(ended, Replaced)
            return changed(ended, replaced_by=order.order_id), begun


class Law11DoubtsOnlyTheFirst(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def doubt(self, orders: Sequence[OrderRequest], placed: object) -> Sequence[Outcome]:
            first, *rest = super().doubt(orders, placed)
            at = self.world.now()
            accepted = [Accepted(order_id=one.order_id, exchange_order_id="?", at=at, venue_at=at) for one in rest]
            return [first, *accepted]


class Law12ForgetsWhatItMissed(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        async def reconnect(self) -> None:
            self.is_connected = True


class Law12TellsTheLatestFirst(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        async def reconnect(self) -> None:
            await super().reconnect()
            self.told.reverse()


class Law13HidesForeignOrders(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        async def open_orders(self, symbol: str | None = None) -> Sequence[OrderSnapshot]:
            return [shown for shown in await super().open_orders(symbol) if shown.order_id is not None]


class Law15TakesTheFeeForARebate(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def push(self, fill: Filled) -> None:
            super().push(changed(fill, fee=-fill.fee))


class Law15RoundsToATick(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def place(self, orders: Sequence[OrderRequest]) -> list[Resting | str]:
            rounded = [
                changed(order, details=changed(order.details, quantity=round(order.details.quantity, 2) or Decimal("0.01")))
                for order in orders
            ]
            return super().place(rounded)


class Law16TellsTheVenuesLocalTime(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def push(self, fill: Filled) -> None:
            super().push(changed(fill, venue_at=fill.venue_at + 3_600 * SECOND_NS))


class Law17LeavesATask(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        async def cancel(self, order: OrderRef) -> CancelOutcome:
            self.task = asyncio.create_task(asyncio.sleep(30))
            return await super().cancel(order)


class Law17LogsItsKey(ReferenceExecutionConnector):
    class connector(ReferenceConnector):
        def __init__(self, world: World, known: set[OrderId], secret: str) -> None:
            super().__init__(world, known, secret)
            logging.getLogger(__name__).debug("connecting with %s", secret)


class Law02TellsOfAnAcceptanceThatWasNone(ReferenceOnABadDay):
    class connector(FailingConnector):
        def doubt(self, orders: Sequence[OrderRequest], placed: object) -> Sequence[Outcome]:
            at = self.world.now()
            self.told += [Accepted(order_id=order.order_id, exchange_order_id="?", at=at, venue_at=at) for order in orders]
            return super().doubt(orders, placed)


class Law03AllowsADoubtfulIdAgain(ReferenceOnABadDay):
    class connector(FailingConnector):
        def check(self, orders: Sequence[OrderRequest], list_kind: ListKind) -> None:
            """It takes every id for a new one."""


class Law09TellsOfACancellationThatWasNone(ReferenceOnABadDay):
    class connector(FailingConnector):
        async def cancel(self, order: OrderRef) -> CancelOutcome:
            outcome = await super().cancel(order)
            self.told.append(Cancelled(order_id=order.order_id, at=self.world.now()))
            return outcome


class Law10LetsBothStandInDoubt(ReferenceOnABadDay):
    class connector(FailingConnector):
        def swap(self, order: OrderRef, replacement: OrderRequest) -> Resting | str:
            return self.place([replacement])[0]


class Law11PlacesHalfOfADoubtfulList(ReferenceOnABadDay):
    class connector(FailingConnector):
        def send(self) -> bool | None:
            super().send()
            return True

        def place(self, orders: Sequence[OrderRequest]) -> list[Resting | str]:
            return super().place(orders[:1])


CONNECTORS = [twin for name, twin in sorted(globals().items()) if name.startswith("Law")]
