"""Who may ask: signatures on the raw bytes, keys, and the time of a request."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.core.clock import finished
from s1mpletrader.exchange import AccountConfig, ExchangeConfig, KeyConfig
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.gateway import RestRequest
from s1mpletrader.exchange.signing import HmacKey, signed_request
from tests.exchange.harness import START, Desk

ACCOUNT = "GET /api/v3/account"
ORDER = "POST /api/v3/order"
NOW = milliseconds(START)


def code(desk: Desk, request: RestRequest) -> int | None:
    answer = finished(desk.gateway.rest(request))
    assert answer is not None
    return answer.code


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("{params}&signature={signature}", ""),
        ("signature={signature}&{params}", ""),
        ("{first}&signature={signature}&{second}", ""),
        ("", "{params}&signature={signature}"),
        ("{params}", "signature={signature}"),
        ("signature={signature}", "{params}"),
    ],
)
def test_the_signature_may_stand_anywhere(query: str, body: str) -> None:
    desk = Desk()
    first, second = f"symbol=BTCUSDT&side=BUY&type=MARKET&timestamp={NOW}", "quantity=0.01"
    params = f"{first}&{second}"
    values = {"first": first, "second": second, "params": params, "signature": desk.signature(params)}
    assert code(desk, desk.request(ORDER, query.format(**values), body.format(**values))) is None


def test_query_and_body_are_signed_one_behind_the_other_without_a_separator() -> None:
    desk = Desk()
    query, body = "symbol=BTCUSDT&side=BUY&type=MARKET", f"quantity=0.01&timestamp={NOW}"
    right, wrong = desk.signature(query + body), desk.signature(f"{query}&{body}")
    assert code(desk, desk.request(ORDER, query, f"{body}&signature={wrong}")) == -1022
    assert code(desk, desk.request(ORDER, query, f"{body}&signature={right}")) is None


def test_the_query_wins_over_the_body() -> None:
    desk = Desk()
    query, body = "symbol=BTCUSDT", f"symbol=NOTHING&timestamp={NOW}"
    signed = desk.request("GET /api/v3/openOrders", query, f"{body}&signature={desk.signature(query + body)}")
    assert code(desk, signed) is None


def test_what_is_signed_is_what_is_sent_and_not_what_it_means() -> None:
    desk = Desk()
    plain = f"symbol=BTCUSDT&origClientOrderId=a_b&timestamp={NOW}"
    encoded = plain.replace("a_b", "a%5Fb")
    assert code(desk, desk.request("GET /api/v3/order", f"{encoded}&signature={desk.signature(plain)}")) == -1022
    assert code(desk, desk.request("GET /api/v3/order", f"{encoded}&signature={desk.signature(encoded)}")) == -2013


@given(st.text(alphabet="abcdef0123456789=&%.", min_size=1, max_size=60), st.integers(0, 59), st.integers(1, 255))
def test_no_byte_can_be_changed(query: str, place: int, by: int) -> None:
    key = HmacKey("test")
    payload = bytearray(signed_request(query, "").payload)
    signature = Desk.signature(_Signer(), payload.decode())  # type: ignore[arg-type]  # Only the secret is used.
    assert key.accepts(bytes(payload), signature)
    if payload:
        payload[place % len(payload)] ^= by
        assert not key.accepts(bytes(payload), signature)


class _Signer:
    secret = "test"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"timestamp": NOW - 5_000}, None),
        ({"timestamp": NOW - 5_001}, -1021),
        ({"timestamp": NOW - 5_001, "recvWindow": 6_000}, None),
        ({"timestamp": NOW - 60_000, "recvWindow": 60_000}, None),
        ({"timestamp": NOW, "recvWindow": 60_001}, -1131),
        ({"timestamp": NOW + 999}, None),
        ({"timestamp": NOW + 1_000}, -1021),
        ({"timestamp": "soon"}, -1100),
        ({"timestamp": ""}, -1105),
    ],
)
def test_a_request_is_taken_within_its_window(changed: dict[str, Any], expected: int | None) -> None:
    desk = Desk()
    assert code(desk, desk.signed(ACCOUNT, **changed)) == expected


def test_a_request_without_a_part_of_its_signature_is_refused() -> None:
    desk = Desk()
    assert code(desk, desk.request(ACCOUNT, f"timestamp={NOW}")) == -1102
    assert code(desk, desk.request(ACCOUNT, f"signature={desk.signature('')}")) == -1102
    assert code(desk, desk.signed(ACCOUNT)._replace(key=None)) == -2014
    assert code(desk, desk.signed(ACCOUNT)._replace(key="stranger")) == -2015
    desk.secret = "guess"
    assert code(desk, desk.signed(ACCOUNT)) == -1022


def test_a_refused_key_is_unauthorized() -> None:
    desk = Desk()
    for key in (None, "stranger"):
        answer = finished(desk.gateway.rest(desk.signed(ACCOUNT)._replace(key=key)))
        assert answer is not None
        assert answer.status == 401


def test_a_key_of_ed25519_signs_in_base64() -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    desk = Desk(ExchangeConfig(accounts=(AccountConfig(keys=(KeyConfig(key="ed", public_key=pem),)),)), key="ed")
    query = f"timestamp={NOW}"
    signature = quote(b64encode(private.sign(query.encode())), safe="")
    assert code(desk, desk.request(ACCOUNT, f"{query}&signature={signature}")) is None
    assert code(desk, desk.request(ACCOUNT, f"recvWindow=1&{query}&signature={signature}")) == -1022
    assert code(desk, desk.request(ACCOUNT, f"{query}&signature=%%%")) == -1022


def test_each_account_has_its_own_orders() -> None:
    accounts = tuple(AccountConfig(name=name, keys=(KeyConfig(key=name, secret=name),)) for name in ("one", "other"))
    desk = Desk(ExchangeConfig(accounts=accounts), key="one", secret="one")
    placed = desk.limit("BUY", "0.01", desk.at("0.9"))
    desk.key = desk.secret = "other"
    assert desk.ok("GET /api/v3/openOrders") == []
    assert desk.refusal("GET /api/v3/order", symbol="BTCUSDT", orderId=placed["orderId"])[0] == -2013
    assert desk.limit("BUY", "0.01", desk.at("0.9"))["orderId"] > placed["orderId"]
