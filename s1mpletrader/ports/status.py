"""How a run stands: for people who watch it, and for plugins that tell or count what happens."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from s1mpletrader.domain.account import Position
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.order import Order
from s1mpletrader.ports.health import Health


class FlowLine(Struct, frozen=True, kw_only=True):
    """Something that happened in a flow, in one line for people. ``strategy`` is empty where it belongs to none."""

    at: Instant
    strategy: str
    text: str


class StrategyStatus(Struct, frozen=True, kw_only=True):
    """A strategy's sub-account at one instant."""

    name: str
    currency: str
    equity: Decimal | None = None
    """What it is worth at the last prices; None while a price is not known."""
    balances: Mapping[str, Decimal] = {}
    positions: tuple[Position, ...] = ()
    """What is held; flat ones are left out."""
    open_orders: tuple[Order, ...] = ()
    """Live orders; those of unknown outcome are among them."""
    prices: Mapping[str, Decimal] = {}
    """The last price of each symbol, as far as it is known."""
    quarantine: str | None = None
    """Which of its plugins failed, and how, so that it decides nothing any more; None while all is well."""


class LiveStatus(Struct, frozen=True, kw_only=True):
    """A run at one instant."""

    at: Instant
    mode: str
    account: str
    strategies: tuple[StrategyStatus, ...] = ()
    flows: tuple[FlowLine, ...] = ()
    """The last things that happened, oldest first."""
    health: Health = Health()
    halted: bool = False
    """Whether nothing new is opened: by the kill switch, or because something cannot be trusted now."""
    held_back: tuple[str, ...] = ()
    """Why nothing new is opened, in words, as far as that is known."""
    unknown_orders: int = 0


class IWatcher(Protocol):
    """What a ``[[watch]]`` table builds: beside this, methods that are marked ``hookimpl`` and named as the watching hooks.

    They are called from the run's own thread and must not wait for anything; what they raise is logged and changes nothing.
    """

    def close(self) -> None:
        """The run has ended: send what still waits, within a bounded time, and release everything. Closing twice does nothing."""
        ...
