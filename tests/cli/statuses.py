"""Statuses for people to look at: ``python -m tests.cli.statuses`` shows one in this terminal for a while."""

import asyncio
from decimal import Decimal

from msgspec.structs import replace

from s1mpletrader.cli.dashboard import show
from s1mpletrader.core.status import FlowLine, LiveStatus, StrategyStatus
from s1mpletrader.domain.account import Position
from s1mpletrader.domain.instant import HOUR_NS, MINUTE_NS, SECOND_NS, instant_from_stamp
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.order import Order, order_from_intent
from s1mpletrader.domain.orders import OrderDetails, OrderState, OrderType, Side
from s1mpletrader.ports.health import Health, StreamHealth
from tests.core.samples import intent

AT = instant_from_stamp("20260704_101530")


def instrument(symbol: str, tick: str) -> Instrument:
    base, _, quote = symbol.partition("/")
    return Instrument(
        symbol=symbol, base=base, quote=quote, settlement=quote, price_tick=Decimal(tick), quantity_lot=Decimal("0.0001")
    )


BTC, ETH = instrument("BTC/USDT", "0.01"), instrument("ETH/USDT", "0.001")


def order(number: int, side: Side, price: str | None, state: OrderState, *, age_ns: int = 0, filled: str = "0") -> Order:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    details = OrderDetails(
        symbol=BTC.symbol if number % 2 else ETH.symbol,
        side=side,
        type=kind,
        quantity=Decimal("0.25"),
        price=None if price is None else Decimal(price),
    )
    made = replace(intent(number), details=details, decided_at=AT - age_ns)
    return replace(order_from_intent(made), state=state, filled_quantity=Decimal(filled))


CALM = LiveStatus(
    at=AT,
    mode="paper",
    account="main",
    strategies=(
        StrategyStatus(
            name="ema_cross",
            currency="USDT",
            equity=Decimal("101234.5678"),
            balances={"BTC": Decimal("0.25"), "USDT": Decimal("84500.12")},
            positions=(Position(instrument=BTC, quantity=Decimal("0.25"), cost=Decimal(16000)),),
            open_orders=(order(1, Side.SELL, "69000.5", OrderState.OPEN, age_ns=5 * MINUTE_NS),),
            prices={BTC.symbol: Decimal("66937.8")},
        ),
    ),
    flows=(
        FlowLine(at=AT - 2 * MINUTE_NS, strategy="ema_cross", text="INTENDED BUY 0.25 BTC/USDT MARKET"),
        FlowLine(at=AT - 2 * MINUTE_NS, strategy="ema_cross", text="filled BUY 0.25 BTC/USDT at 64000, fee 0.00025 BTC"),
        FlowLine(at=AT - MINUTE_NS, strategy="ema_cross", text="refused LONG BTC/USDT by exposure: EXPOSURE, 0.25 is held"),
    ),
    health=Health(
        streams=(
            StreamHealth(name="market", connected=True, last_at=AT - SECOND_NS),
            StreamHealth(name="private", connected=True, last_at=AT - 12 * SECOND_NS),
        ),
        weight_used=214,
        weight_max=6_000,
    ),
)

TROUBLED = LiveStatus(
    at=AT,
    mode="live",
    account="main",
    strategies=(
        *CALM.strategies,
        StrategyStatus(
            name="a_strategy_with_a_long_name",
            currency="USDT",
            balances={"ETH": Decimal("-3.5"), "USDT": Decimal("123456.789012345")},
            positions=(
                Position(instrument=ETH, quantity=Decimal("-3.5"), cost=Decimal("-12000.5")),
                Position(instrument=BTC, quantity=Decimal("0.0001"), cost=Decimal("6.4")),
            ),
            open_orders=(
                order(2, Side.BUY, "3300.125", OrderState.PARTIALLY_FILLED, age_ns=3 * HOUR_NS, filled="0.1"),
                order(4, Side.BUY, None, OrderState.UNKNOWN, age_ns=20 * SECOND_NS),
                *(order(number, Side.BUY, "3000", OrderState.OPEN, age_ns=50 * HOUR_NS) for number in range(6, 40, 2)),
            ),
            prices={ETH.symbol: Decimal("3412.5")},
        ),
    ),
    flows=(
        *CALM.flows,
        FlowLine(at=AT - 20 * SECOND_NS, strategy="a_strategy_with_a_long_name", text="UNKNOWN BUY 0.25 ETH/USDT MARKET"),
        FlowLine(at=AT - 10 * SECOND_NS, strategy="", text="ALARM a fill of an order that is not ours"),
        FlowLine(at=AT - SECOND_NS, strategy="ema_cross", text="REJECTED BUY 9 BTC/USDT: " + "insufficient balance " * 9),
    ),
    health=Health(
        streams=(
            StreamHealth(name="market", connected=True, last_at=AT - SECOND_NS),
            StreamHealth(name="private", connected=False, last_at=AT - HOUR_NS, stale_since=AT - 90 * SECOND_NS),
        ),
        weight_used=5_400,
        weight_max=6_000,
        banned_until=AT + MINUTE_NS,
    ),
    halted=True,
    held_back=("the private stream is silent", "the venue does not listen"),
    unknown_orders=1,
)

EMPTY = LiveStatus(at=AT, mode="paper", account="main", strategies=(StrategyStatus(name="new", currency="USDT"),))


async def _exhibit(status: LiveStatus, seconds: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    await show(lambda: status, stop)


if __name__ == "__main__":
    asyncio.run(_exhibit(TROUBLED, 5))
