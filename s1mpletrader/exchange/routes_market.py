"""What everybody may ask: the exchange's time and rules, prices, candles, trades and books."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from s1mpletrader.domain.instant import DAY_NS, MINUTE_NS, Instant
from s1mpletrader.exchange.book import LEVELS
from s1mpletrader.exchange.call import Call, Route
from s1mpletrader.exchange.clock import MILLISECOND_NS, milliseconds
from s1mpletrader.exchange.errors import ApiError
from s1mpletrader.exchange.intervals import check_interval, interval_end, interval_start
from s1mpletrader.exchange.market import SymbolMarket
from s1mpletrader.exchange.market_rendering import (
    aggregate_shown,
    best_shown,
    kline_shown,
    levels_shown,
    public_trade_shown,
    ticker,
)
from s1mpletrader.exchange.orders import Kind
from s1mpletrader.exchange.params import Params
from s1mpletrader.exchange.text import text

_WINDOWS: Final = {"m": MINUTE_NS, "h": 60 * MINUTE_NS, "d": DAY_NS}
_PRECISION: Final = 8


def ping(_call: Call) -> Any:
    """Nothing, answered."""
    return {}


def server_time(call: Call) -> Any:
    """The exchange's clock."""
    return {"serverTime": milliseconds(call.exchange.told_time(call.at))}


def exchange_info(call: Call) -> Any:
    """Limits, symbols and filters."""
    symbols = call.params.symbols()
    status = call.params.text("symbolStatus")
    for ignored in ("permissions", "showPermissionSets"):
        call.params.text(ignored)
    markets = [call.exchange.market(name) for name in symbols] if symbols is not None else call.exchange.markets.values()
    shown = [_symbol_info(call, market) for market in markets]
    return {
        "timezone": "UTC",
        "serverTime": milliseconds(call.exchange.told_time(call.at)),
        "rateLimits": call.exchange.limiter.told(),
        "exchangeFilters": [],
        "symbols": [info for info in shown if status is None or info["status"] == status],
    }


def depth(call: Call) -> Any:
    """The book."""
    market = call.exchange.market(call.params.need("symbol"))
    call.params.text("symbolStatus")
    book = market.book(call.at, min(call.params.limit(100, 5_000), LEVELS))
    return {"lastUpdateId": book.update_id, "bids": levels_shown(book.bids), "asks": levels_shown(book.asks)}


def recent_trades(call: Call) -> Any:
    """The last public trades."""
    market = call.exchange.market(call.params.need("symbol"))
    return [public_trade_shown(trade) for trade in market.tape.last(call.at, call.params.limit(500, 1_000))]


def historical_trades(call: Call) -> Any:
    """Public trades from an id on, or the last."""
    market, from_id = call.exchange.market(call.params.need("symbol")), call.params.integer("fromId")
    limit = call.params.limit(500, 1_000)
    found = market.tape.last(call.at, limit) if from_id is None else market.tape.from_id(from_id, call.at, limit)
    return [public_trade_shown(trade) for trade in found]


def aggregate_trades(call: Call) -> Any:
    """Public trades, each its own aggregate."""
    params, market = call.params, call.exchange.market(call.params.need("symbol"))
    from_id, start, end = params.integer("fromId"), params.integer("startTime"), params.integer("endTime")
    limit, tape = params.limit(500, 1_000), market.tape
    until = call.at if end is None else min(call.at, end * MILLISECOND_NS + MILLISECOND_NS - 1)
    if from_id is not None:
        found = tape.from_id(from_id, until, limit)
    elif start is not None:
        found = []
        for trade in tape.between(start * MILLISECOND_NS - 1, until):
            found.append(trade)
            if len(found) == limit:
                break
    else:
        found = tape.last(until, limit)
    return [aggregate_shown(trade) for trade in found]


def klines(call: Call) -> Any:
    """Candles; the last one may still be open."""
    params, market = call.params, call.exchange.market(call.params.need("symbol"))
    interval = check_interval(params.need("interval"))
    start, end = params.integer("startTime"), params.integer("endTime")
    limit, zone = params.limit(500, 1_000), params.text("timeZone")
    if zone not in (None, "0", "+0", "-0", "00:00", "0:00"):
        raise ApiError(-1100, "Only UTC candles are served here: timeZone must be 0.")
    last = call.at if end is None else min(end * MILLISECOND_NS, call.at)
    first = _first_start(interval, last, limit) if start is None else start * MILLISECOND_NS
    last = min(last, _last_start(interval, first, limit))
    return [kline_shown(kline) for kline in market.klines(interval, first, last, call.at)][:limit]


def average_price(call: Call) -> Any:
    """The mean price of the last five minutes, weighted by volume."""
    market = call.exchange.market(call.params.need("symbol"))
    return {"mins": 5, "price": text(market.average_price(call.at)), "closeTime": milliseconds(call.at)}


