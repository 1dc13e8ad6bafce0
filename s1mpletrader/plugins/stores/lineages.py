"""The three lineages of tables: which revision this version writes, and how a database gets there.

Alembic is imported only where there is something to migrate.
"""

import importlib
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Connection, MetaData, inspect, text

from s1mpletrader.plugins.stores.database import Database
from s1mpletrader.plugins.stores.journal_tables import JOURNAL_METADATA
from s1mpletrader.plugins.stores.ledger_tables import LEDGER_METADATA
from s1mpletrader.plugins.stores.state_tables import STATE_METADATA
from s1mpletrader.plugins.stores.urls import store_url

SCRIPTS: Final = Path(__file__).parent / "migrations"


class Lineage(NamedTuple):
    """A family of tables with a history of its own."""

    name: str
    head: str
    """The revision that this version reads and writes."""
    metadata: MetaData
    scripts: Path
    """Where its revisions lie."""

    @property
    def version_table(self) -> str:
        """Where the database keeps the revision that it is at."""
        return f"{self.name}_version"


LEDGER: Final = Lineage("ledger", "ledger_0001", LEDGER_METADATA, SCRIPTS / "ledger")
JOURNAL: Final = Lineage("journal", "journal_0001", JOURNAL_METADATA, SCRIPTS / "journal")
STATE: Final = Lineage("state", "state_0001", STATE_METADATA, SCRIPTS / "state")
LINEAGES: Final = (LEDGER, JOURNAL, STATE)


def migrate(url: str, *lineages: Lineage) -> None:
    """Bring a store's tables to this version, all lineages where none is named; makes the file where there is none."""
    database = Database(store_url(url), durable=True)
    try:
        for lineage in lineages or LINEAGES:
            bring_to_head(database, lineage)
    finally:
        database.close()


def bring_to_head(database: Database, lineage: Lineage) -> None:
    """Make or migrate the lineage's tables, in one transaction; nothing where they are at its head already."""
    with database.read() as connection:
        if revision_of(connection, lineage) == lineage.head:
            return
    importlib.import_module("alembic.command")  # Takes its time before the lock is held, not while others wait for it.
    with database.begin() as transaction:
        connection = transaction.connection
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": lineage.version_table})
        if revision_of(connection, lineage) != lineage.head:
            upgrade(connection, lineage, lineage.head)


def require_head(database: Database, lineage: Lineage) -> None:
    """Raise ``ValueError`` unless the database has the lineage's tables as this version reads them."""
    with database.read() as connection:
        found = revision_of(connection, lineage)
    if found is None:
        raise ValueError(f"{database.url.render_as_string()} holds no {lineage.name}")
    if found != lineage.head:
        raise ValueError(
            f"the {lineage.name} in {database.url.render_as_string()} is at {found}, this version reads {lineage.head}; "
            "open it once for writing to migrate it"
        )


def revision_of(connection: Connection, lineage: Lineage) -> str | None:
    """The revision that the database is at; None where it has no such tables."""
    if not inspect(connection).has_table(lineage.version_table):
        return None
    table = connection.dialect.identifier_preparer.quote(lineage.version_table)
    found = connection.exec_driver_sql(f"SELECT version_num FROM {table}").scalar()  # noqa: S608 - a name of this module
    return None if found is None else str(found)


def upgrade(connection: Connection, lineage: Lineage, revision: str) -> None:
    """Bring the lineage's tables forward to a revision; ``ValueError`` where they are at one that this version does not know."""
    from alembic import command  # noqa: PLC0415 - half a second that most starts can do without
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(lineage.scripts))
    config.attributes["configure"] = {
        "connection": connection,
        "target_metadata": lineage.metadata,
        "version_table": lineage.version_table,
        "render_as_batch": True,
        "transactional_ddl": False,
    }
    try:
        command.upgrade(config, revision)
    except CommandError as failure:
        raise ValueError(f"the {lineage.name} was written by another version of this program: {failure}") from failure
