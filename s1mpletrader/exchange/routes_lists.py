"""Order lists: one cancels the other, one triggers the other, and both."""

from collections.abc import Sequence
from typing import Any, Final

from s1mpletrader.domain.orders import ListKind
from s1mpletrader.exchange.call import Call, Route, Security
from s1mpletrader.exchange.errors import ApiError, refused
from s1mpletrader.exchange.order_form import OrderForm, Shared, check_order, read_shared, read_side
from s1mpletrader.exchange.orders import TAKES_PROFIT, Kind, NewOrder, OrderList
from s1mpletrader.exchange.rendering import list_cancelled, list_placed, list_shown
from s1mpletrader.exchange.selection import selected


def place_oco(call: Call) -> Any:
    """Two orders, one above and one below the price, of which one can fill."""
    shared, side, quantity = read_shared(call), read_side(call), call.params.need_number("quantity")
    legs = [OrderForm(call, prefix).read(shared, side, quantity) for prefix in ("above", "below")]
    return _place(call, legs, ListKind.OCO, shared.response)


def place_oto(call: Call) -> Any:
    """An order, and one that is placed once the first is filled."""
    shared = read_shared(call)
    working = _working(call, shared)
    pending_side, pending_quantity = read_side(call, "pendingSide"), call.params.need_number("pendingQuantity")
    pending = OrderForm(call, "pending").read(shared, pending_side, pending_quantity)
    return _place(call, [working, pending], ListKind.OTO, shared.response)


def place_otoco(call: Call) -> Any:
    """An order, and two that are placed once the first is filled, of which one can fill."""
    shared = read_shared(call)
    working = _working(call, shared)
    side, quantity = read_side(call, "pendingSide"), call.params.need_number("pendingQuantity")
    legs = [OrderForm(call, prefix).read(shared, side, quantity) for prefix in ("pendingAbove", "pendingBelow")]
    return _place(call, [working, *legs], ListKind.OTOCO, shared.response)


def cancel_list(call: Call) -> Any:
    """Cancel a whole list."""
    market = call.exchange.market(call.params.need("symbol"))
    cancel_id = call.params.client_order_id("newClientOrderId") or call.exchange.make_client_order_id()
    call.account.settle(call.at)
    order_list = _find(call, "listClientOrderId")
    call.params.check_all_read()
    live = [order for order in order_list.orders if order.is_live] if order_list is not None else []
    if order_list is None or order_list.market is not market or not live:
        raise ApiError(-2011, "Unknown order list sent.")
    call.account.cancel(live[0], cancel_id, call.at)
    return list_cancelled(order_list, cancel_id)


def query_list(call: Call) -> Any:
    """One list."""
    call.account.settle(call.at)
    order_list = _find(call, "origClientOrderId")
    if order_list is None or order_list.created_at > call.seen_at:
        raise ApiError(-2018, "Order list does not exist.")
    return list_shown(order_list)


def open_lists(call: Call) -> Any:
    """The lists that are not done."""
    call.account.settle(call.at)
    return [list_shown(each) for each in _seen(call) if not each.is_done]


def all_lists(call: Call) -> Any:
    """Lists, done or not."""
    from_id, limit = call.params.integer("fromId"), call.params.limit(500, 1_000)
    call.account.settle(call.at)
    lists = [each for each in _seen(call) if from_id is None or each.list_id >= from_id]
    return [list_shown(each) for each in selected(call.params, lists, lambda each: each.created_at, limit)]


def _working(call: Call, shared: Shared) -> NewOrder:
    side, quantity = read_side(call, "workingSide"), call.params.need_number("workingQuantity")
    working = OrderForm(call, "working").read(shared, side, quantity)
    if working.kind not in (Kind.LIMIT, Kind.LIMIT_MAKER):
        raise ApiError(-1116, "Invalid orderType.")
    return working


def _place(call: Call, legs: Sequence[NewOrder], kind: ListKind, response: str | None) -> Any:
    client_list_id = call.params.client_order_id("listClientOrderId") or call.exchange.make_client_order_id()
    call.params.check_all_read()
    call.account.settle(call.at)
    _check_apart(legs if kind is ListKind.OCO else legs[1:])
    if len({leg.client_order_id for leg in legs}) < len(legs):
        raise refused("Duplicate order sent.")
    for index, leg in enumerate(legs):
        check_order(call, leg, waits=kind is not ListKind.OCO and index > 0)
    return list_placed(call.account.place_list(legs, kind, client_list_id, call.at), response)


def _check_apart(legs: Sequence[NewOrder]) -> None:
    """Refuse rivals that are not one above and one below the price."""
    if len(legs) < 2:
        return
    above, below = legs
    above_price, below_price = (leg.stop_price if leg.stop_price is not None else leg.price for leg in legs)
    takes = (*TAKES_PROFIT, Kind.LIMIT_MAKER)
    if (above.kind in takes) == (below.kind in takes):
        raise ApiError(-1158, "Order list legs must be one that takes profit and one that stops a loss.")
    if above_price is None or below_price is None or above_price <= below_price:
        raise refused("The relationship of the prices for the orders is not correct.")


def _find(call: Call, client_id_name: str) -> OrderList | None:
    list_id, client_id = call.params.integer("orderListId"), call.params.client_order_id(client_id_name)
    if list_id is None and client_id is None:
        raise ApiError(-1102, f"Param '{client_id_name}' or 'orderListId' must be sent, but both were empty/null!")
    return call.account.records.find_list(list_id, client_id)


def _seen(call: Call) -> list[OrderList]:
    return [each for each in call.account.records.lists() if each.created_at <= call.seen_at]


LIST_ROUTES: Final = (
    Route(place_oco, "POST /api/v3/orderList/oco", "orderList.place.oco", Security.SIGNED, orders=2),
    Route(place_oto, "POST /api/v3/orderList/oto", "orderList.place.oto", Security.SIGNED, orders=2),
    Route(place_otoco, "POST /api/v3/orderList/otoco", "orderList.place.otoco", Security.SIGNED, orders=3),
    Route(cancel_list, "DELETE /api/v3/orderList", "orderList.cancel", Security.SIGNED),
    Route(query_list, "GET /api/v3/orderList", "orderList.status", Security.SIGNED, 4),
    Route(open_lists, "GET /api/v3/openOrderList", "openOrderLists.status", Security.SIGNED, 6),
    Route(all_lists, "GET /api/v3/allOrderList", "allOrderLists", Security.SIGNED, 20),
)
