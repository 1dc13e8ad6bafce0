"""What the how-to on PostgreSQL says, done: its tables are written, its commands are run, on a server that is really started."""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from s1mpletrader.analysis import audit_store
from s1mpletrader.cli import main
from s1mpletrader.plugins.stores import open_journal, open_ledger
from tests.running import EXAMPLES, Finished, finished

PAGE = (EXAMPLES.parent / "docs" / "how-to" / "use-postgresql.md").read_text()
TABLES = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL) for line in block.splitlines()]
TOLD = re.compile(r"postgresql\+psycopg://(\w+)@localhost/(\w+)")
OWN_LEDGER = '[ledger]\nurl = "sqlite:///s1mpletrader.sqlite"\n'


class Server:
    """The server that the page means: its URLs lead to databases of this session's server."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    def real(self, page: str) -> str:
        return TOLD.sub(lambda told: self.url(told[1], told[2]), page)

    def url(self, user: str, database: str) -> str:
        return self._url.set(username=user, database=database).render_as_string(hide_password=False)


@pytest.fixture
def server(postgres_url: str) -> Iterator[Server]:
    """With the role and the databases that the page takes for granted."""
    users, databases = ({told[place] for told in TOLD.findall(PAGE)} for place in (0, 1))
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for user in users:
            connection.execute(text(f"CREATE ROLE {user} LOGIN"))
        for database in databases:
            connection.execute(text(f"CREATE DATABASE {database} OWNER {min(users)}"))
    yield Server(postgres_url)
    with engine.connect() as connection:
        for database in databases:
            connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
        for user in users:
            connection.execute(text(f"DROP ROLE {user}"))
    engine.dispose()


def strategy(directory: Path, seed: int, *tables: str) -> Path:
    """An example whose stores are those of the tables."""
    example = (EXAMPLES / "ema_cross.toml").read_text()
    assert OWN_LEDGER in example
    short = re.sub(r"candles = [\d_]+", "candles = 800", example.replace(OWN_LEDGER, "".join(tables)))
    path = directory / "strategy.toml"
    path.write_text(re.sub(r"seed = \d+", f"seed = {seed}", short))
    return path


class Shell:
    """Runs the page's commands in a directory of its own."""

    def __init__(self, server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._server, self._capsys, self._monkeypatch = server, capsys, monkeypatch

    def __call__(self, command: str, *more: str) -> str:
        program, *words = shlex.split(self._server.real(command))
        assert program == "s1mpletrader"
        self._monkeypatch.setattr(sys, "argv", [program, *words, *more])
        with pytest.raises(SystemExit) as left:
            main()
        said = self._capsys.readouterr()
        assert not left.value.code, said.err
        return said.out


@pytest.fixture
def shell(server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(server, capsys, monkeypatch)


def order_ids(done: Finished) -> list[str]:
    return [order.order_id for order in done.ledger.orders()]


def test_the_commands_do_what_the_page_says(shell: Shell, server: Server, tmp_path: Path) -> None:
    run, audit, story = COMMANDS
    strategy(tmp_path, 1)
    assert json.loads(shell(run, "--json"))["orders"] > 5
    assert json.loads(shell(audit, "--json"))["violations"] == []
    apart = finished(strategy(tmp_path, 2, *map(server.real, TABLES)))
    order_id = order_ids(apart)[0]
    assert order_id in shell(story.replace("ID", order_id))


def test_one_database_takes_both_stores(server: Server, tmp_path: Path) -> None:
    ledger_table, _ = TABLES
    done = finished(strategy(tmp_path, 3, server.real(ledger_table)))
    url = server.url("trader", "trading")
    ledger, journal = open_ledger(url, done.run, lasting=False), open_journal(url, lasting=False)
    assert audit_store([ledger], journal).violations == ()
    assert len(list(journal.entries(done.run))) == len(done.entries) > 20
    ledger.close()
    journal.close()


def test_ids_are_the_same_in_both_kinds_of_database(server: Server, tmp_path: Path) -> None:
    there = finished(strategy(tmp_path, 4, server.real(TABLES[0])))
    here = finished(strategy(tmp_path, 4), f"ledger.url=sqlite:///{tmp_path / 'store.sqlite'}")
    assert there.run == here.run
    assert order_ids(there) == order_ids(here)
    assert there.entries == here.entries
