"""What part of a list is asked for."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from s1mpletrader.domain.instant import Instant
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.params import Params

T = TypeVar("T")


def selected(
    params: Params, items: Sequence[T], at: Callable[[T], Instant], limit: int, *, from_start: bool = False
) -> Sequence[T]:
    """The items from ``startTime`` to ``endTime``: the first of them where a beginning is given, else the last."""
    start, end = params.integer("startTime"), params.integer("endTime")
    found = [
        item
        for item in items
        if (start is None or milliseconds(at(item)) >= start) and (end is None or milliseconds(at(item)) <= end)
    ]
    return found[:limit] if from_start or start is not None else found[-limit:] if limit else []
