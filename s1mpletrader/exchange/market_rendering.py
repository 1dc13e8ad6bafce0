"""Prices, books and public trades as REST tells them, and some of them on the streams, too."""

from decimal import Decimal
from typing import Any, Final

from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import DERIVED, ZERO, multiply, ratio, round_to, subtract
from s1mpletrader.exchange.book import Levels
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.market import Kline, SymbolMarket
from s1mpletrader.exchange.tape import PublicTrade
from s1mpletrader.exchange.text import text

_PLACES: Final = Decimal("0.00000001")
_HUNDRED: Final = Decimal(100)


def ticker(market: SymbolMarket, at: Instant, length: int, *, mini: bool = False) -> dict[str, Any]:
    """A symbol's statistics of a time up to an instant."""
    bar = market.bar(at - length + 1, at + 1, at)
    trades = market.tape.last(at, 1)
    last_id = trades[-1].trade_id if trades else -1
    told: dict[str, Any] = {
        "symbol": market.name,
        "openPrice": text(bar.open),
        "highPrice": text(bar.high),
        "lowPrice": text(bar.low),
        "lastPrice": text(bar.close),
        "volume": text(bar.volume),
        "quoteVolume": text(bar.quote_volume),
        "openTime": milliseconds(bar.start),
        "closeTime": milliseconds(at),
        "firstId": max(last_id - bar.trades + 1, -1),
        "lastId": last_id,
        "count": bar.trades,
    }
    if mini:
        return told
    change = subtract(bar.close, bar.open)
    average = ratio(bar.quote_volume, bar.volume)
    percent = DERIVED.multiply(DERIVED.divide(change, bar.open), _HUNDRED)
    return told | {
        "priceChange": text(change),
        "priceChangePercent": format(round_to(percent, Decimal("0.001")), "f"),
        "weightedAvgPrice": text(bar.close if average is None else round_to(average, _PLACES)),
        "lastQty": text(trades[-1].quantity if trades else ZERO),
        "prevClosePrice": text(bar.open),
        **_best_of_ticker(market, at),
    }


def _best_of_ticker(market: SymbolMarket, at: Instant) -> dict[str, str]:
    """The best bid and ask under the names of REST."""
    return {name: value for name, value in best_shown(market, at).items() if name != "symbol"}


def best_shown(market: SymbolMarket, at: Instant) -> dict[str, str]:
    """A symbol's best bid and ask."""
    book = market.book(at, 1)
    (bid, bid_quantity), (ask, ask_quantity) = next(iter(book.bids.items())), next(iter(book.asks.items()))
    return {
        "symbol": market.name,
        "bidPrice": text(bid),
        "bidQty": text(bid_quantity),
        "askPrice": text(ask),
        "askQty": text(ask_quantity),
    }


def levels_shown(levels: Levels) -> list[list[str]]:
    """One side of a book."""
    return [[text(price), text(quantity)] for price, quantity in levels.items()]


def aggregate_shown(trade: PublicTrade) -> dict[str, Any]:
    """A public trade as an aggregate of one."""
    return {
        "a": trade.trade_id,
        "p": text(trade.price),
        "q": text(trade.quantity),
        "f": trade.trade_id,
        "l": trade.trade_id,
        "T": milliseconds(trade.at),
        "m": trade.buyer_is_maker,
        "M": True,
    }


def public_trade_shown(trade: PublicTrade) -> dict[str, Any]:
    """A public trade."""
    return {
        "id": trade.trade_id,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(multiply(trade.price, trade.quantity)),
        "time": milliseconds(trade.at),
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def kline_shown(kline: Kline) -> list[Any]:
    """A candle as REST shows it."""
    return [
        milliseconds(kline.start),
        text(kline.open),
        text(kline.high),
        text(kline.low),
        text(kline.close),
        text(kline.volume),
        milliseconds(kline.end) - 1,
        text(kline.quote_volume),
        kline.trades,
        text(ZERO),
        text(ZERO),
        "0",
    ]
