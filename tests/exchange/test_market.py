"""What the public sees: prices, candles, trades and books that agree with each other at any instant."""

from decimal import Decimal
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, iso, timeframe_ns
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import decimal_from_float, multiply, total
from s1mpletrader.exchange.book import book_at, changes
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.config import SymbolConfig
from s1mpletrader.exchange.intervals import INTERVALS, interval_end, interval_start
from s1mpletrader.exchange.market import SymbolMarket
from tests.exchange.harness import START, SYMBOL, Desk

DESK = Desk()
MARKET = DESK.exchange.markets[SYMBOL]
BEGIN, END = int(MARKET.candles.opened_at[0]), int(MARKET.candles.opened_at[-1])
INSTANTS = st.integers(BEGIN + HOUR_NS, END - 1)


@given(st.integers(0, len(MARKET.candles) - 1))
def test_a_candles_trades_make_the_candle(index: int) -> None:
    candles = MARKET.candles
    opened = int(candles.opened_at[index])
    trades = list(MARKET.tape.between(opened - 1, opened + MINUTE_NS - 1))
    prices = [trade.price for trade in trades]
    found = (prices[0], max(prices), min(prices), prices[-1], total(trade.quantity for trade in trades))
    names = ("open", "high", "low", "close", "volume")
    assert found == tuple(decimal_from_float(getattr(candles, name)[index]) for name in names)
    assert [trade.trade_id for trade in trades] == list(range(index * 61 + 1, index * 61 + 62))


@given(INSTANTS, st.sampled_from(["1s", "1m", "5m", "1h"]))
def test_a_candle_is_what_has_been_traded_in_it(at: int, interval: str) -> None:
    kline = MARKET.kline(interval, at)
    trades = list(MARKET.tape.between(kline.start - 1, at))
    if not trades:
        assert kline.volume == 0
        return
    prices = [trade.price for trade in trades]
    assert (kline.open, kline.high, kline.low, kline.close) == (prices[0], max(prices), min(prices), prices[-1])
    assert abs(kline.volume - total(trade.quantity for trade in trades)) < Decimal("0.000001")
    assert kline.trades == len(trades)
    traded = total(multiply(trade.price, trade.quantity) for trade in trades)
    assert abs(kline.quote_volume - traded) < traded * Decimal("0.001")


@given(st.integers(START, START + 400 * DAY_NS), st.sampled_from(INTERVALS))
def test_intervals_follow_each_other_without_a_gap(at: int, interval: str) -> None:
    start = interval_start(interval, at)
    end = interval_end(interval, start)
    assert start <= at < end
    assert interval_start(interval, end) == end
    assert interval_start(interval, end - 1) == start


def test_weeks_begin_on_mondays_and_months_on_their_first_day() -> None:
    assert iso(interval_start("1w", START)) == "2025-12-29T00:00:00Z"
    assert iso(interval_start("1M", START)) == "2026-01-01T00:00:00Z"
    assert iso(interval_end("1M", interval_start("1M", START))) == "2026-02-01T00:00:00Z"


@given(INSTANTS)
def test_a_price_lies_between_bid_and_ask(at: int) -> None:
    book, price = MARKET.book(at), MARKET.exact_price(at)
    assert price is not None
    best_bid, best_ask = max(book.bids), min(book.asks)
    assert best_bid <= price <= best_ask
    assert best_bid < best_ask
    assert list(book.bids) == sorted(book.bids, reverse=True)
    assert list(book.asks) == sorted(book.asks)


@given(INSTANTS, INSTANTS)
def test_a_book_and_its_changes_are_the_later_book(one: int, other: int) -> None:
    before, after = MARKET.book(min(one, other)), MARKET.book(max(one, other))
    told = changes(before, after)
    bids, asks = {**before.bids, **told.bids}, {**before.asks, **told.asks}
    assert {price: quantity for price, quantity in bids.items() if quantity} == after.bids
    assert {price: quantity for price, quantity in asks.items() if quantity} == after.asks


def test_quantities_stay_for_a_while() -> None:
    instrument = SymbolConfig().instrument("A/B")
    books = [book_at(instrument, Decimal(100), START + step * 10**8) for step in range(10)]
    changed = [len(changes(before, after).bids) for before, after in pairwise(books)]
    assert 0 < sum(changed) < len(changed) * 10


