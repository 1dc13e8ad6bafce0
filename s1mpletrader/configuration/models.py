"""The shape of the TOML: the framework's own tables, and the framework's own keys in the tables of plugins."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from s1mpletrader.core.plugin_manager import PluginKind
from s1mpletrader.domain.batches import BatchPolicy, BatchRules, OnFailure
from s1mpletrader.domain.instant import Duration, timeframe_ns
from s1mpletrader.domain.instrument import AccountType

STORE_URL_DEFAULT: Final = "sqlite:///s1mpletrader.sqlite"
STORE_PLUGIN_DEFAULT: Final = "sql"


def _timeframe(text: str) -> str:
    timeframe_ns(text)
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", text):
        raise ValueError("must be letters, digits, _ and -, and begin with a letter")
    return text


def _symbol(text: str) -> str:
    if not re.fullmatch(r"[!-~]{1,40}", text):
        raise ValueError("is no symbol; write one without spaces, such as 'BTC/USDT'")
    return text


def _distinct(items: tuple[str, ...]) -> tuple[str, ...]:
    for index, item in enumerate(items):
        if item in items[:index]:
            raise ValueError(f"names {item!r} twice")
    return items


def _range(bounds: tuple[float, ...]) -> tuple[float, ...]:
    low, high = bounds
    if not 0.0 <= low < high <= 1.0:
        raise ValueError("must be [low, high] with 0 <= low < high <= 1")
    return bounds


Name = Annotated[str, AfterValidator(_name)]
Symbol = Annotated[str, AfterValidator(_symbol)]
Timeframe = Annotated[str, AfterValidator(_timeframe)]
Amount = Annotated[Decimal, Field(ge=0)]


class Table(BaseModel):
    """The base of all tables: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StrategyTable(Table):
    """``[strategy]``: what it is called and what it looks at. The first symbol and timeframe are the defaults everywhere."""

    name: Name
    symbols: Annotated[tuple[Symbol, ...], Field(min_length=1), AfterValidator(_distinct)]
    timeframes: Annotated[tuple[Timeframe, ...], Field(min_length=1), AfterValidator(_distinct)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Mode(StrEnum):
    """Where the orders go."""

    BACKTEST = "backtest"
    PAPER = "paper"
    LIVE = "live"


class LateBars(StrEnum):
    """What a decision does about a bar that is late."""

    GO_ON = "go_on"
    WAIT = "wait"


class OnStop(StrEnum):
    """What a graceful stop does with open orders."""

    KEEP = "keep"
    CANCEL = "cancel"


class EnvironmentTable(Table):
    """``[environment]``: where the orders go, and how time is dealt with there. All but ``mode`` concerns paper and live alone.

    ``confirm`` says that production is meant, where the venue has a test network, too. ``speed`` is how fast a replayed or
    simulated clock goes in paper, or the machine's live against a local exchange that goes as fast. ``warm_up`` is how much
    history is read before the first decision, such as ``"2d"``, where that is more than the workers' windows. An instant waits
    ``grace`` for a late bar; then ``late_bars`` says whether it is decided without that symbol (``"go_on"``) or not before
    all bars are there (``"wait"``). ``on_stop`` keeps or cancels open orders at a graceful stop. An order without an answer after
    ``reply_deadline`` is UNKNOWN until the venue's evidence says otherwise.
    """

    mode: Mode = Mode.BACKTEST
    confirm: bool = False
    speed: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    warm_up: Timeframe | None = None
    grace: Timeframe = "5s"
    late_bars: LateBars = LateBars.GO_ON
    on_stop: OnStop = OnStop.KEEP
    reply_deadline: Timeframe = "10s"

    @property
    def warm_up_ns(self) -> Duration | None:
        """How much history is read at least; None where the workers' windows are enough."""
        return None if self.warm_up is None else timeframe_ns(self.warm_up)

    @property
    def grace_ns(self) -> Duration:
        """How long an instant waits for a late bar."""
        return timeframe_ns(self.grace)

    @property
    def reply_deadline_ns(self) -> Duration:
        """After how long an order without an answer is UNKNOWN."""
        return timeframe_ns(self.reply_deadline)


class AccountTable(Table):
    """``[account]``: ``funds`` are the opening balances by asset, exact."""

    name: Name = "main"
    type: AccountType
    currency: Annotated[str, Field(min_length=1)]
    funds: dict[str, Amount] = Field(default_factory=dict)


class StrategiesTable(Table):
    """``[[strategies]]``: a strategy of a portfolio, in a file of its own. Its account, exchange and stores are the portfolio's.

    ``name`` is the strategy's where it is left out; ``funds`` is its part of the account's funds, and an equal part where no
    strategy names one.
    """

    file: Annotated[str, Field(min_length=1)]
    name: Name | None = None
    symbols: Annotated[tuple[Symbol, ...], Field(min_length=1), AfterValidator(_distinct)] | None = None
    """What it follows in place of its own symbols."""
    funds: dict[str, Amount] | None = None


class EngineTable(Table):
    """``[engine]``: how fast, never what. ``skip`` false steps through every candle; ``commit_steps`` is a backtest's chunk."""

    skip: bool = True
    commit_steps: Annotated[int, Field(ge=1)] = 1_000


class BatchTable(Table):
    """``[batch]``: how directives that one flow gives at once hang together.

    ``COORDINATED``: all legs or none; where one fails, ``on_failure`` says whether the others are cancelled or ended.
    ``SEQUENTIAL``: each leg once the one before it is filled. ``time_limit`` is how long the legs may take, such as ``"10m"``.
    """

    policy: BatchPolicy = BatchPolicy.INDEPENDENT
    on_failure: OnFailure = OnFailure.FLATTEN
    time_limit: Timeframe | None = None

    @property
    def rules(self) -> BatchRules:
        """The same, as the flow has it."""
        limit = None if self.time_limit is None else timeframe_ns(self.time_limit)
        return BatchRules(policy=self.policy, on_failure=self.on_failure, time_limit_ns=limit)


class PluginsTable(Table):
    """``[plugins]``: the distributions and entry points that may be imported beside the built-ins; all where it is left out."""

    allow: tuple[str, ...] | None = None


class PluginKeys(Table):
    """The framework's key in every plugin's table."""

    plugin: str


class CacheKeys(PluginKeys):
    """``[cache]``."""

    plugin: str = "memory"


class RecordingKeys(PluginKeys):
    """``[recording]``: where what reaches the flows of a paper or live run is written. A backtest has none."""

    plugin: str = "json_lines"


class StoreKeys(PluginKeys):
    """``[ledger]``; ``[journal]`` takes its defaults from there."""

    plugin: str = STORE_PLUGIN_DEFAULT
    url: Annotated[str, Field(min_length=1)] = STORE_URL_DEFAULT


class WatchKeys(PluginKeys):
    """``[[watch]]``: who is told what happens. In a portfolio these tables are its own."""

    name: Name | None = None


class EventKeys(PluginKeys):
    """``[[news]]`` and ``[[schedule]]``: detectors listen by ``name``, which is the plugin's where it is left out."""

    name: Name | None = None


class DataKeys(PluginKeys):
    """``[[data]]``: the series that is asked for."""

    symbol: str | None = None
    timeframe: str | None = None


class WorkerKeys(DataKeys):
    """A worker's, planner's or gate's table: ``name`` is the plugin's where it is left out."""

    name: Name | None = None


class PlannerKeys(WorkerKeys):
    """A trade planner's table: it plans the directives whose confidence is in [low, high), or up to 1 with it."""

    confidence: Annotated[tuple[float, ...], Field(min_length=2, max_length=2), AfterValidator(_range)] = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """How the tables of a kind of plugin may be given."""

    keys: type[PluginKeys]
    many: bool = False
    required: bool = False


SHAPES: Final[Mapping[PluginKind, TableShape]] = {
    PluginKind.DATA: TableShape(keys=DataKeys, many=True, required=True),
    PluginKind.EXCHANGE: TableShape(keys=PluginKeys, required=True),
    PluginKind.LEDGER: TableShape(keys=StoreKeys),
    PluginKind.JOURNAL: TableShape(keys=StoreKeys),
    PluginKind.CACHE: TableShape(keys=CacheKeys),
    PluginKind.RECORDING: TableShape(keys=RecordingKeys),
    PluginKind.CONTEXT: TableShape(keys=WorkerKeys, many=True),
    PluginKind.SIGNAL: TableShape(keys=WorkerKeys, many=True),
    PluginKind.RISK: TableShape(keys=WorkerKeys, many=True),
    PluginKind.PLANNER: TableShape(keys=WorkerKeys, required=True),
    PluginKind.ENTRY: TableShape(keys=PlannerKeys, many=True, required=True),
    PluginKind.SIZE: TableShape(keys=PlannerKeys, many=True, required=True),
    PluginKind.EXIT: TableShape(keys=PlannerKeys, many=True),
    PluginKind.EXECUTION: TableShape(keys=PlannerKeys, many=True, required=True),
    PluginKind.GATE: TableShape(keys=WorkerKeys, many=True),
    PluginKind.NEWS: TableShape(keys=EventKeys, many=True),
    PluginKind.SCHEDULE: TableShape(keys=EventKeys, many=True),
    PluginKind.WATCH: TableShape(keys=WatchKeys, many=True),
}
"""The tables that name a plugin."""

OWN_TABLES: Final[Mapping[str, type[Table]]] = {
    "strategy": StrategyTable,
    "environment": EnvironmentTable,
    "account": AccountTable,
    "plugins": PluginsTable,
    "engine": EngineTable,
    "batch": BatchTable,
}
"""The tables that do not."""
