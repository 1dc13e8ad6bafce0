"""The laws of ILedger."""
# ruff: noqa: S101 - a law is an assertion.

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import ClassVar, Final

import pytest
from msgspec.structs import replace

from s1mpletrader.api import (
    TRANSITIONS,
    ConflictingRecord,
    GroupAdvanced,
    ILedger,
    IllegalTransition,
    LedgerChange,
    MissingParent,
    Order,
    OrderChanged,
    OrderEventKind,
    OrderState,
    TradeId,
    Unavailable,
    apply_event,
    multiply,
    total,
)
from s1mpletrader.contracts.abilities import need
from s1mpletrader.contracts.ledger_harness import LedgerHarness, reading, write, write_and_die, write_when_free
from s1mpletrader.contracts.naive_journal import NaiveJournal
from s1mpletrader.contracts.naive_ledger import NaiveLedger
from s1mpletrader.contracts.properties import holds, st
from s1mpletrader.contracts.samples import Family, Samples
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.recorder import Recorder, Step, chunk

CAUSAL_WORDS: Final = frozenset(
    {
        "because",
        "causality",
        "cause",
        "caused",
        "chain",
        "confidence",
        "directive",
        "fact",
        "facts",
        "journal",
        "opinion",
        "origin",
    }
    | {"parent", "plan", "plans", "reason", "reasons", "refusal", "risk", "risks", "signal", "signals", "why"}
)
"""Words that no column and no argument of a ledger has."""

ALLOWED: Final = frozenset({"rejection_reason"})
"""The venue's words about what it did: reality, whatever the name."""

PATHS: Final[dict[OrderState, tuple[OrderEventKind, ...]]] = {
    OrderState.INTENDED: (),
    OrderState.SUBMITTED: (OrderEventKind.SUBMITTED,),
    OrderState.OPEN: (OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED),
    OrderState.UNKNOWN: (OrderEventKind.SUBMITTED, OrderEventKind.UNKNOWN),
    OrderState.REJECTED: (OrderEventKind.REJECTED,),
    OrderState.CANCELLED: (OrderEventKind.ACCEPTED, OrderEventKind.CANCELLED),
    OrderState.EXPIRED: (OrderEventKind.ACCEPTED, OrderEventKind.EXPIRED),
    OrderState.NOT_PLACED: (OrderEventKind.UNKNOWN, OrderEventKind.NOT_PLACED),
}
"""How an order comes to each state by events alone; the two states of fills are reached by fills."""

INSTANT_MAX: Final = 2**63 - 1
QUANTITIES: Final = st.decimals("0.000000000000000001", "999999999999.999999999999999999", places=18)
AMOUNTS: Final = st.decimals("-99999999999999999999", "99999999999999999999", places=12)
INSTANTS: Final = st.integers(0, INSTANT_MAX)


READ_PAUSE_S: Final = 0.001
"""How long a reader lets others run."""

WRITES: Final = 25
"""How many orders each concurrent writer writes."""


