"""What an order asks for arrives at the exchange exactly, or is refused here."""

import asyncio
import decimal
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from s1mpletrader.api import (
    Accepted,
    AccountType,
    Amended,
    Cancelled,
    CancelRejected,
    IdKind,
    Instrument,
    OrderDetails,
    OrderId,
    OrderRef,
    OrderRequest,
    OrderState,
    OrderType,
    Refused,
    Rejected,
    Side,
    TimeInForce,
    Unknown,
    UnsupportedOrder,
)
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.ccxt_exchange.markets import Markets
from s1mpletrader.plugins.ccxt_exchange.session import Session
from s1mpletrader.plugins.ccxt_exchange.translate import Unreadable, details_of, filled_of, instrument_of, number, state_of
from tests.ccxt.dialects.bybit import Bybit
from tests.ccxt.dialects.coinbase import Coinbase
from tests.ccxt.dialects.kraken import Kraken, transaction_id
from tests.ccxt.dialects.okx import Okx
from tests.ccxt.harness import SECRETS, Bench
from tests.ccxt.world import DETAILS, INSTRUMENT, Dialect, WallClock, Wire, World

DIALECTS: list[Dialect] = [Okx(), Kraken(), Bybit(), Coinbase()]
BUY: dict[str, Any] = {"symbol": "BTC/USDT", "side": Side.BUY, "quantity": Decimal("0.012")}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for exchange in ("OKX", "KRAKEN", "BYBIT", "COINBASE"):
        for part, secret in zip(("KEY", "SECRET", "PASSWORD"), SECRETS, strict=True):
            monkeypatch.setenv(f"{exchange}_API_{part}", secret)


