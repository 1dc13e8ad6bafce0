"""What came of a trade: exact sums over its fills."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from s1mpletrader.domain.ids import TradeId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import ZERO, add, subtract
from s1mpletrader.domain.opinion import Direction
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


def trade_result(trade: TradeOpened, fills: Sequence[Fill], instrument: Instrument) -> TradeResult:
    """Sum up a trade's fills."""
    quantity, fees, profit = ZERO, ZERO, ZERO
    for fill in fills:
        signed = fill.quantity if fill.side.sign > 0 else -fill.quantity
        quantity = add(quantity, signed)
        profit = subtract(profit, instrument.notional(fill.price, signed))
        if fill.fee_currency == instrument.settlement:
            fees = add(fees, fill.fee)
        elif fill.fee_currency == instrument.base:
            quantity = subtract(quantity, fill.fee)
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
    )
