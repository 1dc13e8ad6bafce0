"""Who hears what happens on an account."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from s1mpletrader.domain.instant import Instant
from s1mpletrader.exchange.account import Account
from s1mpletrader.exchange.authentication import ApiKey
from s1mpletrader.exchange.delivery import Channel, Delivery
from s1mpletrader.exchange.events import stream_terminated


class Subscription(NamedTuple):
    """One socket's subscription by one key to its account's events."""

    channel: Channel
    number: int
    key: ApiKey

    @property
    def account(self) -> Account:
        """Whose events."""
        return self.key.account


class UserStreams:
    """All subscriptions to private streams."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._subscriptions: list[Subscription] = []

    def subscribe(self, channel: Channel, number: int, key: ApiKey) -> None:
        """Let a socket hear the events of a key's account."""
        self._subscriptions.append(Subscription(channel, number, key))

    def of(self, channel: Channel) -> list[Subscription]:
        """A socket's subscriptions."""
        return [each for each in self._subscriptions if each.channel is channel]

    def unsubscribe(self, channel: Channel, number: int | None, at: Instant) -> None:
        """End one of a socket's subscriptions, or all, and tell so."""
        self._end([each for each in self.of(channel) if number is None or each.number == number], at)

    def terminate(self, key: str | None, at: Instant) -> None:
        """End every subscription by a key, or all, and tell so."""
        self._end([each for each in self._subscriptions if key is None or each.key.key == key], at)

    def forget(self, channel: Channel) -> None:
        """A socket has closed."""
        self._subscriptions = [each for each in self._subscriptions if each.channel is not channel]

    def tell(self, account: Account, event: Mapping[str, Any], at: Instant) -> None:
        """Send an event to everybody who hears the account."""
        for each in self._subscriptions:
            if each.account is account:
                self._send(each, event, at)

    def _end(self, ended: Sequence[Subscription], at: Instant) -> None:
        self._subscriptions = [each for each in self._subscriptions if each not in ended]
        for each in ended:
            self._send(each, stream_terminated(at), at)

    def _send(self, to: Subscription, event: Mapping[str, Any], at: Instant) -> None:
        self._delivery.event(to.channel, event["e"], to.account.name, event, partial(_wrapped, to.number), at)


def _wrapped(number: int, event: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"subscriptionId": number, "event": event}
