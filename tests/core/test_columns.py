"""Columns are filled row by row or whole, and come to the same: a fact begins where its worker has seen enough."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from s1mpletrader.core.columns import bind_workers, fill_columns, row_filler
from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.strategy import BoundWorker
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.facts import FloatArray, Key, Row, Series
from s1mpletrader.domain.instant import MINUTE_NS
from s1mpletrader.ports.workers import IWholeHistory

SERIES = Series("BTC/USDT", "1m")
CLOSES = [3.0, 5.0, 4.0, 8.0, 6.0]
NAN = float("nan")


def key(name: str) -> Key:
    return Key(*SERIES, name)


class Spread:
    """The highest less the lowest of the last values, and their sum."""

    def __init__(self, needs: str, gives: str, window: int, gives_too_early: int = 0) -> None:
        self.needs, self.gives = (key(needs),), (key(gives), key(f"{gives}_sum"))
        self.window = window
        self.ready = window - gives_too_early

    def begin(self) -> Callable[[Row], Row | None]:
        seen: list[float] = []

        def update(row: Row) -> Row | None:
            seen.append(row[0])
            last = seen[-self.window :]
            return (max(last) - min(last), sum(last)) if len(seen) >= self.ready else None

        return update


class WholeSpread(Spread):
    """The same with the whole-history form; its second column is of whole numbers."""

    def columns(self, data: Mapping[Key, FloatArray]) -> Mapping[Key, FloatArray]:
        values = data[self.needs[0]]
        spread = np.full(len(values), np.nan)
        total = np.zeros(len(values), dtype=np.int64)
        for row in range(self.window - 1, len(values)):
            last = values[row - self.window + 1 : row + 1]
            spread[row], total[row] = last.max() - last.min(), last.sum()
        return {self.gives[0]: spread, self.gives[1]: total}


def facts() -> FactTable:
    column = np.array(CLOSES)
    opened_at = np.arange(len(CLOSES), dtype=np.int64) * MINUTE_NS
    candles = Candles(series=SERIES, opened_at=opened_at, open=column, high=column, low=column, close=column, volume=column)
    return FactTable({SERIES: candles})


def bound(table: FactTable, *workers: Any) -> Sequence[BoundWorker]:
    return bind_workers(table, [(f"w{number}", worker) for number, worker in enumerate(workers)])


def filled(*workers: Any) -> FactTable:
    table = facts()
    fill_columns(table, bound(table, *workers))
    return table


def test_a_worker_is_fed_from_where_its_needs_begin_and_gives_from_where_it_has_seen_enough() -> None:
    table = facts()
    first, second = bound(table, Spread("close", "range", 2), Spread("range", "wander", 3))
    assert (first.name, first.series, first.begin_row) == ("w0", SERIES, 0)
    assert (second.name, second.series, second.begin_row) == ("w1", SERIES, 1)
    assert [table.column(key(name)).first for name in ("range", "range_sum", "wander", "wander_sum")] == [1, 1, 3, 3]


@pytest.mark.parametrize("kind", [Spread, WholeSpread])
def test_both_forms_come_to_the_same(kind: type[Spread]) -> None:
    table = filled(kind("close", "range", 2), kind("range", "wander", 3))
    expected = {
        "range": [NAN, 2, 1, 4, 2],
        "range_sum": [NAN, 8, 9, 12, 14],
        "wander": [NAN, NAN, NAN, 3, 3],
        "wander_sum": [NAN, NAN, NAN, 7, 7],
    }
    for name, values in expected.items():
        column = table.column(key(name))
        assert column.values.dtype == np.float64
        np.testing.assert_array_equal(column.values[column.first :], values[column.first :])
    assert isinstance(WholeSpread("close", "range", 2), IWholeHistory)


def test_a_whole_column_that_fits_is_taken_as_it_is() -> None:
    given = np.array([1.0, 2.0, 3.0, 4.0, 5.0])

    class Given(WholeSpread):
        def columns(self, data: Mapping[Key, FloatArray]) -> Mapping[Key, FloatArray]:
            return {self.gives[0]: given, self.gives[1]: np.ones(5, dtype=np.int64)}

    table = filled(Given("close", "range", 1))
    assert table.column(key("range")).values is given
    assert table.column(key("range_sum")).values.tolist() == [1.0] * 5


def test_rows_before_a_worker_begins_are_not_shown_to_it() -> None:
    table = facts()
    first, second = bound(table, Spread("close", "range", 2), Spread("range", "wander", 1))
    fillers = [row_filler(table, first), row_filler(table, second)]
    for row in range(3):
        for fill in fillers:
            fill(row)
    np.testing.assert_array_equal(table.column(key("wander_sum")).values, [NAN, 2, 1, NAN, NAN])


@pytest.mark.parametrize("early", [1, -1])
def test_a_worker_that_does_not_keep_to_its_window_is_named(early: int) -> None:
    with pytest.raises(PluginFailed) as defect:
        filled(Spread("close", "range", 2, early))
    assert str(defect.value) == "w0 failed: Defect: it declares a window of 2 and did not keep to it"


def test_a_worker_gives_as_many_values_as_it_declares() -> None:
    worker = Spread("close", "range", 1)
    worker.gives = (*worker.gives, key("more"))  # type: ignore[assignment]
    with pytest.raises(
        PluginFailed, match=r"^w0 failed: WrongReturn: its update returned \(.*\) \(tuple\), expected None or 3 numbers$"
    ):
        filled(worker)


class Broken(Spread):
    """Divides by nothing."""

    def begin(self) -> Callable[[Row], Row | None]:
        return lambda row: (row[0] / 0, row[0])


class WholeBroken(Spread):
    """Forgets what it gives."""

    def columns(self, data: Mapping[Key, FloatArray]) -> Mapping[Key, FloatArray]:
        return {}


@pytest.mark.parametrize(("form", "error"), [(Broken, "ZeroDivisionError"), (WholeBroken, "WrongReturn: columns returned {}")])
def test_a_worker_that_fails_is_named(form: type[Spread], error: str) -> None:
    with pytest.raises(PluginFailed, match=f"^w0 failed: {error}"):
        filled(form("close", "range", 1))
