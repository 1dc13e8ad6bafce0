"""Calls into ccxt: with their own decimal context, counted on the wire, and with their faults in the port's words."""

import decimal
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from msgspec import Struct

from s1mpletrader.api import (
    SECOND_NS,
    AuthenticationFailed,
    IClock,
    Instant,
    IState,
    Maintenance,
    RateLimited,
    Refused,
    StateConflict,
    Unavailable,
    UnknownId,
    iso,
)
from s1mpletrader.plugins.ccxt_exchange.faults import Fate, fate_of
from s1mpletrader.plugins.ccxt_exchange.wire import Call, counted

BAN_S: Final = 10.0
"""How long an exchange is left alone that does not say how long."""
TEXT_MAX: Final = 300
"""A longer message is a page."""

_QUERY: Final = re.compile(r"\?[^\s\"']+")


class NumberText(str):
    """A number as its exact text. The few functions of ccxt that reckon with numbers get a float that reads the same."""

    __slots__ = ()


class Failure(Struct, frozen=True):
    """A change that did not go through, and what is known of it: not sent, refused, not found or unknown."""

    fate: Fate
    reason: str


class Session:
    """One account's way into ccxt, and whether the exchange listens at present.

    A ban outlives the process where there is a state store.
    """

    def __init__(
        self,
        exchange: Any,
        clock: IClock,
        *,
        name: str,
        secrets: Iterable[str] = (),
        open_state: Callable[[], IState] | None = None,
    ) -> None:
        self.exchange = exchange
        self.clock = clock
        self._name = name
        self._redact = _redactor(secrets)
        self._open_state = open_state
        self._state: IState | None = None
        self._banned_until: Instant | None = None
        self._is_ban_read = False
        self._is_clock_off = False

    @property
    def banned_until(self) -> Instant | None:
        """Until when the exchange does not listen; None where it does."""
        until = self._known_ban()
        return until if until is not None and until > self.clock.now() else None

    async def read(self, method: str, *arguments: Any) -> Any:
        """Ask. ``UnknownId`` for an order that the exchange does not know, ``Refused``, ``Unavailable`` or one of its kinds."""
        await self._prepare()
        with decimal.localcontext(), counted() as call:
            try:
                return await getattr(self.exchange, method)(*arguments)
            except Exception as fault:  # noqa: BLE001  Whatever ccxt raises is told in our words.
                fate, reason = self._told(fault, call)
        if fate is Fate.NOT_FOUND:
            raise UnknownId(reason)
        if fate is Fate.REFUSED:
            raise Refused(reason)
        raise Unavailable(reason)

    async def change(self, method: str, *arguments: Any) -> Any:
        """Ask for a change: the answer, or the ``Failure``. Raises only what proves that the exchange did nothing."""
        await self._prepare()
        with decimal.localcontext(), counted() as call:
            try:
                return await self._once(method, arguments, call)
            except Exception as fault:  # noqa: BLE001
                return Failure(*self._told(fault, call))

    def local(self, method: str, *arguments: Any) -> Any:
        """A function of ccxt's that computes and sends nothing."""
        with decimal.localcontext():
            return getattr(self.exchange, method)(*arguments)

    def shown(self, text: str) -> str:
        """The text without keys, signatures and pages."""
        return self._redact(_QUERY.sub("?...", text))[:TEXT_MAX]

    async def _once(self, method: str, arguments: tuple[Any, ...], call: Call) -> Any:
        """Numbers go as text, which is always exact, and only where ccxt cannot take that, and nothing has left, as floats."""
        try:
            return await getattr(self.exchange, method)(*arguments)
        except TypeError:
            floats = [_exact_float(argument) for argument in arguments]
            if not call.is_unsent or floats == list(arguments):
                raise
            return await getattr(self.exchange, method)(*floats)

    def _told(self, fault: Exception, call: Call) -> tuple[Fate, str]:
        fate, reason = fate_of(fault, call), self.shown(f"{type(fault).__name__}: {fault}")
        self._is_clock_off = any(kind.__name__ == "InvalidNonce" for kind in type(fault).__mro__)
        if fate is Fate.RATE_LIMITED:
            until = self.clock.now() + round((call.retry_after_s or BAN_S) * SECOND_NS)
            self._ban(until)
            raise RateLimited(reason, until) from None
        if fate is Fate.AUTHENTICATION:
            raise AuthenticationFailed(reason) from None
        if fate is Fate.MAINTENANCE:
            raise Maintenance(reason) from None
        return fate, reason

    async def _prepare(self) -> None:
        """Keep away while banned, and ask for the exchange's time after it has refused ours."""
        until = self.banned_until
        if until is not None:
            raise RateLimited(f"{self._name} does not listen until {iso(until)}", until)
        if self._is_clock_off:
            self._is_clock_off = False
            if self.exchange.has.get("fetchTime") is True:
                with suppress(Exception), decimal.localcontext():
                    await self.exchange.load_time_difference()

    def _known_ban(self) -> Instant | None:
        if not self._is_ban_read:
            self._is_ban_read = True
            stored = self._store.get(self._key) if self._store is not None else None
            self._banned_until = None if stored is None else int(stored.value)
        return self._banned_until

    def _ban(self, until: Instant) -> None:
        self._banned_until = until
        if self._store is None:
            return
        stored = self._store.get(self._key)
        try:
            self._store.put(self._key, str(until).encode(), expected_version=stored.version if stored else 0)
        except StateConflict:
            return  # Somebody else has just written the same ban.

    @property
    def _store(self) -> IState | None:
        if self._state is None and self._open_state is not None:
            self._state = self._open_state()
        return self._state

    @property
    def _key(self) -> str:
        return f"ban/ccxt/{self._name}"


def _redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """Takes the secrets out of a text. They live in the function, so that nothing that is printed has them."""
    hidden = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in hidden:
            text = text.replace(secret, "***")
        return text

    return redact


def _exact_float(argument: Any) -> Any:
    """A number's text as the float that reads the same; everything else as it is."""
    if not isinstance(argument, NumberText):
        return argument
    value = float(argument)
    return value if decimal.Decimal(repr(value)) == decimal.Decimal(argument) else argument
