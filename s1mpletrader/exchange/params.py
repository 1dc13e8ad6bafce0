"""A request's parameters: texts that are read one by one, each by its form. What nobody reads was sent in vain."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from s1mpletrader.exchange.errors import ApiError, illegal, missing, not_required

NUMBER: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
CLIENT_ORDER_ID: Final = r"^[a-zA-Z0-9-_]{1,36}$"
_INTEGER: Final = r"^[0-9]{1,19}$"
_BEYOND_THE_ROUTE: Final = frozenset({"timestamp", "recvWindow", "signature", "apiKey", "returnRateLimits"})


class Params:
    """Reads parameters; each ``take`` marks its parameter as known to the request."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._read: set[str] = set()

    def text(self, name: str, form: str | None = None) -> str | None:
        """A parameter's text, of a form given as a regular expression; None where it was not sent."""
        self._read.add(name)
        value = self._values.get(name)
        if value is None:
            return None
        if not value:
            raise ApiError(-1105, f"Parameter '{name}' was empty.")
        if form is not None and re.fullmatch(form, value) is None:
            raise illegal(name, form)
        return value

    def need(self, name: str, form: str | None = None) -> str:
        """A parameter that has to be there."""
        value = self.text(name, form) if self._values.get(name) else None
        if value is None:
            raise missing(name)
        return value

    def number(self, name: str) -> Decimal | None:
        """An exact number."""
        value = self.text(name, NUMBER)
        return None if value is None else Decimal(value)

    def need_number(self, name: str) -> Decimal:
        """An exact number that has to be there, above zero."""
        value = Decimal(self.need(name, NUMBER))
        if not value:
            raise ApiError(-1013, f"Invalid {name}.")
        return value

    def integer(self, name: str) -> int | None:
        """A whole number."""
        value = self.text(name, _INTEGER)
        return None if value is None else int(value)

    def limit(self, default: int, maximum: int) -> int:
        """The ``limit`` of a list, never more than its maximum."""
        value = self.integer("limit")
        return min(default if value is None else value, maximum)

    def client_order_id(self, name: str) -> str | None:
        """A client's own id."""
        return self.text(name, CLIENT_ORDER_ID)

    def choice(self, name: str, choices: Iterable[str], code: int, message: str) -> str | None:
        """One of several words; another is refused with a code of its own."""
        value = self.text(name)
        if value is not None and value not in choices:
            raise ApiError(code, message)
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """``true`` or ``false``."""
        value = self.text(name, "(?i:true|false)")
        return default if value is None else value.lower() == "true"

    def symbols(self) -> list[str] | None:
        """The symbols asked for by ``symbol`` or ``symbols``; None for all."""
        one, several = self.text("symbol"), self.text("symbols")
        if one is not None and several is not None:
            raise not_required("symbols")
        if one is not None:
            return [one]
        if several is None:
            return None
        try:
            return msgspec.json.decode(several, type=list[str])
        except msgspec.DecodeError:
            raise illegal("symbols", '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$') from None

    def has(self, name: str) -> bool:
        """Whether a parameter was sent, without reading it."""
        return bool(self._values.get(name))

    def refuse(self, *names: str) -> None:
        """Refuse parameters that this kind of request does not take."""
        for name in names:
            if self.text(name) is not None:
                raise not_required(name)

    def check_all_read(self) -> None:
        """Refuse a request with a parameter that it does not know."""
        known = self._read | _BEYOND_THE_ROUTE
        unread = [name for name in self._values if name not in known]
        if unread:
            sent = len(self._values)
            counts = f"read '{sent - len(unread)}' parameter(s) but was sent '{sent}'"
            raise ApiError(-1104, f"Not all sent parameters were read; {counts}: {', '.join(unread)}.")


def request_params(query: str, body: str) -> dict[str, str]:
    """The parameters of a REST request; the query's win over the body's."""
    values: dict[str, str] = {}
    for text in (body, query):
        seen: set[str] = set()
        for name, value in parse_qsl(text, keep_blank_values=True):
            if name in seen:
                raise ApiError(-1101, f"Duplicate values for parameter '{name}'.")
            seen.add(name)
            values[name] = value
    return values


def socket_params(params: Mapping[str, msgspec.Raw]) -> dict[str, str]:
    """The parameters of a request over the WebSocket API, numbers as they were written; ``null`` counts as not sent."""
    values = {}
    for name, raw in params.items():
        text = bytes(raw).decode()
        if text != "null":
            values[name] = msgspec.json.decode(raw, type=str) if text.startswith('"') else text
    return values
