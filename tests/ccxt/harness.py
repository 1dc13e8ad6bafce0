"""A connector on a dialect's world, as the contract kit wants it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from s1mpletrader.api import (
    AccountType,
    ConnectorProvision,
    ExchangeReply,
    IClock,
    IExecutionConnector,
    IState,
    ITransport,
    OrderId,
    OrderRef,
    Unavailable,
)
from s1mpletrader.contracts import ConnectorHarness
from s1mpletrader.plugins.ccxt_exchange import CcxtConfig, CcxtExchange, build_exchange
from tests.ccxt.world import DETAILS, INSTRUMENT, Dialect, Resting, WallClock, Wire, World

SECRETS = ("canary-key-0123456789", "Y2FuYXJ5LXNlY3JldC0wMTIzNDU2Nzg5", "canary-password-0123456789")


def provision(
    *, known: set[OrderId], transport: ITransport | None, clock: IClock | None = None, **more: Any
) -> ConnectorProvision:
    return ConnectorProvision(
        account="main",
        account_type=AccountType.SPOT,
        funds={},
        clock=clock or WallClock(),
        seed="",
        candles={},
        is_submitted=known.__contains__,
        transport=transport,
        **more,
    )


def configuration(exchange: str, **more: Any) -> CcxtConfig:
    settings: dict[str, Any] = {"poll_s": 3600, "reconcile_s": 3600, "rate_limit": False, "sandbox": False} | more
    return CcxtConfig(exchange=exchange, **settings)


@dataclass
class Bench:
    """A connector, the world behind it, and what it has told."""

    wire: Wire
    known: set[OrderId] = field(default_factory=set)
    heard: list[ExchangeReply] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    state: IState | None = None
    connector: CcxtExchange = field(init=False)
    _listener: "asyncio.Task[None]" = field(init=False)

    async def begin(self) -> CcxtExchange:
        config = configuration(self.wire.dialect.exchange, **self.settings)
        self.connector = build_exchange(config, provision(known=self.known, transport=self.wire, open_state=self._open_state()))
        await self.connector.open()
        await self.connector.instruments([INSTRUMENT.symbol])
        self._listener = asyncio.create_task(self._listen(self.connector))
        await asyncio.sleep(0)
        return self.connector

    def _open_state(self) -> Callable[[], IState] | None:
        state = self.state
        return None if state is None else lambda: state

    async def end(self) -> None:
        await self.connector.close()
        await self._listener

    async def restart(self) -> IExecutionConnector:
        await self.end()
        return await self.begin()

    async def collect(self) -> Sequence[ExchangeReply]:
        with suppress(Unavailable):
            await self.connector.reconcile()
        await asyncio.sleep(0.001)
        told, self.heard = self.heard, []
        return told

    async def _listen(self, connector: CcxtExchange) -> None:
        async for reply in connector.replies():
            self.heard.append(reply)

    def order(self, ref: OrderRef) -> Resting:
        found = self.wire.world.by_client_id(ref.client_order_id)
        if found is None:
            raise AssertionError(f"the world has no {ref}")
        return found

    async def fill_part(self, ref: OrderRef) -> None:
        self.wire.world.fill(self.order(ref), Decimal("0.003"))

    async def fill_rest(self, ref: OrderRef) -> None:
        order = self.order(ref)
        self.wire.world.fill(order, order.quantity - order.filled)

    def fail_before_send(self) -> None:
        self.wire.fails = True

    def lose_answer(self, committed: bool) -> None:
        self.wire.loses = committed

    def ack_after_fill(self) -> None:
        async def fill_and_push(order: Resting) -> None:
            self.wire.world.fill(order, order.quantity)
            await self.connector.reconcile()

        self.wire.before_answer = fill_and_push

    async def disconnect(self) -> None:
        self.wire.is_cut = True

    async def reconnect(self) -> None:
        self.wire.is_cut = False

    async def place_foreign_order(self) -> str:
        return self.wire.world.place("somebody-else", "buy", "limit", DETAILS.quantity, DETAILS.price).id

    async def close(self) -> None:
        await self._listener


async def harness_on(dialect: Dialect, world: World) -> ConnectorHarness:
    bench = Bench(Wire(dialect, world))
    return ConnectorHarness(
        connector=await bench.begin(),
        details=DETAILS,
        known_orders=bench.known,
        sent_count=lambda: bench.wire.sent,
        collect=bench.collect,
        now=WallClock().now,
        secrets=SECRETS,
        fill_part=bench.fill_part,
        fill_rest=bench.fill_rest,
        fail_before_send=bench.fail_before_send,
        lose_answer=bench.lose_answer,
        ack_after_fill=bench.ack_after_fill,
        disconnect=bench.disconnect,
        reconnect=bench.reconnect,
        restart=bench.restart,
        place_foreign_order=bench.place_foreign_order,
        close=bench.close,
    )
