"""ccxt's errors in the port's words, and what the connector does with each."""

import asyncio
import decimal
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import Any

import ccxt
import pytest

from s1mpletrader.api import (
    Accepted,
    AuthenticationFailed,
    CancelRejected,
    IdKind,
    IState,
    Maintenance,
    NotSent,
    OrderDetails,
    OrderId,
    OrderRef,
    OrderRequest,
    RateLimited,
    Rejected,
    Unavailable,
    Unknown,
)
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.ccxt_exchange.faults import Fate, fate_of
from s1mpletrader.plugins.ccxt_exchange.wire import Call
from s1mpletrader.plugins.stores import MemoryState
from tests.ccxt.dialects.kraken import Kraken, transaction_id
from tests.ccxt.dialects.okx import Okx
from tests.ccxt.harness import SECRETS, Bench
from tests.ccxt.world import DETAILS, Dialect, Wire, World

LEFT = Call(left=1, posted=1, status=200, is_json=True)

TABLE = {
    Fate.REFUSED: "InvalidOrder InsufficientFunds BadRequest BadSymbol ArgumentsRequired NotSupported OrderImmediatelyFillable "
    "OrderNotFillable OperationRejected MarketClosed NoChange InvalidAddress InvalidProxySettings "
    "ContractUnavailable RestrictedLocation",
    Fate.NOT_FOUND: "OrderNotFound OrderNotCached",
    Fate.RATE_LIMITED: "DDoSProtection RateLimitExceeded",
    Fate.AUTHENTICATION: "AuthenticationError PermissionDenied AccountNotEnabled AccountSuspended",
    Fate.MAINTENANCE: "OnMaintenance",
    Fate.NOT_SENT: "InvalidNonce",
    Fate.UNKNOWN: "RequestTimeout NetworkError ExchangeNotAvailable OperationFailed BadResponse NullResponse ExchangeError "
    "DuplicateOrderId ChecksumError CancelPending",
}


@pytest.mark.parametrize(("fate", "names"), TABLE.items(), ids=lambda item: str(item)[:12])
def test_every_error_has_its_fate(fate: Fate, names: str) -> None:
    for name in names.split():
        assert fate_of(getattr(ccxt, name)("no"), LEFT) is fate, name


def test_no_error_of_ccxts_is_a_refusal_by_accident() -> None:
    named = {name for names in TABLE.values() for name in names.split()}
    mapped = {Fate.REFUSED, Fate.AUTHENTICATION, Fate.MAINTENANCE, Fate.RATE_LIMITED}
    for name in import_module("ccxt.base.errors").__all__:
        kind = getattr(ccxt, name, None)
        if isinstance(kind, type) and name not in named and fate_of(kind("no"), LEFT) in mapped:
            assert any(issubclass(kind, getattr(ccxt, known)) for known in named if known != "ExchangeError"), name


@pytest.mark.parametrize("kind", [ccxt.NetworkError, ccxt.RequestTimeout, ccxt.ExchangeNotAvailable, ccxt.RateLimitExceeded])
def test_what_never_left_was_not_sent(kind: type[Exception]) -> None:
    assert fate_of(kind("no"), Call()) is Fate.NOT_SENT
    assert fate_of(kind("no"), Call(left=2, posted=0, is_stuck=True)) is Fate.NOT_SENT
    assert fate_of(ccxt.NetworkError("no"), Call(left=1, posted=0, is_stuck=False)) is Fate.UNKNOWN
    assert fate_of(ccxt.NetworkError("no"), Call(left=1, posted=1, is_stuck=True)) is Fate.UNKNOWN


@pytest.mark.parametrize("fault", [TypeError("no"), KeyError("no"), ValueError("no"), AssertionError("no")])
def test_a_fault_of_ccxts_own_is_a_refusal_before_the_send_and_a_doubt_after_it(fault: Exception) -> None:
    assert fate_of(fault, Call()) is Fate.REFUSED
    assert fate_of(fault, LEFT) is Fate.UNKNOWN


def test_without_an_answer_nothing_is_known_whatever_ccxt_says() -> None:
    assert fate_of(ccxt.OrderNotFound("an answer of before"), Call(left=1, posted=1)) is Fate.UNKNOWN


