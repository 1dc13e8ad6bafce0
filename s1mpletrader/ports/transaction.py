"""Transactions that a ledger and a journal may share."""

from collections.abc import Hashable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

Tx: TypeAlias = Any
"""A store's own handle of an open transaction; only the store that gave it, or one of an equal domain, looks inside."""


class ITransactional(Protocol):
    """A store whose writes are atomic.

    Laws: leaving the context normally makes everything written durable; leaving it with an exception undoes all of it. A busy
    store raises ``Unavailable`` after its own bounded retries. Blocking: the ports stay free of an event loop.
    """

    @property
    def transaction_domain(self) -> Hashable:
        """Stores with equal domains may write in one transaction of either."""
        ...

    def begin(self) -> AbstractContextManager[Tx]:
        """A transaction; durable when its context is left without an exception."""
        ...
