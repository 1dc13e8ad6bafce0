"""Times as files write them, as instants: nanoseconds since 1970 in UTC. A time without a zone is UTC."""

import re
from datetime import UTC, datetime
from typing import Final

import numpy as np
import polars as pl

from s1mpletrader.api import Instant, InstantArray, instant_from_datetime

_EPOCH_UNITS: Final = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
"""Below each bound, a number counts so many nanoseconds: seconds, milliseconds, microseconds. Beyond, it counts nanoseconds.

Seconds reach to the year 5138 this way, and milliseconds back to March 1973.
"""

_ISO_NS: Final = re.compile(r"(.*:\d\d\.\d{6})(\d{1,3})(.*)")

Instants = tuple[InstantArray, int | None]
"""The instants, and the first row (from 0) that is no time."""


def instants_from_column(column: pl.Series) -> Instants:
    """The instants of a column of ISO texts, datetimes, dates, or numbers since 1970 in s, ms, us or ns (by their magnitude)."""
    if column.dtype.is_temporal():
        moments = column.cast(pl.Datetime("us")) if column.dtype == pl.Date else column
        return _with_fault(moments.dt.epoch("ns"))
    if column.dtype.is_integer():
        return _from_numbers(column.cast(pl.Int64, strict=False))
    if column.dtype.is_float():
        return _from_floats(column)
    return _from_texts(column.cast(pl.String))


def _with_fault(values: pl.Series) -> Instants:
    missing = values.is_null()
    fault = int(missing.arg_max() or 0) if missing.any() else None
    return values.fill_null(0).to_numpy().astype(np.int64), fault


def _unit_ns(largest: float) -> int:
    return next((unit for bound, unit in _EPOCH_UNITS if largest < bound), 1)


def _from_numbers(column: pl.Series) -> Instants:
    instants, fault = _with_fault(column)
    unit = _unit_ns(float(np.abs(instants).max(initial=0)))
    return instants * unit, fault


def _from_floats(column: pl.Series) -> Instants:
    """Fractions are kept to the microsecond, which is as far as a float of today's seconds is sure."""
    finite = column.is_finite().fill_null(value=False)
    values = column.zip_with(finite, pl.Series([0.0])).to_numpy()
    unit = _unit_ns(float(np.abs(values).max(initial=0)))
    whole = np.floor(values)
    instants = whole.astype(np.int64) * unit
    if unit > 1_000:
        instants += np.rint((values - whole) * (unit / 1_000)).astype(np.int64) * 1_000
    return instants, None if finite.all() else int((~finite).arg_max() or 0)


def _from_texts(column: pl.Series) -> Instants:
    texts = column.str.strip_chars()
    if texts.str.contains(r"^[+-]?[0-9]+$").all():
        return _from_numbers(texts.cast(pl.Int64, strict=False))
    if texts.str.contains(r"^[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?$").all():
        return _from_floats(texts.cast(pl.Float64, strict=False))
    plain = texts.str.replace("T", " ", literal=True).str.replace(r"(Z|\+00:?00)$", "")
    moments = plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ns", strict=False)
    instants, fault = _with_fault(moments.dt.epoch("ns"))
    if fault is None:
        return instants, None
    return _with_the_rest(texts, instants, moments.is_null().arg_true().to_list())


def _with_the_rest(texts: pl.Series, instants: InstantArray, rows: list[int]) -> Instants:
    """Read the forms that the fast way does not know: other zones, dates alone, minutes without seconds."""
    completed = instants.copy()
    for row in rows:
        text = texts[row]
        instant = None if text is None else _from_iso(text)
        if instant is None:
            return completed, row
        completed[row] = instant
    return completed, None


def _from_iso(text: str) -> Instant | None:
    text = text.removesuffix(" UTC")
    match = _ISO_NS.fullmatch(text)
    rest_ns = int(match[2].ljust(3, "0")) if match is not None else 0
    try:
        moment = datetime.fromisoformat(text if match is None else match[1] + match[3])
    except ValueError:
        return None
    return instant_from_datetime(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) + rest_ns
