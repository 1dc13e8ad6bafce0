"""A local exchange on a clock that stands still, and clients of it without a network."""

import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec

from s1mpletrader.core.clock import finished
from s1mpletrader.domain.instant import DAY_NS, HOUR_NS, Instant
from s1mpletrader.exchange import ExchangeConfig, Fault, LocalExchange, ManualClock
from s1mpletrader.exchange.clock import MILLISECOND_NS, milliseconds
from s1mpletrader.exchange.gateway import Answer, Gateway, RestRequest
from s1mpletrader.exchange.socket_session import SocketSession

START: Instant = 20_454 * DAY_NS + 12 * HOUR_NS
"""2026-01-01T12:00:00Z."""

SYMBOL = "BTCUSDT"


class Wire:
    """The client's end of a socket."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.closed = False

    def send(self, message: bytes) -> None:
        if not self.closed:
            self.raw.append(message)

    def close(self) -> None:
        self.closed = True

    def messages(self) -> list[Any]:
        """What has come since the last time."""
        found, self.raw = [msgspec.json.decode(message) for message in self.raw], []
        return found

    def events(self) -> list[Any]:
        """The events of private streams that have come since the last time."""
        return [message["event"] for message in self.messages() if "event" in message]


class Desk:
    """An exchange, and one account's client of it."""

    def __init__(self, config: ExchangeConfig | None = None, *, key: str = "test", secret: str = "test", **more: Any) -> None:
        self.clock = ManualClock(START)
        self.exchange = LocalExchange(config or ExchangeConfig(**{"candles_after": 2_000, **more}), self.clock)
        self.gateway = Gateway(self.exchange)
        self.key, self.secret = key, secret

    def price(self, symbol: str = SYMBOL) -> Decimal:
        """The price now."""
        return self.exchange.markets[symbol].last_price(self.clock.now())

    def at(self, ratio: str, symbol: str = SYMBOL) -> str:
        """A price on the tick, as a multiple of the price now."""
        return str((self.price(symbol) * Decimal(ratio)).quantize(Decimal("0.01")))

    def fails(self, **fault: Any) -> None:
        """Let something go wrong."""
        self.exchange.faults.add(Fault(**fault))

    def public(self, route: str, **params: Any) -> Answer:
        """Ask what everybody may."""
        return self._answer(self.request(route, urlencode(params)))

    def send(self, route: str, **params: Any) -> Answer:
        """Ask with a signature."""
        return self._answer(self.signed(route, **params))

    def ok(self, route: str, **params: Any) -> Any:
        """What is answered to a request that succeeds."""
        answer = self.send(route, **params)
        assert answer.status == 200, answer
        return msgspec.json.decode(answer.body())

    def refusal(self, route: str, **params: Any) -> tuple[int, str]:
        """Code and sentence of a refusal."""
        answer = self.send(route, **params)
        assert answer.status != 200, answer
        return answer.content["code"], answer.content["msg"]

    def order(self, **params: Any) -> Any:
        """Place an order in BTCUSDT."""
        return self.ok("POST /api/v3/order", **{"symbol": SYMBOL, **params})

    def limit(self, side: str, quantity: str, price: str, **more: Any) -> Any:
        """Place a limit order."""
        wanted = {"side": side, "type": "LIMIT", "timeInForce": "GTC", "quantity": quantity, "price": price}
        return self.order(**wanted, **more)

    def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """What is free and what is locked of each asset, as the venue says it."""
        told = self.ok("GET /api/v3/account", omitZeroBalances="true")["balances"]
        return {each["asset"]: (Decimal(each["free"]), Decimal(each["locked"])) for each in told}

    def signed(self, route: str, **params: Any) -> RestRequest:
        """A signed request: the timestamp is the exchange's own unless one is given."""
        query = urlencode({"timestamp": milliseconds(self.clock.now()), **params})
        return self.request(route, f"{query}&signature={self.signature(query)}")

    def request(self, route: str, query: str = "", body: str = "") -> RestRequest:
        """A request as it is."""
        method, _, path = route.partition(" ")
        return RestRequest(method, path, query, body, self.key)

    def signature(self, payload: str) -> str:
        """By the client's secret."""
        return hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    def socket(self) -> "Socket":
        """Open a connection to the WebSocket API."""
        return Socket(self)

    def listen(self) -> "Socket":
        """Open a connection, and hear the account's events on it."""
        socket = Socket(self)
        answer = socket.signed("userDataStream.subscribe.signature")
        assert answer["status"] == 200, answer
        return socket

    def stream(self, *names: str, combined: bool = False) -> Wire:
        """Hear market streams."""
        wire = Wire()
        self.exchange.market_streams.open(wire, list(names), combined=combined)
        return wire

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.exchange.advance(int(seconds * 1_000) * MILLISECOND_NS)

    def _answer(self, request: RestRequest) -> Answer:
        answer = finished(self.gateway.rest(request))
        assert answer is not None, "the connection was dropped"
        return answer


class Socket:
    """A connection to the WebSocket API."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.wire = desk, Wire()
        self.session = SocketSession(desk.exchange, desk.gateway, self.wire, "127.0.0.1")

    def ask(self, method: str, **params: Any) -> Any:
        """Ask without a signature, and get the answer; events that came before it stay."""
        finished(self.session.receive(msgspec.json.encode({"id": "one", "method": method, "params": params})))
        for index in range(len(self.wire.raw) - 1, -1, -1):
            message = msgspec.json.decode(self.wire.raw[index])
            if message.get("id") == "one":
                del self.wire.raw[index]
                return message
        raise AssertionError(f"{method} was not answered")

    def signed(self, method: str, **params: Any) -> Any:
        """Ask with a signature."""
        return self.ask(method, **self.sign(params))

    def sign(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with key, timestamp and signature."""
        whole = {"apiKey": self.desk.key, "timestamp": milliseconds(self.desk.clock.now()), **params}
        payload = "&".join(f"{name}={whole[name]}" for name in sorted(whole))
        return {**whole, "signature": self.desk.signature(payload)}
