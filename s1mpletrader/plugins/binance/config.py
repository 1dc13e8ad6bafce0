"""What the TOML says of Binance. There is no key for a secret: those come from elsewhere."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, field_validator

from s1mpletrader.api import PluginConfig
from s1mpletrader.plugins.binance.endpoints import Environment
from s1mpletrader.plugins.credentials import CredentialsKeys

_Url = Annotated[str, Field(pattern=r"^https?://[^?#@]+$")]
_SocketUrl = Annotated[str, Field(pattern=r"^wss?://[^?#@]+$")]


class BinanceConfig(CredentialsKeys):
    """Binance Spot: real orders, with real money where the environment is production."""

    environment: Environment
    """``testnet`` or ``production``; there is no default, so that neither is taken for the other."""
    receive_window_ms: Annotated[int, Field(ge=1, le=60_000)] = 5_000
    """How old a request may be when the venue looks at it; later ones it drops."""
    request_timeout_ms: Annotated[int, Field(ge=100, le=120_000)] = 10_000
    """How long an answer is waited for; after that the outcome is unknown."""
    silence_ms: Annotated[int, Field(ge=100)] = 30_000
    """After so long without a message a stream is asked whether it lives."""
    reconcile_ms: Annotated[int, Field(ge=100)] = 300_000
    """How often the account is compared by request, even while its stream is well."""
    rest_url: _Url | None = None
    """In place of the environment's own, for a local server."""
    api_url: _SocketUrl | None = None
    """In place of the environment's own WebSocket API, for a local server."""


class BinanceDataConfig(PluginConfig):
    """Candles of Binance Spot, past and as they close."""

    environment: Environment
    """``testnet`` or ``production``: whose prices."""
    start: datetime | None = None
    """Where history begins, for a backtest; UTC where no zone is given."""
    end: datetime | None = None
    """Where history ends; now, where it is not given."""
    request_timeout_ms: Annotated[int, Field(ge=100, le=120_000)] = 10_000
    """How long an answer is waited for."""
    silence_ms: Annotated[int, Field(ge=100)] = 30_000
    """After so long without a message the stream is asked whether it lives."""
    late_ms: Annotated[int, Field(ge=100)] = 5_000
    """How long after its close a candle is waited for before it is asked for by request."""
    rest_url: _Url | None = None
    """In place of the environment's own, for a local server."""
    stream_url: _SocketUrl | None = None
    """In place of the environment's own, for a local server."""

    @field_validator("start", "end", mode="before")
    @classmethod
    def _read(cls, moment: object) -> object:
        """A moment as TOML writes it; a date is the moment at which it begins."""
        if not isinstance(moment, str):
            return moment
        try:
            return datetime.fromisoformat(moment)
        except ValueError:
            raise ValueError("must be a date or a time, such as 2026-01-01") from None

    @field_validator("start", "end")
    @classmethod
    def _utc(cls, moment: datetime | None) -> datetime | None:
        return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)
