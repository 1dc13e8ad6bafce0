"""What makes two configurations the same: canonical JSON, and its hash.

In it is what decides what a run does: strategy, environment, account, exchange, and every worker with all its keys, defaults
included. Left out is what changes where, how fast or by whose leave a run happens, or who is told of it, and never what it
decides: ledger, journal and cache with their URLs, ``[recording]``, ``[engine]``, ``[plugins]``, ``[[watch]]``. Data counts by
the fingerprint of its content, not by where it came from.
"""

import json
from collections.abc import Mapping, Sequence, Set
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from pathlib import PurePath
from types import NoneType
from typing import Any, Final

from pydantic import BaseModel, SecretBytes, SecretStr

from s1mpletrader.configuration.configuration import Configuration, PluginTable
from s1mpletrader.configuration.models import AccountTable, EnvironmentTable, Mode
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.money import plain

_LEFT_OUT: Final = (SecretStr, SecretBytes, PurePath, NoneType)
"""Secrets and places of this machine say nothing about a run. None is what TOML cannot say, and means a key that is not there."""

NO_FINGERPRINTS: Final[Mapping[Series, str]] = {}
NO_NEWS: Final[Mapping[str, str]] = {}


def canonical_json(
    configuration: Configuration, fingerprints: Mapping[Series, str] = NO_FINGERPRINTS, news: Mapping[str, str] = NO_NEWS
) -> str:
    """The configuration as text that is equal where the meaning is.

    ``fingerprints`` are of the candles that were read, ``news`` of the events of each source of news.

    A ``[[data]]`` table whose series has none, as in paper and live, counts by its keys, without paths.
    """
    content = {
        "strategy": _plain(configuration.strategy),
        "environment": _environment(configuration.environment),
        "account": _plain(configuration.account),
        "batch": _plain(configuration.batch),
        "data": [[*series, fingerprints[series]] for series in sorted(fingerprints)],
        "news": dict(news),
        "sources": [_table(table) for table in configuration.data if table.series not in fingerprints],
        "tables": [_table(table) for table in configuration.deciding_tables],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def configuration_hash(
    configuration: Configuration, fingerprints: Mapping[Series, str] = NO_FINGERPRINTS, news: Mapping[str, str] = NO_NEWS
) -> str:
    """32 hex digits of the canonical JSON's SHA-256."""
    return sha256(canonical_json(configuration, fingerprints, news).encode()).hexdigest()[:32]


def portfolio_hash(account: AccountTable, strategy_hashes: Sequence[str]) -> str:
    """The hash of strategies that share an account; that of the strategy itself where there is one."""
    if len(strategy_hashes) == 1:
        return strategy_hashes[0]
    content = json.dumps([_plain(account), list(strategy_hashes)], sort_keys=True, separators=(",", ":"))
    return sha256(content.encode()).hexdigest()[:32]


def _environment(table: EnvironmentTable) -> dict[str, Any]:
    """The keys that decide: in a backtest only where orders go, elsewhere also what is done about lateness and at the end."""
    if table.mode is Mode.BACKTEST:
        return {"mode": _plain(table.mode)}
    return {key: value for key, value in _plain(table).items() if key not in {"confirm", "speed"}}


def _table(table: PluginTable) -> dict[str, Any]:
    config = {key: value for key, value in _plain(table.config).items() if not (table.kind in ("data", "news") and key == "path")}
    return {
        "table": str(table.kind),
        "plugin": table.plugin.name,
        "name": table.name,
        "series": list(table.series),
        "confidence": list(table.confidence),
        "config": config,
    }


def _plain(value: Any) -> Any:
    """JSON for a value, the same for equal ones."""
    match value:
        case BaseModel():
            return {key: _plain(item) for key, item in value if not isinstance(item, _LEFT_OUT)}
        case Mapping():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case Set():
            return sorted((_plain(item) for item in value), key=json.dumps)
        case tuple() | list():
            return [_plain(item) for item in value]
        case Enum():
            return _plain(value.value)
        case Decimal():
            return plain(value)
        case bool() | int() | float() | str() | None:
            return value
        case _:
            return str(value)
