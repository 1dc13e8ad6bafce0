"""A venue whose path is known only up to the last closed candle, and goes on as candles close."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from s1mpletrader.api import (
    CANDLE_FIELDS,
    HOUR_NS,
    MINUTE_NS,
    SECOND_NS,
    Candle,
    Candles,
    Filled,
    FundsChanged,
    Instant,
    Liquidated,
    NotCandles,
    Refused,
    Rejected,
    Series,
    VenueReply,
)
from tests.simulated_exchange.harness import SYMBOL, Bar, World, candles, reasons, story
from tests.simulated_exchange.test_properties import orders
from tests.simulated_exchange.test_search import walk

FLAT: Bar = (10.0, 10.0, 10.0, 10.0)
FALLS: Bar = (10.0, 10.0, 8.0, 8.0)
RISES: Bar = (10.0, 12.0, 10.0, 12.0)
END = 100 * HOUR_NS
ETH = "ETH/USDT"


def candle(minute: int, bar: Bar, symbol: str = SYMBOL, timeframe: str = "1m") -> Candle:
    opening, high, low, close, *volume = bar
    return Candle(
        series=Series(symbol, timeframe),
        opened_at=minute * MINUTE_NS,
        open=opening,
        high=high,
        low=low,
        close=close,
        volume=volume[0] if volume else 1.0,
    )


def come(place: World, minute: int, bar: Bar, symbol: str = SYMBOL, late_ns: int = 0) -> list[str]:
    """A candle comes when it has closed; what is told of it then."""
    closed_at = (minute + 1) * MINUTE_NS + late_ns
    told = place.until(closed_at)
    place.exchange.extend(candle(minute, bar, symbol))
    return story(told + place.until(closed_at))


def test_an_order_acts_on_the_candle_from_its_arrival_on() -> None:
    place = World(candles(FLAT))
    place.until(MINUTE_NS + 30 * SECOND_NS)
    place.place("buy 1")
    place.place("buy 1 @ 9.5")
    assert place.exchange.next_at() is None
    assert come(place, 1, FALLS) == ["1 fill 1 @ 9 TAKER 90s", "2 fill 1 @ 9 TAKER 90s"]
    assert place.told[0].at == 2 * MINUTE_NS


def test_an_order_that_came_before_acts_from_the_open_on() -> None:
    place = World(candles(FLAT))
    place.place("buy 1 @ 9")
    assert come(place, 1, FALLS) == ["1 fill 1 @ 9 MAKER 90s"]


def test_what_was_cancelled_meanwhile_does_not_fill() -> None:
    place = World(candles(FLAT))
    resting, early = place.place("buy 1 @ 9"), None
    place.until(MINUTE_NS + 50 * SECOND_NS)
    early = place.place("buy 1")
    assert reasons([place.run(place.exchange.cancel(one)) for one in (resting, early)]) == ["ok", "ok"]  # type: ignore[misc]
    assert come(place, 1, FALLS) == []
    assert place.open_numbers() == []


def test_an_order_that_was_changed_meanwhile_acts_from_its_change_on() -> None:
    place = World(candles(FLAT))
    order = place.place("buy 2 @ 8")
    place.until(MINUTE_NS + 35 * SECOND_NS)
    place.run(place.exchange.amend(order, order_quantity := place.request("buy 1").details.quantity, None))
    assert order_quantity == 1
    place.run(place.exchange.replace(order, place.request("buy 1 @ 9")))
    # At 35 s the price is 8.5 already: the replacement takes that.
    assert come(place, 1, FALLS) == ["3 fill 1 @ 8.5 TAKER 95s"]


def test_orders_that_need_the_market_at_once_meet_it_where_they_came() -> None:
    place = World(candles(FLAT))
    place.until(MINUTE_NS + 30 * SECOND_NS)
    assert reasons(place.submit("buy 1 @ 9 ioc", "buy 1 @ 8.9 ioc", "sell 1 fok")) == ["ok"] * 3
    assert place.open_numbers() == [1, 2, 3]
    assert come(place, 1, FALLS) == ["1 fill 1 @ 9 TAKER 90s", "2 expired IOC", "3 fill 1 @ 9 TAKER 90s"]


def test_a_reply_is_never_known_before_the_present() -> None:
    place = World(candles(FLAT), latency_ms=100)
    place.place("buy 1 @ 9")
    come(place, 1, FALLS, late_ns=7 * SECOND_NS)
    (fill,) = place.told
    assert isinstance(fill, Filled)
    assert (fill.venue_at, fill.at) == (90 * SECOND_NS, 2 * MINUTE_NS + 7 * SECOND_NS)


def test_latency_still_passes_where_it_ends_after_the_candle_came() -> None:
    place = World(candles(FLAT), latency_ms=40_000)
    place.place("buy 1 @ 9")
    come(place, 1, FALLS)
    place.until(END)
    assert [reply.at for reply in place.told] == [130 * SECOND_NS]


def test_an_order_in_a_gap_waits_for_the_next_candle() -> None:
    place = World(candles(FLAT))
    place.until(MINUTE_NS + 30 * SECOND_NS)
    place.place("buy 1")
    assert come(place, 4, RISES) == ["1 fill 1 @ 10 TAKER 240s"]


def test_linked_orders_that_came_meanwhile() -> None:
    place = World(candles(FLAT))
    place.until(MINUTE_NS + 10 * SECOND_NS)
    place.submit("buy 1", "sell 1 @ 12 reduce", "sell 1 stop 9 reduce", kind="OTOCO")
    assert come(place, 1, FALLS) == ["1 fill 1 @ 10 TAKER 70s", "3 fill 1 @ 9 TAKER 90s", "2 cancelled OCO"]


def test_funds_are_set_aside_for_orders_that_came_meanwhile() -> None:
    place = World(candles(FLAT), account_type="spot", funds={"USDT": 100})
    place.until(MINUTE_NS + 10 * SECOND_NS)
    assert reasons(place.submit("buy 6 @ 9", "buy 6 @ 9", "buy 4")) == ["ok", "INSUFFICIENT_BALANCE", "ok"]
    assert place.balance("USDT") == ("6", "94")
    come(place, 1, FALLS)
    assert place.balance("USDT") == ("6", "0")
    assert place.balance("BTC") == ("10", "0")


def test_what_is_known_already_or_is_another_timeframe_changes_nothing() -> None:
    place = World(candles(FLAT))
    place.place("buy 1 @ 9")
    place.until(2 * MINUTE_NS)
    place.exchange.extend(candle(0, FALLS))
    place.exchange.extend(candle(1, FALLS, timeframe="5m"))
    assert place.until(END) == []
    place.exchange.extend(candle(1, FALLS))
    place.exchange.extend(candle(1, RISES))
    assert story(place.until(END)) == ["1 fill 1 @ 9 MAKER 90s"]


@pytest.mark.parametrize("wrong", [{"low": 11.0}, {"close": float("nan")}, {"volume": -1.0}, {"open": 0.0}])
def test_what_is_no_candle_is_refused(wrong: dict[str, float]) -> None:
    place = World(candles(FLAT))
    with pytest.raises(NotCandles):
        place.exchange.extend(replace(candle(1, FALLS), **wrong))
    come(place, 1, FALLS)


def test_a_symbol_that_is_not_listed_is_refused() -> None:
    with pytest.raises(Refused, match="does not list"):
        World(candles(FLAT)).exchange.extend(candle(1, FLAT, "XRP/USDT"))


def test_a_symbol_without_history_begins_with_its_first_candle() -> None:
    place = World(instruments={SYMBOL: {"price_tick": "0.1"}})
    assert reasons(place.submit("buy 1")) == ["ok"]
    assert come(place, 0, FALLS) == ["1 fill 1 @ 10 TAKER 0s"]
    assert come(place, 1, FALLS) == []


def test_a_closed_exchange_does_not_go_on() -> None:
    place = World(candles(FLAT))
    place.place("buy 1 @ 9")
    place.run(place.exchange.close())
    assert come(place, 1, FALLS) == []


def test_a_stream_of_replies_hears_of_a_candle() -> None:
    place = World(candles(FLAT))
    place.place("buy 1 @ 9")
    replies = place.exchange.replies().__aiter__()
    hearing = replies.__anext__()

    async def hear() -> VenueReply:
        place.clock.at = 2 * MINUTE_NS
        place.exchange.extend(candle(1, FALLS))
        return await hearing

    assert story([place.run(hear())]) == ["1 fill 1 @ 9 MAKER 90s"]


# With margin, prices of all positions count.


def margin(*symbols: str, funds: int = 100, **config: Any) -> World:
    rules = {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": "0.01"}
    config = {"initial_margin": "0.1", "maintenance_margin": "0.05", **config}
    return World(
        *(candles(FLAT, symbol=symbol) for symbol in symbols),
        funds={"USDT": funds},
        instruments=dict.fromkeys(symbols, rules),
        **config,
    )


def test_a_liquidation_comes_with_the_candle_that_tells_of_it() -> None:
    place = margin(SYMBOL)
    place.place("buy 50")
    place.until(MINUTE_NS)
    assert come(place, 1, FALLS) == ["liquidated SELL 50 @ 8.4 for 0 95.789473685s"]


def test_funding_on_a_candle_comes_with_it() -> None:
    place = margin(SYMBOL, funding_rate="0.001", funding_interval="1m")
    place.place("buy 5")
    place.until(90 * SECOND_NS)
    place.place("buy 5")
    assert come(place, 1, FLAT) == ["FUNDING -0.05 USDT 60s", "2 fill 5 @ 10 TAKER 90s"]
    assert come(place, 2, FLAT) == ["FUNDING -0.1 USDT 120s"]


def test_what_one_price_does_to_the_account_waits_for_the_others() -> None:
    place = margin(SYMBOL, ETH)
    place.place("buy 50")
    place.place("buy 50", ETH)
    place.until(MINUTE_NS)
    assert come(place, 1, FLAT) == []
    assert come(place, 1, FLAT, ETH) == []
    # BTC alone would be too much; ETH has won as much meanwhile.
    assert come(place, 2, FALLS) == []
    assert come(place, 2, RISES, ETH) == []
    assert come(place, 3, (8.0, 8.0, 7.0, 7.0)) == []
    (first, second) = come(place, 3, (12.0, 12.0, 11.0, 11.0), ETH)
    assert first.startswith("liquidated SELL 50 @ 7.4")
    assert second.startswith("liquidated SELL 50 @ 11.4")


def test_one_that_lags_far_behind_is_not_waited_for() -> None:
    place = margin(SYMBOL, ETH)
    place.place("buy 50")
    place.place("buy 10", ETH)
    for minute in (1, 2):
        come(place, minute, FLAT)
        come(place, minute, FLAT, ETH)
    place.place("sell 1 @ 11")
    assert come(place, 3, RISES) == []
    assert come(place, 4, RISES) == []
    # Two candles behind, ETH counts as without candles, and what happened on the first is told.
    assert come(place, 5, FLAT) == ["3 fill 1 @ 11 MAKER 210s"]
    assert come(place, 3, FLAT, ETH) == []


def whole(told: Sequence[VenueReply]) -> list[Any]:
    """What happened, whenever it was known."""
    return sorted(repr(replace(reply, at=0)) for reply in told if isinstance(reply, Filled | Liquidated | FundsChanged))


def growing(history: Sequence[Candles], known: int) -> tuple[list[Candles], list[Candle]]:
    """The first candles as history, and the others one by one in the order of their closing."""
    first, rest = [], []
    for data in history:
        fields = {name: getattr(data, name)[:known] for name in CANDLE_FIELDS}
        first.append(Candles(series=data.series, opened_at=data.opened_at[:known], **fields))
        for row in range(known, len(data)):
            values = {name: float(getattr(data, name)[row]) for name in CANDLE_FIELDS}
            rest.append(Candle(series=data.series, opened_at=int(data.opened_at[row]), **values))
    return first, sorted(rest, key=lambda one: one.opened_at)


def played(
    history: Sequence[Candles], later: Sequence[Candle], session: Sequence[tuple[Instant, str, list[str]]], config: dict[str, Any]
) -> World:
    rules = {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": "0.01"}
    place = World(*history, funds={"USDT": 500}, instruments=dict.fromkeys((SYMBOL, ETH), rules), **config)
    steps: list[tuple[Instant, Candle | tuple[str, list[str]]]] = [(one.opened_at + MINUTE_NS, one) for one in later]
    steps += [(at, (symbol, texts)) for at, symbol, texts in session]
    for at, step in sorted(steps, key=lambda one: one[0]):
        place.until(at)
        if isinstance(step, Candle):
            place.exchange.extend(step)
        else:
            outcomes = place.submit(*step[1], symbol=step[0])
            assume(not any(isinstance(outcome, Rejected) for outcome in outcomes))
    place.until(END)
    return place


sessions = st.lists(
    st.tuples(st.integers(3, 60 * MINUTE_NS), st.sampled_from([SYMBOL, ETH]), st.lists(orders, min_size=1, max_size=2)),
    max_size=8,
)


@settings(max_examples=120)
@given(
    seeds=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    count=st.integers(4, 30),
    known=st.integers(1, 3),
    session=sessions,
    config=st.fixed_dictionaries(
        {
            "volume_share": st.sampled_from([None, "1"]),
            "funding_rate": st.sampled_from([None, "0.0007"]),
            "maker_rate": st.sampled_from(["0", "0.001"]),
        }
    ),
    has_margin=st.booleans(),
)
def test_a_path_that_becomes_known_bit_by_bit_leads_to_the_same(
    seeds: tuple[int, int], count: int, known: int, session: list[Any], config: dict[str, Any], *, has_margin: bool
) -> None:
    history = []
    for seed, symbol in zip(seeds, (SYMBOL, ETH), strict=True):
        data = walk(seed, count)
        fields = {name: np.array(getattr(data, name)) for name in CANDLE_FIELDS}
        # The same minutes in both, so that neither lags behind the other.
        history.append(Candles(series=Series(symbol, "1m"), opened_at=np.arange(count) * MINUTE_NS, **fields))
    if has_margin:
        config = {**config, "initial_margin": "0.02", "maintenance_margin": "0.019"}
    at_once = played(history, [], session, config)
    bit_by_bit = played(*growing(history, known), session, config)
    assert whole(bit_by_bit.told) == whole(at_once.told)
    assert bit_by_bit.balance("USDT") == at_once.balance("USDT")