@pytest.mark.parametrize("interval", ["1m", "15m", "1h", "1d", "1M"])
def test_candles_are_listed_by_time_and_count(interval: str) -> None:
    listed = DESK.public("GET /api/v3/klines", symbol=SYMBOL, interval=interval, limit=5).content
    assert listed[-1][0] == milliseconds(interval_start(interval, START))
    assert [candle[6] + 1 for candle in listed[:-1]] == [candle[0] for candle in listed[1:]]
    since = DESK.public("GET /api/v3/klines", symbol=SYMBOL, interval=interval, startTime=listed[0][0]).content
    assert since == listed
    until = DESK.public("GET /api/v3/klines", symbol=SYMBOL, interval=interval, endTime=listed[-1][0] - 1, limit=2).content
    assert [candle[0] for candle in until] == [candle[0] for candle in listed[-3:-1]]


def test_a_page_of_candles_begins_where_it_is_asked_to() -> None:
    start = milliseconds(START - 2 * HOUR_NS) + 1
    page = DESK.public("GET /api/v3/klines", symbol=SYMBOL, interval="1m", startTime=start, limit=3).content
    assert [candle[0] for candle in page] == [start - 1 + minute * 60_000 for minute in (1, 2, 3)]


def test_the_last_candle_is_open() -> None:
    desk = Desk()
    desk.advance(90)
    (before, now) = desk.public("GET /api/v3/klines", symbol=SYMBOL, interval="1m", limit=2).content
    assert now[0] == milliseconds(START + MINUTE_NS)
    assert (now[8], before[8]) == (31, 61)
    assert Decimal(now[4]) == desk.price()


def test_tickers_tell_of_one_some_or_all_symbols() -> None:
    one = DESK.public("GET /api/v3/ticker/price", symbol=SYMBOL).content
    assert one == {"symbol": SYMBOL, "price": f"{DESK.price():.8f}"}
    some = DESK.public("GET /api/v3/ticker/bookTicker", symbols='["ETHUSDT","BTCUSDT"]').content
    assert [ticker["symbol"] for ticker in some] == ["ETHUSDT", "BTCUSDT"]
    everything = DESK.public("GET /api/v3/ticker/24hr").content
    assert [ticker["symbol"] for ticker in everything] == ["BTCUSDT", "ETHUSDT"]
    assert everything[0]["count"] == 24 * 60 * 61
    assert DESK.public("GET /api/v3/ticker/price", symbol="NOTHING").code == -1121
    assert DESK.public("GET /api/v3/ticker/price", symbols="BTCUSDT").code == -1100


def test_a_window_has_a_ticker_of_its_own() -> None:
    route = "GET /api/v3/ticker"
    hour = DESK.public(route, symbol=SYMBOL, windowSize="1h").content
    bar = MARKET.bar(START - HOUR_NS + 1, START + 1, START)
    assert (hour["openPrice"], hour["highPrice"], hour["count"]) == (f"{bar.open:.8f}", f"{bar.high:.8f}", bar.trades)
    mini = DESK.public(route, symbols='["BTCUSDT"]', type="MINI").content
    assert "priceChange" in hour
    assert "priceChange" not in mini[0]
    assert DESK.public(route).code == -1128
    assert DESK.public(route, symbol=SYMBOL, windowSize="1y").code == -1100
    assert DESK.public(route, symbol=SYMBOL, type="BIG").code == -1130


def test_the_average_price_is_weighted_by_volume() -> None:
    average = Decimal(DESK.public("GET /api/v3/avgPrice", symbol=SYMBOL).content["price"])
    trades = list(MARKET.tape.between(START - 5 * MINUTE_NS, START))
    traded = total(multiply(trade.price, trade.quantity) for trade in trades)
    assert abs(average - traded / total(trade.quantity for trade in trades)) < Decimal("0.00001")


def test_where_nothing_is_traded_a_candle_is_flat() -> None:
    opened = START + np.array([0, 5], dtype=np.int64) * MINUTE_NS
    flat = np.full(2, 10.0)
    config = SymbolConfig()
    candles = Candles(
        series=Series("A/B", "1m"), opened_at=opened, open=flat, high=flat + 1, low=flat, close=flat + 1, volume=flat
    )
    market = SymbolMarket("AB", config.instrument("A/B"), config.rules(), candles, "direction")
    gap = market.kline("1m", START + 2 * MINUTE_NS)
    assert (gap.open, gap.close, gap.volume, gap.trades) == (Decimal(11), Decimal(11), Decimal(0), 0)
    assert market.price(START + 2 * MINUTE_NS) is None


