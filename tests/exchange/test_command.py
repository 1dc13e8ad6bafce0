"""``s1mpletrader exchange serve``: its options, its file, and what it says of mistakes."""

import json
import signal
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from s1mpletrader.cli.app import app
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.exchange import ExchangeConfig, LocalExchange, ManualClock, SymbolConfig
from s1mpletrader.exchange.clock import ScaledClock
from tests.exchange.harness import START

COMMAND = str(Path(sysconfig.get_path("scripts")) / "s1mpletrader")

FILE = """
seed = 3
speed = 50.0

[symbols."BTC/USDT"]
price = 100.5

[symbols."SOL/USDT"]
file = "sol.csv"

[[accounts]]
name = "main"
keys = [{ key = "abc", secret = "xyz" }]
funds = { USDT = 5000.25 }

[[faults]]
kind = "drop"
route = "POST /api/v3/order"
"""


def write_candles(path: Path, count: int = 10) -> None:
    lines = [f"2022-01-01T00:{minute:02}:00Z,10,11,9,10.5,3" for minute in range(count)]
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *lines]) + "\n")


def served(*options: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the command says when it opens, and when it is interrupted."""
    with subprocess.Popen(
        [COMMAND, "exchange", "serve", "--port", "0", "--json", *options], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        opened = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return opened, json.loads(rest)


def test_a_file_says_what_is_listed_who_trades_and_what_goes_wrong(tmp_path: Path) -> None:
    write_candles(tmp_path / "sol.csv")
    (tmp_path / "exchange.toml").write_text(FILE)
    opened, closed = served("--config", str(tmp_path / "exchange.toml"))
    assert (opened["symbols"], opened["accounts"]) == (["BTCUSDT", "SOLUSDT"], ["main"])
    assert opened["rest"] == f"http://127.0.0.1:{opened['port']}"
    assert closed == {"requests": {}, "unserved": [], "failures": []}


def mistake(*options: str) -> str:
    result = CliRunner().invoke(app, ["exchange", "serve", *options])
    assert isinstance(result.exception, ConfigurationError), result.output
    return str(result.exception)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("speed = 0", "speed"),
        ("sped = 1", "sped"),
        ("[[accounts]]\nkeys = [{ key = 'a' }]", "give secret or public_key"),
        ("[[accounts]]\n[[accounts]]", "there twice"),
        ("[symbols.BTCUSDT]", "is not BASE/QUOTE"),
        ("[symbols.'BTC/USDT']\nfile = 'nothing.csv'", "nothing.csv"),
        ("[symbols.'BTC/USDT']\nprice = 0.001", "below the tick"),
        ("[[faults]]\nkind = 'drop'", "needs a route"),
        ("[[accounts]]\nkeys = [{ key = 'a', public_key = 'none' }]", "no public key in PEM"),
        ("speed =", "exchange.toml"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "exchange.toml").write_text(content)
    assert expected in mistake("--config", str(tmp_path / "exchange.toml"))


def test_a_file_that_is_not_there_is_a_mistake() -> None:
    assert "nowhere.toml" in mistake("--faults", "nowhere.toml")


def test_an_option_wins_over_the_file(tmp_path: Path) -> None:
    write_candles(tmp_path / "btc.csv")
    (tmp_path / "exchange.toml").write_text("seed = 1")
    (tmp_path / "faults.toml").write_text("[[faults]]\nkind = 'maintenance'\n")
    options = [
        "--config",
        str(tmp_path / "exchange.toml"),
        "--faults",
        str(tmp_path / "faults.toml"),
        "--candles",
        "BTC/USDT=btc.csv",
    ]
    opened, _ = served(*options, "--seed", "2", "--speed", "3")
    assert opened["symbols"] == ["BTCUSDT"]


def test_recorded_candles_are_moved_to_the_present(tmp_path: Path) -> None:
    write_candles(tmp_path / "a.csv")
    config = ExchangeConfig(symbols={"A/B": SymbolConfig(file=Path("a.csv"))})
    market = LocalExchange(config, ManualClock(START + 7), tmp_path).markets["AB"]
    assert int(market.candles.opened_at[5]) == START
    assert market.price(START) == 10
    still = ExchangeConfig(symbols={"A/B": SymbolConfig(file=Path("a.csv"))}, move=False)
    assert LocalExchange(still, ManualClock(START), tmp_path).markets["AB"].price(START) is None


def test_time_runs_as_fast_as_is_asked_for() -> None:
    machine = [10**9]
    clock = ScaledClock(START, 60.0, lambda: machine[0])
    assert clock.now() == START
    machine[0] += 500_000_000
    assert clock.now() == START + 30 * 10**9


@pytest.mark.parametrize(
    ("config", "checks"), [({}, True), ({"speed": 2}, False), ({"speed": 2, "check_timestamps": True}, True)]
)
def test_timestamps_are_checked_where_they_can_be_right(config: dict[str, Any], checks: bool) -> None:
    assert ExchangeConfig(**config).checks_timestamps is checks
