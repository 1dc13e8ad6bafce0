"""A run told line by line: what outsiders hear, what ledger and journal keep, and what the cache holds of live orders.

Ids are numbered in the order in which they first appear, and instants are counted from the run's beginning, so that two runs that
do the same read the same.
"""

import re
import sys
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from s1mpletrader.api import hookimpl
from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.commands import Command
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.directives import Refusal
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reality import Fill, LedgerChange
from s1mpletrader.domain.reasons import SealedEntry
from s1mpletrader.domain.replies import VenueReply
from s1mpletrader.ports.cache import CacheMiss, ICache, OrderContext
from s1mpletrader.ports.journal import IJournalReader
from tests.running import EXAMPLES, MEMORY

from .desk import Desk
from .reply_stories import STORIES, Story

_ID = re.compile(r"\b([A-Z]{3})_\d{8}_\d{6}_[0-9a-f]{16}\b")
_INSTANT = re.compile(r"\b1[5-7]\d{17}\b")
_EACH_STEP = "engine.commit_steps=1"
"""Each step is durable, and told, before the next begins."""
_PAIR = "data.0.candles={0} data.1.candles={0}"
_WAITING = ("entry.plugin=limit", "entry.offset_percent=0.25", "batch.time_limit=30m")
"""Entries that wait below the market, so that one leg may be filled and the other not."""

_SHORT_OF_MARGIN = ("account.funds.USDT=15000", "exchange.initial_margin=1", "exchange.maintenance_margin=0.5")
"""Enough for one leg, and not for the other."""
_AT_RISK = Path(__file__).parent / "pairs_at_risk.toml"
_IMMEDIATE = ("entry.plugin=limit", "entry.offset_percent=0.01", "entry.time_in_force=IOC")

CHRONICLES = Path(__file__).parent / "chronicles"
SCENARIOS: dict[str, tuple[str, ...]] = {
    "crossover": ("ema_cross.toml", "data.candles=120"),
    "bracket": ("breakout.toml", "data.candles=160", "exchange.latency_ms=150"),
    "risks": ("breakout.toml", "data.candles=100", "risk.1.limit=0.0045"),
    "trailing stop": ("trailing.toml", "data.candles=300"),
    "slices": ("twap.toml", "data.candles=1500"),
    "pair": ("pairs.toml", *_PAIR.format(700).split()),
    "pair that is refused": ("pairs.toml", *_PAIR.format(500).split(), 'exchange.instruments."ETH/USDT".quantity_max=0.01'),
    "pair that fails": ("pairs.toml", *_PAIR.format(500).split(), *_WAITING),
    "pair that keeps a leg": ("pairs.toml", *_PAIR.format(700).split(), *_WAITING, "batch.on_failure=CANCEL"),
    "sequence": ("pairs.toml", *_PAIR.format(700).split(), "batch.policy=SEQUENTIAL"),
    "sequence that fails": ("pairs.toml", *_PAIR.format(700).split(), *_WAITING, "batch.policy=SEQUENTIAL"),
    "pair with a rejected leg": ("pairs.toml", *_PAIR.format(490).split(), *_SHORT_OF_MARGIN),
    "sequence with a rejected leg": ("pairs.toml", *_PAIR.format(490).split(), *_SHORT_OF_MARGIN, "batch.policy=SEQUENTIAL"),
    "pair at risk": (str(_AT_RISK), *_PAIR.format(490).split()),
    "sequence at risk": (str(_AT_RISK), *_PAIR.format(490).split(), *_SHORT_OF_MARGIN, "batch.policy=SEQUENTIAL"),
    "rejections": ("ema_cross.toml", "data.candles=120", *_SHORT_OF_MARGIN, "account.type=netting", "size.quantity=1"),
    "immediate or cancel": ("ema_cross.toml", "data.candles=120", *_IMMEDIATE),
    "schedule": ("dca.toml", "data.candles=200"),
    "rebalancing": ("rebalance.toml", *_PAIR.format(400).split()),
    "news": ("news.toml", "data.candles=400"),
    "portfolio": ("portfolio.toml", "data.candles=80"),
}


