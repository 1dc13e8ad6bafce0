"""Funding: who pays, how much, and when. Every number here is computed by hand."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from s1mpletrader.api import HOUR_NS, MINUTE_NS, FundsChanged, FundsKind
from s1mpletrader.plugins.simulated_exchange.funding import ConstantFunding, Due, read_rates
from tests.simulated_exchange.harness import Bar, World, candles, story

FLAT: Bar = (10.0, 10.0, 10.0, 10.0)
END = 100 * HOUR_NS
MINUTELY: dict[str, Any] = {"funding_rate": "0.001", "funding_interval": "2m"}


@pytest.mark.parametrize(
    ("order", "rate", "told"),
    [
        ("buy 5", "0.001", ["FUNDING -0.05 USDT 120s", "FUNDING -0.05 USDT 240s"]),
        ("sell 5", "0.001", ["FUNDING 0.05 USDT 120s", "FUNDING 0.05 USDT 240s"]),
        ("buy 5", "-0.001", ["FUNDING 0.05 USDT 120s", "FUNDING 0.05 USDT 240s"]),
        # 0.055 is rounded against the account: the payer pays 0.06, the receiver gets 0.05.
        ("buy 5.5", "0.001", ["FUNDING -0.06 USDT 120s", "FUNDING -0.06 USDT 240s"]),
        ("sell 5.5", "0.001", ["FUNDING 0.05 USDT 120s", "FUNDING 0.05 USDT 240s"]),
        # Less than a quantum is not received at all, and nothing is told of it.
        ("sell 0.5", "0.001", []),
        ("buy 0.5", "0.001", ["FUNDING -0.01 USDT 120s", "FUNDING -0.01 USDT 240s"]),
        ("buy 5", "0", []),
    ],
)
def test_a_long_position_pays_what_a_short_one_receives(order: str, rate: str, told: list[str]) -> None:
    place = World(candles(*[FLAT] * 5), funding_rate=rate, funding_interval="2m")
    place.place(order)
    assert story(place.until(END))[1:] == told


def test_the_price_of_the_instant_counts() -> None:
    place = World(candles(FLAT, (10.0, 20.0, 10.0, 20.0), (12.0, 12.0, 12.0, 12.0)), **MINUTELY)
    place.place("buy 5")
    assert story(place.until(END))[1:] == ["FUNDING -0.06 USDT 120s"]


def test_in_a_gap_the_last_price_counts_and_after_the_end_nothing_is_due() -> None:
    place = World(candles(FLAT, (10.0, 20.0, 10.0, 20.0), None, None, None, FLAT), **MINUTELY)
    place.place("buy 5")
    assert story(place.until(END))[1:] == ["FUNDING -0.1 USDT 120s", "FUNDING -0.1 USDT 240s"]


def test_who_holds_nothing_pays_nothing_and_who_comes_at_the_instant_comes_too_late() -> None:
    place = World(candles(*[FLAT] * 8), **MINUTELY)
    place.until(2 * MINUTE_NS)
    place.place("buy 5")
    place.until(4 * MINUTE_NS)
    place.place("sell 5")
    assert story(place.until(END)) == ["2 fill 5 @ 10 TAKER 240s"]
    assert story(place.told) == ["1 fill 5 @ 10 TAKER 120s", "FUNDING -0.05 USDT 240s", "2 fill 5 @ 10 TAKER 240s"]


def test_funding_comes_before_the_order_that_ends_the_position_at_the_same_instant() -> None:
    place = World(candles(FLAT, FLAT, (12.0, 12.0, 12.0, 12.0)), **MINUTELY)
    place.place("buy 5")
    place.place("sell 5 @ 11")
    assert story(place.until(END))[1:] == ["FUNDING -0.06 USDT 120s", "2 fill 5 @ 12 TAKER 120s"]


def test_a_reply_says_what_it_is_about() -> None:
    place = World(candles(*[FLAT] * 3), latency_ms=1_000, **MINUTELY)
    place.place("sell 5")
    assert place.until(END) == [
        FundsChanged(
            asset="USDT",
            amount=Decimal("0.05"),
            kind=FundsKind.FUNDING,
            at=2 * MINUTE_NS + 1_000_000_000,
            venue_at=2 * MINUTE_NS,
            venue_change_id="funding BTC/USDT 120000000000",
            symbol="BTC/USDT",
            quantity=Decimal(-5),
        )
    ]
    assert place.balance("USDT") == ("1050.05", "0")


def test_funding_can_take_the_last_of_a_margin() -> None:
    place = World(
        candles(*[FLAT] * 5),
        funds={"USDT": 100},
        initial_margin="0.1",
        maintenance_margin="0.09",
        funding_rate="0.006",
        funding_interval="2m",
    )
    place.place("buy 100")
    # 100 of equity, less 6 at each funding; 90 are needed.
    assert story(place.until(END))[1:] == [
        "FUNDING -6 USDT 120s",
        "FUNDING -6 USDT 240s",
        "liquidated SELL 100 @ 10 for 0 240s",
    ]


def test_eight_hours_are_the_interval_where_none_is_given() -> None:
    place = World(candles(*[FLAT] * 25, timeframe="1h", minutes=60), funding_rate="0.001")
    place.place("buy 5")
    assert story(place.until(END))[1:] == [f"FUNDING -0.05 USDT {hour * 3600}s" for hour in (8, 16, 24)]


def test_a_constant_rate_is_due_at_multiples_of_its_interval() -> None:
    funding = ConstantFunding(Decimal(1), 100)
    assert [funding.due_after("any", at).at for at in (-1, 0, 99, 100, 101)] == [0, 100, 100, 200, 200]


def test_rates_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(
        "symbol,at,rate\nBTC/USDT,1970-01-01T00:02:00Z,0.001\nBTC/USDT,60000,-0.002\n,1970-01-01T01:03:00+01:00,0.003\n"
    )
    rates = read_rates(file)
    assert rates.due_after("BTC/USDT", 0) == Due(MINUTE_NS, Decimal("-0.002"))
    assert rates.due_after("BTC/USDT", MINUTE_NS) == Due(2 * MINUTE_NS, Decimal("0.001"))
    assert rates.due_after("BTC/USDT", 2 * MINUTE_NS) is None
    assert rates.due_after("ETH/USDT", 0) == Due(3 * MINUTE_NS, Decimal("0.003"))
    place = World(candles(*[FLAT] * 5), funding_rates=str(file))
    place.place("buy 5")
    assert story(place.until(END))[1:] == ["FUNDING 0.1 USDT 60s", "FUNDING -0.05 USDT 120s"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at,price\n1,2\n", "needs the columns at and rate, found at, price"),
        ("", "needs the columns at and rate, found none"),
        ("at,rate\nyesterday,1\n", "line 2: "),
        ("at,rate\n2022-01-01T00:00:00,1\n", "line 2: .* no time zone"),
        ("at,rate\n0,0.1\n1,one\n", "line 3: 'one' is no rate"),
        ("at,rate\n0,nan\n", "line 2: 'nan' is no rate"),
        ("at,rate\n0\n", "line 2: '' is no rate"),
        ("at,rate\n0,1\n0,2\n", "line 3: the second rate of one instant"),
    ],
)
def test_a_file_that_has_no_rates_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_rates(file)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"nowhere\.csv cannot be read"):
        World(candles(FLAT), funding_rates="nowhere.csv")
