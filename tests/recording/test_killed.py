"""A run that is killed leaves a recording which can be read, and which holds the candles of every decision in its journal."""

import subprocess
import sys
from pathlib import Path

import pytest

from s1mpletrader.cli.options import StoreUrls
from s1mpletrader.cli.stores import opened
from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.domain.instant import MINUTE_NS, Instant
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.plugins.recordings.json_lines import read_recording
from tests.live.mortal import KILLED
from tests.running import EXAMPLES, MEMORY

FILE = EXAMPLES / "ema_cross.toml"


def killed(directory: Path, at: Instant) -> StoreUrls:
    url = f"sqlite:///{directory}/store.sqlite"
    overrides = ["data.candles=900", f"ledger.url={url}", f"recording.directory={directory}"]
    command = [sys.executable, "-W", "error", "-m", "tests.live.mortal", str(FILE), str(at), *overrides]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == KILLED, ended.stderr
    return StoreUrls(url, url)


@pytest.mark.parametrize("after_ns", [0, 7, 50_000_000, 5 * MINUTE_NS + 1])
def test_the_recording_of_a_killed_run_covers_its_journal(after_ns: int, tmp_path: Path) -> None:
    """Killed right at an instant at which it decided, or a little later: nothing is left to be written at the end."""
    whole = BacktestContainer(configuration=load(FILE, [*MEMORY, "data.candles=900"]))
    whole.backtest().run()
    expected = [(order.intent.decided_at, order.details) for order in whole.ledger().orders()]
    assert len(expected) > 6
    dies_at = expected[5][0] + after_ns
    urls = killed(tmp_path, dies_at)
    [path] = tmp_path.glob("ema_cross-*.jsonl")
    data = list(read_recording(path))
    closes = {
        datum.candle.opened_at + MINUTE_NS: datum.candle.close
        for datum in data
        if datum.candle is not None and not datum.is_warm_up
    }
    assert dies_at - MINUTE_NS <= max(closes) <= dies_at, "also what led to no decision is there"
    with opened(urls) as readers:
        [run] = readers.journal.runs()
        assert run == path.stem
        reasons = [read_reasons(entry) for entry in readers.journal.entries(run)]
        decided = [one for one in reasons if one.origin is not None and one.origin.kind is OriginKind.TICK and one.facts]
        assert len(decided) >= 5
        for one in decided:
            closed_at = one.origin.at // MINUTE_NS * MINUTE_NS if one.origin is not None else 0
            assert closes[closed_at] == (one.facts or {})["BTC/USDT 1m close"]
        orders = [order.details for ledger in readers.ledgers for order in ledger.orders()]
    replay = BacktestContainer(configuration=load(FILE, [*MEMORY, "data.plugin=recorded", f"data.path={path}"]))
    replay.backtest().run()
    assert [order.details for order in replay.ledger().orders()] == orders
