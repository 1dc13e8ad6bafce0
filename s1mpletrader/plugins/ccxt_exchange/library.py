"""ccxt itself: imported when something is built, and set up so that money is exact, nothing is resent and nothing is logged."""

import difflib
import importlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from s1mpletrader.api import AccountType, ITransport
from s1mpletrader.plugins.ccxt_exchange.config import CcxtKeys
from s1mpletrader.plugins.ccxt_exchange.wire import wired
from s1mpletrader.plugins.credentials import Credentials

MISSING: Final = "ccxt is not installed: pip install 's1mpletrader[ccxt]'"

ALWAYS: Final[Mapping[str, Any]] = {
    "adjustForTimeDifference": True,
    "warnOnFetchOpenOrdersWithoutSymbol": False,
    "maxRetriesOnFailure": 0,
    "builderFee": False,
    "refSet": True,
}
"""Options of every exchange: requests are signed with its time, nothing is sent twice, and no fee or referrer is ccxt's."""

_MARKET_TYPE: Final = {AccountType.SPOT: "spot", AccountType.NETTING: "swap"}


def exchange_classes() -> Mapping[str, type[Any]]:
    """The exchanges of ccxt by name: the class that can watch where there is one. ``ValueError`` where ccxt is not installed."""
    asking, watching = _module("ccxt.async_support"), _module("ccxt.pro")
    return {name: getattr(watching, name, None) or getattr(asking, name) for name in asking.exchanges}


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        raise ValueError(MISSING if missing.name == "ccxt" else f"ccxt needs {missing.name}: {MISSING}") from None


def make_exchange(
    keys: CcxtKeys,
    *,
    account_type: AccountType = AccountType.SPOT,
    credentials: Credentials | None = None,
    uid: str | None = None,
    transport: ITransport | None = None,
) -> Any:
    """The object of ccxt for the exchange, not yet connected; ``ValueError`` for what cannot be."""
    classes = exchange_classes()
    if keys.exchange not in classes:
        raise ValueError(f"exchange: ccxt has no {keys.exchange!r}{_nearest(keys.exchange, sorted(classes))}")
    settings = {
        "enableRateLimit": keys.rate_limit,
        "timeout": round(keys.timeout_s * 1000),
        "options": _options(keys, account_type),
    }
    exchange = wired(classes[keys.exchange], transport)(settings)
    exchange.number = str
    exchange.logger = _silent()
    exchange.timeout_on_exit = 0
    if hasattr(exchange, "handle_builder_fee_approval"):
        # With ``builderFee`` off, ccxt still has the account approve its address.
        exchange.handle_builder_fee_approval = _declined
    _identify(exchange, credentials, uid)
    if keys.sandbox:
        _enter_sandbox(exchange)
    if keys.host is not None:
        exchange.urls = {**exchange.urls, "api": moved(exchange.urls["api"], keys.host)}
        exchange.hostname = urlsplit(keys.host).netloc
    return exchange


def needs_password(exchange: Any) -> bool:
    """Whether the exchange asks for a passphrase beside key and secret."""
    return bool(exchange.requiredCredentials.get("password"))


def moved(urls: Any, host: str) -> Any:
    """The same addresses at another host: a URL, or any nesting of them."""
    if isinstance(urls, Mapping):
        return {name: moved(url, host) for name, url in urls.items()}
    if isinstance(urls, list):
        return [moved(url, host) for url in urls]
    if not isinstance(urls, str) or "://" not in urls:
        return urls
    old, new = urlsplit(urls), urlsplit(host)
    secure = new.scheme == "https"
    scheme = {"wss": "wss" if secure else "ws", "ws": "wss" if secure else "ws"}.get(old.scheme, new.scheme)
    return urlunsplit((scheme, new.netloc, old.path, old.query, ""))


def is_local(host: str | None) -> bool:
    """Whether the host is this machine."""
    name = None if host is None else urlsplit(host).hostname
    return name is not None and (name in {"localhost", "::1"} or name.startswith("127."))


def _options(keys: CcxtKeys, account_type: AccountType) -> dict[str, Any]:
    market = _MARKET_TYPE[account_type]
    known: dict[str, Any] = {**ALWAYS, "defaultType": market}
    if keys.exchange.startswith("binance"):
        # Other kinds of markets cost requests, and are not there on a server that only knows this one.
        kind = market if account_type is AccountType.SPOT else "linear"
        known |= {"fetchMarkets": {"types": [kind]}, "fetchCurrencies": False, "fetchMargins": False}
    if keys.exchange == "coinbase":
        # ccxt's default shows what is locked as free.
        known["fetchBalance"] = "v3PrivateGetBrokerageAccounts"
    return known | keys.options


def _identify(exchange: Any, credentials: Credentials | None, uid: str | None) -> None:
    """Give the keys. Where an exchange wants a wallet, its address is the key, and its private key the secret."""
    if credentials is None:
        return
    wanted = {name for name, is_wanted in exchange.requiredCredentials.items() if is_wanted}
    exchange.apiKey = credentials.key.get_secret_value()
    exchange.secret = credentials.secret.get_secret_value()
    if "walletAddress" in wanted:
        exchange.walletAddress = exchange.apiKey
    if "privateKey" in wanted:
        exchange.privateKey = exchange.secret
    if credentials.password is not None:
        exchange.password = credentials.password.get_secret_value()
    if uid is not None:
        exchange.uid = uid
    elif "uid" in wanted:
        raise ValueError(f"{exchange.id} needs uid, the user's number there")


def _enter_sandbox(exchange: Any) -> None:
    try:
        exchange.set_sandbox_mode(True)
    except Exception:  # noqa: BLE001  Whatever ccxt says here means that there is none.
        raise ValueError(f"sandbox: ccxt knows none of {exchange.id}") from None


async def _declined() -> bool:
    return True


def _silent() -> logging.Logger:
    """A logger that says nothing: ccxt logs headers and bodies, keys among them, where anybody turns on its debugging."""
    logger = logging.Logger("ccxt")
    logger.addHandler(logging.NullHandler())
    logger.disabled = True
    return logger


def _nearest(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=3)
    return f"; nearest: {', '.join(near)}" if near else f"; it has {', '.join(names)}"
