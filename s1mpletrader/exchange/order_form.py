"""Reading an order from parameters: which are there for each type, and what the market says to it."""

from decimal import Decimal
from typing import Final, NamedTuple

from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import DERIVED, ZERO, subtract, total
from s1mpletrader.domain.orders import Side, TimeInForce
from s1mpletrader.exchange.account import Account
from s1mpletrader.exchange.call import Call
from s1mpletrader.exchange.errors import ApiError, market_closed, missing, not_required, refused
from s1mpletrader.exchange.market import SymbolMarket
from s1mpletrader.exchange.orders import LIMITED, STOPPED, TAKES_PROFIT, Kind, NewOrder

RESPONSES: Final = ("ACK", "RESULT", "FULL")
_STP_MODES: Final = ("NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER")
_TIMED: Final = frozenset({Kind.LIMIT, Kind.STOP_LOSS_LIMIT, Kind.TAKE_PROFIT_LIMIT})
"""The types that say how long they stay."""


class Shared(NamedTuple):
    """What the orders of one request have in common."""

    market: SymbolMarket
    response: str | None
    self_trade_prevention: str


def read_shared(call: Call) -> Shared:
    """Symbol, kind of answer, and self-trade prevention."""
    market = call.exchange.market(call.params.need("symbol"))
    response = call.params.choice("newOrderRespType", RESPONSES, -1117, "Invalid newOrderRespType.")
    mode = call.params.choice("selfTradePreventionMode", _STP_MODES, -1100, "Invalid selfTradePreventionMode.")
    return Shared(market, response, mode or "EXPIRE_MAKER")


def read_side(call: Call, name: str = "side") -> Side:
    """The side of an order."""
    call.params.need(name)
    return Side(call.params.choice(name, tuple(Side), -1117, "Invalid side.") or "")


class OrderForm:
    """Reads one order, whose parameters all begin with a prefix: that of a list's leg, or none."""

    def __init__(self, call: Call, prefix: str = "") -> None:
        self._call, self._params, self._prefix = call, call.params, prefix

    def read(self, shared: Shared, side: Side, quantity: Decimal | None = None) -> NewOrder:
        """The order; ``quantity`` is given where it is that of a whole list."""
        self._refuse_what_no_symbol_allows()
        kind = self._kind()
        stop_price = self._price("StopPrice", wanted=kind in STOPPED)
        price = self._price("Price", wanted=kind in LIMITED)
        time_in_force = self._time_in_force(kind)
        client_order_id = self._params.client_order_id(self._name("ClientOrderId") if self._prefix else "newClientOrderId")
        strategy_id, strategy_type = (self._params.integer(self._name(name)) for name in ("StrategyId", "StrategyType"))
        quote_quantity = None
        if quantity is None:
            quantity, quote_quantity = self._amount(kind, shared.market, side)
        return NewOrder(
            market=shared.market,
            side=side,
            kind=kind,
            quantity=quantity,
            client_order_id=client_order_id or self._call.exchange.make_client_order_id(),
            price=price,
            stop_price=stop_price,
            quote_quantity=quote_quantity,
            time_in_force=time_in_force,
            response=shared.response or ("FULL" if kind in (Kind.LIMIT, Kind.MARKET) else "ACK"),
            self_trade_prevention=shared.self_trade_prevention,
            strategy_id=strategy_id,
            strategy_type=strategy_type,
        )

    def _refuse_what_no_symbol_allows(self) -> None:
        if self._params.number(self._name("TrailingDelta")) is not None:
            raise refused("Trailing stop orders are not supported for this symbol.")
        if self._params.number(self._name("IcebergQty")):
            raise refused("Iceberg orders are not supported for this symbol.")

    def _kind(self) -> Kind:
        name = self._name("Type")
        self._params.need(name)
        return Kind(self._params.choice(name, tuple(Kind), -1116, "Invalid orderType.") or "")

    def _price(self, suffix: str, *, wanted: bool) -> Decimal | None:
        name = self._name(suffix)
        if wanted:
            return self._params.need_number(name)
        if self._params.text(name) is not None:
            raise not_required(name)
        return None

    def _time_in_force(self, kind: Kind) -> TimeInForce:
        name = self._name("TimeInForce")
        value = self._params.choice(name, tuple(TimeInForce), -1115, "Invalid timeInForce.")
        if kind not in _TIMED:
            if value is not None:
                raise not_required(name)
            return TimeInForce.GTC
        if value is None:
            raise missing(name)
        if kind is Kind.TAKE_PROFIT_LIMIT and value != TimeInForce.GTC:
            raise ApiError(-1014, "Unsupported order combination.")
        return TimeInForce(value)

    def _amount(self, kind: Kind, market: SymbolMarket, side: Side) -> tuple[Decimal, Decimal | None]:
        name = self._name("Quantity")
        if kind is not Kind.MARKET or self._prefix or not self._params.has("quoteOrderQty"):
            return self._params.need_number(name), None
        self._params.refuse(name)
        amount = self._params.need_number("quoteOrderQty")
        return quantity_for(amount, market, side, self._call.at), amount

    def _name(self, suffix: str) -> str:
        return self._prefix + suffix if self._prefix else suffix[0].lower() + suffix[1:]


