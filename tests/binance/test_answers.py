"""What an answer of the venue means, case by case."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from s1mpletrader.api import (
    SECOND_NS,
    AuthenticationFailed,
    HttpResponse,
    Maintenance,
    RateLimited,
    Refused,
    SentWithoutAnswer,
    Unavailable,
    UnknownOutcome,
)
from s1mpletrader.plugins.binance.errors import VenueRefused, raise_for
from s1mpletrader.plugins.binance.replacing import Done, Doubtful, Failed, halves_of, halves_of_refusal

NOW = 1_767_225_600 * SECOND_NS


def raised_by(status: int, body: bytes | dict[str, Any], headers: dict[str, str] | None = None) -> Exception:
    encoded = body if isinstance(body, bytes) else json.encode(body)
    try:
        raise_for(HttpResponse(status=status, headers=headers or {}, body=encoded), NOW)
    except (Refused, Unavailable, UnknownOutcome) as error:
        return error


def trouble(code: int, msg: str = "no", **data: Any) -> dict[str, Any]:
    return {"code": code, "msg": msg, **data}


MEANINGS = [
    (400, trouble(-1013, "Filter failure: LOT_SIZE"), VenueRefused),
    (400, trouble(-1013, "Market is closed."), Maintenance),
    (400, trouble(-1021, "Timestamp for this request is outside of the recvWindow."), VenueRefused),
    (400, trouble(-1100), VenueRefused),
    (400, trouble(-1121, "Invalid symbol."), VenueRefused),
    (400, trouble(-1199), VenueRefused),
    (400, trouble(-2010, "Account has insufficient balance for requested action."), VenueRefused),
    (400, trouble(-2010, "Market is closed."), Maintenance),
    (400, trouble(-2010, "Duplicate order sent."), SentWithoutAnswer),
    (400, trouble(-2011, "Unknown order sent."), VenueRefused),
    (400, trouble(-2013, "Order does not exist."), VenueRefused),
    (400, trouble(-2026), VenueRefused),
    (400, trouble(-2039), VenueRefused),
    (400, trouble(-2022), VenueRefused),
    (409, trouble(-2021), VenueRefused),
    (400, trouble(-1022, "Signature for this request is not valid."), AuthenticationFailed),
    (401, trouble(-2015), AuthenticationFailed),
    (400, trouble(-2014), AuthenticationFailed),
    (400, trouble(-1003, "Too many requests"), RateLimited),
    (400, trouble(-1015, "Too many new orders"), RateLimited),
    (429, trouble(-1003), RateLimited),
    (418, trouble(-1003), RateLimited),
    (429, b"<html>slow down</html>", RateLimited),
    (400, trouble(-1008, "Server is currently overloaded"), Maintenance),
    (400, trouble(-1000), SentWithoutAnswer),
    (400, trouble(-1001), SentWithoutAnswer),
    (400, trouble(-1006), SentWithoutAnswer),
    (400, trouble(-1007), SentWithoutAnswer),
    (503, trouble(-1008), SentWithoutAnswer),
    (500, trouble(-2010), SentWithoutAnswer),
    (504, b"", SentWithoutAnswer),
    (502, b"<html>Bad gateway</html>", SentWithoutAnswer),
    (403, b"<html>Forbidden</html>", SentWithoutAnswer),
    (400, b"nonsense", SentWithoutAnswer),
    (400, trouble(-9_999), SentWithoutAnswer),
    (404, b"[]", SentWithoutAnswer),
    (302, b"", SentWithoutAnswer),
]


@pytest.mark.parametrize(("status", "body", "meaning"), MEANINGS)
def test_an_answer_means(status: int, body: Any, meaning: type[Exception]) -> None:
    assert type(raised_by(status, body)).__mro__.index(meaning) >= 0


@given(st.integers(300, 599), st.one_of(st.binary(), st.integers(-9_999, 0).map(lambda code: json.encode(trouble(code)))))
def test_a_server_error_and_what_cannot_be_read_are_never_a_definite_no(status: int, body: bytes) -> None:
    error = raised_by(status, body)
    readable = body.startswith(b'{"code"')
    if status >= 500 or (not readable and status not in (418, 429)):
        assert isinstance(error, UnknownOutcome)


WAITS: list[tuple[dict[str, str], dict[str, Any], int]] = [
    ({"retry-after": "7"}, trouble(-1003), NOW + 7 * SECOND_NS),
    ({}, trouble(-1003, data={"retryAfter": NOW // 1_000_000 + 3_000}), NOW + 3 * SECOND_NS),
    ({}, trouble(-1003, f"Way too much; IP banned until {NOW // 1_000_000 + 9_000}."), NOW + 9 * SECOND_NS),
    ({}, trouble(-1003), NOW + 10 * SECOND_NS),
    ({"retry-after": "soon"}, trouble(-1003), NOW + 10 * SECOND_NS),
    ({"retry-after": "99999999"}, trouble(-1003), NOW + 4 * 86_400 * SECOND_NS),
    ({}, trouble(-1003, data={"retryAfter": 5}), NOW),
    ({}, trouble(-1003, data=[]), NOW + 10 * SECOND_NS),
]


@pytest.mark.parametrize(("headers", "body", "retry_at"), WAITS)
def test_a_limit_says_until_when(headers: dict[str, str], body: dict[str, Any], retry_at: int) -> None:
    error = raised_by(429, body, headers)
    assert isinstance(error, RateLimited)
    assert error.retry_at == retry_at


ORDER = {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "x", "transactTime": 5}
CANCEL = {"transactTime": 4}
HALVES = [
    ("SUCCESS", CANCEL, "SUCCESS", ORDER, Done, Done),
    ("SUCCESS", CANCEL, "FAILURE", trouble(-2010, "poor"), Done, Failed),
    ("SUCCESS", CANCEL, "FAILURE", trouble(-2010, "Duplicate order sent."), Done, Doubtful),
    ("SUCCESS", CANCEL, "FAILURE", trouble(-1007), Done, Doubtful),
    ("SUCCESS", CANCEL, "FAILURE", None, Done, Doubtful),
    ("SUCCESS", CANCEL, "NOT_ATTEMPTED", None, Done, Failed),
    ("SUCCESS", CANCEL, "SUCCESS", {"nonsense": 1}, Done, Doubtful),
    ("FAILURE", trouble(-2011, "Unknown order sent."), "SUCCESS", ORDER, Failed, Done),
    ("FAILURE", trouble(-2011, "Unknown order sent."), "NOT_ATTEMPTED", None, Failed, Failed),
    ("FAILURE", trouble(-2011), "FAILURE", trouble(-2010), Failed, Failed),
    ("FAILURE", trouble(-1006), "NOT_ATTEMPTED", None, Doubtful, Failed),
    ("FAILURE", trouble(-1006), "FAILURE", trouble(-1006), Doubtful, Doubtful),
    ("NOT_ATTEMPTED", None, "FAILURE", trouble(-1013), Failed, Failed),
    ("ODD", None, "ODD", None, Doubtful, Doubtful),
]


@pytest.mark.parametrize(("cancel", "cancelled", "new", "placed", "first", "second"), HALVES)
def test_a_half_done_replacement_is_told_half_by_half(
    cancel: str, cancelled: Any, new: str, placed: Any, first: type, second: type
) -> None:
    data = {"cancelResult": cancel, "newOrderResult": new, "cancelResponse": cancelled, "newOrderResponse": placed}
    assert tuple(map(type, halves_of(json.encode(data), NOW))) == (first, second)
    for code in (-2021, -2022):
        error = raised_by(409, trouble(code, data=data))
        assert isinstance(error, VenueRefused)
        assert tuple(map(type, halves_of_refusal(error, NOW))) == (first, second)


def test_a_replacement_refused_as_a_whole_did_nothing() -> None:
    error = raised_by(400, trouble(-1013, "Filter failure: LOT_SIZE"))
    assert isinstance(error, VenueRefused)
    assert tuple(map(type, halves_of_refusal(error, NOW))) == (Failed, Failed)
    garbled = raised_by(409, trouble(-2021, data="?"))
    assert isinstance(garbled, VenueRefused)
    assert tuple(map(type, halves_of_refusal(garbled, NOW))) == (Doubtful, Doubtful)