class LedgerContract:
    """Subclass it with ``make_harness``: a harness around one empty store."""

    contract_port: ClassVar[str] = "ILedger"

    def make_harness(self, directory: Path) -> LedgerHarness:
        """A harness around one empty store; files may go to the directory."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_harness(directory)")

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[LedgerHarness]:
        """The store of one test."""
        harness = self.make_harness(tmp_path)
        yield harness
        harness.close()

    def test_law_01_a_pending_intent_survives_kill_minus_9(self, harness: LedgerHarness) -> None:
        """An intent that was committed can be read after its process was killed, and one that was not committed is gone."""
        opener = need(harness.crash_opener, "crash_opener")
        samples = Samples()
        kept, lost = samples.family(), samples.family()
        write_and_die(opener, "killed", kept.changes, lost.changes)
        ledger = harness.open("killed")
        assert list(ledger.changes()) == list(kept.changes)
        order = ledger.get_order(kept.order_id)
        assert order is not None
        assert order.state is OrderState.INTENDED
        assert list(ledger.orders(live=True)) == [order]
        write(ledger, *lost.changes)
        assert ledger.get_order(lost.order_id) is not None

    def test_law_02_an_illegal_transition_is_refused_and_changes_nothing(self, harness: LedgerHarness) -> None:
        """A change that the declared graph does not have raises ``IllegalTransition``, and nothing of its write remains."""
        ledger = harness.open("graph")
        samples = Samples()
        for state in TRANSITIONS:
            for kind in OrderEventKind:
                family = samples.family()
                order = _bring_to(ledger, samples, family, state)
                event = samples.event(family.intent, order.event_count + 1, kind)
                bystander = samples.funds()
                if _legal(order, event):
                    write(ledger, event)
                    assert ledger.get_order(order.order_id) == apply_event(order, event), (state, kind)
                    continue
                with pytest.raises(IllegalTransition):
                    write(ledger, bystander, event)
                assert ledger.get_order(order.order_id) == order, (state, kind)
                assert bystander not in ledger.funds(), (state, kind)
                assert event not in ledger.order_events(order.order_id), (state, kind)

    def test_law_03_recording_a_fill_twice_changes_nothing(self, harness: LedgerHarness) -> None:
        """A change that is there already adds nothing and is not returned as new; another under its id is a conflict."""
        ledger = harness.open("twice")
        samples = Samples()
        family = samples.family()
        accepted = samples.event(family.intent, 1, OrderEventKind.ACCEPTED)
        fill = samples.fill(family.intent, Decimal("1.5"))
        first = (*family.changes, accepted, fill, samples.funds(), samples.external_fill())
        assert write(ledger, *first) == first
        before = reading(ledger)
        assert write(ledger, fill) == ()
        assert write(ledger, *first) == ()
        assert reading(ledger) == before
        assert reading(harness.open("twice")) == before
        for other in (replace(fill, quantity=Decimal("0.5")), replace(accepted, kind=OrderEventKind.CANCELLED)):
            with pytest.raises(ConflictingRecord):
                write(ledger, other)
        assert reading(ledger) == before

    def test_law_04_filled_quantity_is_the_sum_of_fills(self, harness: LedgerHarness) -> None:
        """An order's filled quantity and notional are the exact sums over its fills, and never exceed its quantity."""
        samples = Samples()
        ledger = harness.open("sums")

        @holds(st.lists(QUANTITIES, min_size=1, max_size=6))
        def check(quantities: list[Decimal]) -> None:
            family = samples.family(quantity=total(quantities))
            fills = [samples.fill(family.intent, quantity, Decimal("0.00000123")) for quantity in quantities]
            write(ledger, *family.changes, samples.event(family.intent, 1, OrderEventKind.ACCEPTED))
            for count, fill in enumerate(fills, 1):
                write(ledger, fill)
                order = _order(ledger.get_order(family.order_id))
                assert order.filled_quantity == total(quantities[:count])
                assert order.fill_ids == tuple(fill.fill_id for fill in fills[:count])
            assert list(ledger.fills(order_id=family.order_id)) == fills
            order = _order(ledger.get_order(family.order_id))
            assert order.state is OrderState.FILLED
            assert order.filled_notional == total(multiply(fill.price, fill.quantity) for fill in fills)
            with pytest.raises(IllegalTransition):
                write(ledger, samples.fill(family.intent, Decimal("0.000000000000000001")))
            assert ledger.get_order(family.order_id) == order

    def test_law_05_a_fill_of_an_unknown_order_is_kept_apart(self, harness: LedgerHarness) -> None:
        """An external fill is kept exactly, once, and apart from the fills of orders; it touches no order."""
        ledger = harness.open("external")
        samples = Samples()
        family = samples.family()
        external, another = samples.external_fill(), samples.external_fill()
        write(ledger, *family.changes, external)
        write(ledger, external, another)
        for reader in (ledger, harness.open("external")):
            assert list(reader.external_fills()) == [external, another]
            assert list(reader.fills()) == []
            assert _order(reader.get_order(family.order_id)).filled_quantity == 0

    def test_law_06_references_are_enforced_and_parents_made_on_demand(self, harness: LedgerHarness) -> None:
        """A change whose trade, group or order is missing is refused whole; in one write parents may come just before it."""
        ledger = harness.open("parents")
        samples = Samples()
        family = samples.family()
        trade, group, intent = family.changes
        orphans: Sequence[LedgerChange] = (
            group,
            intent,
            samples.event(intent, 1, OrderEventKind.ACCEPTED),
            samples.fill(intent, Decimal(1)),
            GroupAdvanced(group_id=group.group_id, ordinal=1, at=samples.next_at()),
        )
        for orphan in orphans:
            with pytest.raises(MissingParent):
                write(ledger, samples.funds(), orphan)
        with pytest.raises(MissingParent):
            write(ledger, trade, intent)
        assert list(ledger.changes()) == []
        write(ledger, *family.changes, samples.fill(intent, Decimal(1)))
        assert ledger.get_trade(trade.trade_id) == trade
        assert ledger.get_group(group.group_id) == group
        with pytest.raises(MissingParent):
            write(ledger, replace(samples.intent(trade, group), trade_id=TradeId(samples.family().trade.trade_id)))

    def test_law_07_concurrent_readers_and_writers_lose_no_write(self, harness: LedgerHarness) -> None:
        """While others read and write the store, every write is kept; a busy store retries or says that it is busy."""
        if not harness.concurrent:
            pytest.skip("not declared: concurrent")
        books, is_over = ("first", "second"), Event()
        with ThreadPoolExecutor(max_workers=4) as pool:
            writing = {book: pool.submit(_write_many, harness, book) for book in books}
            watching = [pool.submit(_read_many, harness, book, is_over) for book in books]
            try:
                written = {book: future.result(120) for book, future in writing.items()}
            finally:
                is_over.set()
            for future in watching:
                future.result(120)
        for book in books:
            assert reading(harness.open(book)) == reading(NaiveLedger(book, written[book]))

    def test_law_08_decimals_and_instants_survive_exactly(self, harness: LedgerHarness) -> None:
        """Every Decimal and every instant comes back as the value that was given, whatever its size or precision."""
        samples = Samples()
        written: list[LedgerChange] = []
        ledger = harness.open("exact")

        @holds(QUANTITIES, QUANTITIES, AMOUNTS, INSTANTS, examples=40)
        def check(quantity: Decimal, price: Decimal, fee: Decimal, at: int) -> None:
            family = samples.family(quantity=quantity, price=price)
            fill = replace(samples.fill(family.intent, quantity, price), fee=fee, at=at, venue_at=INSTANT_MAX - at)
            changes = (*family.changes, fill, replace(samples.funds(amount=fee), at=at, ordinal=len(written)))
            written.extend(changes)
            write(ledger, *changes)

        stored = list(harness.open("exact").changes())
        assert stored == written
        assert all(type(fill.fee) is Decimal and type(fill.at) is int for fill in harness.open("exact").fills())

    def test_law_09_strategies_and_books_are_isolated(self, harness: LedgerHarness) -> None:
        """What is asked for one strategy shows nothing of another's, and a book shows nothing of another book."""
        samples = Samples()
        ledger, other = harness.open("one book"), harness.open("another book")
        families = {strategy: samples.family(strategy) for strategy in ("alpha", "beta")}
        fills = {strategy: samples.fill(family.intent, Decimal(1)) for strategy, family in families.items()}
        funds = {strategy: samples.funds(strategy) for strategy in families}
        for strategy, family in families.items():
            write(ledger, funds[strategy], *family.changes, fills[strategy])
        for strategy, family in families.items():
            assert [order.order_id for order in ledger.orders(strategy=strategy)] == [family.order_id]
            assert list(ledger.fills(strategy=strategy)) == [fills[strategy]]
            assert list(ledger.trades(strategy=strategy)) == [family.trade]
            assert list(ledger.funds(strategy=strategy)) == [funds[strategy]]
        assert list(ledger.orders(strategy="alph")) == []
        family = families["alpha"]
        assert list(other.changes()) == []
        assert other.get_order(family.order_id) is None
        assert other.find_order(client_order_id=family.intent.client_order_id) is None
        write(other, *family.changes)
        assert _order(other.get_order(family.order_id)).filled_quantity == 0
        assert reading(ledger) == reading(NaiveLedger("one book", list(ledger.changes())))

    def test_law_10_a_migration_keeps_the_data(self, harness: LedgerHarness) -> None:
        """What a store of the first schema held is there after the migration, and the book goes on from it."""
        ledger, held = need(harness.migrate_from_first, "migrate_from_first")("migrated")
        assert held, "a store without data shows nothing about a migration"
        assert reading(ledger) == reading(NaiveLedger("migrated", held))
        further = Samples("after the migration").family().changes
        write(ledger, *further)
        assert list(ledger.changes()) == [*held, *further]

    def test_law_11_orders_and_fills_are_found_by_every_id(self, harness: LedgerHarness) -> None:
        """An order is found by its own id, by the client id and by the venue's, a fill by its id; what is not there is None."""
        ledger = harness.open("ids")
        samples = Samples()
        family, other = samples.family(), samples.family()
        accepted = samples.event(family.intent, 1, OrderEventKind.ACCEPTED)
        fill = samples.fill(family.intent, Decimal(1))
        write(ledger, *family.changes, *other.changes)
        assert ledger.find_order(exchange_order_id=accepted.exchange_order_id) is None
        write(ledger, accepted, fill)
        for reader in (ledger, harness.open("ids")):
            order = _order(reader.get_order(family.order_id))
            assert order.exchange_order_id == accepted.exchange_order_id
            assert reader.find_order(client_order_id=family.intent.client_order_id) == order
            assert reader.find_order(exchange_order_id=accepted.exchange_order_id) == order
            assert reader.get_fill(fill.fill_id) == fill
            unknown = samples.family()
            assert reader.get_order(unknown.order_id) is None
            assert reader.find_order(client_order_id=unknown.intent.client_order_id) is None
            assert reader.get_fill(samples.fill(unknown.intent, Decimal(1)).fill_id) is None
            assert reader.get_group(unknown.group.group_id) is None
            assert reader.get_trade(unknown.trade.trade_id) is None

    def test_law_12_it_stores_no_causality(self, harness: LedgerHarness) -> None:
        """No argument of the ledger and no stored column speaks of a signal, a risk, a plan, an origin or a reason."""
        ledger = harness.open("columns")
        for name, method in inspect.getmembers(type(ledger), inspect.isfunction):
            if not name.startswith("_"):
                assert _causal(inspect.signature(method).parameters) == [], f"arguments of {name}"
        for table, columns in need(harness.columns, "columns")().items():
            assert columns, f"{table} has no columns"
            assert _causal(columns) == [], f"columns of {table}"

    def test_law_13_each_change_is_published_once_after_it_is_durable(self, harness: LedgerHarness) -> None:
        """The Recorder publishes each change once, when another handle can read it already, and nothing on a repetition."""
        samples = Samples()
        family = samples.family()
        further = (samples.event(family.intent, 1, OrderEventKind.ACCEPTED), samples.fill(family.intent, Decimal(1)))
        published: list[LedgerChange] = []

        def hear(changes: Sequence[LedgerChange]) -> None:
            durable = list(harness.open("published").changes())
            assert all(change in durable for change in changes), "published before it was durable"
            published.extend(changes)

        ledger = harness.open("published")
        recorder = Recorder(ledger, NaiveJournal(), StrategyJournalWriter("run"), chunk(3), hear)
        recorder.record(Step(family.changes, ()))
        recorder.record(Step((*family.changes, *further), ()))
        assert published == []
        recorder.flush()
        recorder.record(Step(further, ()))
        recorder.flush()
        assert published == [*family.changes, *further]


