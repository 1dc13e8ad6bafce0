"""Reading TOML without losing a digit."""

import math
from decimal import Decimal, InvalidOperation
from typing import Any

import tomli


class _LostDigits(ValueError):
    """A number has more digits than a float holds."""


def parse_toml(text: str) -> dict[str, Any]:
    """The tables; ``tomli.TOMLDecodeError`` with line and column where it is no TOML.

    A number with a point becomes a float, whose shortest text is the number as written, so that an exact one can be made of it
    later. One that would come out different is refused.
    """
    try:
        return tomli.loads(text, parse_float=_float)
    except _LostDigits as fault:
        number = str(fault)
        problem = f"{number} has more digits than are kept without quotes"
        raise tomli.TOMLDecodeError(problem, text, text.index(number)) from None
    except tomli.TOMLDecodeError:
        raise
    except (ValueError, RecursionError):
        raise tomli.TOMLDecodeError("a number is too long, or tables are nested too deeply", text, 0) from None


def _float(text: str) -> float:
    value = float(text)
    if math.isfinite(value) and _exact(text) != _exact(repr(value)):
        raise _LostDigits(text)
    return value


def _exact(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
