"""A recording's file: what goes in comes out, a torn end is no fault, and anything else that is wrong is told with its line."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.api import (
    BadData,
    Candle,
    DataProvision,
    Datum,
    Event,
    EventProvision,
    Filled,
    FundsChanged,
    FundsKind,
    IClock,
    Liquidity,
    NewsItem,
    OriginKind,
    RecordingProvision,
    ScheduleTick,
    Series,
    Side,
)
from s1mpletrader.core.clock import VirtualClock
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.real_time import ScaledClock
from s1mpletrader.core.recorder import GROUP, Recorder, Step
from s1mpletrader.plugins.recordings.json_lines import JsonLinesConfig, JsonLinesRecording, read_recording
from s1mpletrader.plugins.recordings.recorded import RecordedCandles, RecordedConfig, RecordedEvents
from s1mpletrader.plugins.stores import MemoryJournal, MemoryLedger
from tests.core.samples import draft
from tests.live.virtual_loop import run_virtually

MINUTE = 60_000_000_000
BTC, ETH = Series("BTC/USDT", "1m"), Series("ETH/USDT", "1m")
START = 1_650_000_000_000_000_000 // MINUTE * MINUTE


def recording(directory: Path, run: str = "run-1") -> JsonLinesRecording:
    return JsonLinesRecording(JsonLinesConfig(directory="."), RecordingProvision(run=run, directory=str(directory)))


def candle(number: int, series: Series = BTC, close: float = 10.5) -> Candle:
    return Candle(series=series, opened_at=START + number * MINUTE, open=10.0, high=12.0, low=9.0, close=close, volume=1.0)


def taken(number: int, strategy: str = "one", *, is_warm_up: bool = False, **fields: Any) -> Datum:
    at = START + (number + 1) * MINUTE
    return Datum(taken_at=at, strategy=strategy, candle=candle(number, **fields), is_warm_up=is_warm_up)


def news(number: int, source: str = "wire", strategy: str = "one") -> Datum:
    at = START + number * MINUTE
    item = NewsItem(headline=f"news {number}", symbols=("BTC/USDT",))
    event = Event(kind=OriginKind.NEWS, source=source, at=at, anchor=f"a{number}", payload=item)
    return Datum(taken_at=at, strategy=strategy, event=event)


def tick(number: int) -> Datum:
    at = START + number * MINUTE
    event = Event(kind=OriginKind.SCHEDULE, source="wire", at=at, anchor=f"t{number}", payload=ScheduleTick(due_at=at))
    return Datum(taken_at=at, strategy="one", event=event)


def written(directory: Path, *data: Datum) -> Path:
    kept = recording(directory)
    for datum in data:
        kept.put(datum)
    kept.close()
    return kept.path


def candles_of(path: Path, series: Series = BTC, strategy: str = "one") -> RecordedCandles:
    provision = DataProvision(series=series, seed=0, directory=str(path.parent), strategy=strategy)
    return RecordedCandles(RecordedConfig(path=path.name), provision)


def events_of(path: Path, kind: OriginKind, strategy: str = "one", clock: IClock | None = None) -> RecordedEvents:
    provision = EventProvision(name="wire", directory=str(path.parent), clock=clock or VirtualClock(0), strategy=strategy)
    return RecordedEvents(RecordedConfig(path=path.name), provision, kind)


numbers = st.floats(allow_nan=False, allow_infinity=False)
amounts = st.decimals(allow_nan=False, allow_infinity=False)


@given(numbers, amounts, amounts, st.text())
def test_every_number_comes_back_as_it_was(number: float, price: Decimal, fee: Decimal, text: str) -> None:
    filled = Filled(
        order_id=None,
        symbol="BTC/USDT",
        venue_trade_id=text,
        side=Side.BUY,
        price=price,
        quantity=Decimal("0.10"),
        fee=fee,
        fee_currency="BNB",
        liquidity=Liquidity.MAKER,
        at=1,
        venue_at=2,
    )
    funding = FundsChanged(asset="USDT", amount=fee, kind=FundsKind.FUNDING, at=3, venue_at=3, venue_change_id=text)
    data = [taken(0, close=number), Datum(taken_at=1, reply=filled), Datum(taken_at=2, reply=funding), news(3), tick(4)]
    with TemporaryDirectory() as directory:
        found = list(read_recording(written(Path(directory), *data)))
    assert found == data
    assert repr(found) == repr(data), "not only equal: 0.1 is not 0.10, and -0.0 is not 0.0"


@pytest.mark.parametrize("left", range(1, 40, 3))
def test_a_line_that_was_being_written_is_left_out(left: int, tmp_path: Path) -> None:
    path = written(tmp_path, taken(0), taken(1))
    path.write_bytes(path.read_bytes()[:-left])
    assert list(read_recording(path)) == [taken(0)]


def test_a_run_that_died_before_its_first_datum_has_recorded_nothing(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert list(read_recording(path)) == []
    path.write_bytes(b"")
    assert list(read_recording(path)) == []


@pytest.mark.parametrize(
    ("line", "text", "reason"),
    [
        (3, b'{"taken_at":', "line 3"),
        (2, b'{"strategy":"one"}', "line 2.*taken_at"),
        (1, b"timestamp,open,high,low,close,volume", "line 1 is of no recording"),
        (1, b'{"recording":2,"run":"r"}', "version 2.*version 1"),
    ],
)
def test_a_line_that_is_of_no_recording_is_refused_with_its_number(line: int, text: bytes, reason: str, tmp_path: Path) -> None:
    path = written(tmp_path, taken(0), taken(1), taken(2))
    lines = path.read_bytes().split(b"\n")
    lines[line - 1] = text
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(BadData, match=reason):
        candles_of(path).history(BTC)


def test_a_recorded_row_that_is_no_candle_is_bad_data(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="high is below"):
        candles_of(written(tmp_path, taken(0, close=13.0))).history(BTC)


def test_nothing_is_written_before_a_flush_and_everything_at_it(tmp_path: Path) -> None:
    kept = recording(tmp_path)
    kept.put(taken(0))
    assert list(read_recording(kept.path)) == []
    kept.flush()
    assert list(read_recording(kept.path)) == [taken(0)]
    kept.put(taken(1))
    kept.close()
    kept.close()
    assert list(read_recording(kept.path)) == [taken(0), taken(1)]


def test_no_commit_is_ahead_of_the_recording(tmp_path: Path) -> None:
    """A commit in the middle of a turn, because somebody reads the journal there, waits for the recording, too."""
    kept, journal = recording(tmp_path), MemoryJournal(lasting=False)
    ledger = MemoryLedger("b", lasting=False)
    recorder = Recorder(ledger, journal, StrategyJournalWriter("r"), GROUP, kept_first=kept.flush)
    kept.put(taken(0))
    recorder.record(Step((), (draft(1),)))
    recorder.flush()
    assert list(read_recording(kept.path)) == [taken(0)]
    kept.close()
    kept.put(taken(1))
    recorder.record(Step((), (draft(2),)))
    with pytest.raises(ValueError, match="closed"):
        recorder.flush()
    assert len(list(journal.entries("r"))) == 1


def test_no_recording_is_written_over(tmp_path: Path) -> None:
    path = written(tmp_path, taken(0))
    with pytest.raises(ValueError, match="File exists"):
        recording(tmp_path)
    assert list(read_recording(path)) == [taken(0)]


def test_a_strategy_gets_what_it_took_in_and_another_what_any_did(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        taken(0, is_warm_up=True),
        taken(1, is_warm_up=True),
        taken(1, "two", is_warm_up=True),
        taken(2, "two"),
        taken(2, "one", is_warm_up=True),
        taken(3, "one"),
        taken(3, "one", series=ETH),
    )

    def rows(strategy: str) -> tuple[list[int], int]:
        candles = candles_of(path, strategy=strategy).history(BTC)
        return ((candles.opened_at - START) // MINUTE).tolist(), candles.warm_up_count

    assert rows("one") == ([0, 1, 2, 3], 3)
    assert rows("two") == ([1, 2], 1)
    assert rows("three") == ([0, 1, 2, 3], 2)
    assert len(candles_of(path, ETH).history(ETH)) == 1
    assert candles_of(path, ETH).history(ETH).warm_up_count == 0


def test_candles_that_were_warm_up_are_another_history(tmp_path: Path) -> None:
    """A run's identity counts it, because other decisions come of it."""
    plain = candles_of(written(tmp_path, taken(0), taken(1))).history(BTC)
    (tmp_path / "marked").mkdir()
    marked = candles_of(written(tmp_path / "marked", taken(0, is_warm_up=True), taken(1))).history(BTC)
    assert plain.close.tolist() == marked.close.tolist()
    assert plain.fingerprint != marked.fingerprint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told_at_every_flush_that_loses_something(tmp_path: Path) -> None:
    kept = recording(tmp_path)
    kept.flush()
    kept._file.close()
    kept._file = Path("/dev/full").open("wb")  # noqa: SIM115 - the recording closes it
    kept.put(taken(0))
    with pytest.raises(OSError, match="No space left"):
        kept.flush()
    with pytest.raises(OSError, match="No space left"):
        kept.close()
    kept.close()


