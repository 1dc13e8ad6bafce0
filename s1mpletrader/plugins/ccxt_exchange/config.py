"""The keys of the ``[exchange]`` and ``[[data]]`` tables with ``plugin = "ccxt"``."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from s1mpletrader.api import PluginConfig
from s1mpletrader.plugins.credentials import CredentialsKeys


def _url(text: str) -> str:
    scheme, _, host = text.partition("://")
    if scheme not in ("http", "https") or not host or "/" in host.rstrip("/") or "@" in host:
        raise ValueError("must be scheme and host, such as 'http://127.0.0.1:8080'")
    return text.rstrip("/")


class CcxtKeys(PluginConfig):
    """What both tables have: which exchange, and how it is spoken to.

    ``exchange`` is ccxt's name of it, such as ``"kraken"``. ``sandbox`` is its own test environment. ``host`` stands in for every
    host of the exchange, for a local server. ``options`` are ccxt's own, for what an exchange needs beside. With ``watch`` false
    nothing is pushed, and everything is asked for every ``poll_s`` seconds; so it is, too, where ccxt cannot watch.
    """

    exchange: Annotated[str, Field(pattern="^[a-z0-9]+$")]
    sandbox: bool = False
    host: Annotated[str, AfterValidator(_url)] | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    watch: bool = True
    poll_s: Annotated[float, Field(gt=0, le=3600)] = 2.0
    rate_limit: bool = True
    """Whether ccxt spaces requests as the exchange asks."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0


class CcxtConfig(CcxtKeys, CredentialsKeys):
    """``[exchange]``: ``reconcile_s`` is how often what was pushed is compared with what the exchange shows when asked."""

    sandbox: bool
    """Whether orders go to the exchange's test environment; there is no default, so that neither is taken for the other."""
    reconcile_s: Annotated[float, Field(gt=0, le=3600)] = 30.0
    uid: str | None = None
    """The user's number at the exchange, for the few that ask for it. It is no secret."""


class CcxtDataConfig(CcxtKeys):
    """``[[data]]``: ``settle_s`` is how long after its close a candle is asked for, where it was not pushed."""

    settle_s: Annotated[float, Field(ge=0, le=60)] = 1.0
