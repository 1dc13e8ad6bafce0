"""What a paper run recorded is enough to decide again as it did."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer, live_run
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.live_streams import candles_of
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.real_time import ScaledClock, SystemClock
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.facts import Key, Series
from s1mpletrader.domain.instant import MINUTE_NS, Instant, timeframe_ns
from s1mpletrader.domain.orders import OrderDetails
from s1mpletrader.domain.replies import Filled
from s1mpletrader.plugins.recordings.json_lines import read_recording
from s1mpletrader.ports.journal import IJournalReader
from s1mpletrader.ports.ledger import ILedgerReader
from s1mpletrader.ports.recording import Datum
from tests.live.virtual_loop import run_virtually
from tests.running import EXAMPLES, MEMORY

MICROSECOND_NS = 1_000
"""Decisions of one turn are some nanoseconds apart, and the next turn may begin before these have gone by."""


PAIRS_FROM = 500
"""The run over pairs begins after this candle: within the next thirty it decides by what it remembers."""


class Done(NamedTuple):
    """What a run decided, and what came of it."""

    orders: list[tuple[OrderDetails, str]]
    fills: list[tuple[Decimal, Decimal, Decimal]]
    signals: int
    candles_seen: list[dict[str, float]]
    """The facts of every decision."""


def done(ledger: ILedgerReader, journal: IJournalReader, metrics: Metrics) -> Done:
    reasons = [read_reasons(entry) for run in journal.runs() for entry in journal.entries(run)]
    return Done(
        sorted(((order.details, str(order.state)) for order in ledger.orders()), key=repr),
        [(fill.price, fill.quantity, fill.fee) for fill in ledger.fills()],
        metrics.signals,
        [dict(one.facts) for one in reasons if one.origin is not None and one.facts],
    )


class LateClock(SystemClock):
    """A virtual present that begins in the middle of the data, as a live run's does: what lies before it is history."""

    def __init__(self, start: Instant) -> None:
        super().__init__()
        self._virtual = ScaledClock(start)

    def now(self) -> Instant:
        return self._virtual.now()

    async def sleep_until(self, at: Instant) -> None:
        await self._virtual.sleep_until(at)


async def on_paper(file: Path, overrides: Sequence[str], clock: SystemClock | None = None) -> Done:
    async with live_run(load(file, [*MEMORY, *overrides, "environment.mode=paper"]), clock=clock) as container:
        await container.run().run(asyncio.Event())
        return done(container.ledger(), container.journal(), container.metrics())


def recorded(file: str, directory: Path, overrides: Sequence[str], clock: SystemClock | None = None) -> tuple[Done, Path]:
    """A run on paper, and the file that it left."""
    ended = run_virtually(on_paper(EXAMPLES / file, [*overrides, f"recording.directory={directory}"], clock))
    [path] = directory.glob("*.jsonl")
    return ended, path


def replayed(file: str, path: Path, *tables: str, overrides: Sequence[str] = ()) -> Done:
    """A backtest, in which these tables read the recording."""
    keys = [key for table in tables for key in (f"{table}.plugin=recorded", f"{table}.path={path}")]
    container = BacktestContainer(configuration=load(EXAMPLES / file, [*MEMORY, *overrides, *keys]))
    container.backtest().run()
    return done(container.ledger(), container.journal(), container.metrics())


def on_paper_again(file: str, path: Path, *tables: str) -> Done:
    """The same on paper, in the time of the recording."""
    keys = [key for table in tables for key in (f"{table}.plugin=recorded", f"{table}.path={path}")]
    return run_virtually(on_paper(EXAMPLES / file, [*keys, "recording.plugin=none", "environment.warm_up=500h"]))


@pytest.mark.parametrize(
    ("file", "overrides", "tables"),
    [
        ("ema_cross.toml", ["data.candles=1200"], ["data"]),
        ("pairs.toml", ["data.0.candles=900", "data.1.candles=900"], ["data.0", "data.1"]),
        ("news.toml", ["data.candles=1500", "news.poll_s=3600"], ["data", "news"]),
        ("dca.toml", ["data.candles=1500"], ["data", "schedule"]),
        ("portfolio.toml", ["data.candles=600"], ["data"]),
    ],
)
def test_a_backtest_over_a_recording_decides_as_the_run_did(
    file: str, overrides: list[str], tables: list[str], tmp_path: Path
) -> None:
    paper, path = recorded(file, tmp_path, overrides)
    assert paper.orders, "a run that does nothing shows nothing"
    assert replayed(file, path, *tables) == paper