def _order(order: Order | None) -> Order:
    assert order is not None
    return order


def _causal(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in ALLOWED and CAUSAL_WORDS & set(re.split(r"[^a-z]+", name.lower()))]


def _bring_to(ledger: ILedger, samples: Samples, family: Family, state: OrderState) -> Order:
    """An order of the ledger that has come to a state."""
    write(ledger, *family.changes)
    if state in PATHS:
        for ordinal, kind in enumerate(PATHS[state], 1):
            write(ledger, samples.event(family.intent, ordinal, kind))
    else:
        write(ledger, samples.event(family.intent, 1, OrderEventKind.ACCEPTED))
        write(ledger, samples.fill(family.intent, Decimal("2.5") if state is OrderState.FILLED else Decimal(1)))
    order = _order(ledger.get_order(family.order_id))
    assert order.state is state
    return order


def _write_many(harness: LedgerHarness, book: str) -> list[LedgerChange]:
    """One writer's changes, each in a transaction of its own."""
    samples = Samples(book)
    ledger = harness.open(book)
    written: list[LedgerChange] = []
    for _ in range(WRITES):
        family = samples.family()
        for changes in (family.changes, (samples.fill(family.intent, Decimal(1)),)):
            write_when_free(ledger, *changes)
            written.extend(changes)
    return written


def _read_many(harness: LedgerHarness, book: str, is_over: Event) -> None:
    """One reader, to whom the book only ever grows, until all writers have ended."""
    ledger = harness.open(book)
    seen: list[LedgerChange] = []
    while not is_over.wait(READ_PAUSE_S):
        try:
            found = list(ledger.changes())
        except Unavailable:
            continue
        assert found[: len(seen)] == seen
        seen = found


def _legal(order: Order, event: OrderChanged) -> bool:
    try:
        apply_event(order, event)
    except IllegalTransition:
        return False
    return True
