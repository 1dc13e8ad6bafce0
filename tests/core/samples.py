"""Small values that the core's tests share."""

from decimal import Decimal

from s1mpletrader.domain.directives import Action
from s1mpletrader.domain.ids import GroupId, OrderId, TradeId
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.orders import OrderDetails, OrderEventKind, OrderType, Side
from s1mpletrader.domain.reality import (
    Fill,
    GroupOpened,
    LedgerChange,
    Liquidity,
    OrderChanged,
    OrderIntended,
    TradeOpened,
)
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, Reasons

SYMBOL = "BTC/USDT"
INSTRUMENT = Instrument(
    symbol=SYMBOL,
    base="BTC",
    quote="USDT",
    settlement="USDT",
    price_tick=Decimal("0.01"),
    quantity_lot=Decimal("0.001"),
)


def order_id(number: int) -> OrderId:
    return OrderId(f"ORD_20220101_000000_{number:016x}")


def trade_id(number: int) -> TradeId:
    return TradeId(f"TRD_20220101_000000_{number:016x}")


def group_id(number: int) -> GroupId:
    return GroupId(f"EXG_20220101_000000_{number:016x}")


def opening(number: int, *, done: bool = True, direction: Direction = Direction.LONG) -> tuple[LedgerChange, ...]:
    """A trade and its group."""
    return (
        TradeOpened(trade_id=trade_id(number), strategy="s", symbol=SYMBOL, direction=direction, at=0),
        GroupOpened(
            group_id=group_id(number),
            trade_id=trade_id(number),
            action=Action.EXECUTE_TRADE,
            algorithm="single",
            at=0,
            done=done,
        ),
    )


def intent(number: int, quantity: str = "2", side: Side = Side.BUY, trade: int | None = None) -> OrderIntended:
    """A limit order at 10."""
    return OrderIntended(
        order_id=order_id(number),
        group_id=group_id(trade or number),
        trade_id=trade_id(trade or number),
        strategy="s",
        venue="v",
        account="a",
        client_order_id=order_id(number),
        details=OrderDetails(symbol=SYMBOL, side=side, type=OrderType.LIMIT, quantity=Decimal(quantity), price=Decimal(10)),
        decided_at=0,
    )


def event(number: int, kind: OrderEventKind, ordinal: int = 1) -> OrderChanged:
    evidence = "x" if kind is OrderEventKind.REOPENED else None
    exchange_id = f"X{number}" if kind is OrderEventKind.ACCEPTED else None
    return OrderChanged(
        order_id=order_id(number), ordinal=ordinal, kind=kind, at=ordinal, evidence=evidence, exchange_order_id=exchange_id
    )


def fill(
    number: int,
    quantity: str = "2",
    price: str = "10",
    fee: str = "0",
    fee_currency: str = "USDT",
    side: Side = Side.BUY,
    trade_number: int | None = None,
) -> Fill:
    return Fill(
        fill_id=f"FIL_20220101_000000_{trade_number or number:016x}",  # type: ignore[arg-type]
        order_id=order_id(number),
        venue="v",
        account="a",
        symbol=SYMBOL,
        venue_trade_id=str(trade_number or number),
        side=side,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        fee_currency=fee_currency,
        liquidity=Liquidity.TAKER,
        venue_at=0,
        at=0,
    )


def draft(number: int | None = None, kind: EntryKind = EntryKind.INTENDED, parent: int | None = None) -> EntryDraft:
    about = order_id(number) if number is not None else None
    return EntryDraft(kind, 0, Reasons(v=SCHEMA_VERSION), parent, about)
