"""Stores that break one law each. The name of a twin begins with the law that it breaks; ``also`` names what falls with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from threading import current_thread, main_thread
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from s1mpletrader.api import (
    GENESIS,
    BrokenChain,
    CacheMiss,
    ConflictingRecord,
    EntryKind,
    EntryRef,
    ExternalFill,
    Fill,
    FillId,
    IllegalTransition,
    Instant,
    LedgerChange,
    MissingParent,
    Order,
    OrderChanged,
    OrderContext,
    OrderId,
    SealedEntry,
    decimal_from_float,
    seal,
)
from s1mpletrader.contracts.naive_journal import NaiveJournal

from .reference_stores import FileLedger, MemoryCache, ReferenceCache, ReferenceJournal, ReferenceLedger


class Law01NeverReachesTheDisk(ReferenceLedger):
    class store(FileLedger):
        def save(self) -> None:
            pass


class Law01SavesBeforeTheCommit(ReferenceLedger):
    class store(FileLedger):
        def write(self, tx: list[LedgerChange], changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
            fresh = super().write(tx, changes)
            self.path.write_bytes(msgspec.msgpack.encode(tx))
            return fresh


class Law02PassesOverIllegalEvents(ReferenceLedger):
    class store(FileLedger):
        def write(self, tx: list[LedgerChange], changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
            fresh: list[LedgerChange] = []
            for change in changes:
                try:
                    fresh += super().write(tx, [change])
                except IllegalTransition:
                    if not isinstance(change, OrderChanged):
                        raise
            return fresh


class Law02KeepsWhatCameBeforeTheError(ReferenceLedger):
    class store(FileLedger):
        @contextmanager
        def begin(self) -> Iterator[list[LedgerChange]]:
            tx = list(self._stored)
            try:
                yield tx
            except IllegalTransition:
                self._stored[:] = tx
                raise
            self._stored[:] = tx
            self.save()


class Law03TakesAnotherRecordForARepetition(ReferenceLedger):
    class store(FileLedger):
        def write(self, tx: list[LedgerChange], changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
            fresh: list[LedgerChange] = []
            for change in changes:
                with suppress(ConflictingRecord):
                    fresh += super().write(tx, [change])
            return fresh


class Law03BooksAFillTwice(ReferenceLedger):
    class store(FileLedger):
        def fills(self, *, order_id: OrderId | None = None, strategy: str | None = None) -> Iterator[Fill]:
            return iter([*super().fills(order_id=order_id, strategy=strategy), *self.extra(order_id)])

        def write(self, tx: list[LedgerChange], changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
            fresh = super().write(tx, changes)
            self.repeated = [change for change in changes if isinstance(change, Fill) and change not in fresh]
            return fresh

        def extra(self, order_id: OrderId | None) -> list[Fill]:
            return [fill for fill in getattr(self, "repeated", []) if order_id in (None, fill.order_id)]


class Law04SumsFillsAsFloats(ReferenceLedger):
    class store(FileLedger):
        def get_order(self, order_id: OrderId) -> Order | None:
            order = super().get_order(order_id)
            return order and replace(order, filled_quantity=decimal_from_float(float(order.filled_quantity)))


class Law05ShowsExternalFillsAmongItsOwn(ReferenceLedger):
    class store(FileLedger):
        def fills(self, *, order_id: OrderId | None = None, strategy: str | None = None) -> Iterator[Fill]:
            own: list[Any] = list(super().fills(order_id=order_id, strategy=strategy))
            return iter(own + (list(self.external_fills()) if order_id is strategy is None else []))


class Law05ForgetsAllButTheLatestExternalFill(ReferenceLedger):
    class store(FileLedger):
        def external_fills(self) -> Iterator[ExternalFill]:
            return iter(list(super().external_fills())[-1:])


class Law06TakesOrphans(ReferenceLedger):
    class store(FileLedger):
        def write(self, tx: list[LedgerChange], changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
            fresh: list[LedgerChange] = []
            for change in changes:
                try:
                    fresh += super().write(tx, [change])
                except MissingParent:
                    tx.append(change)
                    fresh.append(change)
            return fresh


class Law07LosesWritesWhileBusy(ReferenceLedger):
    class store(FileLedger):
        @contextmanager
        def begin(self) -> Iterator[list[LedgerChange]]:
            busy = current_thread() is not main_thread() and len(self._stored) > 40
            with super().begin() as tx:
                yield list(tx) if busy else tx


class Law08KeepsFeesAsFloats(ReferenceLedger):
    class store(FileLedger):
        def changes(self) -> Iterator[LedgerChange]:
            for change in super().changes():
                yield replace(change, fee=decimal_from_float(float(change.fee))) if isinstance(change, Fill) else change


class Law08KeepsPricesToEightPlaces(ReferenceLedger):
    class store(FileLedger):
        def changes(self) -> Iterator[LedgerChange]:
            for change in super().changes():
                yield (
                    replace(change, price=change.price.quantize(Decimal("1e-8")) or change.price)
                    if isinstance(change, Fill)
                    else change
                )


class Law09MixesTheStrategies(ReferenceLedger):
    class store(FileLedger):
        def fills(self, *, order_id: OrderId | None = None, strategy: str | None = None) -> Iterator[Fill]:
            return super().fills(order_id=order_id)


class Law09MatchesPrefixesOfNames(ReferenceLedger):
    class store(FileLedger):
        def orders(self, *, strategy: str | None = None, **wanted: Any) -> Iterator[Order]:
            return (order for order in super().orders(**wanted) if order.intent.strategy.startswith(strategy or ""))


class Law10LosesTheLastChangeInTheMigration(ReferenceLedger):
    def migrate(self, held: list[LedgerChange]) -> list[LedgerChange]:
        return held[:-1]


class Law11DoesNotKnowTheVenuesIds(ReferenceLedger):
    class store(FileLedger):
        def find_order(self, *, client_order_id: str | None = None, exchange_order_id: str | None = None) -> Order | None:
            return super().find_order(client_order_id=client_order_id)


class Law12HasAColumnForTheSignal(ReferenceLedger):
    def columns(self) -> dict[str, list[str]]:
        return super().columns() | {"orders": ["order_id", "signal_id"]}


class Law12TakesAReason(ReferenceLedger):
    class store(FileLedger):
        def write(
            self, tx: list[LedgerChange], changes: Sequence[LedgerChange], reason: str | None = None
        ) -> Sequence[LedgerChange]:
            return super().write(tx, changes)


class Law13CallsARepetitionNewBesideSomethingNew(ReferenceLedger):
    class store(FileLedger):
        def write(self, tx: list[LedgerChange], changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
            return changes if super().write(tx, changes) else ()


LEDGERS = (
    Law01NeverReachesTheDisk,
    Law01SavesBeforeTheCommit,
    Law02PassesOverIllegalEvents,
    Law02KeepsWhatCameBeforeTheError,
    Law03TakesAnotherRecordForARepetition,
    Law03BooksAFillTwice,
    Law04SumsFillsAsFloats,
    Law05ShowsExternalFillsAmongItsOwn,
    Law05ForgetsAllButTheLatestExternalFill,
    Law06TakesOrphans,
    Law07LosesWritesWhileBusy,
    Law08KeepsFeesAsFloats,
    Law08KeepsPricesToEightPlaces,
    Law09MixesTheStrategies,
    Law09MatchesPrefixesOfNames,
    Law10LosesTheLastChangeInTheMigration,
    Law11DoesNotKnowTheVenuesIds,
    Law12HasAColumnForTheSignal,
    Law12TakesAReason,
    Law13CallsARepetitionNewBesideSomethingNew,
)


class Law01LeavesGaps(ReferenceJournal):
    class store(NaiveJournal):
        def write(self, tx: list[SealedEntry], entries: Sequence[SealedEntry]) -> None:
            places = {entry.ref: entry for entry in tx}
            for entry in entries:
                if places.setdefault(entry.ref, entry) != entry:
                    raise BrokenChain("taken")
                if entry.parent is not None and entry.parent not in places:
                    raise BrokenChain("no parent")
            tx[:] = list(places.values())


class Law01CanBeUpdated(ReferenceJournal):
    def attempt_update(self, ref: EntryRef, payload: bytes) -> None:
        pass


class Law01CanBeDeleted(ReferenceJournal):
    def attempt_delete(self, ref: EntryRef) -> None:
        pass


class Law02TakesEntriesWithoutTheirParents(ReferenceJournal):
    class store(NaiveJournal):
        def write(self, tx: list[SealedEntry], entries: Sequence[SealedEntry]) -> None:
            for entry in entries:
                super().write(tx, [entry._replace(parent_run=None, parent_seq=None)])
                tx[tx.index(entry._replace(parent_run=None, parent_seq=None))] = entry

        @contextmanager
        def begin(self) -> Iterator[list[SealedEntry]]:
            tx = list(self._stored)
            yield tx
            self._stored[:] = tx


class Law03SwallowsTheFailureOfAWrite(ReferenceJournal):
    also: ClassVar = {1, 2}

    class store(NaiveJournal):
        def write(self, tx: list[SealedEntry], entries: Sequence[SealedEntry]) -> None:
            with suppress(BrokenChain):
                super().write(tx, entries)


class Law04CannotFindRefusals(ReferenceJournal):
    class store(NaiveJournal):
        def entries_between(self, first: Instant, last: Instant) -> Iterator[SealedEntry]:
            return (entry for entry in super().entries_between(first, last) if entry.kind is not EntryKind.REFUSED)


class Law04InventsAnOrderForARefusal(ReferenceJournal):
    also: ClassVar = {1, 2, 7, 10, 11}

    class store(NaiveJournal):
        def write(self, tx: list[SealedEntry], entries: Sequence[SealedEntry]) -> None:
            invented = OrderId("ORD_20200101_000000_0000000000000000")
            super().write(
                tx, [entry._replace(order_id=invented) if entry.kind is EntryKind.REFUSED else entry for entry in entries]
            )


class Law05CutsLongBodies(ReferenceJournal):
    class store(NaiveJournal):
        def entries_of_order(self, order_id: OrderId) -> Sequence[SealedEntry]:
            found = super().entries_of_order(order_id)
            return [entry._replace(payload=b'{"v":1}') if len(entry.payload) > 4_000 else entry for entry in found]

        def entry(self, ref: EntryRef) -> SealedEntry | None:
            found = super().entry(ref)
            return found and (found._replace(payload=found.payload[:4_000]) if len(found.payload) > 4_000 else found)


class Law06LooksForFillsInTheLatestRunOnly(ReferenceJournal):
    class store(NaiveJournal):
        def entry_of_fill(self, fill_id: FillId, run: str | None = None) -> SealedEntry | None:
            return super().entry_of_fill(fill_id, run or self.runs()[-1])


class Law06ShowsAnOrdersFirstFillOnly(ReferenceJournal):
    also: ClassVar = {7}

    class store(NaiveJournal):
        def entries_of_order(self, order_id: OrderId) -> Sequence[SealedEntry]:
            return super().entries_of_order(order_id)[:3]


class Law07RefusesARepetition(ReferenceJournal):
    class store(NaiveJournal):
        def write(self, tx: list[SealedEntry], entries: Sequence[SealedEntry]) -> None:
            if set(entries) & set(tx):
                raise BrokenChain("there already")
            super().write(tx, entries)


class Law08RefusesParentsOfEarlierRuns(ReferenceJournal):
    class store(NaiveJournal):
        def write(self, tx: list[SealedEntry], entries: Sequence[SealedEntry]) -> None:
            if any(entry.parent_run not in (None, entry.run) for entry in entries):
                raise BrokenChain("a parent of another run")
            super().write(tx, entries)


class Law09WritesBodiesAnew(ReferenceJournal):
    class store(NaiveJournal):
        def write(self, tx: list[SealedEntry], entries: Sequence[SealedEntry]) -> None:
            anew = [msgspec.json.encode(msgspec.json.decode(entry.payload)) for entry in entries]
            super().write(tx, [entry._replace(payload=body) for entry, body in zip(entries, anew, strict=True)])


class Law10DependsOnThePortions(ReferenceJournal):
    class store(NaiveJournal):
        def write(self, tx: list[SealedEntry], entries: Sequence[SealedEntry]) -> None:
            alone = len(entries) == 1 and entries[0].fill_id is not None
            super().write(tx, [entries[0]._replace(fill_id=None)] if alone else entries)


class Law11SealsAnewWhatItReads(ReferenceJournal):
    class store(NaiveJournal):
        def entries(self, run: str) -> Iterator[SealedEntry]:
            previous = GENESIS
            for seq, entry in enumerate(super().entries(run)):
                fields = entry._replace(seq=seq)._asdict()
                del fields["hash"]
                sealed = seal(previous, **fields)
                previous = sealed.hash
                yield sealed


JOURNALS = (
    Law01LeavesGaps,
    Law01CanBeUpdated,
    Law01CanBeDeleted,
    Law02TakesEntriesWithoutTheirParents,
    Law03SwallowsTheFailureOfAWrite,
    Law04CannotFindRefusals,
    Law04InventsAnOrderForARefusal,
    Law05CutsLongBodies,
    Law06LooksForFillsInTheLatestRunOnly,
    Law06ShowsAnOrdersFirstFillOnly,
    Law07RefusesARepetition,
    Law08RefusesParentsOfEarlierRuns,
    Law09WritesBodiesAnew,
    Law10DependsOnThePortions,
    Law11SealsAnewWhatItReads,
)


class Law01KeepsTheFirstContext(ReferenceCache):
    class store(MemoryCache):
        def put_context(self, context: OrderContext) -> None:
            if context.order_id not in self.contexts:
                super().put_context(context)


class Law02LooksIntoOtherFlows(ReferenceCache):
    also: ClassVar = {6}

    class store(MemoryCache):
        def get(self, flow_id: str, key: str) -> Any:
            found = next((value for place, value in self.facts.items() if place[1] == key), None)
            return super().get(flow_id, key) if (flow_id, key) in self.facts or found is None else found


class Law03TakesTheFuture(ReferenceCache):
    class store(MemoryCache):
        def put(self, flow_id: str, key: str, value: Any, *, at: Instant) -> None:
            super().put(flow_id, key, value, at=self.anchors[flow_id])


class Law03KeepsWhatItRefuses(ReferenceCache):
    class store(MemoryCache):
        def put(self, flow_id: str, key: str, value: Any, *, at: Instant) -> None:
            self.facts[flow_id, key] = value
            super().put(flow_id, key, value, at=at)


class Law04TakesNoneForAMiss(ReferenceCache):
    class store(MemoryCache):
        def get(self, flow_id: str, key: str) -> Any:
            if self.facts.get((flow_id, key)) is None:
                raise CacheMiss(key)
            return super().get(flow_id, key)


class Law05KeepsTheCallersOwnObject(ReferenceCache):
    class store(MemoryCache):
        def put(self, flow_id: str, key: str, value: Any, *, at: Instant) -> None:
            super().put(flow_id, key, None, at=at)
            self.facts[flow_id, key] = value


class Law05KeepsTheCallersContext(ReferenceCache):
    class store(MemoryCache):
        def put_context(self, context: OrderContext) -> None:
            super().put_context(context)
            self.contexts[context.order_id] = context


class Law06KeepsTheFactsOfAClosedFlow(ReferenceCache):
    class store(MemoryCache):
        def close_flow(self, flow_id: str) -> None:
            self.anchors.pop(flow_id, None)


class Law06ForgetsContextsWithAFlow(ReferenceCache):
    class store(MemoryCache):
        def close_flow(self, flow_id: str) -> None:
            super().close_flow(flow_id)
            self.contexts.clear()


class Law07RefusesALostContext(ReferenceCache):
    class store(MemoryCache):
        def __init__(self, flow_limit: int, context_limit: int) -> None:
            super().__init__(flow_limit, context_limit)
            self.dropped: set[OrderId] = set()

        def drop_context(self, order_id: OrderId) -> None:
            super().drop_context(order_id)
            self.dropped.add(order_id)

        def put_context(self, context: OrderContext) -> None:
            if context.order_id not in self.dropped:
                super().put_context(context)


class Law08OpensFlowsWithoutEnd(ReferenceCache):
    class store(MemoryCache):
        def __init__(self, flow_limit: int, context_limit: int) -> None:
            super().__init__(flow_limit * 100, context_limit)


class Law08KeepsContextsWithoutEnd(ReferenceCache):
    class store(MemoryCache):
        def __init__(self, flow_limit: int, context_limit: int) -> None:
            super().__init__(flow_limit, context_limit * 100)


CACHES = (
    Law01KeepsTheFirstContext,
    Law02LooksIntoOtherFlows,
    Law03TakesTheFuture,
    Law03KeepsWhatItRefuses,
    Law04TakesNoneForAMiss,
    Law05KeepsTheCallersOwnObject,
    Law05KeepsTheCallersContext,
    Law06KeepsTheFactsOfAClosedFlow,
    Law06ForgetsContextsWithAFlow,
    Law07RefusesALostContext,
    Law08OpensFlowsWithoutEnd,
    Law08KeepsContextsWithoutEnd,
)
