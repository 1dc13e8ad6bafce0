"""The file that a venue is kept in: an append-only log of everything that it was told.

The venue is a function of what it was told, and when: told all of it again, it is what it was. Each record is written, as one
transaction, before the venue acts on it, so that nothing is answered which is not in the file.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import MsgspecError, Struct, json, msgpack

from s1mpletrader.api import CANDLE_FIELDS, Candle, Candles, Instant, ListKind, OrderRequest, Series, Unavailable

APPLICATION_ID: Final = 0x5331_574F
VERSION: Final = 1

_SCHEMA: Final = "CREATE TABLE told (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, heard INTEGER NOT NULL, body BLOB NOT NULL)"


class Began(Struct, frozen=True, kw_only=True, tag=True):
    """The world began: whose it is, and by which rules."""

    identity: str


class PathKnown(Struct, frozen=True, kw_only=True, tag=True):
    """A symbol's path, as far as it was known when the world began: columns as bytes."""

    symbol: str
    timeframe: str
    columns: tuple[bytes, ...]


class CandleCame(Struct, frozen=True, kw_only=True, tag=True):
    """A symbol's path went on by a candle."""

    candle: Candle


class Submitted(Struct, frozen=True, kw_only=True, tag=True):
    """Orders came, linked as one."""

    orders: tuple[OrderRequest, ...]
    list_kind: ListKind


class CancelCame(Struct, frozen=True, kw_only=True, tag=True):
    """An order is to end."""

    client_order_id: str


class AmendCame(Struct, frozen=True, kw_only=True, tag=True):
    """An order is to change."""

    client_order_id: str
    quantity: Decimal
    price: Decimal | None


class ReplaceCame(Struct, frozen=True, kw_only=True, tag=True):
    """An order is to end, and another to take its place."""

    client_order_id: str
    order: OrderRequest


Told = Began | PathKnown | CandleCame | Submitted | CancelCame | AmendCame | ReplaceCame
"""Everything that a venue can be told."""


class Record(NamedTuple):
    """What the venue was told, when, and how many of its replies had been heard by then."""

    at: Instant
    heard: int
    told: Told


class WorldFile:
    """One world, open to one process alone."""

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self._file = file
        self._connection = connection
        self._encode = msgpack.Encoder(decimal_format="string").encode

    def records(self) -> Iterator[Record]:
        """All that was told, from the beginning; ``ValueError`` where the file does not have all of it."""
        decode = msgpack.Decoder(Told).decode
        with _explained(self._file):
            for expected, (seq, at, heard, body) in enumerate(self._connection.execute("SELECT * FROM told ORDER BY seq")):
                if seq != expected:
                    raise ValueError(f"world: {self._file} is damaged: record {expected} is missing")
                yield Record(at, heard, decode(body))

    def write(self, told: Told, at: Instant, heard: int) -> None:
        """Add a record; it is durable when this returns, and not there at all where it raises ``Unavailable``."""
        try:
            with self._connection:
                self._connection.execute("INSERT INTO told (at, heard, body) VALUES (?, ?, ?)", (at, heard, self._encode(told)))
        except sqlite3.Error as fault:
            raise Unavailable(f"the world {self._file} cannot be written: {fault}") from fault

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


def open_world(file: Path, identity: Mapping[str, Any], at: Instant, paths: Callable[[], Iterable[Candles]]) -> WorldFile:
    """The world in a file; begun at ``at`` with these paths where there is no file yet.

    ``ValueError`` for a file that is no world, is damaged, is another's, or is in use.
    """
    if not file.parent.is_dir():
        raise ValueError(f"world: {file.parent} is no directory")
    if not file.exists():
        _begin(file, json.encode(identity, order="sorted").decode(), at, paths())
    with _explained(file):
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=0)
        try:
            _lock(connection)
            _check(file, connection, identity)
        except BaseException:
            connection.close()
            raise
    return WorldFile(file, connection)


def known_paths(records: Iterable[Record]) -> Iterator[Candles]:
    """The paths that a world began with."""
    for record in records:
        if isinstance(record.told, PathKnown):
            opened, *values = record.told.columns
            fields = (np.frombuffer(column, np.float64) for column in values)
            yield Candles(
                series=Series(record.told.symbol, record.told.timeframe),
                opened_at=np.frombuffer(opened, np.int64),
                **dict(zip(CANDLE_FIELDS, fields, strict=True)),
            )


def _begin(file: Path, identity: str, at: Instant, paths: Iterable[Candles]) -> None:
    """Make the file whole under another name, so that under its own there is never a part of a world."""
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        with connection:
            connection.execute(_SCHEMA)
            encode = msgpack.Encoder(decimal_format="string").encode
            begun: list[Told] = [Began(identity=identity), *(_path_known(candles) for candles in paths)]
            rows = [(seq, at, 0, encode(told)) for seq, told in enumerate(begun)]
            connection.executemany("INSERT INTO told VALUES (?, ?, ?, ?)", rows)
    unfinished.replace(file)


def _path_known(candles: Candles) -> PathKnown:
    arrays = (candles.opened_at.astype(np.int64), *(getattr(candles, name).astype(np.float64) for name in CANDLE_FIELDS))
    symbol, timeframe = candles.series
    return PathKnown(symbol=symbol, timeframe=timeframe, columns=tuple(array.tobytes() for array in arrays))


def _lock(connection: sqlite3.Connection) -> None:
    """Keep everybody else out until the connection is closed."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")


def _check(file: Path, connection: sqlite3.Connection, identity: Mapping[str, Any]) -> None:
    found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version", "quick_check")]
    if found[0] != APPLICATION_ID:
        raise ValueError(f"world: {file} is not the world of a simulated exchange")
    if found[1] != VERSION:
        raise ValueError(f"world: {file} has version {found[1]}, and this one reads version {VERSION}")
    if found[2] != "ok":
        raise ValueError(f"world: {file} is damaged: {found[2]}")
    row = connection.execute("SELECT body FROM told WHERE seq = 0").fetchone()
    if row is None:
        raise ValueError(f"world: {file} is damaged: record 0 is missing")
    began = msgpack.decode(row[0], type=Began)
    before, now = json.decode(began.identity), json.decode(json.encode(identity))
    other = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if other:
        raise ValueError(f"world: {file} was begun with another {', '.join(other)}; give this one a file of its own")


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as fault:
        if fault.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise ValueError(f"world: {file} is in use by another process") from fault
        raise ValueError(f"world: {file} cannot be read: {fault}") from fault
    except (sqlite3.Error, MsgspecError) as fault:
        raise ValueError(f"world: {file} is damaged, or no world: {fault}") from fault
