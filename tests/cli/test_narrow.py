"""Nothing that a person has to read is cut, however narrow the terminal is."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from s1mpletrader.analysis.fact_lines import FactLines
from s1mpletrader.cli.output import out
from tests.cli.test_commands import EXAMPLE, SHORT, Shell, shell

__all__ = ["shell"]

Narrow = Callable[[int], None]

FACTS = {"BTC/USDT 15m close": 25_153.4, "BTC/USDT 15m a_rather_long_name": 0.001234, "BTC/USDT 15m volume": 1.5}


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Narrow:
    return lambda width: monkeypatch.setattr(out, "width", width)


@pytest.mark.parametrize("width", [24, 40, 60, 200])
def test_facts_take_as_many_lines_as_they_need(width: int) -> None:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(FactLines(FACTS))
    words = captured.get().split()
    assert sorted(words) == sorted(["close", "a_rather_long_name", "volume", "25,153.40", "0.001234", "1.50"])
    lines = captured.get().splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        assert len(names) == len(values) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_results_show_every_amount_whole(shell: Shell, narrow: Narrow, width: int) -> None:
    shell("run", EXAMPLE, *SHORT)
    (account,) = shell("results", "--json").json["accounts"]
    (strategy,) = account["strategies"]
    narrow(width)
    shown = shell("results").out
    assert all(len(line) <= width for line in shown.splitlines())
    for key in ("profit", "fees", "equity", "largest_win", "largest_loss"):
        assert f"{Decimal(strategy[key]):,.2f} " in shown, key


def test_check_shows_sets_in_one_order_and_values_as_a_file_has_them(shell: Shell) -> None:
    shared: dict[str, Any] = shell("check", EXAMPLE, "--json").json["shared"]
    exchange = shared["exchange"][0]["config"]
    assert exchange["list_kinds"] == ["NONE", "OCO", "OTO", "OTOCO"]
    assert "list_kinds=[NONE, OCO, OTO, OTOCO]" in " ".join(shell("check", EXAMPLE).out.replace("│", " ").split())
