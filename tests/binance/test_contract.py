"""The connector keeps the laws of connectors, over real sockets to the local exchange."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from s1mpletrader.api import ExchangeReply, IExecutionConnector, ListKind, OrderRef
from s1mpletrader.contracts import ConnectorHarness, ExecutionConnectorContract
from s1mpletrader.exchange import Fault
from tests.binance.local_world import CHANGES, LocalWorld, make_world
from tests.binance.samples import KEY, SECRET, details

ANSWER_MS: Final = 100_000
"""How long the exchange takes to answer where an order is to be filled before it is acknowledged."""


class TestBinanceSpot(ExecutionConnectorContract):
    """Every ability is declared: no law is skipped. Every event comes twice."""

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        return await harness_of(directory)


class TestOverRest(ExecutionConnectorContract):
    """The same where every command has to take the other way, because none leaves on the socket."""

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        return await harness_of(directory, sockets_fail=True)


class Hands:
    """What the laws do with the world."""

    def __init__(self, world: LocalWorld, stack: AsyncExitStack, *, sockets_fail: bool) -> None:
        self._world, self._stack, self._sockets_fail, self._heard = world, stack, sockets_fail, 0
        world.transport.sockets_fail = sockets_fail

    async def collect(self) -> Sequence[ExchangeReply]:
        await self._world.rest()
        told, self._heard = self._world.told[self._heard :], len(self._world.told)
        return told

    async def fill_part(self, _ref: OrderRef) -> None:
        await self._world.next_fill()

    async def fill_rest(self, _ref: OrderRef) -> None:
        for _ in range(5):
            await self._world.next_fill()

    def fail_before_send(self) -> None:
        self._world.transport.loses_next = True

    def lose_answer(self, committed: bool) -> None:
        self._world.lose_answer(committed=committed)

    def ack_after_fill(self) -> None:
        for route in (*CHANGES, *CHANGES.values()):
            fault = Fault(kind="delay", route=route, calls=(1,), commit="first", delay_ms=ANSWER_MS)
            self._world.exchange.faults.add(fault)
        self._world.spawn(self._fill_while_waiting())

    async def _fill_while_waiting(self) -> None:
        before = self._world.sent_count()
        while self._world.sent_count() == before:
            await self._world.rest(1)
        await self._world.pass_by(ANSWER_MS / 1000)

    async def push_again(self) -> None:
        """Beside the twin that every event has, the fill is asked for as after a gap."""
        self._world.lose_private_stream()
        await self._world.healthy()

    async def disconnect(self) -> None:
        self._world.exchange.faults.add(Fault(kind="refuse_sockets"))
        self._world.exchange.cut()
        await self._world.rest()

    async def reconnect(self) -> None:
        self._world.exchange.faults.clear()
        await self._world.healthy()

    async def restart(self) -> IExecutionConnector:
        connector = await self._world.restart()
        self._world.transport.sockets_fail = self._sockets_fail
        return connector

    async def place_foreign_order(self) -> str:
        return await self._world.place_foreign_order()

    async def close(self) -> None:
        await self._world.end()
        await self._stack.aclose()


async def harness_of(directory: Path, *, sockets_fail: bool = False, faults: Sequence[Fault] = ()) -> ConnectorHarness:
    stack = AsyncExitStack()
    world = await make_world(stack, directory, request_timeout_ms=ANSWER_MS + 10_000)
    hands = Hands(world, stack, sockets_fail=sockets_fail)
    for fault in faults or (Fault(kind="duplicate", route="executionReport"),):
        world.exchange.faults.add(fault)
    await world.open()
    return ConnectorHarness(
        connector=world.connector,
        details=details(),
        known_orders=world.known,
        sent_count=world.sent_count,
        collect=hands.collect,
        now=world.clock.now,
        venue_now=world.clock.now,
        secrets=(KEY, SECRET),
        batch=((details("sell 2 @ 15"), details("sell 2 stop 5")), ListKind.OCO),
        fill_part=hands.fill_part,
        fill_rest=hands.fill_rest,
        fail_before_send=hands.fail_before_send,
        lose_answer=hands.lose_answer,
        ack_after_fill=hands.ack_after_fill,
        push_again=hands.push_again,
        disconnect=hands.disconnect,
        reconnect=hands.reconnect,
        restart=hands.restart,
        place_foreign_order=hands.place_foreign_order,
        close=hands.close,
    )
