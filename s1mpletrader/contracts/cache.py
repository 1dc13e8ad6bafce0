"""The laws of ICache."""
# ruff: noqa: S101 - a law is an assertion.

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from msgspec.structs import replace

from s1mpletrader.api import (
    CacheFull,
    CacheMiss,
    CausalityChain,
    EntryRef,
    ICache,
    IdKind,
    LaterThanAnchor,
    OrderContext,
    OrderId,
    OrderState,
    Origin,
    OriginId,
    OriginKind,
)
from s1mpletrader.contracts.naive_journal import NaiveJournal
from s1mpletrader.contracts.naive_ledger import NaiveLedgerStore
from s1mpletrader.contracts.properties import holds, st
from s1mpletrader.contracts.samples import START, Samples
from s1mpletrader.contracts.story import Story
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.order_context import rebuild_context


def _nothing() -> None:
    """A harness that holds nothing has nothing to release."""


@dataclass(frozen=True, kw_only=True)
class CacheHarness:
    """Makes empty caches with small limits."""

    open: Callable[[], ICache]
    """An empty cache."""
    flow_limit: int
    """How many flows it may hold open: at least 3."""
    context_limit: int
    """How many order contexts it may hold: at least 3."""
    close: Callable[[], None] = _nothing
    """Release everything that was opened."""


