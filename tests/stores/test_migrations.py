"""The tables of each lineage: made and migrated when a store is opened to write."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from s1mpletrader.api import Refused
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.stores import books, open_journal, open_journal_reader, open_ledger, open_ledger_reader, open_state
from s1mpletrader.plugins.stores.database import Database
from s1mpletrader.plugins.stores.lineages import JOURNAL, LEDGER, LINEAGES, SCRIPTS, STATE, Lineage, bring_to_head, migrate
from s1mpletrader.plugins.stores.urls import store_url

from .conftest import Stores
from .first_release import FIRST_LEDGER, fill_first_release

FURTHER = '''
"""A further revision, as a later version might bring one: a column for every order, and a table rebuilt."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0002"
down_revision = "ledger_0001"


def upgrade() -> None:
    op.add_column("order_intent", sa.Column("note", sa.String(), nullable=True))
    op.create_table("note", sa.Column("id", sa.String(), primary_key=True))
'''


def further(directory: Path) -> Lineage:
    scripts = directory / "ledger"
    shutil.copytree(LEDGER.scripts, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "ledger_0002.py").write_text(FURTHER)
    return LEDGER._replace(head="ledger_0002", scripts=scripts)


@pytest.mark.parametrize("lineage", LINEAGES, ids=lambda lineage: lineage.name)
def test_the_models_are_what_the_migrations_make(database_url: str, lineage: Lineage) -> None:
    migrate(database_url, lineage)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": lineage.version_table})
        assert compare_metadata(context, lineage.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("lineage", LINEAGES, ids=lambda lineage: lineage.name)
def test_each_lineage_has_one_head_and_it_is_the_one_that_is_read(lineage: Lineage) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(lineage.scripts))
    assert ScriptDirectory.from_config(config).get_heads() == [lineage.head]


def test_a_database_holds_only_what_it_is_for(database_url: str) -> None:
    def tables() -> set[str]:
        engine = create_engine(database_url)
        found = set(inspect(engine).get_table_names())
        engine.dispose()
        return found

    assert tables() == set()
    open_journal(database_url, lasting=False).close()
    journal = {*JOURNAL.metadata.tables, "journal_version"}
    assert tables() == journal
    open_ledger(database_url, "book", lasting=False).close()
    ledger = {*LEDGER.metadata.tables, "ledger_version"}
    assert tables() == journal | ledger
    open_state(database_url, lasting=False).close()
    assert tables() == journal | ledger | {*STATE.metadata.tables, "state_version"}


def test_a_migration_keeps_the_data_and_the_guards(database_stores: Stores, tmp_path: Path) -> None:
    fill_first_release(database_stores.url, LEDGER, "book")
    database = Database(store_url(database_stores.url), durable=True)
    bring_to_head(database, further(tmp_path))
    with database.read() as connection:
        assert connection.scalar(text("SELECT version_num FROM ledger_version")) == "ledger_0002"
        assert connection.execute(text("SELECT note FROM order_intent")).all() == [(None,), (None,)]
    with pytest.raises(Exception, match="refused"), database.begin() as tx:
        tx.connection.execute(text("DELETE FROM order_intent"))
    database.close()
    engine = create_engine(database_stores.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE ledger_version SET version_num = 'ledger_0001'"))
    engine.dispose()
    assert list(database_stores.ledger().changes()) == FIRST_LEDGER


def test_a_migration_that_fails_leaves_everything_as_it_was(database_stores: Stores, tmp_path: Path) -> None:
    fill_first_release(database_stores.url, LEDGER, "book")
    broken = further(tmp_path)
    script = broken.scripts / "ledger_0002.py"
    script.write_text(script.read_text() + '    op.execute("SELECT * FROM nowhere")\n')
    database = Database(store_url(database_stores.url), durable=True)
    with pytest.raises(Exception, match="nowhere"):
        bring_to_head(database, broken)
    database.close()
    engine = create_engine(database_stores.url)
    assert "note" not in inspect(engine).get_table_names()
    engine.dispose()
    assert list(database_stores.ledger().changes()) == FIRST_LEDGER


def test_a_store_of_a_later_version_is_refused(database_url: str) -> None:
    migrate(database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE ledger_version SET version_num = 'ledger_9999'"))
    engine.dispose()
    with pytest.raises(ValueError, match="another version"):
        open_ledger(database_url, "book", lasting=False)
    with pytest.raises(ValueError, match="ledger_9999"):
        open_ledger_reader(database_url, "book")


def test_opening_a_store_that_is_up_to_date_does_not_load_alembic(sqlite_url: str) -> None:
    migrate(sqlite_url)
    script = (
        "import sys; from s1mpletrader.plugins.stores import open_ledger, open_journal;"
        "open_ledger(sys.argv[1], 'book', lasting=True); open_journal(sys.argv[1], lasting=True);"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, sqlite_url], check=True, timeout=60)


def test_of_several_that_open_a_new_store_at_once_all_can_use_it(database_url: str) -> None:
    script = (
        "import sys; from s1mpletrader.plugins.stores import open_ledger;"
        "from s1mpletrader.contracts.samples import Samples;"
        "ledger = open_ledger(sys.argv[1], sys.argv[2], lasting=True)\n"
        "with ledger.begin() as tx: ledger.write(tx, Samples().family().changes)"
    )
    names = [f"book {number}" for number in range(4)]
    children = [subprocess.Popen([sys.executable, "-c", script, database_url, name]) for name in names]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    assert [(book.book, book.change_count, book.lasting) for book in books(database_url)] == [(name, 3, True) for name in names]


def test_reading_makes_no_file_and_changes_none(sqlite_url: str, tmp_path: Path) -> None:
    for attempt in (
        lambda: open_ledger_reader(sqlite_url, "book"),
        lambda: open_journal_reader(sqlite_url),
        lambda: books(sqlite_url),
    ):
        with pytest.raises(ValueError, match="no store"):
            attempt()
    assert list(tmp_path.iterdir()) == []
    open_journal(sqlite_url, lasting=False).close()
    with pytest.raises(ValueError, match="holds no ledger"):
        open_ledger_reader(sqlite_url, "book")
    sqlite3.connect(tmp_path / "other.sqlite").close()
    (tmp_path / "other.sqlite").touch()
    with pytest.raises(ValueError, match="holds no journal"):
        open_journal_reader(f"sqlite:///{tmp_path / 'other.sqlite'}")


def test_a_reader_sees_what_is_written_and_cannot_write(database_stores: Stores) -> None:
    ledger, family = database_stores.ledger(), Samples().family()
    reader = open_ledger_reader(database_stores.url, "book")
    assert list(reader.changes()) == []
    with ledger.begin() as tx:
        ledger.write(tx, family.changes)
        assert list(reader.changes()) == []
    assert list(reader.changes()) == list(family.changes)
    with pytest.raises(Refused), reader._database.begin():
        pass
    with pytest.raises(Exception, match=r"(?i)read.?only"), reader._database.read() as connection:
        connection.execute(text("UPDATE book SET written = 99"))
    reader.close()
