"""Paying in and out. The matching engine knows trades only, so a payment is one: at a price of one, on a market nobody sees."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import numpy as np

from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import DAY_NS, Instant
from s1mpletrader.domain.money import DERIVED, add, ceil_to, is_multiple, multiply, subtract
from s1mpletrader.domain.orders import OrderDetails, OrderType, Side, TimeInForce
from s1mpletrader.exchange.config import FEE_QUANTUM
from s1mpletrader.plugins.simulated_exchange.config import InstrumentRules
from s1mpletrader.ports.execution import OrderRequest

COUNTERPART: Final = "TRANSFER"
"""What payments are made against: an asset of which every account has more than enough, and which is never shown."""

COUNTERPART_FUNDS: Final = Decimal(10**18)
_WEEK_NS: Final = 7 * DAY_NS
_WEEKS: Final = 52 * 50
_VOLUME: Final = 1e15


def transfer_symbol(asset: str) -> str:
    """The market on which an asset is paid in and out."""
    return f"{asset}/{COUNTERPART}"


def transfer_candles(assets: Iterable[str], at: Instant) -> dict[Series, Candles]:
    """A market for each asset that stands still at one, for fifty years."""
    opened_at = at - _WEEK_NS + np.arange(_WEEKS, dtype=np.int64) * _WEEK_NS
    ones, volume = np.ones(_WEEKS), np.full(_WEEKS, _VOLUME)
    return {
        (series := Series(transfer_symbol(asset), "1w")): Candles(
            series=series, opened_at=opened_at, open=ones, high=ones, low=ones, close=ones, volume=volume
        )
        for asset in assets
    }


def transfer_rules(assets: Iterable[str]) -> dict[str, InstrumentRules]:
    """The rules of these markets."""
    rules = InstrumentRules(price_tick=Decimal(1), quantity_lot=FEE_QUANTUM, fee_quantum=FEE_QUANTUM)
    return {transfer_symbol(asset): rules for asset in assets}


def transfer_order(engine_id: str, asset: str, amount: Decimal, fee_rate: Decimal) -> OrderRequest:
    """The order that pays an amount in, or, below zero, out; ``ValueError`` for one that is not whole."""
    if not amount or not is_multiple(amount, FEE_QUANTUM):
        raise ValueError(f"a payment is a whole number of {FEE_QUANTUM}, and not zero; found {amount}")
    details = OrderDetails(
        symbol=transfer_symbol(asset),
        side=Side.BUY if amount > 0 else Side.SELL,
        type=OrderType.MARKET,
        quantity=_before_fee(amount, fee_rate) if amount > 0 else -amount,
        time_in_force=TimeInForce.IOC,
    )
    return OrderRequest(order_id=OrderId(engine_id), client_order_id=engine_id, details=details)


def _before_fee(amount: Decimal, fee_rate: Decimal) -> Decimal:
    """The quantity of which the amount is left after the fee. There is one, since it grows with the quantity by single quanta."""
    quantity = ceil_to(DERIVED.divide(amount, subtract(Decimal(1), fee_rate)), FEE_QUANTUM)
    while (left := subtract(quantity, ceil_to(multiply(quantity, fee_rate), FEE_QUANTUM))) != amount:
        quantity = add(quantity, FEE_QUANTUM if left < amount else -FEE_QUANTUM)
    return quantity
