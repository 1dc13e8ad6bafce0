"""Keys to be looked for, and orders from their words."""

from decimal import Decimal
from typing import Final

from s1mpletrader.api import OrderDetails, OrderRef, OrderRequest, OrderType, Side

KEY: Final = "CANARYKEY7f3a"
SECRET: Final = "CANARYSECRET9b1c"
SYMBOL: Final = "BTC/USDT"


def details(text: str = "buy 4 @ 9.5") -> OrderDetails:
    """An order from its words: side, quantity, and the price or ``stop`` and its price."""
    side, quantity, *rest = text.split()
    prices = dict(zip(rest[::2], map(Decimal, rest[1::2]), strict=True))
    price, stop_price = prices.get("@"), prices.get("stop")
    kind = {(False, False): OrderType.MARKET, (True, False): OrderType.LIMIT, (False, True): OrderType.STOP}.get(
        (price is not None, stop_price is not None), OrderType.STOP_LIMIT
    )
    return OrderDetails(
        symbol=SYMBOL, side=Side(side.upper()), type=kind, quantity=Decimal(quantity), price=price, stop_price=stop_price
    )


def ref_of(request: OrderRequest) -> OrderRef:
    return OrderRef(order_id=request.order_id, client_order_id=request.client_order_id, symbol=request.details.symbol)
