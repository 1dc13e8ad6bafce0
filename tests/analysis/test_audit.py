"""The audit names the invariant that is broken, whatever way the stores were changed behind its back."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from msgspec import json
from msgspec.structs import replace

from s1mpletrader.analysis import AuditReport, audit_store
from s1mpletrader.domain.hash_chain import GENESIS, seal
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderEventKind
from s1mpletrader.domain.reality import Fill, FundsMoved, LedgerChange, OrderChanged, OrderIntended
from s1mpletrader.domain.reasons import EntryKind, SealedEntry
from tests.running import MEMORY, Finished, finished


@cache
def sound() -> Finished:
    return finished("breakout.toml", *MEMORY, "data.candles=1500")


class Shown:
    """Both stores, as somebody has changed them."""

    def __init__(self) -> None:
        done = sound()
        self.book = done.ledger.book
        self.run = done.run
        self.written: list[LedgerChange] = done.changes
        self.orders_shown: list[Order] = list(done.ledger.orders())
        self.told: list[SealedEntry] = done.entries

    def changes(self) -> Iterator[LedgerChange]:
        return iter(self.written)

    def orders(self, **_: Any) -> Iterator[Order]:
        return iter(self.orders_shown)

    def fills(self, **_: Any) -> Iterator[Fill]:
        return (change for change in self.written if isinstance(change, Fill))

    def runs(self) -> tuple[str, ...]:
        return (self.run,)

    def entries(self, run: str) -> Iterator[SealedEntry]:
        return iter(self.told)

    def first(self, kind: type[Any], which: Callable[[Any], bool] = lambda _: True) -> int:
        return next(at for at, change in enumerate(self.written) if isinstance(change, kind) and which(change))

    def change(self, at: int, **fields: Any) -> None:
        self.written[at] = replace(self.written[at], **fields)

    def seal_again(self, entries: list[SealedEntry]) -> None:
        """A forger who knows how the chain is made."""
        head, self.told = GENESIS, []
        for seq, entry in enumerate(entries):
            fields = entry._asdict() | {"seq": seq}
            del fields["hash"]
            sealed = seal(head, **fields)
            head = sealed.hash
            self.told.append(sealed)


def report(shown: Shown) -> AuditReport:
    return audit_store([shown], shown)  # type: ignore[list-item,arg-type]


def broken(shown: Shown) -> set[str]:
    return {violation.invariant[:2] for violation in report(shown).violations}


def test_a_sound_run_has_no_violation_and_every_invariant_is_checked() -> None:
    found = report(Shown())
    assert found.violations == ()
    assert len(found.checked) == 13
    assert all(found.checked.values())
    assert not found.to_json()["violations"]


def double_intent(shown: Shown) -> None:
    at = shown.first(OrderIntended)
    shown.written.insert(at + 1, shown.written[at])


def shared_exchange_id(shown: Shown) -> None:
    ids = [at for at, change in enumerate(shown.written) if isinstance(change, OrderChanged) and change.exchange_order_id]
    first: Any = shown.written[ids[0]]
    shown.change(ids[1], exchange_order_id=first.exchange_order_id)
    moved: Any = shown.written[ids[1]]
    shown.orders_shown = [
        replace(order, exchange_order_id=first.exchange_order_id) if order.order_id == moved.order_id else order
        for order in shown.orders_shown
    ]


def shown_quantity(shown: Shown) -> None:
    filled = next(at for at, order in enumerate(shown.orders_shown) if order.filled_quantity)
    order = shown.orders_shown[filled]
    shown.orders_shown[filled] = replace(order, filled_quantity=order.filled_quantity - Decimal("0.001"))


def shown_notional(shown: Shown) -> None:
    filled = next(at for at, order in enumerate(shown.orders_shown) if order.filled_quantity)
    shown.orders_shown[filled] = replace(shown.orders_shown[filled], filled_notional=Decimal(1))


def double_venue_trade(shown: Shown) -> None:
    at = shown.first(Fill)
    trade: Any = shown.written[at]
    after = next(place for place in range(at + 1, len(shown.written)) if isinstance(shown.written[place], Fill))
    shown.change(after, venue_trade_id=trade.venue_trade_id)


def event_out_of_terminal_state(shown: Shown) -> None:
    at = shown.first(OrderChanged, lambda change: change.kind is OrderEventKind.CANCELLED)
    event: Any = shown.written[at]
    shown.written.insert(at + 1, replace(event, ordinal=event.ordinal + 1))


def missing_event(shown: Shown) -> None:
    at = shown.first(OrderChanged, lambda change: change.kind is OrderEventKind.CANCELLED)
    shown.change(at, ordinal=9)


def hidden_order(shown: Shown) -> None:
    shown.orders_shown.pop()


def lost_fill(shown: Shown) -> None:
    del shown.written[shown.first(Fill)]


def removed_entry(shown: Shown) -> None:
    del shown.told[5]


def changed_payload(shown: Shown) -> None:
    shown.told[5] = shown.told[5]._replace(payload=shown.told[5].payload + b" ")


def swapped_entries(shown: Shown) -> None:
    shown.told[5], shown.told[6] = shown.told[6], shown.told[5]


def unreadable_entry(shown: Shown) -> None:
    at = next(at for at, entry in enumerate(shown.told) if entry.kind is EntryKind.RECORDED)
    entries = list(shown.told)
    entries[at] = entries[at]._replace(payload=b"{")
    shown.seal_again(entries)


def forged_parent(shown: Shown) -> None:
    entries = list(shown.told)
    at = next(at for at, entry in enumerate(entries) if entry.kind is EntryKind.CANCELLED)
    entries[at] = entries[at]._replace(parent_seq=10**6)
    shown.seal_again(entries)


def entry_without_change(shown: Shown) -> None:
    last = next(entry for entry in reversed(shown.told) if entry.kind is EntryKind.CANCELLED)
    shown.seal_again([*shown.told[:-1], last._replace(parent_seq=0), shown.told[-1]])


def change_without_entry(shown: Shown) -> None:
    entries = [entry for entry in shown.told if entry.kind is not EntryKind.CANCELLED]
    shown.seal_again(
        [entry._replace(parent_seq=min(entry.parent_seq, 1) if entry.parent_seq else entry.parent_seq) for entry in entries]
    )


def decision_without_directive(shown: Shown) -> None:
    entries = list(shown.told)
    at = next(at for at, entry in enumerate(entries) if b'"directive":{' in entry.payload and entry.order_id)
    content = json.decode(entries[at].payload)
    del content["directive"]
    entries[at] = entries[at]._replace(payload=json.encode(content))
    shown.seal_again(entries)


def decision_without_origin(shown: Shown) -> None:
    entries = list(shown.told)
    at = next(at for at, entry in enumerate(entries) if b'"directive":{' in entry.payload and entry.order_id)
    content = json.decode(entries[at].payload)
    del content["origin"]
    entries[at] = entries[at]._replace(payload=json.encode(content))
    shown.seal_again(entries)


def price_off_tick(shown: Shown) -> None:
    at = shown.first(OrderIntended, lambda intent: intent.details.price is not None)
    intent: Any = shown.written[at]
    details = replace(intent.details, price=intent.details.price + Decimal("0.01"))
    shown.change(at, details=details)


@pytest.mark.parametrize(
    ("tamper", "invariant"),
    [
        (double_intent, "02"),
        (shared_exchange_id, "02"),
        (shown_quantity, "03"),
        (shown_notional, "04"),
        (double_venue_trade, "05"),
        (event_out_of_terminal_state, "06"),
        (missing_event, "06"),
        (hidden_order, "07"),
        (lost_fill, "07"),
        (removed_entry, "12"),
        (changed_payload, "12"),
        (swapped_entries, "12"),
        (unreadable_entry, "12"),
        (forged_parent, "12"),
        (entry_without_change, "13"),
        (change_without_entry, "13"),
        (decision_without_directive, "14"),
        (decision_without_origin, "15"),
        (price_off_tick, "16"),
    ],
)
def test_what_was_changed_is_named(tamper: Callable[[Shown], None], invariant: str) -> None:
    shown = Shown()
    tamper(shown)
    assert invariant in broken(shown)


@pytest.mark.parametrize("forgery", [unreadable_entry, forged_parent, entry_without_change])
def test_a_forged_chain_is_whole_and_is_found_out_all_the_same(forgery: Callable[[Shown], None]) -> None:
    shown = Shown()
    forgery(shown)
    assert not any("does not match its hash" in violation.sentence for violation in report(shown).violations)
    assert broken(shown)


def test_balances_and_positions_are_added_up_on_their_own() -> None:
    shown = Shown()
    hidden = next(shown.fills())
    shown.fills = lambda **_: (fill for fill in type(shown).fills(shown) if fill != hidden)  # type: ignore[method-assign]
    assert broken(shown) == {"09", "10"}


def test_funds_are_counted() -> None:
    assert sum(isinstance(change, FundsMoved) for change in Shown().written) == 1
