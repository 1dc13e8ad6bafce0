"""An account with margin: what it may open, and when the venue closes it. Every number here is computed by hand."""

from decimal import Decimal
from typing import Any

import pytest

from s1mpletrader.api import SECOND_NS, Liquidated
from tests.simulated_exchange.harness import Bar, World, candles, reasons, story

FLAT: Bar = (10.0, 10.0, 10.0, 10.0)
FALLS: Bar = (10.0, 10.0, 8.0, 8.0)
"""At 10 until 20 s, then down to 8 at 40 s."""
RISES: Bar = (10.0, 12.0, 10.0, 12.0)
"""At 10 until 20 s, then up to 12 at 40 s."""
MARGIN: dict[str, Any] = {"initial_margin": "0.1", "maintenance_margin": "0.05"}
END = 600 * SECOND_NS


def world(*bars: Bar | None, funds: int = 100, **config: Any) -> World:
    return World(candles(*bars), funds={"USDT": funds}, **{**MARGIN, **config})


@pytest.mark.parametrize(
    ("orders", "fee_rate", "expected"),
    [
        (["buy 100"], "0", ["ok"]),
        (["buy 100.1"], "0", ["INSUFFICIENT_MARGIN"]),
        (["sell 100"], "0", ["ok"]),
        (["sell 100.1"], "0", ["INSUFFICIENT_MARGIN"]),
        # 100 - 10 x 0.001 x 99 is 99.01, and 99 are needed; one lot more costs 99.1 and leaves 99.009.
        (["buy 99"], "0.001", ["ok"]),
        (["buy 99.1"], "0.001", ["INSUFFICIENT_MARGIN"]),
        # A limit is looked at where it would fill: at its own price, or at once at the market's.
        (["buy 125 @ 8"], "0", ["ok"]),
        (["buy 125.1 @ 8"], "0", ["INSUFFICIENT_MARGIN"]),
        (["buy 100 @ 20"], "0", ["ok"]),
        (["sell 50 @ 20"], "0", ["ok"]),
        (["sell 50.1 @ 20"], "0", ["INSUFFICIENT_MARGIN"]),
        (["sell 125 stop 8"], "0", ["ok"]),
        (["sell 125.1 stop 8"], "0", ["INSUFFICIENT_MARGIN"]),
        # What is held takes its part; what reduces it does not ask, and what turns it asks for what is left.
        (["buy 60", "buy 40"], "0", ["ok", "ok"]),
        (["buy 60", "buy 40.1"], "0", ["ok", "INSUFFICIENT_MARGIN"]),
        (["buy 100", "sell 100"], "0", ["ok", "ok"]),
        (["buy 100", "sell 200"], "0", ["ok", "ok"]),
        (["buy 100", "sell 200.1"], "0", ["ok", "INSUFFICIENT_MARGIN"]),
        (["buy 200 reduce"], "0", ["ok"]),
        # Each resting order is looked at on its own.
        (["buy 125 @ 8", "buy 125 @ 8"], "0", ["ok", "ok"]),
    ],
)
def test_an_order_that_opens_more_than_the_equity_carries_is_refused(
    orders: list[str], fee_rate: str, expected: list[str]
) -> None:
    place = world(FLAT, fee_rate=fee_rate)
    assert [reasons(place.submit(order))[0] for order in orders] == expected


def test_an_order_expires_where_its_fill_would_open_too_much() -> None:
    place = world((10.0, 10.0, 8.0, 8.0))
    assert reasons(place.submit("buy 70 @ 9", "buy 70 @ 9")) == ["ok", "ok"]
    assert story(place.until(29 * SECOND_NS)) == []
    # 70 at 9 need 63; with 140 the 100 would have to carry 126.
    assert story(place.until(35 * SECOND_NS)) == ["1 fill 70 @ 9 MAKER 30s", "2 expired INSUFFICIENT_MARGIN"]
    assert place.balance("USDT") == ("-530", "0")


