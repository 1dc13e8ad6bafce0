"""Placing, changing and cancelling single orders, and asking for them."""

from typing import Any, Final

from s1mpletrader.exchange.account import Account
from s1mpletrader.exchange.call import Call, Route, Security
from s1mpletrader.exchange.errors import ApiError, missing, no_such_order, unknown_order
from s1mpletrader.exchange.order_form import OrderForm, check_order, read_shared, read_side
from s1mpletrader.exchange.orders import Order, Status
from s1mpletrader.exchange.params import Params
from s1mpletrader.exchange.rendering import amended, cancelled, list_cancelled, placed, shown
from s1mpletrader.exchange.selection import selected
from s1mpletrader.exchange.text import text

_PARTLY: Final = 409


def place(call: Call) -> Any:
    """A new order."""
    shared, side = read_shared(call), read_side(call)
    order = OrderForm(call).read(shared, side)
    call.params.check_all_read()
    call.account.settle(call.at)
    check_order(call, order)
    return placed(call.account.place(order, call.at))


def place_nothing(call: Call) -> Any:
    """A new order, checked and not placed."""
    shared, side = read_shared(call), read_side(call)
    order = OrderForm(call).read(shared, side)
    wants_rates = call.params.flag("computeCommissionRates", default=False)
    call.params.check_all_read()
    call.account.settle(call.at)
    check_order(call, order)
    if not wants_rates:
        return {}
    return {
        "standardCommissionForOrder": _rates(call),
        "specialCommissionForOrder": _no_rates(),
        "taxCommissionForOrder": _no_rates(),
    }


def query(call: Call) -> Any:
    """One order."""
    market = call.exchange.market(call.params.need("symbol"))
    call.account.settle(call.at)
    order = find_order(call.account, call.params, market.name)
    if order is None or order.created_at > call.seen_at:
        raise no_such_order()
    return shown(order)


def cancel(call: Call) -> Any:
    """Cancel one order; with it goes its whole list."""
    params, market = call.params, call.exchange.market(call.params.need("symbol"))
    cancel_id = params.client_order_id("newClientOrderId") or call.exchange.make_client_order_id()
    restriction = params.choice("cancelRestrictions", _RESTRICTIONS, -1100, "Invalid cancelRestrictions.")
    call.account.settle(call.at)
    order = find_order(call.account, params, market.name)
    params.check_all_read()
    if order is None:
        raise unknown_order()
    return _cancelled(call, order, cancel_id, restriction)


def cancel_all(call: Call) -> Any:
    """Cancel every order in a symbol."""
    market = call.exchange.market(call.params.need("symbol"))
    call.params.check_all_read()
    account = call.account
    account.settle(call.at)
    live = account.records.live(market.name)
    if not live:
        raise unknown_order()
    answers = []
    for order in live:
        if order.is_live:
            cancel_id = call.exchange.make_client_order_id()
            account.cancel(order, cancel_id, call.at)
            order_list = account.records.list_of(order)
            answers.append(cancelled(order, cancel_id) if order_list is None else list_cancelled(order_list, cancel_id))
    return answers


def cancel_replace(call: Call) -> Any:
    """Cancel an order and place another: 200 where both were done, 409 where one was, 400 where neither was."""
    params, shared, side = call.params, read_shared(call), read_side(call)
    mode = params.choice("cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE"), -1100, "Invalid cancelReplaceMode.")
    if mode is None:
        raise missing("cancelReplaceMode")
    order = OrderForm(call).read(shared, side)
    cancel_id = params.client_order_id("cancelNewClientOrderId") or call.exchange.make_client_order_id()
    restriction = params.choice("cancelRestrictions", _RESTRICTIONS, -1100, "Invalid cancelRestrictions.")
    params.text("orderRateLimitExceededMode")
    old_id, old_client_id = params.integer("cancelOrderId"), params.client_order_id("cancelOrigClientOrderId")
    params.check_all_read()
    if old_id is None and old_client_id is None:
        raise missing("cancelOrigClientOrderId")
    call.account.settle(call.at)
    old = _find(call.account, shared.market.name, old_id, old_client_id)
    cancel_failure, cancel_answer = _tried(lambda: _cancelled(call, old, cancel_id, restriction))
    if cancel_failure is not None and mode == "STOP_ON_FAILURE":
        raise _half(-2022, "Order cancel-replace failed.", 400, cancel_failure.body(), None)

    def replace() -> Any:
        check_order(call, order)
        return placed(call.account.place(order, call.at))

    failure, answer = _tried(replace)
    if failure is None and cancel_failure is None:
        return {
            "cancelResult": "SUCCESS",
            "newOrderResult": "SUCCESS",
            "cancelResponse": cancel_answer,
            "newOrderResponse": answer,
        }
    if failure is not None and cancel_failure is not None:
        raise _half(-2022, "Order cancel-replace failed.", 400, cancel_failure.body(), failure.body())
    cancel_body = cancel_answer if cancel_failure is None else cancel_failure.body()
    new_body = answer if failure is None else failure.body()
    raise _half(-2021, "Order cancel-replace partially failed.", _PARTLY, cancel_body, new_body)


