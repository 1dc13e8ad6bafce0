"""The state stores: in a database and in memory.

The versions of a key only rise, also over its removal, so that one can serve as a fencing token.
"""

from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from s1mpletrader.api import StateConflict, VersionedValue
from s1mpletrader.plugins.stores.database import Database, Transaction
from s1mpletrader.plugins.stores.lineages import STATE, bring_to_head
from s1mpletrader.plugins.stores.state_tables import ItemRow
from s1mpletrader.plugins.stores.tables import table_of

_ITEM: Final = table_of(ItemRow)


class SqlState:
    """Key and value in a database; each call is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        bring_to_head(database, STATE)

    def get(self, key: str) -> VersionedValue | None:
        """The value now, or None."""
        with self._database.read() as connection:
            row = connection.execute(select(_ITEM.c.value, _ITEM.c.version).where(_ITEM.c.key == key)).first()
        return None if row is None or row.value is None else VersionedValue(bytes(row.value), row.version)

    def put(self, key: str, value: bytes, *, expected_version: int) -> int:
        """Write where the key has the expected version, 0 for a key that is not there; else ``StateConflict``."""
        with self._database.begin() as tx:
            if expected_version:
                return self._change(tx, key, value, expected_version)
            removed = tx.connection.scalar(select(_ITEM.c.version).where(_ITEM.c.key == key, _ITEM.c.value.is_(None)))
            if removed is not None:
                return self._change(tx, key, value, removed, there=False)
            try:
                tx.connection.execute(insert(_ITEM).values(key=key, value=value, version=1))
            except IntegrityError:
                raise StateConflict(f"somebody else has written {key}") from None
            return 1

    def delete(self, key: str, *, expected_version: int) -> None:
        """Remove the key; ``StateConflict`` where it has another version, or is not there."""
        with self._database.begin() as tx:
            self._change(tx, key, None, expected_version)

    def keys(self, prefix: str = "") -> tuple[str, ...]:
        """The keys that begin with the prefix, sorted."""
        with self._database.read() as connection:
            found = connection.scalars(select(_ITEM.c.key).where(_ITEM.c.value.is_not(None)))
            return tuple(sorted(key for key in found if key.startswith(prefix)))

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()

    def _change(self, tx: Transaction, key: str, value: bytes | None, version: int, *, there: bool = True) -> int:
        """Give a key of this version, that is there or was removed, another value or none."""
        found = update(_ITEM).where(_ITEM.c.key == key, _ITEM.c.version == version, _ITEM.c.value.is_not(None) == there)
        after = version + (value is not None)
        if tx.connection.execute(found.values(value=value, version=after)).rowcount != 1:
            raise StateConflict(f"{key} has not the version {version}")
        return after


class MemoryState:
    """Key and value for as long as the process lives."""

    def __init__(self) -> None:
        self._items: dict[str, tuple[bytes | None, int]] = {}

    def get(self, key: str) -> VersionedValue | None:
        """The value now, or None."""
        value, version = self._items.get(key, (None, 0))
        return None if value is None else VersionedValue(value, version)

    def put(self, key: str, value: bytes, *, expected_version: int) -> int:
        """Write where the key has the expected version, 0 for a key that is not there; else ``StateConflict``."""
        held, version = self._items.get(key, (None, 0))
        if expected_version != (0 if held is None else version):
            raise StateConflict(f"{key} has not the version {expected_version}")
        self._items[key] = bytes(value), version + 1
        return version + 1

    def delete(self, key: str, *, expected_version: int) -> None:
        """Remove the key; ``StateConflict`` where it has another version, or is not there."""
        held, version = self._items.get(key, (None, 0))
        if held is None or expected_version != version:
            raise StateConflict(f"{key} has not the version {expected_version}")
        self._items[key] = None, version

    def keys(self, prefix: str = "") -> tuple[str, ...]:
        """The keys that begin with the prefix, sorted."""
        return tuple(sorted(key for key, (value, _) in self._items.items() if value is not None and key.startswith(prefix)))
