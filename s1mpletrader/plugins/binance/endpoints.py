"""Where Binance listens."""

from typing import Final, Literal, NamedTuple, TypeAlias

Environment: TypeAlias = Literal["testnet", "production"]
"""Which of the two venues: one has play money, the other real."""


class Endpoints(NamedTuple):
    """The addresses of one venue, without a slash at their end."""

    rest: str
    api: str
    stream: str


_ENDPOINTS: Final[dict[Environment, Endpoints]] = {
    "production": Endpoints("https://api.binance.com", "wss://ws-api.binance.com:443/ws-api/v3", "wss://stream.binance.com:9443"),
    "testnet": Endpoints(
        "https://testnet.binance.vision", "wss://ws-api.testnet.binance.vision/ws-api/v3", "wss://stream.testnet.binance.vision"
    ),
}


def endpoints(
    environment: Environment, *, rest: str | None = None, api: str | None = None, stream: str | None = None
) -> Endpoints:
    """The venue's addresses, or the given ones in place of its own."""
    own = _ENDPOINTS[environment]
    chosen = Endpoints(rest or own.rest, api or own.api, stream or own.stream)
    return Endpoints(*(address.rstrip("/") for address in chosen))
