"""Built-in detectors and monitors by hand: a row for each candle, what is read there, and what is said."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from s1mpletrader.api import (
    AccountType,
    AccountView,
    Columns,
    Direction,
    FloatArray,
    Key,
    Position,
    Severity,
    SignalDetector,
)
from s1mpletrader.contracts.generated import INSTRUMENT, PROVISION, SERIES
from s1mpletrader.plugins.workers.breakout import Breakout, BreakoutConfig
from s1mpletrader.plugins.workers.crossover import Crossover, CrossoverConfig
from s1mpletrader.plugins.workers.drawdown import Drawdown, DrawdownConfig
from s1mpletrader.plugins.workers.volatility import Volatility, VolatilityConfig

Row = tuple[Any, ...]
FLAT = AccountView(revision=1, strategy="alpha", account_type=AccountType.NETTING, currency="USDT", balances={}, positions={})


class Table:
    """Facts read from columns, at a row."""

    def __init__(self, columns: Mapping[Key, FloatArray]) -> None:
        self.columns: Columns = columns
        self.row = 0
        self.at = 0

    def value(self, key: Key, back: int = 0) -> float:
        if back > self.row:
            raise LookupError(key)
        return float(self.columns[key][self.row - back])

    def window(self, key: Key, length: int) -> FloatArray:
        return self.columns[key][self.row + 1 - length : self.row + 1]


def columns(rows: Sequence[Row], *names: str) -> dict[Key, FloatArray]:
    return {Key(*SERIES, name): np.array([float(row[place]) for row in rows]) for place, name in enumerate(names)}


def said(detector: SignalDetector, table: Table, count: int) -> list[str]:
    """What a detector says at each row: ``L``, ``S`` or nothing."""
    letters = {Direction.LONG: "L", Direction.SHORT: "S"}
    answers = [""]
    for table.row in range(1, count):
        answers.append("".join(letters[draft.direction] for draft in detector.detect(table)))
    return answers


CROSSINGS: list[Row] = [
    # fast, slow
    (1, 2, ""),
    (2, 2, ""),  # touched from below
    (3, 2, "L"),
    (4, 2, ""),  # above already
    (2, 2, ""),  # touched from above
    (1, 2, "S"),
    (0, 2, ""),
    (3, 2, "L"),  # across at once
    (1, 2, "S"),
    (2, 2, ""),
    (1, 2, "S"),  # touched and left on the same side: it was not below
    (1, 1, ""),
    (1, 0, "L"),  # it is the slow one that moves
    (1, 3, "S"),
    (2.999999999999999, 3, ""),
    (3.000000000000001, 3, "L"),
]


def test_crossings() -> None:
    table = Table(columns(CROSSINGS, "fast", "slow"))
    detector = Crossover(CrossoverConfig(fast="fast", slow="slow", confidence=0.7), PROVISION)
    assert said(detector, table, len(CROSSINGS)) == [row[-1] for row in CROSSINGS]
    assert detector.candidates(table.columns).tolist() == [bool(row[-1]) for row in CROSSINGS]
    table.row = 2
    (draft,) = detector.detect(table)
    assert (draft.symbol, draft.kind, draft.confidence) == ("BTC/USDT", "crossover", 0.7)


def test_nothing_crosses_what_does_not_exist_yet() -> None:
    missing = float("nan")
    rows = [(1, missing), (3, missing), (1, 2), (missing, 2), (3, 2), (1, 2)]
    detector = Crossover(CrossoverConfig(fast="fast", slow="slow"), PROVISION)
    assert detector.candidates(columns(rows, "fast", "slow")).tolist() == [False] * 5 + [True]


RANGES: list[Row] = [
    # close, upper, lower
    (5, 6, 4, ""),
    (6, 6, 4, ""),  # on the edge
    (7, 6, 4, "L"),
    (8, 7, 4, ""),  # outside already, though the range follows
    (6, 8, 4, ""),  # back inside
    (4, 8, 4, ""),  # on the other edge
    (3, 8, 4, "S"),
    (2, 8, 3, ""),
    (9, 8, 3, "L"),  # from below the range to above it
    (1, 8, 3, "S"),
    (5, 8, 3, ""),
    (5, 4, 3, "L"),  # it is the edge that moves
    (5, 9, 6, "S"),
]


def test_breakouts() -> None:
    table = Table(columns(RANGES, "close", "top", "bottom"))
    detector = Breakout(BreakoutConfig(upper="top", lower="bottom"), PROVISION)
    expected = [row[-1] for row in RANGES]
    assert said(detector, table, len(RANGES)) == expected
    flags = detector.candidates(table.columns).tolist()
    assert all(flag for flag, answer in zip(flags, expected, strict=True) if answer)
    assert not all(flags)


def raised(monitor: Any, table: Table, view: AccountView, count: int) -> list[Severity | None]:
    """What a monitor says at each row. Wherever it starts, its second form goes on to exactly the next row with a draft."""
    state, states, answers = monitor.initial(), [], []
    for table.row in range(count):
        states.append(state)
        state, drafts = monitor.step(state, table, view)
        answers.append(drafts[0].severity if drafts else None)
        assert len(drafts) <= 1
    states.append(state)
    for start in range(count):
        stop = next((row for row in range(start, count) if answers[row] is not None), count)
        assert monitor.quiet(states[start], table.columns, view, start, count) == (states[stop], stop)
    return answers


FALLS: list[Row] = [
    # close; LOW from an eighth below the highest on, HIGH from a quarter, CRITICAL from three eighths
    (80, None),
    (71, None),
    (70, Severity.LOW),
    (69, None),
    (61, None),
    (60, Severity.HIGH),
    (50, Severity.CRITICAL),
    (49, None),
    (51, Severity.HIGH),
    (60.5, Severity.LOW),
    (71, Severity.LIFTED),
    (80, None),
    (88, None),  # a new highest: 77, 66 and 55 are the limits now
    (77, Severity.LOW),
    (55, Severity.CRITICAL),
    (90, Severity.LIFTED),
    (40, Severity.CRITICAL),
]


@pytest.mark.parametrize(
    ("cash", "held"), [("0", "1"), ("-40", "1.5"), ("160", "-1")], ids=["held", "partly borrowed", "sold short"]
)
def test_falls_of_the_equity(cash: str, held: str) -> None:
    equities = np.array([float(row[0]) for row in FALLS])
    closes = (equities - float(cash)) / float(held)
    table = Table({Key(*SERIES, "close"): closes})
    position = Position(instrument=INSTRUMENT, quantity=Decimal(held))
    view = replace(FLAT, balances={"USDT": Decimal(cash)}, positions={"BTC/USDT": position})
    exact = [float(cash) + float(held) * close for close in closes.tolist()]
    rows = [index for index, equity in enumerate(exact) if equity == FALLS[index][0]]
    assert len(rows) == len(FALLS), "the prices do not give these equities exactly"
    monitor = Drawdown(DrawdownConfig(limit=0.25), PROVISION)
    assert raised(monitor, table, view, len(FALLS)) == [row[-1] for row in FALLS]


def test_an_account_without_a_position_never_falls() -> None:
    table = Table({Key(*SERIES, "close"): np.array([80.0, 10.0, 1.0])})
    rich = replace(FLAT, balances={"USDT": Decimal(5)})
    assert raised(Drawdown(DrawdownConfig(limit=0.25), PROVISION), table, rich, 3) == [None] * 3


@pytest.mark.parametrize("cash", ["0", "-5"])
def test_an_account_that_never_had_anything_does_not_fall(cash: str) -> None:
    table = Table({Key(*SERIES, "close"): np.array([80.0, 10.0, 1.0])})
    bare = replace(FLAT, balances={"USDT": Decimal(cash)})
    assert raised(Drawdown(DrawdownConfig(limit=0.25), PROVISION), table, bare, 3) == [None] * 3


MOVEMENTS: list[Row] = [
    # close, movement; a risk from a quarter of the close on, until it is below an eighth
    (8, 1.9, None),
    (8, 2, Severity.HIGH),
    (8, 5, None),
    (8, 1.5, None),
    (8, 1, None),  # on the release
    (8, 0.9, Severity.LIFTED),
    (8, 1.9, None),
    (8, 3, Severity.HIGH),
    (32, 3, Severity.LIFTED),  # it is the price that moves
    (12, 3, Severity.HIGH),
]


def test_wild_markets() -> None:
    table = Table(columns(MOVEMENTS, "close", "atr"))
    monitor = Volatility(VolatilityConfig(source="atr", limit=0.25, release=0.5), PROVISION)
    assert raised(monitor, table, FLAT, len(MOVEMENTS)) == [row[-1] for row in MOVEMENTS]
