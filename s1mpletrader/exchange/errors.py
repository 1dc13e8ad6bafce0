"""What the venue answers when it refuses: a code, a sentence, and the HTTP status that goes with them."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A refusal as it goes out: ``{"code", "msg"}``, with ``data`` where half of a request was carried out."""

    def __init__(
        self, code: int, message: str, *, status: int = 400, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.code, self.message, self.status, self.data = code, message, status, data
        self.headers = dict(headers or {})
        super().__init__(f"{code}: {message}")

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        body: dict[str, Any] = {"code": self.code, "msg": self.message}
        return body if self.data is None else {**body, "data": self.data}


def missing(name: str) -> ApiError:
    """A parameter that has to be there is not."""
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, legal: str) -> ApiError:
    """A parameter's text is not of its form."""
    return ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def not_required(name: str) -> ApiError:
    """A parameter that this request does not take."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def filter_failure(name: str) -> ApiError:
    """An order breaks a filter."""
    return ApiError(-1013, f"Filter failure: {name}")


def refused(reason: str) -> ApiError:
    """The engine does not take a new order."""
    return ApiError(-2010, reason)


def unknown_order() -> ApiError:
    """A cancel or a change of an order that is not live."""
    return ApiError(-2011, "Unknown order sent.")


def no_such_order() -> ApiError:
    """A query for an order that is not there."""
    return ApiError(-2013, "Order does not exist.")


def invalid_symbol() -> ApiError:
    """A symbol that is not listed."""
    return ApiError(-1121, "Invalid symbol.")


def market_closed() -> ApiError:
    """A new order while the symbol does not trade."""
    return ApiError(-1013, "Market is closed.")
