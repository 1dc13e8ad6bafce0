"""Orders in the venue's words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from s1mpletrader.api import (
    ListKind,
    OrderDetails,
    OrderRequest,
    OrderType,
    Side,
    TimeInForce,
    UnsupportedOrder,
    plain,
)
from s1mpletrader.plugins.binance.commands import PLACE, PLACE_OCO, PLACE_OTO, PLACE_OTOCO, Route

TYPE_NAMES: Final = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
}
_STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_PRICED: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_SIZES: Final = {ListKind.NONE: 1, ListKind.OCO: 2, ListKind.OTO: 2, ListKind.OTOCO: 3}

Parameters = Mapping[str, str]


def order_parameters(request: OrderRequest, venue_symbol: str) -> dict[str, str]:
    """One order."""
    details = request.details
    return {
        "symbol": venue_symbol,
        "side": details.side.value,
        "newClientOrderId": request.client_order_id,
        "newOrderRespType": "RESULT",
        **_terms(details, _plain_name),
        "quantity": plain(details.quantity),
    }


def submission(requests: Sequence[OrderRequest], kind: ListKind, venue_symbol: str) -> tuple[Route, dict[str, str]]:
    """A submission: where it goes, and its parameters."""
    if kind is ListKind.NONE:
        return PLACE, order_parameters(requests[0], venue_symbol)
    common = {"symbol": venue_symbol, "listClientOrderId": list_id(requests[0]), "newOrderRespType": "RESULT"}
    first = requests[0].details
    if kind is ListKind.OCO:
        pair = {"side": first.side.value, "quantity": plain(first.quantity), **_pair("above", "below", requests)}
        return PLACE_OCO, common | pair
    common |= _leg("working", requests[0]) | {"workingSide": first.side.value, "workingQuantity": plain(first.quantity)}
    second = requests[1].details
    common |= {"pendingSide": second.side.value, "pendingQuantity": plain(second.quantity)}
    if kind is ListKind.OTO:
        return PLACE_OTO, common | _leg("pending", requests[1])
    return PLACE_OTOCO, common | _pair("pendingAbove", "pendingBelow", requests[1:])


def list_id(first: OrderRequest) -> str:
    """The list's own id, from that of its first order: it is as long, and no order has it."""
    return f"LST{first.client_order_id[3:]}"


def check_shape(requests: Sequence[OrderRequest], kind: ListKind) -> None:
    """Raise ``UnsupportedOrder`` for what the venue could not take in this way."""
    if len(requests) != _SIZES[kind]:
        raise UnsupportedOrder(f"binance takes {_SIZES[kind]} orders as {kind}, found {len(requests)}")
    if len({request.details.symbol for request in requests}) > 1:
        raise UnsupportedOrder("the orders of a list have one symbol")
    for request in requests:
        _check_order(request.details)
    if kind in (ListKind.OTO, ListKind.OTOCO) and requests[0].details.type is not OrderType.LIMIT:
        raise UnsupportedOrder(f"the first order of a list of kind {kind} is a limit order")
    if kind in (ListKind.OCO, ListKind.OTOCO):
        _check_pair(requests[-2].details, requests[-1].details)


def _check_order(details: OrderDetails) -> None:
    if details.reduce_only:
        raise UnsupportedOrder("a spot account has no position that an order could only reduce")
    if details.type not in _PRICED and details.time_in_force is TimeInForce.FOK:
        raise UnsupportedOrder(f"binance cannot fill a {details.type} order whole or not at all")


def _check_pair(one: OrderDetails, other: OrderDetails) -> None:
    if {one.type, other.type} & {OrderType.LIMIT} != {OrderType.LIMIT} or not {one.type, other.type} & _STOPS:
        raise UnsupportedOrder("orders that cancel each other are a limit order and a stop")
    if one.side is not other.side or one.quantity != other.quantity:
        raise UnsupportedOrder("orders that cancel each other have one side and one quantity")
    target = one if one.type is OrderType.LIMIT else other
    if target.time_in_force is not TimeInForce.GTC:
        raise UnsupportedOrder("the limit order of a pair stays until it is filled or cancelled")


def _pair(above: str, below: str, requests: Sequence[OrderRequest]) -> dict[str, str]:
    """Two orders that cancel each other. A sale's target lies above the market, a purchase's below; the stop opposite."""
    target, stop = sorted(requests, key=lambda request: request.details.type in _STOPS)
    target_place, stop_place = (above, below) if target.details.side is Side.SELL else (below, above)
    result = _leg(target_place, target) | _leg(stop_place, stop)
    result[f"{target_place}Type"] = "LIMIT_MAKER"
    result.pop(f"{target_place}TimeInForce", None)
    return result


def _leg(place: str, request: OrderRequest) -> dict[str, str]:
    terms = _terms(request.details, lambda name: f"{place}{name[0].upper()}{name[1:]}")
    return {f"{place}ClientOrderId": request.client_order_id, **terms}


def _terms(details: OrderDetails, name: Callable[[str], str]) -> dict[str, str]:
    terms = {name("type"): TYPE_NAMES[details.type]}
    if details.price is not None:
        terms[name("price")] = plain(details.price)
        terms[name("timeInForce")] = details.time_in_force.value
    if details.stop_price is not None:
        terms[name("stopPrice")] = plain(details.stop_price)
    return terms


def _plain_name(name: str) -> str:
    return name
