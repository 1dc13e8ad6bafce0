"""What an account asks about itself."""

from typing import Any, Final

from s1mpletrader.exchange.call import Call, Route, Security
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.params import Params
from s1mpletrader.exchange.rendering import trade_shown
from s1mpletrader.exchange.selection import selected
from s1mpletrader.exchange.text import text


def account(call: Call) -> Any:
    """Balances, rates and permissions."""
    omits_zero = call.params.flag("omitZeroBalances", default=False)
    call.account.settle(call.at)
    balances = {balance.asset: balance for balance in call.account.balances()}
    assets = sorted(balances) if omits_zero else sorted({*balances, *call.exchange.assets})
    rates, config = _rates(call), call.exchange.config
    return {
        "makerCommission": int(config.maker_rate * 10_000),
        "takerCommission": int(config.taker_rate * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates | {"buyer": "0.00000000", "seller": "0.00000000"},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": milliseconds(call.account.updated_at),
        "accountType": "SPOT",
        "balances": [
            {
                "asset": asset,
                "free": text(balances[asset].free) if asset in balances else "0.00000000",
                "locked": text(balances[asset].locked) if asset in balances else "0.00000000",
            }
            for asset in assets
        ],
        "permissions": ["SPOT"],
        "uid": call.account.uid,
    }


def commission(call: Call) -> Any:
    """The rates in a symbol."""
    market, none = call.exchange.market(call.params.need("symbol")), {"buyer": "0.00000000", "seller": "0.00000000"}
    nothing = none | {"maker": "0.00000000", "taker": "0.00000000"}
    return {
        "symbol": market.name,
        "standardCommission": _rates(call) | none,
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": {"enabledForAccount": False, "enabledForSymbol": False, "discountAsset": "BNB", "discount": "0.00000000"},
    }


def order_counts(call: Call) -> Any:
    """How many unfilled orders count against the limits."""
    return call.exchange.limiter.order_counts(call.account.name, call.at)


def my_trades(call: Call) -> Any:
    """The account's trades in a symbol."""
    params, market = call.params, call.exchange.market(call.params.need("symbol"))
    order_id, from_id, limit = params.integer("orderId"), params.integer("fromId"), params.limit(500, 1_000)
    call.account.settle(call.at)
    trades = [
        trade
        for trade in call.account.records.trades
        if trade.market is market
        and trade.at <= call.seen_at
        and (order_id is None or trade.order_id == order_id)
        and (from_id is None or trade.trade_id >= from_id)
    ]
    found = selected(params, trades, lambda trade: trade.at, limit, from_start=from_id is not None)
    return [trade_shown(trade) for trade in found]


def _rates(call: Call) -> dict[str, str]:
    return {"maker": text(call.exchange.config.maker_rate), "taker": text(call.exchange.config.taker_rate)}


def _trades_weight(params: Params) -> int:
    return 5 if params.has("orderId") else 20


ACCOUNT_ROUTES: Final = (
    Route(account, "GET /api/v3/account", "account.status", Security.SIGNED, 20),
    Route(commission, "GET /api/v3/account/commission", "account.commission", Security.SIGNED, 20),
    Route(order_counts, "GET /api/v3/rateLimit/order", "account.rateLimits.orders", Security.SIGNED, 40),
    Route(my_trades, "GET /api/v3/myTrades", "myTrades", Security.SIGNED, _trades_weight),
)