def price_ticker(call: Call) -> Any:
    """Last prices."""
    return _each(call, lambda market: {"symbol": market.name, "price": text(market.last_price(call.at))})


def book_ticker(call: Call) -> Any:
    """The best bids and asks."""
    return _each(call, lambda market: best_shown(market, call.at))


def day_ticker(call: Call) -> Any:
    """What has happened within 24 hours."""
    kind = call.params.choice("type", ("FULL", "MINI"), -1130, "Data sent for parameter 'type' is not valid.")
    return _each(call, lambda market: ticker(market, call.at, DAY_NS, mini=kind == "MINI"))


def window_ticker(call: Call) -> Any:
    """What has happened within a window."""
    kind = call.params.choice("type", ("FULL", "MINI"), -1130, "Data sent for parameter 'type' is not valid.")
    window = call.params.text("windowSize", "[1-9][0-9]?[mhd]") or "1d"
    length = int(window[:-1]) * _WINDOWS[window[-1]]
    return _each(call, lambda market: ticker(market, call.at, length, mini=kind == "MINI"), with_best=False)


def _symbol_info(call: Call, market: SymbolMarket) -> dict[str, Any]:
    instrument = market.instrument
    return {
        "symbol": market.name,
        "status": call.exchange.status(market, call.at),
        "baseAsset": instrument.base,
        "baseAssetPrecision": _PRECISION,
        "quoteAsset": instrument.quote,
        "quotePrecision": _PRECISION,
        "quoteAssetPrecision": _PRECISION,
        "baseCommissionPrecision": _PRECISION,
        "quoteCommissionPrecision": _PRECISION,
        "orderTypes": list(Kind),
        "icebergAllowed": False,
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": call.exchange.rules(market, call.at).filters(),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _each(call: Call, show: Callable[[SymbolMarket], dict[str, Any]], *, with_best: bool = True) -> Any:
    """One object for ``symbol``, a list for ``symbols``, or for all where neither is given."""
    is_one = call.params.has("symbol")
    names = call.params.symbols()
    call.params.text("symbolStatus")
    if names is None and not with_best:
        raise ApiError(-1128, "Combination of optional parameters invalid. Either 'symbol' or 'symbols' must be sent.")
    markets: Sequence[SymbolMarket] = (
        list(call.exchange.markets.values()) if names is None else [call.exchange.market(name) for name in names]
    )
    return show(markets[0]) if is_one else [show(market) for market in markets]


def _first_start(interval: str, last: Instant, count: int) -> Instant:
    start = interval_start(interval, last)
    for _ in range(count - 1):
        start = interval_start(interval, start - 1)
    return start


def _last_start(interval: str, first: Instant, count: int) -> Instant:
    start = interval_start(interval, first)
    for _ in range(count):
        start = interval_end(interval, start)
    return start


def _by_symbols(one: int, some: int, every: int) -> Callable[[Params], int]:
    """A weight that depends on how many symbols are asked for."""

    def weight(params: Params) -> int:
        if params.has("symbol"):
            return one
        return some if params.has("symbols") else every

    return weight


def _depth_weight(params: Params) -> int:
    limit = params.limit(100, 5_000)
    return next(weight for bound, weight in ((100, 5), (500, 25), (1_000, 50), (5_000, 250)) if limit <= bound)


MARKET_ROUTES: Final = (
    Route(ping, "GET /api/v3/ping", "ping"),
    Route(server_time, "GET /api/v3/time", "time"),
    Route(exchange_info, "GET /api/v3/exchangeInfo", "exchangeInfo", weight=20),
    Route(depth, "GET /api/v3/depth", "depth", weight=_depth_weight),
    Route(recent_trades, "GET /api/v3/trades", "trades.recent", weight=25),
    Route(historical_trades, "GET /api/v3/historicalTrades", "trades.historical", weight=25),
    Route(aggregate_trades, "GET /api/v3/aggTrades", "trades.aggregate", weight=4),
    Route(klines, "GET /api/v3/klines", "klines", weight=2),
    Route(klines, "GET /api/v3/uiKlines", "uiKlines", weight=2),
    Route(average_price, "GET /api/v3/avgPrice", "avgPrice", weight=2),
    Route(price_ticker, "GET /api/v3/ticker/price", "ticker.price", weight=_by_symbols(2, 4, 4)),
    Route(book_ticker, "GET /api/v3/ticker/bookTicker", "ticker.book", weight=_by_symbols(2, 4, 4)),
    Route(day_ticker, "GET /api/v3/ticker/24hr", "ticker.24hr", weight=_by_symbols(2, 2, 80)),
    Route(window_ticker, "GET /api/v3/ticker", "ticker", weight=_by_symbols(4, 4, 4)),
)
