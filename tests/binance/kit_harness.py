"""The local exchange as the connectors' contract wants it: one that fills when it is told to, and that may fail on its own."""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from s1mpletrader.api import (
    SECOND_NS,
    AuthenticationFailed,
    ExchangeReply,
    IExecutionConnector,
    ListKind,
    OrderRef,
    Side,
    Unavailable,
)
from s1mpletrader.contracts import ConnectorHarness
from s1mpletrader.exchange import Fault
from s1mpletrader.exchange.clock import MILLISECOND_NS
from s1mpletrader.exchange.orders import Kind, NewOrder
from tests.binance.local_world import (
    CHANGES,
    DIP,
    FOREIGN,
    QUIET,
    SOCKET,
    LocalWorld,
    make_world,
)
from tests.binance.proofs import (
    check_everything_was_told,
    check_nothing_was_submitted_twice,
    check_nothing_was_told_twice,
)
from tests.binance.samples import KEY, SECRET, details

T = TypeVar("T")

BAR_S: Final = 1_800
"""A candle is long, so that much can go wrong, and heal, before the market moves to where an order of the laws is filled."""
DIPS: Final = 20
FLOOD: Final = (12.0, 12.5, 9.0, 12.0, 400.0)
"""Fills an order of the laws whole."""
BARS: Final = (*[QUIET] * 30, *[DIP] * DIPS, *[FLOOD] * 20)
LIMIT: Final = Decimal("9.5")

SELDOM_S: Final = 86_400
"""How often the account is compared for no reason: so seldom that what heals has a reason."""
OFTEN_S: Final = 5
"""The same, where nothing else could show that something is missing."""
ANSWER_MS: Final = 8_000
"""How long the exchange takes to answer where an order is to be filled before it is acknowledged."""
HEALED_S: Final = 18.0
"""Longer than a request may be under way, than a silence is unnoticed, and than the pause between two comparisons."""
SETTLED_MAX: Final = 20
RESTARTS_MAX: Final = 12


