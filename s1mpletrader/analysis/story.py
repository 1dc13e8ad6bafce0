"""A story: what began it, what was seen, decided and ordered, what was changed on the way, and what came of it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct, to_builtins

from s1mpletrader.analysis.batch_story import BatchStory
from s1mpletrader.analysis.happenings import AlgorithmStory, CommandStory, Happening
from s1mpletrader.analysis.result import TradeLeg, TradeResult
from s1mpletrader.analysis.slippage import Shortfall, Slippage, total_cost
from s1mpletrader.domain.directives import Plans, Refusal, StrategyDirective
from s1mpletrader.domain.events import NewsItem, ScheduleTick
from s1mpletrader.domain.ids import DirectiveId, OrderId
from s1mpletrader.domain.instant import Instant, iso
from s1mpletrader.domain.money import add, plain, subtract
from s1mpletrader.domain.opinion import Risk, Signal
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.origin import Origin
from s1mpletrader.domain.reality import Fill, GroupOpened, OrderChanged
from s1mpletrader.domain.reasons import EntryRef, MarketSnapshot


class Decision(Struct, frozen=True, kw_only=True):
    """One decision: to trade, or not to."""

    ref: EntryRef
    origin: Origin
    facts: Mapping[str, float]
    event: NewsItem | ScheduleTick | None
    market: MarketSnapshot | None
    signals: tuple[Signal, ...]
    risks: tuple[Risk, ...]
    directive: StrategyDirective | None
    execution_directive_id: DirectiveId | None
    plans: Plans
    gates: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    """Why it was a decision not to trade; empty where it was carried out."""
    text: str | None
    """What its entry says in words: of what the venue itself decided, its reason."""


class RefusalStory(Struct, frozen=True, kw_only=True):
    """A refusal: of a directive, or of what was left of one that had been carried out until then."""

    refusal: Refusal
    ref: EntryRef
    at: Instant
    decision: int | None
    """Which of the story's decisions it refused, or gave up."""
    gave_up: bool
    """Whether that decision had been carried out until then."""


class OrderStory(Struct, frozen=True, kw_only=True):
    """An order, its fills, and the entries that tell of it."""

    order: Order
    role: str
    decision: int
    """Which of the story's decisions it carries out."""
    group: GroupOpened | None
    fills: tuple[Fill, ...]
    slippage: Slippage
    shortfall: Shortfall
    changes: tuple[OrderChanged, ...]
    """What happened to it besides its fills, as the ledger has it."""
    replaced_by: OrderId | None
    """The order that took its place."""
    cause: Happening | None
    """What it followed from, where that was not the decision itself: a timer, a fill, an end of another order."""
    entries: tuple[tuple[str, int, str], ...]
    """Run, sequence and kind of every entry about the order."""


class TradeStory(Struct, frozen=True, kw_only=True):
    """What came of a trade: its result, what each group entered and left, and what it was paid or charged for holding."""

    result: TradeResult
    legs: tuple[TradeLeg, ...]
    funding: Decimal
    """What was paid, below zero charged, at instants at which it was the strategy's only trade."""
    funding_shared: Decimal
    """The same at instants at which the strategy held other trades, too: the ledger does not divide it."""

    @property
    def realised(self) -> Decimal:
        """What has been left brought in, fees and funding counted."""
        return add(subtract(self.result.realised, self.result.fees), self.funding)


class Story(Struct, frozen=True, kw_only=True):
    """Everything about an id."""

    subject: str
    decisions: tuple[Decision, ...]
    orders: tuple[OrderStory, ...]
    refusals: tuple[RefusalStory, ...] = ()
    commands: tuple[CommandStory, ...] = ()
    algorithms: tuple[AlgorithmStory, ...] = ()
    batches: tuple[BatchStory, ...] = ()
    happenings: tuple[Happening, ...] = ()
    shortfall: Shortfall
    """All orders of the story together."""
    trade: TradeStory | None

    def to_json(self) -> dict[str, Any]:
        """One JSON object. The keys of a single decision are those of the first; ``decisions`` has all."""
        first = self.decisions[0]
        slippages = [told.slippage for told in self.orders]
        return {
            "subject": self.subject,
            "origin": {**to_builtins(first.origin), "at_iso": iso(first.origin.at)},
            "context": {"facts": dict(first.facts), "market": to_builtins(first.market), "event": to_builtins(first.event)},
            "signals": to_builtins(first.signals),
            "risks": to_builtins(first.risks),
            "directive": to_builtins(first.directive),
            "plans": to_builtins(first.plans),
            "gates": list(first.gates),
            "refusals": [_refusal_json(told) for told in self.refusals],
            "orders": [_order_json(told) for told in self.orders],
            "fills": [{**to_builtins(fill), "at_iso": iso(fill.venue_at)} for told in self.orders for fill in told.fills],
            "slippage": {
                "cost": plain(total_cost(slippages)),
                "orders": [to_builtins(slippage) for slippage in slippages],
                "against_decision": to_builtins(self.shortfall),
            },
            "commands": [_timed(told, told.at) for told in self.commands],
            "algorithms": to_builtins(self.algorithms),
            "batches": to_builtins(self.batches),
            "timeline": [_timed(told, told.at) for told in self.happenings],
            "trade": _trade_json(self.trade),
            "decisions": [to_builtins(decision) for decision in self.decisions],
        }


def _timed(told: Struct, at: Instant) -> dict[str, Any]:
    return {**to_builtins(told), "at_iso": iso(at)}


def _refusal_json(told: RefusalStory) -> dict[str, Any]:
    return {
        **to_builtins(told.refusal),
        "entry": list(told.ref),
        "at": told.at,
        "at_iso": iso(told.at),
        "decision": told.decision,
        "gave_up": told.gave_up,
    }


def _trade_json(told: TradeStory | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {
        **to_builtins(told.result),
        "legs": to_builtins(told.legs),
        "funding": plain(told.funding),
        "funding_shared": plain(told.funding_shared),
        "realised_after_costs": plain(told.realised),
    }


def _order_json(told: OrderStory) -> dict[str, Any]:
    order = told.order
    return {
        **to_builtins(order),
        "order_id": order.order_id,
        "role": told.role,
        "decision": told.decision,
        "algorithm": told.group.algorithm if told.group is not None else None,
        "average_price": plain(order.average_price) if order.average_price is not None else None,
        "against_decision": to_builtins(told.shortfall),
        "changes": to_builtins(told.changes),
        "replaces": order.intent.replaces,
        "replaced_by": told.replaced_by,
        "cause": to_builtins(told.cause),
        "entries": [list(entry) for entry in told.entries],
    }
