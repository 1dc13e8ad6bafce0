"""A run that is killed goes on where it was, and ends as the unbroken one does: nothing is sent twice, and nothing is lost."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from s1mpletrader.analysis import audit_store
from s1mpletrader.cli.options import StoreUrls
from s1mpletrader.cli.stores import opened
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.orders import OrderDetails, Side
from tests.live.mortal import KILLED

QUICK = """
[environment]
mode = "backtest"

[account]
type = "spot"
currency = "USDT"
funds = { USDT = 1_000_000 }

[[data]]
plugin = "generator"
candles = 160

[exchange]
plugin = "simulated"
fee_rate = "0.001"
volume_share = "0.25"
latency_ms = 400

[exchange.instruments."BTC/USDT"]
price_tick = "0.01"
quantity_lot = "0.00001"

[[context]]
plugin = "ema"
name = "fast"
period = 5

[[context]]
plugin = "ema"
name = "slow"
period = 12

[[signal]]
plugin = "crossover"
fast = "fast"
slow = "slow"

[planner]
plugin = "weighing"
directions = ["LONG"]
opposite_signal = "close"

[[entry]]
plugin = "market"

[[size]]
plugin = "fixed"
quantity = "6"
"""

HEAD = """
[strategy]
name = "sliced"
symbols = ["BTC/USDT"]
timeframes = ["1m"]
seed = 3
"""

STRATEGIES = {
    "twap": HEAD
    + QUICK
    + """
[[execution]]
plugin = "twap"
duration = "10m"
slices = 5
leftover = "cancel"
""",
    "iceberg": HEAD
    + QUICK.replace('plugin = "market"', 'plugin = "limit"\noffset_percent = 0.01')
    + """
[[execution]]
plugin = "iceberg"
display = "0.8"
""",
    "closing": HEAD
    + QUICK
    + """
[[exit]]
plugin = "trailing"
distance_percent = 5

[[execution]]
plugin = "single"
""",
}
PAIRS = Path(__file__).parent.parent.parent / "examples" / "pairs.toml"


NO_LATENCY = "exchange.latency_ms=0"
"""For what depends on when a fill is heard of: a process that comes back asks the venue at another moment."""


class Story(NamedTuple):
    """What a store holds, without what differs from one process to the next: names, and their randomness."""

    orders: list[tuple[OrderDetails, str, Decimal]]
    fills: list[tuple[Decimal, Decimal, Decimal]]
    trade_count: int
    intended_at: list[int]
    run_count: int
    violations: tuple[object, ...]
    evidence: list[str]

    @property
    def end(self) -> tuple[object, ...]:
        """What has to be the same however often the process died."""
        return self.orders, self.fills, self.trade_count


class Home:
    """Where a run and its successors live."""

    def __init__(self, directory: Path, file: Path, *overrides: str) -> None:
        directory.mkdir()
        self._file = file
        self._url = f"sqlite:///{directory}/store.sqlite"
        self._overrides = [
            f"ledger.url={self._url}",
            f"exchange.world={directory}/venue.world",
            f"recording.directory={directory}",
            *overrides,
        ]

    def run(self, dies_at: int = 0) -> Story:
        """Run to the end, or until an instant at which the process is gone from one instruction to the next."""
        command = [sys.executable, "-W", "error", "-m", "tests.live.mortal", str(self._file), str(dies_at), *self._overrides]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == (KILLED if dies_at else 0), ended.stderr
        with opened(StoreUrls(self._url, self._url)) as readers:
            (ledger,) = readers.ledgers
            orders = list(ledger.orders())
            events = [event for order in orders for event in ledger.order_events(order.order_id)]
            return Story(
                [(order.details, str(order.state), order.filled_quantity) for order in orders],
                [(fill.price, fill.quantity, fill.fee) for fill in ledger.fills()],
                len(list(ledger.trades())),
                [order.intent.decided_at for order in orders],
                len(readers.journal.runs()),
                tuple(audit_store(readers.ledgers, readers.journal).violations),
                [event.evidence for event in events if event.evidence is not None],
            )


def home(directory: Path, name: str, strategy: str) -> Home:
    if strategy == "pairs":
        quick = ("data.0.candles=150", "data.1.candles=150", "signal.0.window=30", "signal.0.entry_deviation=1.5")
        return Home(directory / name, PAIRS, *quick, "exchange.volume_share=0.05", NO_LATENCY)
    file = directory / f"{strategy}.toml"
    file.write_text(STRATEGIES[strategy])
    return Home(directory / name, file, *([NO_LATENCY] if strategy == "iceberg" else []))


@pytest.mark.parametrize(("strategy", "later"), [("twap", 3), ("iceberg", 10), ("pairs", 4)])
def test_a_run_that_is_killed_in_the_middle_ends_as_the_unbroken_one(strategy: str, later: int, tmp_path: Path) -> None:
    """Killed while an order is on its way back from the venue, and again between two orders."""
    whole = home(tmp_path, "whole", strategy).run()
    assert len(whole.orders) > 4
    broken = home(tmp_path, "broken", strategy)
    first = broken.run(dies_at=whole.intended_at[1] + 600 * SECOND_NS // 1000)
    assert len(first.orders) < len(whole.orders)
    second = broken.run(dies_at=whole.intended_at[later] + 7 * SECOND_NS)
    last = broken.run()
    assert len(first.orders) < len(second.orders) < len(last.orders)
    assert last.end == whole.end
    assert (last.run_count, last.violations) == (3, ())


def test_an_order_that_died_with_its_process_is_not_placed_by_evidence_and_never_sent_again(tmp_path: Path) -> None:
    """Killed while the request is on its way: nobody knows, until the venue has not found it often enough."""
    whole = home(tmp_path, "whole", "twap").run()
    broken = home(tmp_path, "broken", "twap")
    broken.run(dies_at=whole.intended_at[1] + 50 * SECOND_NS // 1000)
    last = broken.run()
    details, state, filled = last.orders[1]
    assert (details, state, filled) == (whole.orders[1][0], "NOT_PLACED", Decimal(0))
    assert "the process ended before an answer came" in last.evidence
    assert any("not found in 3 queries" in text for text in last.evidence)
    assert last.violations == ()
    assert sum(quantity for _, quantity, _ in last.fills) > 0


def test_a_cancellation_that_died_with_its_process_is_asked_for_again(tmp_path: Path) -> None:
    """Killed while the stops' are on their way: a close waits for them, and the venue alone knows that they never came."""
    whole = home(tmp_path, "whole", "closing").run()
    at_market = [details.side is Side.SELL and details.stop_price is None for details, _, _ in whole.orders]
    number = at_market.index(True)
    broken = home(tmp_path, "broken", "closing")
    first = broken.run(dies_at=whole.intended_at[number] - 750 * SECOND_NS // 1000)
    assert [state for _, state, _ in first.orders] == ["FILLED", *["OPEN"] * (number - 1)]
    last = broken.run()
    assert last.orders[: number + 1] == whole.orders[: number + 1]
    assert "the process ended before an answer came" in last.evidence
    assert last.violations == ()
