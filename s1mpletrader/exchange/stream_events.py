"""What each kind of market stream tells of the time between two instants."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from s1mpletrader.domain.instant import DAY_NS, SECOND_NS, Duration, Instant
from s1mpletrader.exchange.book import STEP_NS, BookChange, changes, update_id
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.intervals import INTERVALS, interval_end, interval_start
from s1mpletrader.exchange.market import Kline, SymbolMarket
from s1mpletrader.exchange.market_rendering import aggregate_shown, best_shown, levels_shown, ticker
from s1mpletrader.exchange.text import text

EventsBetween = Callable[[SymbolMarket, Instant, Instant], Iterator[dict[str, Any]]]
"""The events later than one instant, up to and including another."""

_STEPS_MAX: Final = 50
"""So many steps of the book are looked at one by one; of longer ways only the end."""

_TICKER_NAMES: Final = {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "x": "prevClosePrice",
    "c": "lastPrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}
_MINI_NAMES: Final = ("c", "o", "h", "l", "v", "q")


class StreamKind(NamedTuple):
    """A kind of stream: the name by which faults count its events, and the events."""

    name: str
    events: EventsBetween


def trades(market: SymbolMarket, after: Instant, at: Instant) -> Iterator[dict[str, Any]]:
    """Each public trade."""
    for trade in market.tape.between(after, at):
        shown = {"t": trade.trade_id, "p": text(trade.price), "q": text(trade.quantity), "T": milliseconds(trade.at)}
        yield {"e": "trade", "E": milliseconds(at), "s": market.name, **shown, "m": trade.buyer_is_maker, "M": True}


def aggregates(market: SymbolMarket, after: Instant, at: Instant) -> Iterator[dict[str, Any]]:
    """Each public trade, as an aggregate of one."""
    for trade in market.tape.between(after, at):
        yield {"e": "aggTrade", "E": milliseconds(at), "s": market.name, **aggregate_shown(trade)}


def klines(interval: str, market: SymbolMarket, after: Instant, at: Instant) -> Iterator[dict[str, Any]]:
    """Each candle as it closes, and the open one every second."""
    start = interval_start(interval, after)
    while (end := interval_end(interval, start)) <= at:
        yield _kline(interval, market, market.bar(start, end, end - 1), at, is_closed=True)
        start = end
    if _crosses(SECOND_NS, after, at):
        yield _kline(interval, market, market.bar(start, end, at), at, is_closed=False)


def best_prices(market: SymbolMarket, after: Instant, at: Instant) -> Iterator[dict[str, Any]]:
    """The best bid and ask, where they have changed."""
    before, now = best_shown(market, after), best_shown(market, at)
    if update_id(at) > update_id(after) and now != before:
        quoted = {"b": now["bidPrice"], "B": now["bidQty"], "a": now["askPrice"], "A": now["askQty"]}
        yield {"u": update_id(at), "s": market.name, **quoted}


def book_changes(window: Duration, market: SymbolMarket, after: Instant, at: Instant) -> Iterator[dict[str, Any]]:
    """What has changed in the book since the last window."""
    before, now = after - after % window, at - at % window
    if now > before:
        changed = _changed_on_the_way(market, before, now)
        yield {
            "e": "depthUpdate",
            "E": milliseconds(at),
            "s": market.name,
            "U": update_id(before) + 1,
            "u": update_id(now),
            "b": levels_shown(changed.bids),
            "a": levels_shown(changed.asks),
        }


def book_tops(levels: int, window: Duration, market: SymbolMarket, after: Instant, at: Instant) -> Iterator[dict[str, Any]]:
    """The best levels of the book, once in each window."""
    if _crosses(window, after, at):
        book = market.book(at, levels)
        yield {"lastUpdateId": book.update_id, "bids": levels_shown(book.bids), "asks": levels_shown(book.asks)}


def tickers(market: SymbolMarket, after: Instant, at: Instant) -> Iterator[dict[str, Any]]:
    """The last 24 hours, every second."""
    if _crosses(SECOND_NS, after, at):
        shown = ticker(market, at, DAY_NS)
        named = {short: shown[name] for short, name in _TICKER_NAMES.items()}
        yield {"e": "24hrTicker", "E": milliseconds(at), "s": market.name, **named}


def mini_tickers(market: SymbolMarket, after: Instant, at: Instant) -> Iterator[dict[str, Any]]:
    """The last 24 hours in short, every second."""
    if _crosses(SECOND_NS, after, at):
        shown = ticker(market, at, DAY_NS, mini=True)
        named = {short: shown[_TICKER_NAMES[short]] for short in _MINI_NAMES}
        yield {"e": "24hrMiniTicker", "E": milliseconds(at), "s": market.name, **named}


def average_prices(market: SymbolMarket, after: Instant, at: Instant) -> Iterator[dict[str, Any]]:
    """The mean price of the last five minutes, every second."""
    if _crosses(SECOND_NS, after, at):
        shown = {"i": "5m", "w": text(market.average_price(at)), "T": milliseconds(at)}
        yield {"e": "avgPrice", "E": milliseconds(at), "s": market.name, **shown}


def _changed_on_the_way(market: SymbolMarket, before: Instant, now: Instant) -> BookChange:
    """Every level that has changed at any step between, as it is now: somebody may know the book of one of these steps."""
    changed = BookChange({}, {})
    book = market.book(before)
    for at in range(max(before, now - _STEPS_MAX * STEP_NS) + STEP_NS, now + 1, STEP_NS):
        earlier, book = book, market.book(at)
        step = changes(earlier, book)
        changed = BookChange(changed.bids | step.bids, changed.asks | step.asks)
    return changed


def _kline(interval: str, market: SymbolMarket, kline: Kline, at: Instant, *, is_closed: bool) -> dict[str, Any]:
    first = market.tape.last(kline.start, 1)
    first_id = first[-1].trade_id if first else 0
    shown = {
        "t": milliseconds(kline.start),
        "T": milliseconds(kline.end) - 1,
        "s": market.name,
        "i": interval,
        "f": first_id,
        "L": first_id + kline.trades - 1,
        "o": text(kline.open),
        "c": text(kline.close),
        "h": text(kline.high),
        "l": text(kline.low),
        "v": text(kline.volume),
        "n": kline.trades,
        "x": is_closed,
        "q": text(kline.quote_volume),
        "V": "0.00000000",
        "Q": "0.00000000",
        "B": "0",
    }
    return {"e": "kline", "E": milliseconds(at), "s": market.name, "k": shown}


def _crosses(window: Duration, after: Instant, at: Instant) -> bool:
    return at // window > after // window


def _all_kinds() -> dict[str, StreamKind]:
    kinds = {
        "trade": StreamKind("trade", trades),
        "aggTrade": StreamKind("aggTrade", aggregates),
        "bookTicker": StreamKind("bookTicker", best_prices),
        "ticker": StreamKind("24hrTicker", tickers),
        "miniTicker": StreamKind("24hrMiniTicker", mini_tickers),
        "avgPrice": StreamKind("avgPrice", average_prices),
    }
    for interval in INTERVALS:
        kinds[f"kline_{interval}"] = StreamKind("kline", partial(klines, interval))
    for speed, window in (("", SECOND_NS), ("@1000ms", SECOND_NS), ("@100ms", STEP_NS)):
        kinds[f"depth{speed}"] = StreamKind("depthUpdate", partial(book_changes, window))
        for levels in (5, 10, 20):
            kinds[f"depth{levels}{speed}"] = StreamKind("depth", partial(book_tops, levels, window))
    return kinds


STREAM_KINDS: Final = _all_kinds()
"""By what stands behind the first ``@`` of a stream's name."""