class Narrator:
    """Hears a run, and writes down what it hears and what it finds in the stores after each flow."""

    _run: str
    _journal: IJournalReader
    _cache: ICache
    _metrics: Metrics

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._numbers: dict[str, dict[str, str]] = {}
        self._begin: int | None = None
        self._orders: list[OrderId] = []
        self._contexts: dict[OrderId, dict[str, str]] = {}
        self._entry_count = 0

    def follow(self, run: str, journal: IJournalReader, cache: ICache, metrics: Metrics) -> None:
        """Look at this run, which has not begun."""
        self._run, self._journal, self._cache, self._metrics = run, journal, cache, metrics

    @hookimpl
    def s1mple_flow_started(self, strategy: str, flow_id: str, at: int) -> None:
        self._tell_stored()
        self._say(f"flow of {strategy} {flow_id} at {at}", indent=0)

    @hookimpl
    def s1mple_flow_terminated(self, strategy: str, flow_id: str, at: int) -> None:
        self._tell_stored()
        self._say(f"end of {strategy} {flow_id} at {at}", indent=0)

    @hookimpl
    def s1mple_exchange_reply(self, reply: VenueReply) -> None:
        self._say(f"reply {_text(reply)}")

    @hookimpl
    def s1mple_strategy_ledger_updated(self, change: LedgerChange) -> None:
        self._say(f"ledger {_text(change)}")

    @hookimpl
    def s1mple_order(self, order: Order) -> None:
        self._say(f"hears order {order.order_id} {order.state} {order.filled_quantity} of {order.quantity}")

    @hookimpl
    def s1mple_fill(self, fill: Fill) -> None:
        self._say(f"hears fill {fill.fill_id} {fill.quantity}")

    @hookimpl
    def s1mple_refusal(self, strategy: str, refusal: Refusal) -> None:
        self._say(f"hears refusal {refusal.id} of {strategy}: {refusal.code}")

    def command(self, command: Command) -> None:
        """A command that has left."""
        self._say(f"command {type(command).__name__} {_text(msgspec.structs.asdict(command))}")

    def close(self) -> None:
        """The last entries, and the counts."""
        self._tell_stored()
        self._say(f"counts {_text(msgspec.to_builtins(self._metrics))}", indent=0)

    def _tell_stored(self) -> None:
        entries = list(self._journal.entries(self._run))
        for entry in entries[self._entry_count :]:
            self._tell_entry(entry)
        self._entry_count = len(entries)
        self._orders += [one.order_id for one in entries if one.order_id is not None and one.order_id not in self._orders]
        for order_id in self._orders:
            self._tell_context(order_id)

    def _tell_entry(self, entry: SealedEntry) -> None:
        parent = "" if entry.parent_seq is None else f" after {entry.parent_seq}"
        about = "".join(f" {one}" for one in (entry.order_id, entry.fill_id) if one is not None)
        self._say(f"journal {entry.seq} {entry.kind}{parent}{about} at {entry.at}")
        for name, value in msgspec.to_builtins(read_reasons(entry)).items():
            if name not in ("run", "v"):
                self._say(f"{name} {_text(value)}", indent=8)

    def _tell_context(self, order_id: OrderId) -> None:
        try:
            context: OrderContext | None = self._cache.get_context(order_id)
        except CacheMiss:
            context = None
        fields = {} if context is None else _fields(context)
        before = self._contexts.get(order_id, {})
        if fields != before:
            self._contexts[order_id] = fields
            changed = " ".join(f"{name}={text}" for name, text in fields.items() if before.get(name) != text)
            self._say(f"context of {order_id}: {changed or 'gone'}")

    def _say(self, text: str, indent: int = 4) -> None:
        text = text.replace(self._run, "RUN") if len(self._run) > 1 else text
        self.lines.append(" " * indent + _INSTANT.sub(self._moment, _ID.sub(self._number, text)))

    def _number(self, found: re.Match[str]) -> str:
        numbers = self._numbers.setdefault(found[1], {})
        return numbers.setdefault(found[0], f"{found[1]}{len(numbers) + 1}")

    def _moment(self, found: re.Match[str]) -> str:
        at = int(found[0])
        if self._begin is None:
            self._begin = at
        microseconds, nanoseconds = divmod(at - self._begin, 1000)
        seconds, micro = divmod(microseconds, 1_000_000)
        rest = f".{micro:06d}{nanoseconds:03d}".rstrip("0").rstrip(".")
        return f"+{seconds // 60}m{seconds % 60:02d}s{rest}"