def on_bench(dialect: Dialect, story: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        world = World(id_of=transaction_id) if isinstance(dialect, Kraken) else World()
        bench = Bench(Wire(dialect, world))
        await bench.begin()
        try:
            await story(bench)
        finally:
            await bench.end()

    asyncio.run(run())


def request_of(bench: Bench, details: OrderDetails = DETAILS, name: str = "one") -> OrderRequest:
    order_id = OrderId(Samples(name).id(IdKind.ORDER))
    return OrderRequest(order_id=order_id, client_order_id=bench.connector.venue_id(order_id), details=details)


def ref_of(request: OrderRequest) -> OrderRef:
    return OrderRef(order_id=request.order_id, client_order_id=request.client_order_id, symbol=request.details.symbol)


def by_exchange(dialect: Dialect) -> str:
    return dialect.exchange


@pytest.mark.parametrize("dialect", DIALECTS, ids=by_exchange)
def test_the_rules_are_the_exchanges_own(dialect: Dialect) -> None:
    async def story(bench: Bench) -> None:
        found = (await bench.connector.instruments(["BTC/USDT"]))["BTC/USDT"]
        assert (found.price_tick, found.quantity_lot, found.quantity_min) == (
            INSTRUMENT.price_tick,
            INSTRUMENT.quantity_lot,
            INSTRUMENT.quantity_min,
        )
        with pytest.raises(Refused, match="does not list ABC/USDT"):
            await bench.connector.instruments(["ABC/USDT"])

    on_bench(dialect, story)


@pytest.mark.parametrize("rule", [TimeInForce.IOC, TimeInForce.FOK])
@pytest.mark.parametrize("dialect", [Okx(), Bybit()], ids=by_exchange)
def test_the_time_in_force_arrives_and_comes_back(dialect: Dialect, rule: TimeInForce) -> None:
    async def story(bench: Bench) -> None:
        details = OrderDetails(**BUY, type=OrderType.LIMIT, price=Decimal(30_000), time_in_force=rule)
        request = request_of(bench, details)
        assert isinstance((await bench.connector.submit([request]))[0], Accepted)
        assert bench.order(ref_of(request)).rule == rule.value
        shown = await bench.connector.query(ref_of(request))
        assert shown is not None
        assert shown.details == details

    on_bench(dialect, story)


@pytest.mark.parametrize("dialect", [Okx(), Kraken(), Bybit()], ids=by_exchange)
def test_a_market_order_to_buy_names_the_quantity(dialect: Dialect) -> None:
    async def story(bench: Bench) -> None:
        request = request_of(bench, OrderDetails(**BUY, type=OrderType.MARKET))
        assert isinstance((await bench.connector.submit([request]))[0], Accepted)
        placed = bench.order(ref_of(request))
        assert (placed.kind, placed.quantity, placed.price) == ("market", Decimal("0.012"), None)
        asked = next(asked for asked in reversed(bench.wire.log) if dialect.creates(asked))
        assert {"tgtCcy": "base_ccy", "marketUnit": "baseCoin"}.items() & asked.values.items() or dialect.exchange == "kraken"

    on_bench(dialect, story)


def test_a_market_order_is_not_offered_where_a_buy_names_an_amount_of_money() -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(UnsupportedOrder):
            await bench.connector.submit([request_of(bench, OrderDetails(**BUY, type=OrderType.MARKET))])
        assert bench.wire.sent == 0

    on_bench(Coinbase(), story)


def test_a_stop_names_its_side_of_the_market() -> None:
    async def story(bench: Bench) -> None:
        details = OrderDetails(
            symbol="BTC/USDT",
            side=Side.SELL,
            type=OrderType.STOP_LIMIT,
            quantity=Decimal("0.012"),
            price=Decimal(28_000),
            stop_price=Decimal(29_000),
        )
        await bench.connector.submit([request_of(bench, details)])
        asked = next(asked for asked in reversed(bench.wire.log) if Kraken().creates(asked)).values
        assert (asked["ordertype"], asked["price"], asked["price2"], asked["type"]) == (
            "stop-loss-limit",
            "29000",
            "28000",
            "sell",
        )

    on_bench(Kraken(), story)


@pytest.mark.parametrize("dialect", [Okx(), Kraken(), Bybit()], ids=by_exchange)
def test_an_order_is_changed_where_it_stands(dialect: Dialect) -> None:
    async def story(bench: Bench) -> None:
        request = request_of(bench)
        await bench.connector.submit([request])
        before = bench.order(ref_of(request)).id
        outcome = await bench.connector.amend(ref_of(request), Decimal("0.008"), Decimal("29000.5"))
        assert isinstance(outcome, Amended)
        changed = bench.order(ref_of(request))
        assert (changed.id, changed.quantity, changed.price) == (before, Decimal("0.008"), Decimal("29000.5"))
        shown = await bench.connector.query(ref_of(request))
        assert shown is not None
        assert (shown.details.quantity, shown.details.price) == (Decimal("0.008"), Decimal("29000.5"))
        assert isinstance(await bench.connector.amend(ref_of(request), Decimal("0.00812345")), CancelRejected)
        await bench.connector.cancel(ref_of(request))
        assert isinstance(await bench.connector.amend(ref_of(request), Decimal("0.008")), CancelRejected)
        assert bench.order(ref_of(request)).quantity == Decimal("0.008")

    on_bench(dialect, story)


def test_where_a_change_would_make_another_order_none_is_offered() -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(UnsupportedOrder):
            await bench.connector.amend(ref_of(request_of(bench)), Decimal("0.008"))

    on_bench(Coinbase(), story)


@pytest.mark.parametrize(
    ("quantity", "price", "fault"),
    [
        ("0.01234567", "30000.1", "LOT_SIZE"),
        ("0.0001", "30000.1", "LOT_SIZE"),
        ("0.012", "30000.123", "PRICE_FILTER"),
        ("0.001", "1", "MIN_NOTIONAL"),
    ],
)
@pytest.mark.parametrize("dialect", [Kraken(), Bybit()], ids=by_exchange)
def test_what_ccxt_would_round_is_not_sent(dialect: Dialect, quantity: str, price: str, fault: str) -> None:
    async def story(bench: Bench) -> None:
        details = OrderDetails(
            symbol="BTC/USDT", side=Side.BUY, type=OrderType.LIMIT, quantity=Decimal(quantity), price=Decimal(price)
        )
        (outcome,) = await bench.connector.submit([request_of(bench, details)])
        assert isinstance(outcome, Rejected)
        assert outcome.rejection_reason == fault
        assert bench.wire.sent == 0

    on_bench(dialect, story)


def test_after_a_refusal_the_rules_are_asked_for_again() -> None:
    async def story(bench: Bench) -> None:
        bench.connector._markets._loaded_at -= 120 * 1_000_000_000
        refusal = '{"code":"1","msg":"","data":[{"sCode":"51121","sMsg":"Order quantity must be a multiple of the lot size."}]}'
        bench.wire.next_answer = (200, refusal)
        (outcome,) = await bench.connector.submit([request_of(bench)])
        assert isinstance(outcome, Rejected)
        asked = len(bench.wire.log)
        await bench.connector.submit([request_of(bench, name="other")])
        assert "/api/v5/public/instruments" in [one.path for one in bench.wire.log[asked:]]

    on_bench(Okx(), story)


def test_a_cancellation_is_told_only_when_the_order_has_ended() -> None:
    """OKX, Bybit and others answer that they will cancel."""

    async def story(bench: Bench) -> None:
        request = request_of(bench)
        await bench.connector.submit([request])
        order = bench.order(ref_of(request))
        cancel, world = World.cancel, bench.wire.world
        world.cancel = lambda order_id: world.orders[order_id]  # type: ignore[method-assign]
        assert isinstance(await bench.connector.cancel(ref_of(request)), Unknown)
        world.fill(order, order.quantity)
        assert isinstance(await bench.connector.cancel(ref_of(request)), CancelRejected)
        other = request_of(bench, name="other")
        await bench.connector.submit([other])
        world.cancel = lambda order_id: cancel(world, order_id)  # type: ignore[method-assign]
        assert isinstance(await bench.connector.cancel(ref_of(other)), Cancelled)

    on_bench(Okx(), story)


class Rounding:
    """An exchange object that counts significant digits: its rules cannot be said as steps."""

    id = "bithumb"
    precisionMode = 3  # noqa: N815 - ccxt's name.

    async def load_markets(self, reload: bool = False) -> Any:
        return {"X/USDT": {**MARKET, "spot": True, "precision": {"amount": 8, "price": 5}}}

    async def fetch_ticker(self, symbol: str) -> Any:
        return {"last": "123.45"}

    def amount_to_precision(self, symbol: str, amount: str) -> str:
        return f"{Decimal(amount).quantize(Decimal('0.01')):f}"

    def price_to_precision(self, symbol: str, price: str) -> str:
        return f"{Decimal(price).normalize(decimal.Context(prec=5)):f}"


def test_where_digits_are_counted_ccxts_own_rounding_is_the_rule() -> None:
    async def run() -> None:
        markets = Markets(Session(Rounding(), WallClock(), name="rounding"), AccountType.SPOT)
        assert await markets.broken_rule("X/USDT", Decimal("1.23"), Decimal("123.45")) is None
        assert await markets.broken_rule("X/USDT", Decimal("1.234"), Decimal("123.45")) == "LOT_SIZE"
        assert await markets.broken_rule("X/USDT", Decimal("1.23"), Decimal("1234.56")) == "PRICE_FILTER"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "exact"),
    [("0.0000001", "0.0000001"), (0.1, "0.1"), (1e-7, "0.0000001"), (5, "5"), ("", None), (None, None)],
)
def test_numbers_are_exact(text: Any, exact: str | None) -> None:
    assert number(text) == (None if exact is None else Decimal(exact))