class CacheContract:
    """Subclass it with ``make_harness``."""

    contract_port: ClassVar[str] = "ICache"

    def make_harness(self, directory: Path) -> CacheHarness:
        """A harness that makes empty caches; files may go to the directory."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_harness(directory)")

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[CacheHarness]:
        """The caches of one test."""
        harness = self.make_harness(tmp_path)
        yield harness
        harness.close()

    def test_law_01_a_flow_reads_what_it_wrote(self, harness: CacheHarness) -> None:
        """A flow reads every value that it put, the latest under each key; a context reads back whole."""
        cache, context = harness.open(), make_context(Samples())
        cache.open_flow("flow", "alpha", START)
        for value in (1.5, "text", {"nested": [1, 2]}, 2.5):
            cache.put("flow", "key", value, at=START)
            assert cache.get("flow", "key") == value
        cache.put("flow", "other key", 7, at=START - 1)
        assert (cache.get("flow", "key"), cache.get("flow", "other key")) == (2.5, 7)
        cache.put_context(context)
        assert cache.get_context(context.order_id) == context
        replaced = replace(context, status=OrderState.PARTIALLY_FILLED)
        cache.put_context(replaced)
        assert cache.get_context(context.order_id) == replaced

    def test_law_02_flows_and_strategies_never_mix(self, harness: CacheHarness) -> None:
        """Two open flows, of one strategy or of two, at one instant or in two threads, never see each other's values."""
        flows = {"a": "alpha", "b": "alpha", "c": "beta"}

        @holds(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers()), max_size=20))
        def interleaved(puts: list[tuple[str, str, int]]) -> None:
            cache = harness.open()
            model: dict[tuple[str, str], int] = {}
            for flow, strategy in flows.items():
                cache.open_flow(flow, strategy, START)
            for flow, key, value in puts:
                cache.put(flow, key, value, at=START)
                model[flow, key] = value
                for other in flows:
                    assert _get(cache, other, key) == model.get((other, key))
            for flow in flows:
                cache.close_flow(flow)

        cache = harness.open()

        def run(flow: str) -> bool:
            cache.open_flow(flow, flows[flow], START)
            same = True
            for number in range(500):
                cache.put(flow, "key", (flow, number), at=START)
                same = same and cache.get(flow, "key") == (flow, number)
            cache.close_flow(flow)
            return same

        with ThreadPoolExecutor(max_workers=len(flows)) as pool:
            assert all(pool.map(run, flows))

    def test_law_03_a_read_exposes_nothing_later_than_its_anchor(self, harness: CacheHarness) -> None:
        """A value of a later instant than the flow's own is refused, and what stood under its key stays."""
        cache = harness.open()
        cache.open_flow("early", "alpha", START)
        cache.open_flow("late", "alpha", START + 100)
        cache.put("early", "known", 1, at=START)
        cache.put("late", "known", 2, at=START + 100)
        for key in ("known", "unknown"):
            with pytest.raises(LaterThanAnchor):
                cache.put("early", key, 3, at=START + 1)
        assert cache.get("early", "known") == 1
        assert _get(cache, "early", "unknown") is None
        assert cache.get("late", "known") == 2

    def test_law_04_a_miss_differs_from_none(self, harness: CacheHarness) -> None:
        """A stored None is read as None; what was never stored raises ``CacheMiss``, for facts and for contexts."""
        cache = harness.open()
        cache.open_flow("flow", "alpha", START)
        cache.put("flow", "nothing", None, at=START)
        assert cache.get("flow", "nothing") is None
        with pytest.raises(CacheMiss):
            cache.get("flow", "never stored")
        with pytest.raises(CacheMiss):
            cache.get_context(OrderId(Samples().id(IdKind.ORDER)))

    def test_law_05_what_is_stored_is_immune_to_later_mutation(self, harness: CacheHarness) -> None:
        """A list, a mapping, an array or a context's facts stay as they were stored, whatever their giver does to them."""
        cache, samples = harness.open(), Samples()
        cache.open_flow("flow", "alpha", START)
        inner, array = [1, 2], np.array([1.0, 2.0])
        values: dict[str, Any] = {"list": inner, "mapping": {"inner": inner}, "array": array}
        for key, value in values.items():
            cache.put("flow", key, value, at=START)
        inner.append(3)
        values["mapping"]["more"] = True
        array[0] = 99.0
        assert cache.get("flow", "list") == [1, 2]
        assert cache.get("flow", "mapping") == {"inner": [1, 2]}
        assert list(cache.get("flow", "array")) == [1.0, 2.0]
        facts = {"ema": 1.0}
        context = make_context(samples, facts=facts)
        cache.put_context(context)
        facts["ema"] = 2.0
        assert cache.get_context(context.order_id).facts == {"ema": 1.0}

    def test_law_06_facts_end_with_their_flow_and_contexts_with_their_order(self, harness: CacheHarness) -> None:
        """Closing a flow forgets its facts, after an error too; a context stays until it is dropped."""
        cache, samples = harness.open(), Samples()
        context, other = make_context(samples), make_context(samples)
        cache.put_context(context)
        cache.put_context(other)
        cache.open_flow("bystander", "alpha", START)
        cache.put("bystander", "key", 1, at=START)
        for _ in range(harness.flow_limit + 1):
            cache.open_flow("flow", "alpha", START)
            assert _get(cache, "flow", "key") is None
            cache.put("flow", "key", 2, at=START)
            with pytest.raises(CacheMiss):
                cache.get("flow", "never stored")
            cache.close_flow("flow")
            with pytest.raises(CacheMiss):
                cache.get("flow", "key")
        cache.close_flow("flow")
        assert cache.get("bystander", "key") == 1
        assert cache.get_context(context.order_id) == context
        cache.drop_context(context.order_id)
        cache.drop_context(context.order_id)
        with pytest.raises(CacheMiss):
            cache.get_context(context.order_id)
        assert cache.get_context(other.order_id) == other

    def test_law_07_it_can_be_rebuilt_from_ledger_and_journal(self, harness: CacheHarness) -> None:
        """A context that the cache lost is made again from ledger and journal, and the cache takes it as it took the first."""
        story = Story()
        journal = NaiveJournal(list(story.whole()))
        family = Samples().family()
        ledger = NaiveLedgerStore("book", [family.trade, family.group, replace(family.intent, order_id=story.order_id)])
        order = ledger.get_order(story.order_id)
        assert order is not None
        lost = rebuild_context(StrategyJournal(journal), order)
        for cache in (harness.open(), harness.open()):
            cache.put_context(lost)
            assert cache.get_context(story.order_id) == lost
            cache.drop_context(story.order_id)
            with pytest.raises(CacheMiss):
                cache.get_context(story.order_id)
            again = rebuild_context(StrategyJournal(journal), order)
            cache.put_context(again)
            assert cache.get_context(story.order_id) == lost

    def test_law_08_it_is_bounded_in_size(self, harness: CacheHarness) -> None:
        """Past the limit a flow is refused with ``CacheFull`` until another ends, and the oldest contexts go."""
        cache, samples = harness.open(), Samples()
        for number in range(harness.flow_limit):
            cache.open_flow(f"flow {number}", "alpha", START)
        with pytest.raises(CacheFull):
            cache.open_flow("one too many", "alpha", START)
        cache.close_flow("flow 0")
        cache.open_flow("one too many", "alpha", START)
        contexts = [make_context(samples) for _ in range(harness.context_limit + 2)]
        for context in contexts:
            cache.put_context(context)
        kept = [context for context in contexts if _has_context(cache, context.order_id)]
        assert len(kept) <= harness.context_limit
        assert contexts[-1] in kept


def make_context(samples: Samples, facts: dict[str, float] | None = None) -> OrderContext:
    """A live order's context."""
    family = samples.family()
    origin = Origin(id=OriginId(samples.id(IdKind.TICK)), kind=OriginKind.TICK, at=START)
    return OrderContext(
        order_id=family.order_id,
        strategy="alpha",
        causality=CausalityChain(origin=origin, order_ids=(family.order_id,)),
        order_details=family.intent.details,
        status=OrderState.OPEN,
        facts={"ema": 1.5} if facts is None else facts,
        reference_price=Decimal("38527.1"),
        decision=EntryRef("run-1", 1),
        last=EntryRef("run-1", 2),
    )


def _get(cache: ICache, flow: str, key: str) -> Any:
    try:
        return cache.get(flow, key)
    except CacheMiss:
        return None


def _has_context(cache: ICache, order_id: OrderId) -> bool:
    try:
        cache.get_context(order_id)
    except CacheMiss:
        return False
    return True
