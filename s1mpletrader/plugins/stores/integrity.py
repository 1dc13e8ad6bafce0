"""Whether a store that is there is whole, and of this version. Nothing is written, made or migrated."""

from typing import NamedTuple

from s1mpletrader.api import Defect
from s1mpletrader.plugins.stores.database import Database
from s1mpletrader.plugins.stores.lineages import LINEAGES, revision_of
from s1mpletrader.plugins.stores.urls import existing_store_url, store_url


class Revision(NamedTuple):
    """At which revision a lineage of tables is; None where there are no such tables."""

    lineage: str
    found: str | None
    head: str
    """The one that this version reads and writes."""


def shown_url(url: str) -> str:
    """A store's URL without its password."""
    return store_url(url).render_as_string()


def store_exists(url: str) -> bool:
    """Whether there is a file to read; of a database server that is not known before it is asked."""
    try:
        existing_store_url(url)
    except ValueError:
        return False
    return True


def damage(url: str) -> tuple[str, ...]:
    """What the database itself finds wrong with its pages; ``Unavailable`` where it cannot be reached."""
    database = _reading(url)
    try:
        with database.read() as connection:
            if database.url.drivername != "sqlite":
                connection.exec_driver_sql("SELECT 1")
                return ()
            lines = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(10)")]
            return tuple(line for line in lines if line != "ok")
    except Defect as defect:
        return (str(defect),)
    finally:
        database.close()


def revisions(url: str) -> tuple[Revision, ...]:
    """Where each lineage of tables stands."""
    database = _reading(url)
    try:
        with database.read() as connection:
            return tuple(Revision(one.name, revision_of(connection, one), one.head) for one in LINEAGES)
    finally:
        database.close()


def _reading(url: str) -> Database:
    return Database(existing_store_url(url), durable=False, read_only=True)