def test_a_servers_fault_refuses_nothing() -> None:
    broken = Call(left=1, posted=1, status=502, is_json=True)
    for kind in (ccxt.InvalidOrder, ccxt.AuthenticationError, ccxt.OrderNotFound):
        assert fate_of(kind("no"), broken) is Fate.UNKNOWN
    assert fate_of(ccxt.OnMaintenance("no"), broken) is Fate.MAINTENANCE


def test_a_page_is_no_rate_limit_and_a_429_is() -> None:
    assert fate_of(ccxt.DDoSProtection("page"), Call(left=1, posted=1, status=403)) is Fate.UNKNOWN
    assert fate_of(ccxt.DDoSProtection("page"), Call(left=1, posted=1, status=429)) is Fate.RATE_LIMITED


@pytest.mark.parametrize("text", ["Duplicate order sent.", "clientOid duplicate", "Client order id already exists"])
def test_an_id_that_is_there_already_may_be_ours(text: str) -> None:
    assert fate_of(ccxt.InvalidOrder(text), LEFT) is Fate.UNKNOWN


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for exchange in ("OKX", "KRAKEN"):
        for part, secret in zip(("KEY", "SECRET", "PASSWORD"), SECRETS, strict=True):
            monkeypatch.setenv(f"{exchange}_API_{part}", secret)


def on_bench(story: Callable[[Bench], Coroutine[Any, Any, None]], dialect: Dialect | None = None, **more: Any) -> None:
    async def run() -> None:
        world = World(id_of=transaction_id) if isinstance(dialect, Kraken) else World()
        bench = Bench(Wire(dialect or Okx(), world), **more)
        await bench.begin()
        try:
            await story(bench)
        finally:
            await bench.end()

    asyncio.run(run())


def request_of(bench: Bench, name: str, details: OrderDetails = DETAILS) -> OrderRequest:
    order_id = OrderId(Samples(name).id(IdKind.ORDER))
    return OrderRequest(order_id=order_id, client_order_id=bench.connector.venue_id(order_id), details=details)


def ref_of(request: OrderRequest, exchange_order_id: str | None = None) -> OrderRef:
    return OrderRef(
        order_id=request.order_id,
        client_order_id=request.client_order_id,
        symbol=request.details.symbol,
        exchange_order_id=exchange_order_id,
    )


ANSWERS = {
    "insufficient funds": (
        200,
        '{"code":"1","msg":"","data":[{"sCode":"51008","sMsg":"Order placement failed due to insufficient balance. "}]}',
        Rejected,
    ),
    "a duplicate": (200, '{"code":"1","msg":"","data":[{"sCode":"51016","sMsg":"Duplicated client order ID"}]}', Unknown),
    "a code that nobody knows": (200, '{"code":"1","msg":"","data":[{"sCode":"59999","sMsg":"new"}]}', Unknown),
    "a page": (403, "<html><body>Forbidden</body></html>", Unknown),
    "a gateway": (502, "<html><body>Bad gateway</body></html>", Unknown),
    "no JSON": (200, "oops", Unknown),
    "nothing": (200, "", Unknown),
    "an answer without an order": (200, '{"code":"0","msg":"","data":[]}', Unknown),
    "our clock": (200, '{"code":"50102","msg":"Timestamp request expired","data":[]}', NotSent),
}


@pytest.mark.parametrize(("status", "text", "kind"), ANSWERS.values(), ids=list(ANSWERS))
def test_an_answer_to_a_submission_has_its_outcome(status: int, text: str, kind: type) -> None:
    async def story(bench: Bench) -> None:
        bench.wire.next_answer = (status, text)
        (outcome,) = await bench.connector.submit([request_of(bench, "one")])
        assert isinstance(outcome, kind), outcome
        assert bench.wire.sent == 1

    on_bench(story)


RAISED = {
    "a rate limit": (429, '{"code":"50011","msg":"Too Many Requests","data":[]}', RateLimited),
    "a key that is wrong": (401, '{"code":"50111","msg":"Invalid OK-ACCESS-KEY","data":[]}', AuthenticationFailed),
    "maintenance": (503, '{"code":"50001","msg":"Service temporarily unavailable","data":[]}', Maintenance),
}


