"""Every exchange that ccxt knows: its ids, its capabilities, and that our id, and nobody else's, is in what leaves."""

import asyncio
import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from s1mpletrader.api import (
    SECOND_NS,
    AccountType,
    ListKind,
    OrderId,
    OrderType,
    TimeInForce,
    stamp,
)
from s1mpletrader.plugins.ccxt_exchange.capabilities import capabilities_of
from s1mpletrader.plugins.ccxt_exchange.client_ids import DEFAULT_RULE, RULES, TOO_SHORT, WITHOUT_ID, IdRule, id_rule
from s1mpletrader.plugins.ccxt_exchange.config import CcxtKeys
from s1mpletrader.plugins.ccxt_exchange.library import exchange_classes, make_exchange
from s1mpletrader.plugins.credentials import Credentials

EXCHANGES = sorted(exchange_classes())
TRADED = [name for name in EXCHANGES if name not in WITHOUT_ID | TOO_SHORT]
FORMS = sorted({(rule.pattern, rule.length_max, rule.key): rule for rule in (*RULES.values(), DEFAULT_RULE)}.items())

seconds = st.integers(0, 2**33)
digests = st.from_regex("[0-9a-f]{16}", fullmatch=True)


def order_ids() -> st.SearchStrategy[OrderId]:
    return st.builds(lambda second, digest: OrderId(f"ORD_{stamp(second * SECOND_NS)}_{digest}"), seconds, digests)


@pytest.mark.parametrize("exchange", TRADED)
def test_an_id_fits_the_rule_and_can_be_read_back(exchange: str) -> None:
    rule = id_rule(exchange)
    for digest in ("0" * 16, "f" * 16, "0123456789abcdef"):
        for second in (0, 1_767_225_600, 2**33):
            order_id = OrderId(f"ORD_{stamp(second * SECOND_NS)}_{digest}")
            text = rule.form.write(order_id)
            assert rule.fits(text), text
            assert rule.form.read(text) == order_id


@pytest.mark.parametrize("rule", [rule for _, rule in FORMS], ids=lambda rule: f"{rule.key} {rule.pattern} {rule.length_max}")
@given(one=order_ids(), other=order_ids())
def test_ids_that_differ_are_written_differently(rule: IdRule, one: OrderId, other: OrderId) -> None:
    assert rule.fits(rule.form.write(one))
    assert rule.form.read(rule.form.write(one)) == one
    assert (rule.form.write(one) == rule.form.write(other)) == (one == other)


@pytest.mark.parametrize("rule", [rule for _, rule in FORMS], ids=lambda rule: f"{rule.key} {rule.pattern} {rule.length_max}")
@given(text=st.one_of(st.text(max_size=40), st.uuids().map(str), st.uuids().map(lambda one: one.hex), digests))
def test_what_others_write_is_not_taken_for_ours(rule: IdRule, text: str) -> None:
    read = rule.form.read(text)
    assert read is None or rule.form.write(read) == text.replace("-", "") or rule.form.write(read) == text


def test_an_exchange_where_no_order_could_be_found_again_is_not_traded() -> None:
    for exchange in WITHOUT_ID | TOO_SHORT:
        assert exchange in EXCHANGES
        with pytest.raises(ValueError, match=f"'{exchange}' cannot be traded through ccxt"):
            id_rule(exchange)
    assert set(RULES) <= set(TRADED)


@pytest.mark.parametrize("account_type", list(AccountType))
@pytest.mark.parametrize("exchange", EXCHANGES)
def test_capabilities_are_built_from_ccxts_tables(exchange: str, account_type: AccountType) -> None:
    offered = capabilities_of(make_exchange(CcxtKeys(exchange=exchange), account_type=account_type), account_type)
    assert OrderType.LIMIT in offered.order_types
    assert TimeInForce.GTC in offered.times_in_force
    assert offered.list_kinds == {ListKind.NONE}
    assert not offered.replace
    assert not (offered.reduce_only and account_type is AccountType.SPOT)


@pytest.mark.parametrize(
    ("exchange", "types"),
    [
        ("binance", {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}),
        ("kraken", {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}),
        ("okx", {OrderType.MARKET, OrderType.LIMIT}),
        ("bybit", {OrderType.MARKET, OrderType.LIMIT}),
        ("gate", {OrderType.LIMIT}),
        ("coinbase", {OrderType.LIMIT, OrderType.STOP_LIMIT}),
    ],
)
def test_order_types_of_the_large_ones(exchange: str, types: set[OrderType]) -> None:
    made = make_exchange(CcxtKeys(exchange=exchange))
    assert capabilities_of(made, AccountType.SPOT).order_types == types


