"""What an exchange can do, from ccxt's own tables, and no more than holds our promises."""

from collections.abc import Mapping
from typing import Any, Final

from s1mpletrader.api import AccountType, Capabilities, OrderType, TimeInForce

AMENDS_IN_PLACE: Final = frozenset({"bybit", "bybiteu", "bybitid", "kraken", "myokx", "okx", "okxus"})
"""Where ccxt's ``edit_order`` changes the order itself: same id, same client order id. Elsewhere it makes another order of it."""

BUYS_IN_BASE: Final[Mapping[str, Mapping[str, Any]]] = {
    "bybit": {},
    "bybiteu": {},
    "bybitid": {},
    "cryptocom": {},
    "myokx": {"tgtCcy": "base_ccy"},
    "okx": {"tgtCcy": "base_ccy"},
    "okxus": {"tgtCcy": "base_ccy"},
}
"""Parameters by which a market buy names a quantity where the exchange would have it name an amount of money."""


def capabilities_of(exchange: Any, account_type: AccountType) -> Capabilities:
    """The exchange's order types, times in force and changes, as ccxt declares them.

    - A market order is offered where a buy can name a quantity. Elsewhere the exchange takes an amount of money, which could buy
      more than the order's quantity.
    - A stop is offered where a stop order is an order like any other. Elsewhere it is kept apart, and what it triggers is
      another order, with another id.
    """
    offered = _features(exchange, account_type)
    types = {OrderType.LIMIT}
    if buys_in_base(exchange, offered, account_type):
        types.add(OrderType.MARKET)
    if account_type is AccountType.SPOT and _stops_are_orders(offered):
        types.add(OrderType.STOP_LIMIT)
        if OrderType.MARKET in types:
            types.add(OrderType.STOP)
    accepted = (offered.get("createOrder") or {}).get("timeInForce") or {}
    return Capabilities(
        order_types=frozenset(types),
        times_in_force=frozenset({TimeInForce.GTC, *(rule for rule in TimeInForce if accepted.get(rule.value) is True)}),
        account_type=account_type,
        reduce_only=account_type is AccountType.NETTING and exchange.has.get("createReduceOnlyOrder") is True,
        amend=exchange.id in AMENDS_IN_PLACE and exchange.has.get("editOrder") is True,
    )


def buys_in_base(exchange: Any, offered: Mapping[str, Any], account_type: AccountType) -> bool:
    """Whether a market order to buy can name the quantity."""
    if account_type is not AccountType.SPOT or exchange.id in BUYS_IN_BASE:
        return True
    declared = (offered.get("createOrder") or {}).get("marketBuyRequiresPrice")
    return not (declared or exchange.options.get("createMarketBuyOrderRequiresPrice"))


def _stops_are_orders(offered: Mapping[str, Any]) -> bool:
    """Stops of which direction ccxt is sure (a ``stopLossPrice``), and that are found among the other orders."""
    has_stop = bool((offered.get("createOrder") or {}).get("stopLossPrice"))
    apart = any((offered.get(method) or {}).get("trigger") for method in ("fetchOrder", "fetchOpenOrders"))
    return has_stop and not apart


def _features(exchange: Any, account_type: AccountType) -> Mapping[str, Any]:
    features = exchange.features or {}
    if account_type is AccountType.SPOT:
        return features.get("spot") or {}
    return (features.get("swap") or {}).get("linear") or {}
