"""Everything that is served."""

from typing import Final

from s1mpletrader.exchange.routes_account import ACCOUNT_ROUTES
from s1mpletrader.exchange.routes_lists import LIST_ROUTES
from s1mpletrader.exchange.routes_market import MARKET_ROUTES
from s1mpletrader.exchange.routes_orders import ORDER_ROUTES

_ROUTES: Final = (*MARKET_ROUTES, *ORDER_ROUTES, *LIST_ROUTES, *ACCOUNT_ROUTES)

REST_ROUTES: Final = {route.rest: route for route in _ROUTES if route.rest is not None}
"""By method and path."""

SOCKET_ROUTES: Final = {route.socket: route for route in _ROUTES if route.socket is not None}
"""By the WebSocket API's method."""
