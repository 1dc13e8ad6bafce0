"""What happens in a run, told in lines for people."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from enum import StrEnum
from typing import Final

from s1mpletrader.domain.directives import Refusal
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import Instant, iso
from s1mpletrader.domain.money import plain
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reality import Fill
from s1mpletrader.domain.reasons import EntryDraft, EntryKind
from s1mpletrader.ports.hooks import hookimpl
from s1mpletrader.ports.status import FlowLine, LiveStatus

_ORDERS_MAX: Final = 1_000
"""For how many orders it is remembered whose they are."""


class Topic(StrEnum):
    """What a line is about."""

    ORDERS = "orders"
    FILLS = "fills"
    REJECTIONS = "rejections"
    REFUSALS = "refusals"
    ALARMS = "alarms"
    """What a person should look at: an order of unknown outcome, a fill of an order that is not ours, a contradiction."""
    RUN = "run"
    """The run's beginning and its end."""
    HEALTH = "health"
    """Streams that can no longer be trusted, or again; bans; halts."""


_ENTRIES: Final = {
    EntryKind.ALARM: (Topic.ALARMS, "ALARM"),
    EntryKind.EXTERNAL: (Topic.ALARMS, "ALARM"),
    EntryKind.CANCEL_REJECTED: (Topic.REJECTIONS, "cannot be cancelled or changed:"),
    EntryKind.RUN_STARTED: (Topic.RUN, "the run begins"),
    EntryKind.RUN_ENDED: (Topic.RUN, "the run ends:"),
}
_STATES: Final = {OrderState.REJECTED: Topic.REJECTIONS, OrderState.UNKNOWN: Topic.ALARMS}
_TOLD_BY_FILLS: Final = frozenset({OrderState.PARTIALLY_FILLED, OrderState.FILLED})


class Narrator(ABC):
    """Hears the watching hooks, and makes one line of whatever people want to know: a subclass says where it goes."""

    def __init__(self) -> None:
        self._strategies: OrderedDict[OrderId, str] = OrderedDict()
        self._at: Instant = 0
        self._troubles: dict[str, str] = {}

    @abstractmethod
    def tell(self, topic: Topic, line: FlowLine) -> None:
        """Something has happened; this must not wait for anything."""

    @hookimpl
    def s1mple_strategy_journal_updated(self, entry: EntryDraft) -> None:
        """What concerns the run itself; and the time of what is told next, because an entry comes before its step's notices."""
        self._at = entry.at
        found = _ENTRIES.get(entry.kind)
        if found is not None:
            topic, said = found
            strategy = self._strategies.get(entry.order_id, "") if entry.order_id is not None else ""
            self._say(topic, strategy, f"{said} {entry.reasons.text or ''}".rstrip(" :"))

    @hookimpl
    def s1mple_order(self, order: Order) -> None:
        """An order has come to a new state. A fill tells of itself."""
        strategy = order.intent.strategy
        self._strategies[order.order_id] = strategy
        if len(self._strategies) > _ORDERS_MAX:
            self._strategies.popitem(last=False)
        if order.state not in _TOLD_BY_FILLS:
            self._say(_STATES.get(order.state, Topic.ORDERS), strategy, order_line(order))

    @hookimpl
    def s1mple_fill(self, fill: Fill) -> None:
        """A fill."""
        self._say(Topic.FILLS, self._strategies.get(fill.order_id, ""), fill_line(fill))

    @hookimpl
    def s1mple_refusal(self, strategy: str, refusal: Refusal) -> None:
        """A decision not to trade."""
        self._say(Topic.REFUSALS, strategy, refusal_line(refusal))

    @hookimpl
    def s1mple_status(self, status: LiveStatus) -> None:
        """What troubles the run: told when it begins and when it is over."""
        self._at = status.at
        now = troubles(status)
        for name, text in now.items():
            if name not in self._troubles:
                self._say(Topic.HEALTH, "", text)
        for name in self._troubles:
            if name not in now:
                self._say(Topic.HEALTH, "", f"{name}: over" if name != "openings" else "new trades may be opened again")
        self._troubles = now

    def _say(self, topic: Topic, strategy: str, text: str) -> None:
        self.tell(topic, FlowLine(at=self._at, strategy=strategy, text=text))


def troubles(status: LiveStatus) -> dict[str, str]:
    """What keeps a run from trading as it should: by name, a sentence for each."""
    found = {}
    if status.halted:
        found["openings"] = f"nothing new is opened: {'; '.join(status.held_back)}".removesuffix(": ")
    for one in status.strategies:
        if one.quarantine is not None:
            found[f"strategy {one.name}"] = f"{one.name} decides nothing any more: {one.quarantine}"
    for stream in status.health.streams:
        if stream.stale_since is not None:
            found[f"stream {stream.name}"] = f"stream {stream.name} is not to be trusted since {iso(stream.stale_since)}"
    if status.health.banned_until is not None and status.health.banned_until > status.at:
        found["ban"] = f"the venue does not listen until {iso(status.health.banned_until)}"
    return found


def order_line(order: Order) -> str:
    """An order and its state in one line."""
    asked = order.details
    at = f" at {plain(order.price)}" if order.price is not None else ""
    stop = f" from {plain(asked.stop_price)}" if asked.stop_price is not None else ""
    why = f": {order.rejection_reason}" if order.rejection_reason else ""
    return f"{order.state} {asked.side} {plain(order.quantity)} {asked.symbol} {asked.type}{at}{stop}{why}"


def fill_line(fill: Fill) -> str:
    """A fill in one line."""
    fee = f", fee {plain(fill.fee)} {fill.fee_currency}" if fill.fee else ""
    return f"filled {fill.side} {plain(fill.quantity)} {fill.symbol} at {plain(fill.price)}{fee}"


def refusal_line(refusal: Refusal) -> str:
    """A decision not to trade in one line."""
    about = f" {refusal.directive.direction} {refusal.directive.symbol}" if refusal.directive is not None else ""
    return f"refused{about} by {refusal.by}: {refusal.code}, {refusal.detail}"
