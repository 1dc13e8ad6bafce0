"""Tables of market data in files: found, read whole, and brought to exact numbers and instants.

A fault names the file and the place in it: the line of a CSV file, its header being line 1, or else the row, counted from 1.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
import polars as pl

from s1mpletrader.api import BadData, ConfigurationError, FloatArray, InstantArray
from s1mpletrader.plugins.market_data.instants import instants_from_column

TIME_COLUMNS: Final = ("timestamp", "date")
"""Names that a table's column of times may have."""

_READERS: Final[Mapping[str, Callable[[Path], pl.DataFrame]]] = {
    # As text, so that a cell that is no number is found where it stands.
    ".csv": lambda path: pl.read_csv(path, infer_schema=False, empty_string_is_null=True, glob=False),
    ".feather": lambda path: pl.read_ipc(path.read_bytes()),
    ".parquet": lambda path: pl.read_parquet(path, glob=False),
}


def find_table(text: str, directory: str) -> Path:
    """The file that a path means, from the TOML file's directory or else the working directory.

    ``ValueError`` where there is none, or where its extension is not that of a known format.
    """
    candidates = [Path(directory) / text, Path(text)]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        raise ValueError(f"path: there is no file {text!r}{_hint(_similar_file(candidates))}")
    if path.suffix.lower() not in _READERS:
        near = difflib.get_close_matches(path.suffix.lower(), _READERS, n=1)
        choices = f"nearest: {near[0]!r}" if near else f"valid: {', '.join(_READERS)}"
        raise ValueError(f"path: {text!r} has an unknown extension ({choices})")
    return path


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file's columns by lower-case name, and where each row stands in the file."""

    path: Path
    frame: pl.DataFrame
    lines: InstantArray
    unit: str
    """``line`` or ``row``."""

    def __len__(self) -> int:
        return len(self.lines)

    def fail(self, row: int, reason: str) -> NoReturn:
        """Raise ``BadData`` for a row, counted from 0."""
        raise BadData(f"{self.path}: {self.unit} {self.lines[row]}: {reason}")

    def times(self) -> InstantArray:
        """The instants of the column of times."""
        name = next(name for name in TIME_COLUMNS if name in self.frame.columns)
        column = self.frame[name]
        instants, fault = instants_from_column(column)
        if fault is not None:
            self.fail(fault, f"{name} {_shown(column[fault])} is not a time")
        return instants

    def numbers(self, name: str) -> FloatArray:
        """A column's numbers, each the float nearest to what is written."""
        column = self.frame[name]
        readable = column.cast(pl.String).str.strip_chars() if not column.dtype.is_float() else column
        values = readable.cast(pl.Float64, strict=False)
        missing = values.is_null()
        if missing.any():
            row = int(missing.arg_max() or 0)
            self.fail(row, f"{name} {_shown(column[row])} is not a number")
        return values.to_numpy()


def read_table(path: Path, columns: Sequence[str]) -> Table:
    """The table in a file. It must have a column of times and these columns, whatever the case of their names.

    A file that is no such table raises ``ConfigurationError``; a line with too many cells raises ``BadData``.
    """
    suffix = path.suffix.lower()
    try:
        frame = _READERS[suffix](path)
    except (pl.exceptions.PolarsError, OSError) as error:
        if suffix == ".csv":
            _fail_at_long_line(path)
        raise ConfigurationError(str(path), f"cannot be read as {suffix.removeprefix('.')}: {error}") from error
    frame = _lower_case(path, frame)
    _check_columns(path, frame.columns, columns)
    first = 2 if suffix == ".csv" else 1
    lines = np.arange(first, first + len(frame), dtype=np.int64)
    if suffix == ".csv" and len(frame):
        kept = ~frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
        frame, lines = frame.filter(kept), lines[kept.to_numpy()]
    if frame.is_empty():
        raise ConfigurationError(str(path), "has no rows")
    return Table(path=path, frame=frame, lines=lines, unit="line" if suffix == ".csv" else "row")


def _lower_case(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    names = [name.strip().lower() for name in frame.columns]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ConfigurationError(str(path), f"has two columns named {name!r}")
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def _check_columns(path: Path, found: Sequence[str], wanted: Sequence[str]) -> None:
    if not any(name in found for name in TIME_COLUMNS):
        raise ConfigurationError(str(path), "has no column 'timestamp' or 'date'", _found(TIME_COLUMNS[0], found))
    for name in wanted:
        if name not in found:
            raise ConfigurationError(str(path), f"has no column {name!r}", _found(name, found))


def _found(name: str, found: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, found, n=1)
    return f"nearest: {near[0]!r}" if near else f"found: {', '.join(found)}"


def _fail_at_long_line(path: Path) -> None:
    """Raise ``BadData`` for the first line that has more cells than the header, if there is one."""
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        width = next(lines, "").count(",") + 1
        for number, line in enumerate(lines, start=2):
            if line.count(",") + 1 > width:
                raise BadData(f"{path}: line {number}: has {line.count(',') + 1} cells, the header has {width}")


def _similar_file(candidates: Sequence[Path]) -> str | None:
    for candidate in candidates:
        if candidate.parent.is_dir():
            names = sorted(entry.name for entry in candidate.parent.iterdir() if entry.suffix.lower() in _READERS)
            near = difflib.get_close_matches(candidate.name, names, n=1)
            if near:
                return near[0]
    return None


def _hint(name: str | None) -> str:
    return "" if name is None else f" (nearest: {name!r})"


def _shown(cell: object) -> str:
    return "nothing" if cell is None else repr(str(cell))