@pytest.mark.parametrize(
    ("file", "warm_up", "tables"), [("ema_cross.toml", "5h", ["data"]), ("dca.toml", "50h", ["data", "schedule"])]
)
def test_history_from_before_a_run_gives_facts_and_no_decisions(
    file: str, warm_up: str, tables: list[str], tmp_path: Path
) -> None:
    """The run begins in the middle of its data, and reads more history than its windows ask for."""
    portfolio = load(EXAMPLES / file, [*MEMORY, "data.candles=1500"])
    container = BacktestContainer(configuration=portfolio)
    [candles] = container.candles().values()
    start = candles.closed_at.item(700) + MINUTE_NS // 2
    paper, path = recorded(file, tmp_path, ["data.candles=1500", f"environment.warm_up={warm_up}"], LateClock(start))
    taken = [datum for datum in read_recording(path) if datum.candle is not None]
    count = sum(datum.is_warm_up for datum in taken)
    assert count == timeframe_ns(warm_up) // timeframe_ns(candles.series.timeframe) - 1
    assert [datum.is_warm_up for datum in taken] == [True] * count + [False] * 799
    assert [datum.candle for datum in taken] == candles_of(candles)[701 - count :]
    assert paper.orders
    assert replayed(file, path, *tables) == paper
    assert on_paper_again(file, path, *tables) == paper
    with_all = replayed(file, without_marks(path), *tables)
    assert file != "ema_cross.toml" or with_all.signals > paper.signals, "there was something to decide in the warm-up"


def test_a_detector_remembers_what_it_saw_in_the_warm_up(tmp_path: Path) -> None:
    """Whether it waits for the spread to open or to close was settled before the run began."""
    keys = [f"data.{number}.candles=900" for number in range(2)]
    quick = ["signal.0.window=30", "signal.0.entry_deviation=1.5"]
    container = BacktestContainer(configuration=load(EXAMPLES / "pairs.toml", [*MEMORY, *keys]))
    start = min(data.closed_at.item(PAIRS_FROM) for data in container.candles().values()) + MINUTE_NS // 2
    paper, path = recorded("pairs.toml", tmp_path, [*keys, *quick, "environment.warm_up=5h"], LateClock(start))
    assert paper.orders
    assert replayed("pairs.toml", path, "data.0", "data.1", overrides=quick) == paper


def without_marks(path: Path) -> Path:
    other = path.with_name("unmarked.jsonl")
    other.write_text(path.read_text().replace(',"is_warm_up":true', ""))
    return other


def test_a_recording_has_every_fill_and_all_in_the_order_of_time(tmp_path: Path) -> None:
    paper, path = recorded("ema_cross.toml", tmp_path, ["data.candles=1200"])
    data = list(read_recording(path))
    fills = [datum.reply for datum in data if isinstance(datum.reply, Filled)]
    assert [(fill.price, fill.quantity, fill.fee) for fill in fills] == paper.fills
    instants = [datum.taken_at // MICROSECOND_NS for datum in data]
    assert instants == sorted(instants)
    assert all(sum(part is not None for part in (datum.candle, datum.event, datum.reply)) == 1 for datum in data)
    assert all(closed_at(datum) <= datum.taken_at for datum in data if datum.candle is not None)


def test_every_candle_of_a_decision_is_in_the_recording(tmp_path: Path) -> None:
    paper, path = recorded("pairs.toml", tmp_path, ["data.0.candles=900", "data.1.candles=900"])
    closes = {(str(key(datum, "close")), datum.candle.close) for datum in read_recording(path) if datum.candle is not None}
    seen = {pair for facts in paper.candles_seen for pair in facts.items() if pair[0].endswith(" close")}
    assert seen
    assert seen <= closes


def closed_at(datum: Datum) -> Instant:
    assert datum.candle is not None
    return datum.candle.opened_at + timeframe_ns(datum.candle.series.timeframe)


def key(datum: Datum, name: str) -> Key:
    assert datum.candle is not None
    return Key(*Series(*datum.candle.series), name)


def test_a_run_commits_nothing_ahead_of_its_recording(tmp_path: Path) -> None:
    """Also where something is committed in the middle of a turn."""

    async def committed() -> None:
        keys = ["data.candles=100", "environment.mode=paper", f"recording.directory={tmp_path}"]
        async with live_run(load(EXAMPLES / "ema_cross.toml", [*MEMORY, *keys])) as container:
            container.recording().put(Datum(taken_at=1))
            container.alarm()("something to record")
            container.recorder().flush()
            found.extend(read_recording(next(tmp_path.glob("*.jsonl"))))  # noqa: ASYNC240 - nothing else runs

    found: list[Datum] = []
    run_virtually(committed())
    assert found == [Datum(taken_at=1)]


def test_a_run_may_go_unrecorded(tmp_path: Path) -> None:
    file = tmp_path / "alone.toml"
    file.write_text((EXAMPLES / "ema_cross.toml").read_text() + '\n[recording]\nplugin = "none"\n')
    run_virtually(on_paper(file, ["data.candles=100"]))
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_recordings_lie_beside_the_file_unless_it_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "beside.toml"
    file.write_text((EXAMPLES / "ema_cross.toml").read_text())
    run_virtually(on_paper(file, ["data.candles=100"]))
    run_virtually(on_paper(file, ["data.candles=100"]))
    assert len(list((tmp_path / "recordings").glob("ema_cross-*.jsonl"))) == 2


def test_a_place_where_nothing_can_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    with pytest.raises(ConfigurationError, match=r'\[recording\]: directory: .*cannot be made.*plugin = "none"'):
        run_virtually(on_paper(EXAMPLES / "ema_cross.toml", ["data.candles=100", f"recording.directory={tmp_path}/occupied"]))
