"""Filling a strategy's columns: row by row as candles close, or all at once where workers have a whole-history form."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.returned import wrong
from s1mpletrader.core.strategy import BoundWorker
from s1mpletrader.domain.errors import Defect, PluginFailed
from s1mpletrader.domain.facts import FloatArray, Key, Row
from s1mpletrader.ports.workers import ContextWorker, IWholeHistory


def bind_workers(facts: FactTable, named: Sequence[tuple[str, ContextWorker]]) -> tuple[BoundWorker, ...]:
    """Place workers, given in the order of need, and their columns, empty as yet."""
    bound = []
    for name, worker in named:
        series = worker.needs[0].series
        begin_row = max(facts.column(key).first for key in worker.needs)
        bound.append(BoundWorker(name, worker, series, begin_row))
        for key in worker.gives:
            empty: FloatArray = np.full(len(facts.candles[series]), np.nan)
            facts.add(key, empty, first=begin_row + worker.window - 1)
    return tuple(bound)


def fill_columns(facts: FactTable, workers: Sequence[BoundWorker]) -> None:
    """Fill every worker's columns for the whole history."""
    for bound in workers:
        if isinstance(bound.worker, IWholeHistory):
            _fill_whole(facts, bound, bound.worker)
        else:
            advance = row_filler(facts, bound)
            for row in range(len(facts.candles[bound.series])):
                advance(row)


def row_filler(facts: FactTable, bound: BoundWorker) -> Callable[[int], None]:
    """A function that feeds one closed row to the worker's incremental form and keeps what it gives."""
    try:
        update = bound.worker.begin()
    except Exception as fault:
        raise PluginFailed(bound.name, fault) from fault
    inputs = tuple(facts.column(key).values.item for key in bound.worker.needs)
    outputs = tuple(facts.column(key).values for key in bound.worker.gives)
    first_output = bound.begin_row + bound.worker.window - 1

    def fill(row: int) -> None:
        if row < bound.begin_row:
            return
        try:
            given: Row | None = update(tuple(read(row) for read in inputs))
        except Exception as fault:
            raise PluginFailed(bound.name, fault) from fault
        try:
            for column, value in zip(outputs, given or (), strict=given is not None):
                column[row] = value
        except (TypeError, ValueError):
            raise wrong(bound.name, "its update", given, f"None or {len(outputs)} numbers") from None
        if (given is None) != (row < first_output):
            broken = Defect(f"it declares a window of {bound.worker.window} and did not keep to it")
            raise PluginFailed(bound.name, broken)

    return fill


def _fill_whole(facts: FactTable, bound: BoundWorker, worker: IWholeHistory) -> None:
    begin = bound.begin_row
    data: dict[Key, FloatArray] = {key: facts.column(key).values[begin:] for key in bound.worker.needs}
    try:
        given = worker.columns(data)
    except Exception as fault:
        raise PluginFailed(bound.name, fault) from fault
    for key in bound.worker.gives:
        column, values = facts.column(key), given.get(key) if isinstance(given, Mapping) else None
        count = len(column.values) - begin
        if not (isinstance(values, np.ndarray) and values.shape == (count,) and values.dtype.kind in "fiub"):
            raise wrong(bound.name, "columns", given if values is None else values, f"{count} numbers for {key}")
        if begin == 0 and values.dtype == np.float64:
            column.values = values
        else:
            column.values[begin:] = values
