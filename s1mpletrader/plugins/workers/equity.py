"""The account's equity in floats, as monitors watch it: a risk is an opinion, nothing of it is booked."""

from collections.abc import Mapping
from typing import Any

from s1mpletrader.api import AccountView, Key, WorkerProvision


def closes_of(provision: WorkerProvision) -> tuple[Key, ...]:
    """The closes that value every position: the monitor's own symbol first, at whose closes it is stepped."""
    own = provision.series.symbol
    symbols = sorted(provision.symbols, key=lambda symbol: symbol != own)
    return tuple(Key(symbol, provision.series.timeframe, "close") for symbol in symbols)


def equity_at(view: AccountView, closes: Mapping[Key, Any]) -> Any:
    """Cash plus positions at these closes: a float for floats, an array for arrays, equal to the bit."""
    equity: Any = float(view.cash)
    for key, close in closes.items():
        held = view.positions.get(key.symbol)
        if held is not None and held.quantity:
            equity = equity + float(held.quantity * held.instrument.multiplier) * close
    return equity