def overrides_of(scenario: str) -> list[str]:
    """What a scenario sets apart from its example: a small run in memory, told step by step."""
    return [*MEMORY, _EACH_STEP, *SCENARIOS[scenario][1:]]


def chronicle(scenario: str, *overrides: str) -> list[str]:
    """Run a scenario, and tell what happened."""
    if scenario in STORIES:
        return replies_told(STORIES[scenario])
    configuration = load(EXAMPLES / SCENARIOS[scenario][0], [*overrides_of(scenario), *overrides])
    container = BacktestContainer(configuration=configuration)
    narrator = Narrator()
    narrator.follow(container.identity().run, container.journal(), container.cache(), container.metrics())
    configuration.plugins.register(narrator, "narrator")
    backtest = container.backtest()
    backtest.make_room(replace=False)
    backtest.run()
    narrator.close()
    return narrator.lines


def replies_told(story: Story) -> list[str]:
    """Tell a story of replies to a desk, and what came of each."""
    narrator = Narrator()
    watchers = Watchers(
        flow_started=narrator.s1mple_flow_started,
        flow_terminated=narrator.s1mple_flow_terminated,
        exchange_reply=narrator.s1mple_exchange_reply,
        strategy_ledger_updated=narrator.s1mple_strategy_ledger_updated,
        order=narrator.s1mple_order,
        fill=narrator.s1mple_fill,
        refusal=narrator.s1mple_refusal,
    )
    desk = Desk(story.account_type, watchers, market=story.market, told=narrator.command)
    narrator.follow("r", desk.journal, desk.cache, desk.metrics)
    story.tell(desk)
    narrator.close()
    return narrator.lines


def _fields(context: OrderContext) -> dict[str, str]:
    return {name: _text(value) for name, value in msgspec.to_builtins(context).items() if value not in (None, [])}


def _text(value: object) -> str:
    """A value in one line, without what is not there: floats to nine digits, bytes as the text that they are."""
    plain: Any = value if isinstance(value, Mapping | list | tuple | str | int | float) else msgspec.to_builtins(value)
    match plain:
        case dict():
            parts = [f"{name}={_field(name, one)}" for name, one in plain.items() if one not in (None, [], {}, "")]
            return "{" + " ".join(parts) + "}"
        case list() | tuple():
            return "[" + ", ".join(_text(one) for one in plain) + "]"
        case float():
            return f"{plain:.9g}"
        case _:
            return str(plain)


def _field(name: str, value: object) -> str:
    if name == "state" and isinstance(value, str) and value.startswith("ey"):
        return b64decode(value).decode()
    return _text(value)


def path_of(scenario: str) -> Path:
    """Where a scenario's chronicle is kept."""
    return CHRONICLES / f"{scenario.replace(':', '').replace(' ', '_')}.txt"


def main() -> None:
    """Write the chronicles anew, or those that are named: then read what has changed in them."""
    for scenario in sys.argv[1:] or (*SCENARIOS, *STORIES):
        path_of(scenario).write_text("".join(f"{line}\n" for line in chronicle(scenario)))


if __name__ == "__main__":
    main()
