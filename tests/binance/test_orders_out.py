"""Orders on their way out: their numbers, their filters, and what has no form that the venue would take."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace

from s1mpletrader.api import IdKind, ListKind, OrderId, OrderRequest, TimeInForce, UnsupportedOrder
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.binance.filters import Rules, rules_of
from s1mpletrader.plugins.binance.messages import SymbolAnswer
from s1mpletrader.plugins.binance.rendering import check_shape, list_id, order_parameters, submission
from tests.binance.samples import details

IDS = Samples("rendering")
LEGAL_NUMBER = re.compile(r"([0-9]{1,20})(\.[0-9]{1,20})?")
LEGAL_ID = re.compile(r"[a-zA-Z0-9-_]{1,36}")


def request(text: str, **changes: Any) -> OrderRequest:
    order_id = OrderId(IDS.id(IdKind.ORDER))
    return OrderRequest(order_id=order_id, client_order_id=order_id, details=replace(details(text), **changes))


def rules(**filters: dict[str, str]) -> Rules:
    named = [{"filterType": name, **values} for name, values in filters.items()]
    answer = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": named}
    return rules_of(json.decode(json.encode(answer), type=SymbolAnswer))


RULES = rules(
    PRICE_FILTER={"minPrice": "0.01", "maxPrice": "1000", "tickSize": "0.01"},
    LOT_SIZE={"minQty": "0.001", "maxQty": "9000", "stepSize": "0.001"},
    MARKET_LOT_SIZE={"minQty": "0", "maxQty": "50", "stepSize": "0"},
    NOTIONAL={"minNotional": "5", "maxNotional": "9000000", "applyMinToMarket": True},  # type: ignore[dict-item]
    MAX_NUM_ORDERS={"maxNumOrders": "200"},
)
BROKEN = {
    "buy 1 @ 10": None,
    "buy 1 @ 10.001": "PRICE_FILTER",
    "buy 1 @ 1000.01": "PRICE_FILTER",
    "buy 1 stop 10.001": "PRICE_FILTER",
    "buy 1.0001 @ 10": "LOT_SIZE",
    "buy 0.0005 @ 10": "LOT_SIZE",
    "buy 9000.001 @ 10": "LOT_SIZE",
    "buy 51": "MARKET_LOT_SIZE",
    "buy 51 stop 10": "MARKET_LOT_SIZE",
    "buy 51 @ 10": None,
    "buy 0.499 @ 10": "NOTIONAL",
    "buy 0.5 @ 10": None,
    "buy 0.001": None,
    "buy 9000 @ 1000": None,
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_filter_is_applied_exactly(text: str) -> None:
    assert RULES.violation(details(text)) == BROKEN[text]


def test_zero_switches_a_filter_off() -> None:
    off = rules(PRICE_FILTER={"minPrice": "0", "maxPrice": "0", "tickSize": "0"})
    assert off.violation(details("buy 1 @ 123456.789")) is None


def test_the_older_notional_filter_has_its_own_name() -> None:
    assert rules(MIN_NOTIONAL={"minNotional": "10"}).violation(details("buy 1 @ 9")) == "MIN_NOTIONAL"


def test_the_instrument_has_the_same_rules() -> None:
    instrument = RULES.instrument()
    assert (instrument.symbol, instrument.base, instrument.quote, instrument.settlement) == ("BTC/USDT", "BTC", "USDT", "USDT")
    assert (instrument.price_tick, instrument.quantity_lot) == (Decimal("0.01"), Decimal("0.001"))
    assert (instrument.quantity_max, instrument.notional_min) == (Decimal(9000), Decimal(5))
    assert instrument.fee_quantum == Decimal("0.00000001")


amounts = st.integers(1, 10**18).flatmap(lambda digits: st.integers(0, 18).map(lambda places: Decimal(digits).scaleb(-places)))


@given(amounts, amounts)
def test_numbers_go_out_exact_and_in_the_venues_form(quantity: Decimal, price: Decimal) -> None:
    parameters = order_parameters(request("buy 1 @ 1", quantity=quantity, price=price), "BTCUSDT")
    for name, value in (("quantity", quantity), ("price", price)):
        assert LEGAL_NUMBER.fullmatch(parameters[name])
        assert Decimal(parameters[name]) == value


def test_our_ids_are_the_venues_ids() -> None:
    first = request("buy 1 @ 10")
    assert LEGAL_ID.fullmatch(first.client_order_id)
    assert LEGAL_ID.fullmatch(list_id(first))
    assert list_id(first) != first.client_order_id


@pytest.mark.parametrize(
    ("texts", "target", "stop"),
    [
        (("sell 2 @ 15", "sell 2 stop 5"), "above", "below"),
        (("sell 2 stop 5 @ 4", "sell 2 @ 15"), "above", "below"),
        (("buy 2 @ 5", "buy 2 stop 15"), "below", "above"),
    ],
)
def test_a_pair_lies_on_both_sides_of_the_market(texts: tuple[str, ...], target: str, stop: str) -> None:
    requests = [request(text) for text in texts]
    route, parameters = submission(requests, ListKind.OCO, "BTCUSDT")
    limit = next(each for each in requests if each.details.type == "LIMIT")
    assert route.method == "orderList.place.oco"
    assert parameters[f"{target}Type"] == "LIMIT_MAKER"
    assert parameters[f"{target}ClientOrderId"] == limit.client_order_id
    assert f"{target}TimeInForce" not in parameters
    assert parameters[f"{stop}Type"].startswith("STOP_LOSS")
    assert parameters[f"{stop}StopPrice"] in ("5", "15")


UNSUPPORTED: list[tuple[tuple[OrderRequest, ...], ListKind]] = [
    ((request("buy 1 @ 10"), request("buy 1 @ 10")), ListKind.NONE),
    ((request("sell 1 @ 10"),), ListKind.OCO),
    ((request("sell 1 @ 10"), request("sell 1 @ 11")), ListKind.OCO),
    ((request("sell 1 stop 9"), request("sell 1 stop 8")), ListKind.OCO),
    ((request("sell 1 @ 10"), request("buy 1 stop 9")), ListKind.OCO),
    ((request("sell 1 @ 10"), request("sell 2 stop 9")), ListKind.OCO),
    ((request("sell 1 @ 10"), request("sell 1")), ListKind.OCO),
    ((request("sell 1 @ 10", time_in_force=TimeInForce.IOC), request("sell 1 stop 9")), ListKind.OCO),
    ((request("sell 1 @ 10"), request("sell 1 stop 9", symbol="ETH/USDT")), ListKind.OCO),
    ((request("buy 1"), request("sell 1 @ 12")), ListKind.OTO),
    ((request("buy 1 @ 9"), request("sell 1 @ 12")), ListKind.OTOCO),
    ((request("buy 1", time_in_force=TimeInForce.FOK),), ListKind.NONE),
    ((request("buy 1 @ 9", reduce_only=True),), ListKind.NONE),
]


@pytest.mark.parametrize(("requests", "kind"), UNSUPPORTED)
def test_what_the_venue_has_no_form_for_is_refused(requests: tuple[OrderRequest, ...], kind: ListKind) -> None:
    with pytest.raises(UnsupportedOrder):
        check_shape(requests, kind)