def test_events_come_from_the_table_of_the_same_name_and_kind(tmp_path: Path) -> None:
    path = written(tmp_path, news(0), tick(1), news(2, source="other"), news(3), news(3, strategy="two"))
    found = events_of(path, OriginKind.NEWS).history(START, START + 4 * MINUTE)
    assert [event.anchor for event in found] == ["a0", "a3"]
    assert [event.anchor for event in events_of(path, OriginKind.NEWS).history(START + 1, START + 3 * MINUTE)] == []
    assert [event.anchor for event in events_of(path, OriginKind.NEWS, "nobody").history(START, START + 4 * MINUTE)] == [
        "a0",
        "a3",
    ]
    assert [event.anchor for event in events_of(path, OriginKind.SCHEDULE).history(0, START + 4 * MINUTE)] == ["t1"]


def test_events_come_in_their_time_where_a_run_on_paper_replays_them(tmp_path: Path) -> None:
    clock = ScaledClock(START)
    source = events_of(written(tmp_path, news(0), news(1), news(3)), OriginKind.NEWS, clock=clock)

    async def heard() -> list[tuple[str, int]]:
        return [(event.anchor, clock.now()) async for event in source.events(START)]

    assert run_virtually(heard()) == [("a1", START + MINUTE), ("a3", START + 3 * MINUTE)]


def test_a_file_that_is_not_there_is_a_mistake_in_the_table(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"path: there is no file 'none\.jsonl'"):
        candles_of(tmp_path / "none.jsonl")
