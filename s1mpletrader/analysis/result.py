"""What came of a trade: exact sums over its fills, leg by leg."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from s1mpletrader.analysis.slippage import Shortfall, calculate_shortfall
from s1mpletrader.domain.ids import GroupId, OrderId, TradeId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import DERIVED, ZERO, add, multiply, ratio, subtract, total
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import opening_side
from s1mpletrader.domain.reality import Fill, TradeOpened


class TradeResult(Struct, frozen=True, kw_only=True):
    """A trade so far. While it is open, ``profit`` counts what is held as worth nothing yet."""

    trade_id: TradeId
    symbol: str
    direction: Direction
    opened_at: Instant
    closed_at: Instant | None
    """When the last of it was filled; None while something is held."""
    open_quantity: Decimal
    fees: Decimal
    """In the settlement currency; a fee taken in what was bought is in the quantity."""
    profit: Decimal
    """What the fills brought in, less what they cost and the fees."""
    currency: str
    realised: Decimal
    """What has been left brought in, less what that part had cost, fees and funding not counted.

    Exact once nothing is held; before, the part's cost is derived from the mean price of the entries.
    """


class LegKind(StrEnum):
    """What a leg of a trade did."""

    ENTRY = "ENTRY"
    EXIT = "EXIT"


class TradeLeg(Struct, frozen=True, kw_only=True):
    """What one execution group entered, or left, of a trade."""

    kind: LegKind
    group_id: GroupId
    order_ids: tuple[OrderId, ...]
    quantity: Decimal
    average_price: Decimal
    """Derived."""
    notional: Decimal
    """Exact: price times quantity, the multiplier counted, in the settlement currency."""
    fees: Mapping[str, Decimal]
    """By the currency that they were taken in."""
    shortfall: Shortfall


Filled = tuple[Order, Sequence[Fill]]
"""An order with its fills."""


def trade_result(trade: TradeOpened, fills: Sequence[Fill], instrument: Instrument) -> TradeResult:
    """Sum up a trade's fills, which are in the order of their times."""
    quantity, fees, profit = ZERO, ZERO, ZERO
    entered, left, received, given = ZERO, ZERO, ZERO, ZERO
    opening = opening_side(trade.direction)
    for fill in fills:
        signed = fill.quantity if fill.side.sign > 0 else -fill.quantity
        notional = instrument.notional(fill.price, signed)
        if fill.fee_currency == instrument.settlement:
            fees = add(fees, fill.fee)
        elif fill.fee_currency == instrument.base:
            signed = subtract(signed, fill.fee)
        quantity = add(quantity, signed)
        profit = subtract(profit, notional)
        if fill.side is opening:
            entered, received = add(entered, notional), add(received, signed)
        else:
            left, given = add(left, notional), add(given, signed)
    flat = bool(fills) and abs(quantity) < instrument.quantity_lot
    return TradeResult(
        trade_id=trade.trade_id,
        symbol=trade.symbol,
        direction=trade.direction,
        opened_at=trade.at,
        closed_at=fills[-1].venue_at if flat else None,
        open_quantity=quantity,
        fees=fees,
        profit=subtract(profit, fees),
        currency=instrument.settlement,
        realised=profit if flat else _realised(entered, received, left, given),
    )


def trade_legs(trade: TradeOpened, filled: Iterable[Filled], instrument: Instrument) -> tuple[TradeLeg, ...]:
    """What each execution group entered and left, in the order in which the groups first did."""
    opening = opening_side(trade.direction)
    legs: dict[tuple[GroupId, LegKind], list[Filled]] = {}
    for order, fills in filled:
        if fills:
            kind = LegKind.ENTRY if order.details.side is opening else LegKind.EXIT
            legs.setdefault((order.group_id, kind), []).append((order, fills))
    return tuple(_leg(group_id, kind, orders, instrument) for (group_id, kind), orders in legs.items())


def _leg(group_id: GroupId, kind: LegKind, orders: Sequence[Filled], instrument: Instrument) -> TradeLeg:
    fills = [fill for _, own in orders for fill in own]
    quantity = total(fill.quantity for fill in fills)
    fees: dict[str, Decimal] = {}
    for fill in fills:
        fees[fill.fee_currency] = add(fees.get(fill.fee_currency, ZERO), fill.fee)
    return TradeLeg(
        kind=kind,
        group_id=group_id,
        order_ids=tuple(order.order_id for order, _ in orders),
        quantity=quantity,
        average_price=ratio(total(multiply(fill.price, fill.quantity) for fill in fills), quantity) or ZERO,
        notional=total(instrument.notional(fill.price, fill.quantity) for fill in fills),
        fees=fees,
        shortfall=calculate_shortfall(orders, instrument),
    )


def _realised(entered: Decimal, received: Decimal, left: Decimal, given: Decimal) -> Decimal:
    """What the part that was left brought in against its share of the entries; all of these are signed."""
    share = ratio(-given, received)
    if share is None or not given:
        return ZERO
    return DERIVED.subtract(-left, DERIVED.multiply(entered, share)) + ZERO