@pytest.mark.parametrize(("status", "text", "kind"), RAISED.values(), ids=list(RAISED))
def test_what_proves_that_nothing_was_done_is_raised_and_the_id_stays_free(status: int, text: str, kind: type[Exception]) -> None:
    async def story(bench: Bench) -> None:
        request = request_of(bench, "one")
        bench.wire.next_answer = (status, text)
        with pytest.raises(kind):
            await bench.connector.submit([request])
        bench.connector._session._banned_until = None
        (outcome,) = await bench.connector.submit([request])
        assert isinstance(outcome, Accepted)

    on_bench(story)


def test_a_limit_at_the_second_order_hides_nothing_about_the_first() -> None:
    async def story(bench: Bench) -> None:
        first, second = request_of(bench, "first"), request_of(bench, "second")

        async def limit_the_next(_order: object) -> None:
            bench.wire.next_answer = (429, "{}")

        bench.wire.before_answer = limit_the_next
        one, other = await bench.connector.submit([first, second])
        assert isinstance(one, Accepted)
        assert isinstance(other, NotSent)

    on_bench(story)


def test_while_banned_nothing_leaves_not_even_after_a_restart() -> None:
    state: IState = MemoryState()

    async def story(bench: Bench) -> None:
        bench.wire.next_answer = (418, "{}")
        with pytest.raises(RateLimited) as limit:
            await bench.connector.submit([request_of(bench, "one")])
        assert limit.value.retry_at >= bench.connector._clock.now() + 5_000_000_000, "the exchange said 7 seconds"
        asked = len(bench.wire.log)
        with pytest.raises(RateLimited):
            await bench.connector.query(ref_of(request_of(bench, "one")))
        assert len(bench.wire.log) == asked
        assert bench.connector.health().banned_until == limit.value.retry_at
        await bench.end()
        with pytest.raises(RateLimited):
            await bench.begin()
        assert len(bench.wire.log) == asked
        bench.connector._session._banned_until = 0
        await bench.connector.open()
        bench._listener = asyncio.create_task(bench._listen(bench.connector))

    on_bench(story, state=state)


def test_the_exchanges_time_is_asked_for_after_it_refused_ours() -> None:
    async def story(bench: Bench) -> None:
        bench.wire.next_answer = (200, '{"code":"50102","msg":"Timestamp request expired","data":[]}')
        await bench.connector.submit([request_of(bench, "one")])
        asked = len(bench.wire.log)
        (outcome,) = await bench.connector.submit([request_of(bench, "one")])
        assert isinstance(outcome, Accepted)
        assert bench.wire.log[asked].path == "/api/v5/public/time"

    on_bench(story)


def test_what_an_earlier_answer_said_is_not_taken_for_this_one() -> None:
    """ccxt's Kraken looks into the last answer that it got, of whatever request, when a cancellation fails."""

    async def story(bench: Bench) -> None:
        request = request_of(bench, "one")
        (outcome,) = await bench.connector.submit([request])
        assert isinstance(outcome, Accepted)
        gone = await bench.connector.cancel(ref_of(request_of(bench, "other"), "OXXXXX-XXXXX-XXXXXX"))
        assert isinstance(gone, CancelRejected)
        bench.wire.loses = True
        assert isinstance(await bench.connector.cancel(ref_of(request)), Unknown)

    on_bench(story, Kraken())


def test_no_key_is_in_any_message(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level("DEBUG")

    async def story(bench: Bench) -> None:
        bench.wire.next_answer = (400, f'{{"code":"1","msg":"{SECRETS[0]} {SECRETS[1]} {SECRETS[2]}","data":[]}}')
        (outcome,) = await bench.connector.submit([request_of(bench, "one")])
        assert "***" in repr(outcome)
        assert not any(secret in repr(outcome) + caplog.text for secret in SECRETS)

    on_bench(story)


def test_ccxt_leaves_the_decimal_context_alone() -> None:
    """It sets rounding and traps of the context that it finds."""

    async def story(bench: Bench) -> None:
        with decimal.localcontext(decimal.Context(rounding=decimal.ROUND_DOWN, traps=[])) as context:
            await bench.connector.submit([request_of(bench, "one")])
            assert context.rounding == decimal.ROUND_DOWN
            assert not context.traps[decimal.Underflow]
            assert decimal.getcontext() is context

    on_bench(story)


def test_reading_that_fails_is_unavailable() -> None:
    async def story(bench: Bench) -> None:
        bench.wire.is_cut = True
        with pytest.raises(Unavailable):
            await bench.connector.balances()

    on_bench(story)