def quantity_for(amount: Decimal, market: SymbolMarket, side: Side, at: Instant) -> Decimal:
    """As many whole lots as an amount of the quote pays for at the market; ``ApiError`` for none."""
    price = market.exact_price(at)
    if price is None:
        raise market_closed()
    price = market.instrument.price_up(price) if side is Side.BUY else market.instrument.price_down(price)
    quantity = market.instrument.quantity_down(DERIVED.divide(amount, price))
    if quantity <= ZERO:
        raise ApiError(-1013, "Filter failure: LOT_SIZE")
    return quantity


def check_order(call: Call, order: NewOrder, *, waits: bool = False) -> None:
    """Refuse an order that the market does not take; one that ``waits`` for another is not held against the price yet."""
    market, at = order.market, call.at
    last_price = call.exchange.open_price(market, at)
    rules = call.exchange.rules(market, at)
    rules.check(order.quantity, order.prices, last_price, at_market=order.kind is Kind.MARKET)
    live = call.account.records.live(market.name)
    algo_orders = sum(1 for other in live if other.asked.stop_price is not None)
    rules.check_counts(len(live), algo_orders, is_algo=order.stop_price is not None)
    _check_position(call.account, order, rules.position_max)
    known = call.account.records.by_client(market.name, order.client_order_id)
    if known is not None and known.is_live:
        raise refused("Duplicate order sent.")
    price = market.exact_price(at)
    if not waits and price is not None:
        _check_price(order, price)


def _check_price(order: NewOrder, price: Decimal) -> None:
    buys = order.side is Side.BUY
    if order.kind is Kind.LIMIT_MAKER and order.price is not None and (order.price >= price if buys else order.price <= price):
        raise refused("Order would immediately match and take.")
    if order.stop_price is None:
        return
    waits_for_rise = buys is (order.kind not in TAKES_PROFIT)
    if price >= order.stop_price if waits_for_rise else price <= order.stop_price:
        raise refused("Stop price would trigger immediately.")


def _check_position(account: Account, order: NewOrder, position_max: Decimal | None) -> None:
    if position_max is None or order.side is Side.SELL:
        return
    base = order.market.instrument.base
    held = [amount for balance in account.balances() if balance.asset == base for amount in (balance.free, balance.locked)]
    bought = (other for other in account.records.live(order.market.name) if other.asked.side is Side.BUY)
    ordered = [subtract(other.quantity, other.executed) for other in bought]
    if total([*held, *ordered, order.quantity]) > position_max:
        raise ApiError(-1013, "Filter failure: MAX_POSITION")
