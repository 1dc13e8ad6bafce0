"""A stop that should follow the price: a signal at each close that would move it far enough."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from s1mpletrader.api import (
    AccountView,
    Columns,
    Direction,
    Facts,
    FloatArray,
    Key,
    OpenTrade,
    PluginConfig,
    SignalDraft,
    WorkerProvision,
)


class TrailingConfig(PluginConfig):
    """How far behind the price the stop stays, and how far it has to move to be worth a change."""

    distance_percent: Annotated[float, Field(gt=0, lt=100)]
    step_percent: Annotated[float, Field(ge=0, lt=100)] = 0.1
    """Percent of the present stop."""


class Trailing:
    """Looks at the account's open trade in its symbol and at its live stop; it has no state of its own.

    The signal has the kind ``trail`` and the trade's direction. Where the stop is to go is the exit planner's to say: the plugin
    ``trailing`` of that kind takes the same distance.
    """

    def __init__(self, config: TrailingConfig, provision: WorkerProvision) -> None:
        self._symbol = provision.series.symbol
        self._close = Key(*provision.series, "close")
        self._distance = config.distance_percent / 100
        self._step = config.step_percent / 100
        self.needs: tuple[Key, ...] = (self._close,)
        self.window = 1

    def initial(self) -> None:
        """No state."""

    def step(self, state: None, at: Facts, view: AccountView) -> tuple[None, Sequence[SignalDraft]]:
        """A signal where the stop should move."""
        trade = view.open_trade(self._symbol)
        if trade is None or not trade.quantity or not self._moves(np.array([at.value(self._close)]), trade, view)[0]:
            return None, ()
        return None, (SignalDraft(symbol=self._symbol, direction=trade.direction, kind="trail"),)

    def quiet(self, state: None, columns: Columns, view: AccountView, start: int, stop: int) -> tuple[None, int]:
        """Goes on to the first close that moves the stop."""
        trade = view.open_trade(self._symbol)
        if trade is None or not trade.quantity:
            return None, stop
        moves = self._moves(columns[self._close][start:stop], trade, view)
        return None, start + int(np.argmax(moves)) if moves.any() else stop

    def _moves(self, closes: FloatArray, trade: OpenTrade, view: AccountView) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether each close is far enough from the present stop. A trade without a stop wants one at once."""
        if {"modify", "close"} & set(trade.algorithms):
            return np.zeros(len(closes), dtype=np.bool_)
        stops = [
            float(order.details.stop_price)
            for order in view.open_orders
            if order.trade_id == trade.trade_id and order.details.stop_price is not None
        ]
        if not stops:
            return np.ones(len(closes), dtype=np.bool_)
        if trade.direction is Direction.LONG:
            return np.asarray(closes * (1 - self._distance) > min(stops) * (1 + self._step))
        return np.asarray(closes * (1 + self._distance) < max(stops) * (1 - self._step))