def test_slippage_counts_as_a_loss_on_arrival_at_the_market() -> None:
    place = world(FLAT, slippage_ticks=1)
    # Bought at 10.1 and worth 10: 100 would leave 90 of equity for a margin of 100.
    assert reasons(place.submit("buy 100")) == ["ok"]
    assert story(place.until(END)) == ["1 expired INSUFFICIENT_MARGIN"]
    assert place.balance("USDT") == ("100", "0")


def test_of_an_order_that_turns_the_position_the_reducing_part_fills() -> None:
    place = world((10.0, 10.0, 8.5, 8.5))
    place.place("buy 50")
    # At 10 the sale would leave a short of 50 and needs 50. At 9 the equity is 50, and 50 more short need 45: still fine.
    assert reasons(place.submit("sell 150 stop 9")) == ["INSUFFICIENT_MARGIN"]
    assert reasons(place.submit("sell 110 stop 9")) == ["INSUFFICIENT_MARGIN"]
    assert reasons(place.submit("sell 105 stop 9", "sell 1 stop 9.5")) == ["ok", "ok"]
    told = story(place.until(END))
    # The one lot sold at 9.5 leaves 49 of 105 to reduce, and 56 to open: they need 50.4 of the 50.5 that are left.
    assert told == ["1 fill 50 @ 10 TAKER 0s", "5 fill 1 @ 9.5 TAKER 26.666666667s", "4 fill 105 @ 9 TAKER 33.333333334s"]


def test_a_turn_that_is_no_longer_carried_fills_only_what_it_reduces() -> None:
    place = world((10.0, 10.0, 8.5, 8.5))
    place.place("buy 50")
    assert reasons(place.submit("sell 100 stop 9", "sell 20 stop 9.5")) == ["ok", "ok"]
    # 75 of equity at 9.5, and with 30 left 60 at 9. A short of 70 would need 63.
    assert story(place.until(END)) == [
        "1 fill 50 @ 10 TAKER 0s",
        "3 fill 20 @ 9.5 TAKER 26.666666667s",
        "2 fill 30 @ 9 TAKER 33.333333334s",
        "2 expired INSUFFICIENT_MARGIN",
    ]


def test_a_whole_order_that_is_not_carried_does_nothing() -> None:
    place = world(FLAT, slippage_ticks=1)
    place.place("buy 40")
    assert reasons(place.submit("sell 125 fok", "sell 40 fok")) == ["ok", "ok"]
    # 96 of equity would be 83.5 after the sale, and a short of 85 needs 85.
    assert story(place.until(END))[1:] == ["2 expired INSUFFICIENT_MARGIN", "3 fill 40 @ 9.9 TAKER 0s"]


@pytest.mark.parametrize(
    ("order", "bars", "liquidated", "left"),
    [
        # -400 + 50 p is below 0.05 x 50 p under 8.42105...: on the way from 10 to 8 that is 15.78947... s after the turn.
        ("buy 50", (FALLS,), "liquidated SELL 50 @ 8.4 for 4.2 35.789473685s", "15.8"),
        # 600 - 50 p is below 0.05 x 50 p over 11.42857...; a purchase is rounded up.
        ("sell 50", (RISES,), "liquidated BUY 50 @ 11.5 for 5.75 34.285714286s", "19.25"),
        # A gap is no path: the account is closed at the open, and owes what it has lost beyond its funds.
        ("buy 50", (FLAT, (5.0, 6.0, 5.0, 6.0)), "liquidated SELL 50 @ 5 for 2.5 60s", "-152.5"),
        ("buy 50", (FLAT, None, None, (5.0, 6.0, 5.0, 6.0)), "liquidated SELL 50 @ 5 for 2.5 180s", "-152.5"),
        # Just before the turn at the low.
        ("buy 50", ((10.0, 10.0, 8.4, 8.4),), "liquidated SELL 50 @ 8.4 for 4.2 39.736842106s", "15.8"),
        # Fully paid, with nothing borrowed: 100 - 10 x 10 is 0, and 10 p is never below a twentieth of itself.
        ("buy 10", (FALLS, (1.0, 1.0, 0.1, 0.1)), None, "0"),
        ("buy 50", ((10.0, 10.0, 8.5, 8.5), (8.5, 20.0, 8.5, 20.0)), None, "-400"),
    ],
)
def test_an_account_below_its_maintenance_margin_is_closed_at_that_instant(
    order: str, bars: tuple[Bar, ...], liquidated: str | None, left: str
) -> None:
    place = world(*bars, liquidation_fee_rate="0.01")
    place.place(order)
    told = story(place.until(END))[1:]
    assert told == ([liquidated] if liquidated else [])
    assert place.balance("USDT") == (left, "0")


