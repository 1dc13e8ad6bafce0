"""What the journal holds: the kinds of entry, the reasons in each, and the run that an entry belongs to."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from s1mpletrader.domain.batches import BatchPolicy, OnFailure
from s1mpletrader.domain.directives import Plans, Refusal, StrategyDirective
from s1mpletrader.domain.events import NewsItem, ScheduleTick
from s1mpletrader.domain.ids import DirectiveId, FillId, OrderId, RiskId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.opinion import Risk, Signal
from s1mpletrader.domain.origin import Origin

SCHEMA_VERSION: Final = 1
"""The version that is written. Entries of every earlier one stay readable."""


class EntryKind(StrEnum):
    """What an entry tells."""

    RUN_STARTED = "RUN_STARTED"
    RUN_ENDED = "RUN_ENDED"
    INTENDED = "INTENDED"
    """An order is meant: durable before the connector is called."""
    RECORDED = "RECORDED"
    """The venue has acknowledged the order."""
    REJECTED = "REJECTED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    AMENDED = "AMENDED"
    REPLACED = "REPLACED"
    UNKNOWN = "UNKNOWN"
    NOT_PLACED = "NOT_PLACED"
    CANCEL_REJECTED = "CANCEL_REJECTED"
    REOPENED = "REOPENED"
    ABANDONED = "ABANDONED"
    """An intent that the journal has and the ledger lacks, closed by recovery. It was never sent."""
    COMMANDED = "COMMANDED"
    """A cancel, an amendment or a replacement is about to leave."""
    ADVANCED = "ADVANCED"
    """An execution algorithm changed its state without placing an order."""
    BATCHED = "BATCHED"
    """Directives of one flow belong together; their execution directives are named in ``batch``."""
    DEFERRED = "DEFERRED"
    """A directive waits for the leg of its batch before it."""
    REFUSED = "REFUSED"
    OBSERVED = "OBSERVED"
    """Risks were raised or lifted, and nothing was decided about them."""
    EXTERNAL = "EXTERNAL"
    """Somebody else acted on the account."""
    FUNDS_MOVED = "FUNDS_MOVED"
    """The venue added to the account, or took from it, without a trade: funding, a deposit."""
    ALARM = "ALARM"
    """Something a person should look at."""


class MarketSnapshot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The market as a decision or a fill saw it."""

    symbol: str
    reference_price: Decimal
    """The last price known: what slippage is measured against."""
    volume: float
    """The last closed candle's volume."""
    volatility: float | None = None
    """Standard deviation of the last log returns of the closes, per candle; None while there are too few."""
    spread: Decimal | None = None
    """Ask minus bid, where the data tells it."""
    at: Instant


class DataIdentity(Struct, frozen=True, kw_only=True):
    """What a run read: the source's plugin, the series, and a fingerprint of the content."""

    source: str
    symbol: str
    timeframe: str
    fingerprint: str


class PluginIdentity(Struct, frozen=True, kw_only=True):
    """A plugin that a run used."""

    kind: str
    name: str
    package: str
    version: str


class BatchReasons(Struct, frozen=True, kw_only=True):
    """Which directives belong together, and how: a fact of its own, apart from causality."""

    policy: BatchPolicy
    on_failure: OnFailure
    deadline: Instant | None
    execution_directive_ids: tuple[DirectiveId, ...]


class RunIdentity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that decides what a run does, written in its first entry."""

    run: str
    book: str
    """The ledger's book that the run writes: its own in a backtest, the account's lasting one in paper and live."""
    environment: str
    strategies: tuple[str, ...]
    configuration_hash: str
    configuration: str
    """The canonical TOML-derived JSON, store URLs left out."""
    seed: int
    data: tuple[DataIdentity, ...] = ()
    plugins: tuple[PluginIdentity, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    """The venue's rules as the run found them."""
    previous_run: str | None = None
    previous_head: str | None = None
    """The hash, in hex, of the previous run's last entry."""


class Reasons(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an entry. Only what is new is in it: what an earlier entry holds is reached through the parents."""

    v: int
    strategy: str | None = None
    origin: Origin | None = None
    signals: tuple[Signal, ...] = ()
    risks: tuple[Risk, ...] = ()
    """Risks raised or lifted in this flow."""
    standing_risk_ids: tuple[RiskId, ...] = ()
    """Risks raised in earlier flows that still stood."""
    directive: StrategyDirective | None = None
    plans: Plans | None = None
    execution_directive_id: DirectiveId | None = None
    gates: tuple[str, ...] = ()
    """The risk gates that let the directive pass."""
    refusals: tuple[Refusal, ...] = ()
    facts: Mapping[str, float] | None = None
    """The declared facts as of ``market.at``, by key."""
    market: MarketSnapshot | None = None
    role: str | None = None
    """What an order is for in its execution group: entry, stop, target, close, slice."""
    text: str | None = None
    """A venue's reason, an alarm's sentence, the evidence of a reopening."""
    run: RunIdentity | None = None
    batch: BatchReasons | None = None
    prices: Mapping[str, Decimal] | None = None
    """The last prices, where a run ends: what is held then is worth so much."""
    event: NewsItem | ScheduleTick | None = None
    """What started the flow, where it was no candle."""


class EntryRef(NamedTuple):
    """An entry's place in the journal."""

    run: str
    seq: int


class EntryDraft(Struct, frozen=True, gc=False):
    """An entry before it has a place: ``parent`` is an earlier entry, or the index of one in the same step."""

    kind: EntryKind
    at: Instant
    reasons: Reasons
    parent: EntryRef | int | None = None
    order_id: OrderId | None = None
    fill_id: FillId | None = None


class SealedEntry(NamedTuple):
    """An entry as it is stored: a narrow header, the reasons' bytes, and the hash that chains it to the one before."""

    run: str
    seq: int
    kind: EntryKind
    parent_run: str | None
    parent_seq: int | None
    order_id: OrderId | None
    fill_id: FillId | None
    at: Instant
    payload: bytes
    hash: bytes

    @property
    def ref(self) -> EntryRef:
        """The entry's place."""
        return EntryRef(self.run, self.seq)

    @property
    def parent(self) -> EntryRef | None:
        """The parent's place; None for an entry that began a flow."""
        if self.parent_seq is None:
            return None
        return EntryRef(self.parent_run or self.run, self.parent_seq)