def keys() -> Iterator[Any]:
    """Key and secret in shapes that some exchange can sign with."""
    plain = base64.b64encode(b"s" * 64).decode()
    yield "k" * 32, plain
    yield "account-" + "k" * 24, plain
    yield "0x" + "2" * 40, "0x" + "1" * 64


UNSEEN = frozenset(
    {
        "apex",
        "aster",
        "bittrade",
        "cex",
        "coinbaseinternational",
        "derive",
        "extended",
        "hyperliquid",
        "lbank",
        "modetrade",
        "pacifica",
        "paradex",
        "polymarket",
        "revolutx",
        "woofipro",
    }
)
"""Exchanges that ask for more than a market and a key before they place an order, or whose requests are no plain text."""


class Stopped(Exception):
    """The request would have left now."""


async def requests_of(exchange: str, symbol: str, key: str, secret: str, client_order_id: str) -> list[str]:
    """What ccxt would send to place an order, in a market that is made up."""
    credentials = Credentials(key=SecretStr(key), secret=SecretStr(secret), password=SecretStr("password"))
    is_spot = ":" not in symbol
    kind = AccountType.SPOT if is_spot else AccountType.NETTING
    options = {"operatorId": 1, "enableUnifiedMargin": False, "enableUnifiedAccount": True, "uta": False}
    made = make_exchange(CcxtKeys(exchange=exchange, options=options), account_type=kind, credentials=credentials, uid="1")
    sent: list[str] = []

    async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        sent.append(f"{method} {url} {body}")
        raise Stopped

    made.fetch = fetch
    made.set_markets([market_of(made, symbol, is_spot=is_spot)])
    made.markets_loading = asyncio.get_running_loop().create_future()
    made.markets_loading.set_result(made.markets)
    arguments = {id_rule(exchange).key: client_order_id}
    try:
        await made.create_order(symbol, "limit", "buy", "0.5", "30000.1", arguments)
    except Exception:  # noqa: BLE001 - what it lacks is told by what it sent.
        pass
    finally:
        await made.close()
    return sent


def market_of(made: Any, symbol: str, *, is_spot: bool) -> Any:
    precision = {"amount": "0.0001", "price": "0.1"} if made.precisionMode == 4 else {"amount": 4, "price": 6}
    market = {
        "id": "BTCUSDT",
        "uppercaseId": "BTCUSDT",
        "lowercaseId": "btcusdt",
        "numericId": 1,
        "symbol": symbol,
        "base": "BTC",
        "quote": "USDT",
        "settle": None if is_spot else "USDT",
        "baseId": "BTC",
        "quoteId": "USDT",
        "settleId": None if is_spot else "USDT",
        "type": "spot" if is_spot else "swap",
        "spot": is_spot,
        "margin": False,
        "swap": not is_spot,
        "future": False,
        "option": False,
        "contract": not is_spot,
        "linear": None if is_spot else True,
        "inverse": None if is_spot else False,
        "contractSize": None if is_spot else "1",
        "active": True,
        "precision": precision,
        "info": {"asset_type": "CRYPTO", "orderTypes": ["LIMIT", "MARKET"], "OrderType": ["LIMIT", "MARKET"]},
    }
    return made.safe_market_structure(market)


@pytest.mark.parametrize("exchange", sorted(set(TRADED) - UNSEEN))
def test_our_id_is_in_what_leaves_and_no_broker_is(exchange: str) -> None:
    client_order_id = id_rule(exchange).form.write(OrderId("ORD_20260101_120000_0123456789abcdef"))
    seen: list[str] = []
    for symbol in ("BTC/USDT", "BTC/USDT:USDT"):
        for key, secret in keys():
            seen += asyncio.run(requests_of(exchange, symbol, key, secret, client_order_id))
    placing = [request for request in seen if client_order_id in request]
    assert placing, seen
    assert not any("setReferrer" in request for request in seen)
    assert not any(re.search(r"ccxt-?[0-9a-f]{8}|x-TKT5PX2F|6b9ad766b55dBCDE|AA1ef14811", request) for request in placing)