def test_the_first_instant_with_too_little_equity_is_found_to_the_nanosecond() -> None:
    place = world(FALLS)
    place.place("buy 50")
    (_, liquidation) = place.until(END)
    assert isinstance(liquidation, Liquidated)
    path = place.exchange._markets["BTC/USDT"].path

    def headroom(at: int) -> Decimal:
        price = Decimal(repr(path.price_at(at)))
        return Decimal(-400) + price * 50 - price * Decimal("2.5")

    assert headroom(liquidation.venue_at) < 0 <= headroom(liquidation.venue_at - 1)


def test_a_liquidation_cancels_every_order_and_nothing_opens_again() -> None:
    place = world(FALLS)
    place.place("buy 50")
    place.submit("sell 10 stop 8", "sell 20 stop 8.2", "sell 50 @ 12")
    place.submit("sell 1 @ 13", "buy 1 @ 8", "buy 1 stop 14", kind="OTOCO")
    assert story(place.until(END)) == [
        "1 fill 50 @ 10 TAKER 0s",
        "liquidated SELL 50 @ 8.4 for 0 35.789473685s",
        "2 cancelled LIQUIDATION",
        "3 cancelled LIQUIDATION",
        "4 cancelled LIQUIDATION",
        "5 cancelled LIQUIDATION",
        "6 cancelled OTO",
        "7 cancelled OTO",
    ]
    assert place.open_numbers() == []
    assert place.balance("USDT") == ("20", "0")
    assert reasons(place.submit("buy 26", "buy 25")) == ["INSUFFICIENT_MARGIN", "ok"]


def test_an_order_that_acts_before_the_liquidation_prevents_it() -> None:
    place = world(FALLS)
    place.place("buy 50")
    place.submit("sell 50 stop 8.5 reduce")
    assert story(place.until(END)) == ["1 fill 50 @ 10 TAKER 0s", "2 fill 50 @ 8.5 TAKER 35s"]


def test_an_order_that_acts_in_the_same_gap_comes_before_the_liquidation() -> None:
    place = world(FLAT, (8.0, 8.0, 8.0, 8.0))
    place.place("buy 50")
    place.submit("sell 30 stop 9 reduce")
    told = story(place.until(END))[1:]
    # 30 sold at 8 leave -160 + 20 x 8 = 0 of equity.
    assert told == ["2 fill 30 @ 8 TAKER 60s", "liquidated SELL 20 @ 8 for 0 60s"]


def test_a_command_finds_the_account_as_the_path_has_left_it() -> None:
    place = world(FLAT, FALLS, latency_ms=20_000)
    place.place("buy 50")
    place.until(76 * SECOND_NS)
    assert reasons(place.submit("sell 50 reduce")) == ["ok"]
    place.until(END)
    assert story(place.told)[1:] == ["liquidated SELL 50 @ 8.4 for 0 95.789473685s", "2 expired REDUCE_ONLY"]


