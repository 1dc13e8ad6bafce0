"""Transactions over what is in memory: what was done is undone where it ends badly."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

MEMORY_DOMAIN: Final = "memory"
"""One domain for all stores in memory: any of their transactions serves every one of them."""


class MemoryTransaction:
    """An open transaction."""

    __slots__ = ("_undo",)

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def when_undone(self, call: Callable[[], None]) -> None:
        """Call this if the transaction ends with an exception; the latest call comes first."""
        self._undo.append(call)

    def undo(self) -> None:
        """Make the calls."""
        for call in reversed(self._undo):
            call()


@contextmanager
def begin_in_memory() -> Iterator[MemoryTransaction]:
    """A transaction that is undone when its context is left with an exception."""
    transaction = MemoryTransaction()
    try:
        yield transaction
    except BaseException:
        transaction.undo()
        raise