MARKET = {
    "symbol": "X/USDT",
    "base": "X",
    "quote": "USDT",
    "precision": {"amount": "0.01", "price": "0.5"},
    "limits": {"amount": {"min": "0.02", "max": None}, "cost": {"min": 5.0}},
}


def test_steps_are_read_in_every_way_in_which_exchanges_count_them() -> None:
    ticks = instrument_of(MARKET, 4, None)
    assert ticks == Instrument(
        symbol="X/USDT",
        base="X",
        quote="USDT",
        settlement="USDT",
        price_tick=Decimal("0.5"),
        quantity_lot=Decimal("0.01"),
        quantity_min=Decimal("0.02"),
        notional_min=Decimal("5.0"),
    )
    places = instrument_of({**MARKET, "precision": {"amount": 3, "price": 1}}, 2, None)
    assert (places.quantity_lot, places.price_tick) == (Decimal("0.001"), Decimal("0.1"))
    digits = instrument_of({**MARKET, "precision": {"amount": 8, "price": 5}}, 3, Decimal("38527.1"))
    assert digits.price_tick == Decimal(1)
    assert instrument_of({**MARKET, "precision": {"amount": 8, "price": 5}}, 3, Decimal("0.0123456")).price_tick == Decimal(
        "0.000001"
    )