def test_latency_delays_the_news_and_not_the_liquidation() -> None:
    place = world(FLAT, FALLS, latency_ms=500)
    place.place("buy 50")
    (told,) = place.until(END)
    assert story([told]) == ["liquidated SELL 50 @ 8.4 for 0 95.789473685s"]
    assert told.at == 95_789_473_685 + SECOND_NS // 2


def test_positions_of_one_currency_carry_one_another_and_no_other() -> None:
    rules = {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": "0.01"}
    symbols = ("BTC/USDT", "ETH/USDT", "SOL/USDC")
    bars = {"BTC/USDT": FALLS, "ETH/USDT": RISES, "SOL/USDC": FALLS}
    place = World(
        *(candles(bars[symbol], symbol=symbol) for symbol in symbols),
        funds={"USDT": 100, "USDC": 100},
        instruments=dict.fromkeys(symbols, rules),
        **MARGIN,
    )
    place.place("buy 50", "BTC/USDT")
    place.place("buy 50", "ETH/USDT")
    place.place("buy 50", "SOL/USDC")
    # What BTC loses ETH wins. USDC has nothing of that.
    told = [reply for reply in place.until(END) if isinstance(reply, Liquidated)]
    assert story(told) == ["liquidated SELL 50 @ 8.4 for 0 35.789473685s"]
    assert told[0].symbol == "SOL/USDC"
    assert reasons(place.submit("buy 10", symbol="SOL/USDC")) == ["ok"]


def test_all_positions_of_the_currency_are_closed() -> None:
    rules = {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": "0.01"}
    place = World(
        candles(FALLS, symbol="BTC/USDT"),
        candles(FLAT, symbol="ETH/USDT"),
        funds={"USDT": 100},
        instruments={"BTC/USDT": rules, "ETH/USDT": rules},
        **MARGIN,
    )
    place.place("buy 50", "BTC/USDT")
    place.place("sell 10", "ETH/USDT")
    # -300 + 50 p - 100 is below 0.05 x (50 p + 100) under 8.52631...
    assert story(place.until(END))[2:] == [
        "liquidated SELL 50 @ 8.5 for 0 34.736842106s",
        "liquidated BUY 10 @ 10 for 0 34.736842106s",
    ]
    assert place.balance("USDT") == ("25", "0")


def test_a_multiplier_counts() -> None:
    place = World(
        candles(FALLS),
        funds={"USDT": 100},
        instruments={"BTC/USDT": {"price_tick": "0.1", "quantity_lot": "1", "multiplier": "10"}},
        **MARGIN,
    )
    assert reasons(place.submit("buy 11", "buy 5")) == ["INSUFFICIENT_MARGIN", "ok"]
    assert story(place.until(END))[1:] == ["liquidated SELL 5 @ 8.4 for 0 35.789473685s"]


def test_without_margin_keys_nothing_is_refused_or_closed() -> None:
    place = World(candles(FALLS), funds={"USDT": 1})
    assert reasons(place.submit("buy 1000")) == ["ok"]
    assert story(place.until(END)) == ["1 fill 1000 @ 10 TAKER 0s"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"initial_margin": "0.1"}, "given together"),
        ({"initial_margin": "0.1", "maintenance_margin": "0.1"}, "must be below"),
        ({"initial_margin": "1.1", "maintenance_margin": "0.1"}, "less than or equal to 1"),
        ({"liquidation_fee_rate": "0.1"}, "needs initial_margin"),
        ({"funding_rate": "0.1", "funding_rates": "a.csv"}, "not both"),
        ({"funding_interval": "8h"}, "needs funding_rate"),
        ({"funding_rate": "0.1", "funding_interval": "8 hours"}, "no timeframe"),
    ],
)
def test_keys_that_do_not_fit_together_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        World(candles(FLAT), **config)


@pytest.mark.parametrize("config", [MARGIN, {"funding_rate": "0.1"}, {"funding_rates": "a.csv"}])
def test_a_spot_account_has_neither_margin_nor_funding(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="only netting accounts"):
        World(candles(FLAT), account_type="spot", **config)
