"""The ledger: reality, append-only. It holds no causality; no record and no argument here knows why."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from s1mpletrader.domain.errors import Defect, Refused
from s1mpletrader.domain.ids import FillId, GroupId, OrderId, TradeId
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reality import (
    ExternalFill,
    Fill,
    FundsMoved,
    GroupAdvanced,
    GroupOpened,
    LedgerChange,
    OrderChanged,
    TradeOpened,
)
from s1mpletrader.ports.transaction import ITransactional, Tx


class MissingParent(Refused):
    """A change refers to a trade, group or order that neither the ledger nor the same write has."""


class ConflictingRecord(Defect):
    """The ledger holds another record under this id."""


class ILedgerReader(Protocol):
    """Reads one book. Everything returned is a frozen value; what is not there is ``None`` or an empty sequence."""

    @property
    def book(self) -> str:
        """The book that this reader reads: a backtest's run, or an account's lasting book."""
        ...

    def get_order(self, order_id: OrderId) -> Order | None:
        """The order as its events and fills leave it."""
        ...

    def get_fill(self, fill_id: FillId) -> Fill | None:
        """The fill as it was booked."""
        ...

    def get_group(self, group_id: GroupId) -> GroupOpened | None:
        """The group as it began."""
        ...

    def get_group_state(self, group_id: GroupId) -> GroupAdvanced | None:
        """The group's latest state; None while it is as it began."""
        ...

    def get_trade(self, trade_id: TradeId) -> TradeOpened | None:
        """The trade as it began."""
        ...

    def find_order(self, *, client_order_id: str | None = None, exchange_order_id: str | None = None) -> Order | None:
        """The order that a venue's message means, by either of the ids that venues use."""
        ...

    def order_events(self, order_id: OrderId) -> Sequence[OrderChanged]:
        """The order's events by their ordinal."""
        ...

    def orders(
        self,
        *,
        strategy: str | None = None,
        trade_id: TradeId | None = None,
        group_id: GroupId | None = None,
        live: bool = False,
    ) -> Iterator[Order]:
        """Orders in the order of their intents; ``live`` leaves out the terminal ones, and keeps those of unknown outcome."""
        ...

    def fills(self, *, order_id: OrderId | None = None, strategy: str | None = None) -> Iterator[Fill]:
        """Fills in the order in which they were booked."""
        ...

    def trades(self, *, strategy: str | None = None) -> Iterator[TradeOpened]:
        """Trades in the order of their opening."""
        ...

    def funds(self, *, strategy: str | None = None) -> Iterator[FundsMoved]:
        """Movements of funds in the order in which they were booked."""
        ...

    def external_fills(self) -> Iterator[ExternalFill]:
        """Fills of orders that this ledger does not know, in the order in which they were booked."""
        ...

    def active_groups(self) -> Iterator[GroupOpened]:
        """Groups that are not done, as they began."""
        ...

    def changes(self) -> Iterator[LedgerChange]:
        """Every change of the book in the order in which it was written: what a fold, a dump or a move to another store reads."""
        ...


class ILedger(ITransactional, ILedgerReader, Protocol):
    """The writing side. Only the Recorder commits, and only the ExecutionWorker makes what it commits.

    Laws:

    - ``write`` is idempotent by id: a change that is already there adds nothing; a different one under the same id raises
      ``ConflictingRecord``.
    - A change of an order that the declared graph does not have raises ``IllegalTransition``, and nothing of the write remains.
    - Parents (trade, group, order) must be in the ledger or earlier in the same write, else ``MissingParent``.
    - Decimals and instants come back exactly as they were given.
    """

    def write(self, tx: Tx, changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
        """Append the changes within a transaction; returns those that were new."""
        ...

    def discard(self) -> None:
        """Remove this book whole, as a repeated backtest asks. A book of real orders raises ``Refused``."""
        ...