def test_public_trades_are_found_by_id() -> None:
    last = DESK.public("GET /api/v3/trades", symbol=SYMBOL, limit=5).content
    assert DESK.public("GET /api/v3/historicalTrades", symbol=SYMBOL, fromId=last[0]["id"], limit=9).content == last
    aggregates = DESK.public("GET /api/v3/aggTrades", symbol=SYMBOL, startTime=last[1]["time"], limit=2).content
    assert [trade["a"] for trade in aggregates] == [trade["id"] for trade in last[1:3]]
    by_id = DESK.public("GET /api/v3/aggTrades", symbol=SYMBOL, fromId=last[3]["id"]).content
    assert [trade["p"] for trade in by_id] == [trade["price"] for trade in last[3:]]


def test_the_exchange_tells_its_rules() -> None:
    info = DESK.public("GET /api/v3/exchangeInfo").content
    assert [(symbol["symbol"], symbol["status"]) for symbol in info["symbols"]] == [
        ("BTCUSDT", "TRADING"),
        ("ETHUSDT", "TRADING"),
    ]
    filters = {each["filterType"]: each for each in info["symbols"][0]["filters"]}
    assert filters["PRICE_FILTER"] == {
        "filterType": "PRICE_FILTER",
        "minPrice": "0.01000000",
        "maxPrice": "1000000.00000000",
        "tickSize": "0.01000000",
    }
    assert {"LOT_SIZE", "NOTIONAL", "MAX_NUM_ORDERS", "PERCENT_PRICE_BY_SIDE"} <= filters.keys()
    assert {limit["rateLimitType"] for limit in info["rateLimits"]} == {"REQUEST_WEIGHT", "ORDERS", "RAW_REQUESTS"}


def test_no_number_goes_out_with_an_exponent_or_as_a_float() -> None:
    desk = Desk(symbols={"PEPE/USDT": {"price": "0.0000002", "price_tick": "0.0000000001", "price_min": "0", "volume": 1e9}})
    for route in ("GET /api/v3/klines", "GET /api/v3/depth", "GET /api/v3/trades"):
        more = {"interval": "1m"} if route.endswith("klines") else {}
        body = desk.public(route, symbol="PEPEUSDT", limit=5, **more).body().decode()
        assert "E-" not in body
        assert not any(isinstance(number, float) for row in msgspec.json.decode(body) for number in row)


def test_after_its_last_candle_a_market_is_closed() -> None:
    desk = Desk(candles_after=2)
    desk.advance(180)
    asked = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    assert desk.refusal("POST /api/v3/order", **asked) == (-1013, "Market is closed.")
    assert desk.public("GET /api/v3/exchangeInfo", symbol=SYMBOL).content["symbols"][0]["status"] == "BREAK"
    assert desk.public("GET /api/v3/ticker/price", symbol=SYMBOL).status == 200


@settings(max_examples=20)
@given(st.integers(2, 40), st.sampled_from(["1s", "5s", "1m", "1h"]))
def test_candles_of_any_length_are_traded_whole(count: int, timeframe: str) -> None:

    step = timeframe_ns(timeframe)
    opened = START + np.arange(count, dtype=np.int64) * step
    flat = np.full(count, 10.0)
    candles = Candles(
        series=Series("A/B", timeframe), opened_at=opened, open=flat, high=flat + 1, low=flat - 1, close=flat, volume=flat
    )
    config = SymbolConfig()
    instrument: Instrument = config.instrument("A/B")
    market = SymbolMarket("AB", instrument, config.rules(), candles, "direction")
    bar = market.bar(START, START + count * step, START + count * step)
    assert (bar.high, bar.low, bar.volume) == (Decimal(11), Decimal(9), Decimal(10 * count))
    assert bar.quote_volume == multiply(bar.volume, Decimal(10))
    assert len(list(market.tape.between(START - SECOND_NS, START + count * step))) == bar.trades