class Hands:
    """What the laws do with the world."""

    def __init__(self, world: LocalWorld, stack: AsyncExitStack, *, sockets_fail: bool) -> None:
        self._world, self._stack, self._sockets_fail, self._heard = world, stack, sockets_fail, 0
        self._armed: list[Fault] = []
        self._outcomes: list[object] = []
        world.transport.sockets_fail = sockets_fail

    async def collect(self) -> Sequence[ExchangeReply]:
        await self._world.rest()
        return self._told()

    async def collect_healed(self) -> Sequence[ExchangeReply]:
        if not self._world.transport.is_down:
            await self.settle()
        return self._told()

    def _told(self) -> Sequence[ExchangeReply]:
        told, self._heard = self._world.told[self._heard :], len(self._world.told)
        return told

    async def settle(self) -> None:
        """Until it has been well, and has answered, for so long that whatever it has begun to look for has been found."""
        for _ in range(SETTLED_MAX):
            await self._world.heal()
            sockets = self._world.exchange.log.counts()[SOCKET]
            if await self._answers():
                await self._world.go_on(HEALED_S)
                if self._world.is_well() and self._world.exchange.log.counts()[SOCKET] == sockets:
                    check_everything_was_told(self._world, self._outcomes)
                    return
        raise AssertionError("it does not stay well")

    async def _answers(self) -> bool:
        try:
            await self._world.answered(self._world.connector.balances())
        except (Unavailable, AuthenticationFailed):
            await self._world.go_on(1.0)
            return False
        return True

    async def wait(self, call: Coroutine[Any, Any, T], /) -> T:
        result = await self._world.answered(call)
        self._outcomes.extend(result if isinstance(result, list | tuple) else [result])
        return result

    async def fill_part(self, _ref: OrderRef) -> None:
        """Go on to the next fill at once: the connector finds that much time has passed."""
        await self._world.rest()
        due = self._world.account.next_at()
        assert due is not None, "nothing rests that could be filled"
        step = due - self._world.clock.now()
        self._world.exchange.advance(step, step)
        await self._world.rest()

    async def fill_rest(self, ref: OrderRef) -> None:
        while self._world.account.next_at() is not None:
            await self.fill_part(ref)

    def fail_before_send(self) -> None:
        self._world.transport.loses_next = True

    def lose_answer(self, committed: bool) -> None:
        self._arm(kind="drop", commit="first" if committed else "never")

    def ack_after_fill(self) -> None:
        """The market is brought to shortly before it fills everything, and the answer to the submission comes after that."""
        world = self._world
        world.exchange.advance(DIPS * BAR_S * SECOND_NS, BAR_S * SECOND_NS)
        while (world.exchange.markets["BTCUSDT"].exact_price(world.clock.now() + 2 * SECOND_NS) or LIMIT) > LIMIT:
            world.exchange.advance(SECOND_NS, SECOND_NS)
        self._arm(kind="delay", commit="first", delay_ms=ANSWER_MS)

    def _arm(self, **fault: object) -> None:
        """Let this become of the next change, whatever else goes wrong by now, and of none after it."""
        for armed in self._armed:
            self._world.exchange.faults.remove(armed)
        self._armed = [Fault.model_validate({"route": route, "calls": (1,), **fault}) for route in (*CHANGES, *CHANGES.values())]
        for armed in self._armed:
            self._world.exchange.faults.prefer(armed)

    async def push_again(self) -> None:
        """The fill is asked for as after a gap."""
        self._world.lose_private_stream()
        await self._world.heal()

    async def disconnect(self) -> None:
        self._world.transport.is_down = True
        self._world.exchange.cut()
        await self._world.rest()

    async def reconnect(self) -> None:
        self._world.transport.is_down = False
        await self._world.heal()

    async def restart(self) -> IExecutionConnector:
        """As whoever runs it would: where the exchange cannot be reached yet, it is started again."""
        for _ in range(RESTARTS_MAX - 1):
            try:
                return await self._restart()
            except Unavailable:
                await self._world.go_on(HEALED_S)
        return await self._restart()

    async def _restart(self) -> IExecutionConnector:
        connector = await self._world.restart()
        self._world.transport.sockets_fail = self._sockets_fail
        return connector

    async def place_foreign_order(self) -> str:
        market = self._world.exchange.markets["BTCUSDT"]
        order = NewOrder(
            market=market, side=Side.BUY, kind=Kind.LIMIT, quantity=Decimal(1), price=Decimal(8), client_order_id=FOREIGN
        )
        return str(self._world.account.place(order, self._world.clock.now()).order_id)

    async def close(self) -> None:
        await self._world.end()
        await self._stack.aclose()
        check_nothing_was_submitted_twice(self._world)
        check_nothing_was_told_twice(self._world)
        assert self._world.exchange.log.unserved == []
        assert self._world.exchange.log.failures == []


Closed = Callable[[LocalWorld, Sequence[Fault]], None]
"""Looks at a world that has been left, and at the faults that were in it."""


async def harness_of(
    directory: Path,
    *,
    faults: Sequence[Fault] = (),
    sockets_fail: bool = False,
    within_the_process: bool = True,
    heals: bool = True,
    reconcile_s: int = SELDOM_S,
    opened: Callable[[LocalWorld], None] = lambda _world: None,
    closed: Closed = lambda _world, _faults: None,
) -> ConnectorHarness:
    """A harness in a world where these faults act from the moment at which the connector has been opened."""
    stack = AsyncExitStack()
    world = await make_world(
        stack,
        directory,
        BARS,
        bar_s=BAR_S,
        within_the_process=within_the_process,
        request_timeout_ms=10_000,
        silence_ms=5_000,
        reconcile_ms=reconcile_s * 1_000,
    )
    hands = Hands(world, stack, sockets_fail=sockets_fail)
    await world.open()
    opened_ms = (world.clock.now() - world.exchange.opened_at) // MILLISECOND_NS
    acting = [_begun_at(fault, opened_ms) for fault in faults]
    for fault in acting:
        world.exchange.faults.add(fault)
    opened(world)

    async def close() -> None:
        await hands.close()
        closed(world, acting)

    return ConnectorHarness(
        connector=world.connector,
        details=details(),
        known_orders=world.known,
        sent_count=world.sent_count,
        collect=hands.collect_healed if heals else hands.collect,
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
        wait=hands.wait,
        settle=hands.settle if heals else None,
        close=close,
    )


def _begun_at(fault: Fault, ms: int) -> Fault:
    until_ms = None if fault.until_ms is None else fault.until_ms + ms
    return fault.model_copy(update={"from_ms": fault.from_ms + ms, "until_ms": until_ms})