def test_a_contract_has_its_size_and_an_inverse_one_is_refused() -> None:
    swap = {**MARKET, "symbol": "X/USDT:USDT", "settle": "USDT", "contract": True, "contractSize": "0.1"}
    assert instrument_of(swap, 4, None).multiplier == Decimal("0.1")
    with pytest.raises(Refused, match="inverse"):
        instrument_of({**swap, "inverse": True}, 4, None)


@pytest.mark.parametrize(
    ("order", "state"),
    [
        ({"status": "open", "filled": "0"}, OrderState.OPEN),
        ({"status": "open", "filled": "1"}, OrderState.PARTIALLY_FILLED),
        ({"status": "closed", "filled": "2", "amount": "2"}, OrderState.FILLED),
        ({"status": "closed", "filled": "1", "amount": "2"}, OrderState.EXPIRED),
        ({"status": "canceled", "filled": "1", "amount": "2"}, OrderState.CANCELLED),
        ({"status": "canceling", "filled": "1", "amount": "2"}, OrderState.PARTIALLY_FILLED),
        ({"status": "expired"}, OrderState.EXPIRED),
        ({"status": "rejected"}, OrderState.REJECTED),
    ],
)
def test_every_status_has_a_state(order: dict[str, Any], state: OrderState) -> None:
    assert state_of(order) is state


@pytest.mark.parametrize("status", [None, "NEW_THING", ""])
def test_an_unknown_status_has_none(status: str | None) -> None:
    with pytest.raises(Unreadable):
        state_of({"status": status})


@pytest.mark.parametrize(
    ("order", "kind"),
    [
        ({"type": "market", "price": "100"}, OrderType.MARKET),
        ({"type": "limit", "price": "100"}, OrderType.LIMIT),
        ({"type": None, "price": "100"}, OrderType.LIMIT),
        ({"type": "stop_loss", "price": None, "triggerPrice": "90"}, OrderType.STOP),
        ({"type": "stop-loss-limit", "price": "89", "stopLossPrice": "90"}, OrderType.STOP_LIMIT),
        ({"type": "STOP_MARKET", "price": "0", "triggerPrice": "90"}, OrderType.STOP),
    ],
)
def test_every_spelling_of_a_type_is_read(order: dict[str, Any], kind: OrderType) -> None:
    assert details_of({"symbol": "X/USDT", "side": "sell", "amount": "1", **order}).type is kind


def test_an_order_without_a_quantity_has_no_meaning() -> None:
    with pytest.raises(Unreadable):
        details_of({"symbol": "X/USDT", "side": "sell", "type": "limit", "price": "1", "amount": None})


def test_a_rebate_is_a_fee_below_zero_and_one_that_is_not_told_is_none() -> None:
    trade = {"id": "1", "symbol": "X/USDT:USDC", "side": "buy", "price": "1", "amount": "2", "timestamp": 5}
    common: dict[str, Any] = {"order_id": None, "client_order_id": None, "instrument": None, "now": 7, "source": "POLL"}
    rebate = filled_of({**trade, "fee": {"cost": "-0.5", "currency": "X"}}, **common)
    assert (rebate.fee, rebate.fee_currency, rebate.venue_at) == (Decimal("-0.5"), "X", 5_000_000)
    listed = filled_of({**trade, "fee": None, "fees": [{"cost": "0.5", "currency": "X"}]}, **common)
    assert listed.fee == Decimal("0.5")
    untold = filled_of({**trade, "fee": {"cost": None, "currency": None}}, **common)
    assert (untold.fee, untold.fee_currency) == (Decimal(0), "USDC")


def test_a_spot_account_trades_no_contract() -> None:
    async def story(bench: Bench) -> None:
        exchange: Any = bench.connector._session.exchange
        exchange.markets["BTC/USDT:USDT"] = {**exchange.markets["BTC/USDT"], "spot": False, "contract": True}
        with pytest.raises(Refused, match="a spot account trades spot markets"):
            await bench.connector.instruments(["BTC/USDT:USDT"])
        assert bench.connector.capabilities().account_type is AccountType.SPOT

    on_bench(Okx(), story)
