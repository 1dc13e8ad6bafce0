"""The way of an event to a socket, where a script may lose it, double it, or let it wait."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from s1mpletrader.domain.instant import Instant
from s1mpletrader.exchange.clock import MILLISECOND_NS
from s1mpletrader.exchange.faults import EVENT_KINDS, Fault, FaultScript, rewritten
from s1mpletrader.exchange.text import to_json


class Channel(Protocol):
    """The outgoing side of a socket."""

    def send(self, message: bytes) -> None:
        """Queue a message; nothing happens once it is closed."""
        ...

    def close(self) -> None:
        """Close the socket."""
        ...


Wrap = Callable[[Any], Any]
"""Puts an event into the envelope of its stream."""


class _Waiting(NamedTuple):
    channel: Channel
    due_at: Instant
    message: bytes


class Delivery:
    """Sends messages on sockets, as the script lets it."""

    def __init__(self, faults: FaultScript) -> None:
        self._faults = faults
        self._held: list[_Waiting] = []
        self._behind: defaultdict[Channel, list[list[Any]]] = defaultdict(list)

    def answer(self, channel: Channel, content: Any, at: Instant) -> None:
        """Send the answer to a request."""
        if not self._faults.standing("silent", at):
            channel.send(to_json(content))

    def event(self, channel: Channel, name: str, account: str | None, event: Any, wrap: Wrap, at: Instant) -> None:
        """Send an event, which is counted by its name."""
        if self._faults.standing("silent", at):
            return
        fault = self._faults.at_call(EVENT_KINDS, name, account, at)
        message = to_json(wrap(event))
        if fault is None:
            channel.send(message)
        elif fault.kind == "reorder":
            self._behind[channel].append([fault.count + 1, message])
        else:
            self._misbehave(fault, channel, message, at, lambda: to_json(wrap(rewritten(event, fault.fields))))
        self._send_what_is_behind(channel)

    def send_due(self, at: Instant) -> None:
        """Send what was held until now."""
        due = [waiting for waiting in self._held if waiting.due_at <= at]
        self._held = [waiting for waiting in self._held if waiting.due_at > at]
        for waiting in due:
            waiting.channel.send(waiting.message)

    def forget(self, channel: Channel) -> None:
        """A socket has closed."""
        self._held = [waiting for waiting in self._held if waiting.channel is not channel]
        self._behind.pop(channel, None)

    def _misbehave(self, fault: Fault, channel: Channel, message: bytes, at: Instant, other: Callable[[], bytes]) -> None:
        match fault.kind:
            case "duplicate":
                channel.send(message)
                channel.send(message)
            case "hold":
                self._held.append(_Waiting(channel, at + fault.delay_ms * MILLISECOND_NS, message))
            case "rewrite":
                channel.send(other())
            case "garbage":
                channel.send(message[: len(message) // 2])
            case "cut":
                channel.close()
            case _:
                """Lost."""

    def _send_what_is_behind(self, channel: Channel) -> None:
        behind = self._behind.get(channel)
        if not behind:
            return
        for waiting in behind:
            waiting[0] -= 1
        for _, message in [waiting for waiting in behind if not waiting[0]]:
            channel.send(message)
        self._behind[channel] = [waiting for waiting in behind if waiting[0]]