def amend(call: Call) -> Any:
    """Take quantity away from an order, which keeps its place."""
    params, market = call.params, call.exchange.market(call.params.need("symbol"))
    quantity = params.need_number("newQty")
    new_id = params.client_order_id("newClientOrderId")
    call.account.settle(call.at)
    order = find_order(call.account, params, market.name)
    params.check_all_read()
    if order is None or not order.is_live:
        raise unknown_order()
    if quantity >= order.quantity or quantity <= order.executed:
        raise ApiError(-2038, "The requested action would change no state; rejecting.")
    rules = call.exchange.rules(market, call.at)
    rules.check(quantity, order.asked.prices, market.last_price(call.at), at_market=False)
    original = order.client_order_id
    execution_id = call.account.amend(order, quantity, new_id or original, call.at)
    return amended(order, original, execution_id)


def open_orders(call: Call) -> Any:
    """The live orders, of one symbol or of all."""
    symbol = call.params.text("symbol")
    if symbol is not None:
        call.exchange.market(symbol)
    call.account.settle(call.at)
    return [shown(order) for order in call.account.records.live(symbol) if order.created_at <= call.seen_at]


def all_orders(call: Call) -> Any:
    """An account's orders in a symbol, live and ended."""
    params, market = call.params, call.exchange.market(call.params.need("symbol"))
    from_id, limit = params.integer("orderId"), params.limit(500, 1_000)
    call.account.settle(call.at)
    orders = call.account.records.orders(market.name, call.seen_at)
    if from_id is not None:
        orders = [order for order in orders if order.order_id >= from_id]
    found = selected(params, orders, lambda order: order.created_at, limit, from_start=from_id is not None)
    return [shown(order) for order in found]


def find_order(account: Account, params: Params, symbol: str) -> Order | None:
    """The order that ``orderId`` or ``origClientOrderId`` names; ``ApiError`` where neither is given."""
    order_id, client_order_id = params.integer("orderId"), params.client_order_id("origClientOrderId")
    if order_id is None and client_order_id is None:
        raise ApiError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    return _find(account, symbol, order_id, client_order_id)


def _find(account: Account, symbol: str, order_id: int | None, client_order_id: str | None) -> Order | None:
    if order_id is None:
        return account.records.by_client(symbol, client_order_id or "")
    order = account.records.by_id(symbol, order_id)
    differs = order is not None and client_order_id is not None and order.client_order_id != client_order_id
    return None if differs else order


def _cancelled(call: Call, order: Order | None, cancel_id: str, restriction: str | None) -> Any:
    if order is None:
        raise unknown_order()
    if restriction is not None and order.is_live and order.status is not _RESTRICTIONS[restriction]:
        raise ApiError(-2011, "Order was not canceled due to cancel restrictions.")
    call.account.cancel(order, cancel_id, call.at)
    order_list = call.account.records.list_of(order)
    return cancelled(order, cancel_id) if order_list is None else list_cancelled(order_list, cancel_id)


def _tried(attempt: Any) -> tuple[ApiError | None, Any]:
    try:
        return None, attempt()
    except ApiError as failure:
        return failure, None


def _half(code: int, message: str, status: int, cancel_body: Any, new_body: Any) -> ApiError:
    """What became of the two halves of a cancel-replace."""
    data = {
        "cancelResult": "FAILURE" if "code" in cancel_body else "SUCCESS",
        "newOrderResult": "NOT_ATTEMPTED" if new_body is None else ("FAILURE" if "code" in new_body else "SUCCESS"),
        "cancelResponse": cancel_body,
        "newOrderResponse": new_body,
    }
    return ApiError(code, message, status=status, data=data)


def _rates(call: Call) -> dict[str, str]:
    config = call.exchange.config
    return {"maker": text(config.maker_rate), "taker": text(config.taker_rate)}


def _no_rates() -> dict[str, str]:
    return {"maker": "0.00000000", "taker": "0.00000000"}


_RESTRICTIONS: Final = {"ONLY_NEW": Status.NEW, "ONLY_PARTIALLY_FILLED": Status.PARTIALLY_FILLED}


def _open_weight(params: Params) -> int:
    return 6 if params.has("symbol") else 80


ORDER_ROUTES: Final = (
    Route(place, "POST /api/v3/order", "order.place", Security.SIGNED, orders=1),
    Route(place_nothing, "POST /api/v3/order/test", "order.test", Security.SIGNED),
    Route(query, "GET /api/v3/order", "order.status", Security.SIGNED, 4),
    Route(cancel, "DELETE /api/v3/order", "order.cancel", Security.SIGNED),
    Route(cancel_all, "DELETE /api/v3/openOrders", "openOrders.cancelAll", Security.SIGNED),
    Route(cancel_replace, "POST /api/v3/order/cancelReplace", "order.cancelReplace", Security.SIGNED, orders=1),
    Route(amend, "PUT /api/v3/order/amend/keepPriority", "order.amend.keepPriority", Security.SIGNED, 4),
    Route(open_orders, "GET /api/v3/openOrders", "openOrders.status", Security.SIGNED, _open_weight),
    Route(all_orders, "GET /api/v3/allOrders", "allOrders", Security.SIGNED, 20),
)
