"""What a test gives the ledger's contract, and the steps that its laws share."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from s1mpletrader.api import ILedger, ILedgerReader, LedgerChange, Unavailable


def _nothing() -> None:
    """A harness that holds nothing has nothing to release."""


@dataclass(frozen=True, kw_only=True)
class LedgerHarness:
    """One empty store of ledgers. What is None is not declared, and the laws that need it are skipped by its name."""

    open: Callable[[str], ILedger]
    """A handle on a book, made as another reader or writer of the store would make it; also called from other threads."""
    close: Callable[[], None] = _nothing
    """Release everything that was opened."""
    crash_opener: Callable[[str], ILedger] | None = None
    """Opens a book in another process: a function of a module, or a ``functools.partial`` of one, that can be pickled."""
    columns: Callable[[], Mapping[str, Sequence[str]]] | None = None
    """The names of the stored columns, by table."""
    migrate_from_first: Callable[[str], tuple[ILedger, Sequence[LedgerChange]]] | None = None
    """A store with the given book in the schema of the first release, migrated to today's: the book, and what had been in it."""
    concurrent: bool = True
    """Whether several handles, in several threads, may be open on the store at once."""


def write(ledger: ILedger, *changes: LedgerChange) -> tuple[LedgerChange, ...]:
    """The changes in one transaction; returns those that were new."""
    with ledger.begin() as tx:
        return tuple(ledger.write(tx, changes))


def write_when_free(ledger: ILedger, *changes: LedgerChange, attempts_max: int = 200) -> None:
    """As ``write``, again and again while the store says that it is busy."""
    for _ in range(attempts_max):
        try:
            write(ledger, *changes)
        except Unavailable:
            continue
        return
    raise Unavailable(f"the store was busy {attempts_max} times")


def reading(ledger: ILedgerReader) -> dict[str, Any]:
    """Everything that can be read from a book, to compare it with another's or with its own earlier self."""
    orders = list(ledger.orders())
    trades = list(ledger.trades())
    groups = {order.group_id for order in orders} | {group.group_id for group in ledger.active_groups()}
    return {
        "changes": list(ledger.changes()),
        "orders": orders,
        "live": list(ledger.orders(live=True)),
        "by_id": [ledger.get_order(order.order_id) for order in orders],
        "by_trade": [list(ledger.orders(trade_id=trade.trade_id)) for trade in trades],
        "by_group": {group: list(ledger.orders(group_id=group)) for group in sorted(groups)},
        "events": [list(ledger.order_events(order.order_id)) for order in orders],
        "fills": list(ledger.fills()),
        "fills_by_order": [list(ledger.fills(order_id=order.order_id)) for order in orders],
        "trades": trades,
        "groups": {group: (ledger.get_group(group), ledger.get_group_state(group)) for group in sorted(groups)},
        "active_groups": list(ledger.active_groups()),
        "funds": list(ledger.funds()),
        "external_fills": list(ledger.external_fills()),
    }


def write_and_die(
    opener: Callable[[str], ILedger], book: str, kept: Sequence[LedgerChange], lost: Sequence[LedgerChange]
) -> None:
    """In another process: commit ``kept``, write ``lost``, and be killed before its transaction ends."""
    context = get_context("spawn")
    child = context.Process(target=_write_and_be_killed, args=(opener, book, tuple(kept), tuple(lost)))
    child.start()
    child.join(60)
    if child.exitcode is None:
        child.kill()
        raise TimeoutError("the writing process did not end")
    if child.exitcode != -signal.SIGKILL:
        raise RuntimeError(f"the writing process ended with {child.exitcode} before it could be killed; see its output")


def _write_and_be_killed(
    opener: Callable[[str], ILedger], book: str, kept: Sequence[LedgerChange], lost: Sequence[LedgerChange]
) -> None:
    ledger = opener(book)
    with ledger.begin() as tx:
        ledger.write(tx, kept)
    with ledger.begin() as tx:
        ledger.write(tx, lost)
        os.kill(os.getpid(), signal.SIGKILL)
