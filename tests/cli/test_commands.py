"""The command line, as a person and as a program meets it."""

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from s1mpletrader.cli import main
from tests.running import EXAMPLES

EXAMPLE = str(EXAMPLES / "ema_cross.toml")
SHORT = ["--set", "data.candles=3000"]


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs commands in a directory of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *words: str) -> Answer:
        self._monkeypatch.setattr(sys, "argv", ["s1mpletrader", *words])
        with pytest.raises(SystemExit) as left:
            main()
        said = self._capsys.readouterr()
        return Answer(int(left.value.code or 0), said.out, said.err)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(capsys, monkeypatch)


def test_a_run_ends_with_a_summary_and_a_story(shell: Shell) -> None:
    answer = shell("run", EXAMPLE, *SHORT)
    assert answer.status == 0
    for word in ("candles", "refusals", "equity", "the story of ORD_", "why", "what", "outcome"):
        assert word in answer.out


def test_a_run_as_json_is_one_object_on_stdout(shell: Shell) -> None:
    answer = shell("run", EXAMPLE, *SHORT, "--json")
    wanted = (
        "run_id strategies environment candles signals risks directives refusals orders fills rejections trades open_orders "
        "final_equity engine_s candles_per_s store"
    )
    assert set(wanted.split()) <= set(answer.json)
    assert answer.json["candles"] == 3_000
    assert answer.json["store"] == "sqlite:///s1mpletrader.sqlite"
    assert answer.json["orders"] == answer.json["fills"] > 0


def test_an_equal_run_needs_replace(shell: Shell) -> None:
    first = shell("run", EXAMPLE, *SHORT, "--json").json
    again = shell("run", EXAMPLE, *SHORT, "--json")
    assert again.status == 2
    assert "--replace" in again.err
    replaced = shell("run", EXAMPLE, *SHORT, "--json", "--replace").json
    timing = ("engine_s", "candles_per_s")
    assert {key: value for key, value in replaced.items() if key not in timing} == {
        key: value for key, value in first.items() if key not in timing
    }
    assert shell("audit", "--json").status == 0


def ids_of(shell: Shell) -> dict[str, str]:
    """An id of each kind, from the story of a trade."""

    with sqlite3.connect("s1mpletrader.sqlite") as store:
        (trade,) = store.execute("select trade_id from trade limit 1").fetchone()
    told = shell("story", trade, "--json").json
    decision = told["decisions"][0]
    order = told["orders"][0]
    return {
        "trade": trade,
        "order": order["order_id"],
        "fill": told["fills"][0]["fill_id"],
        "signal": told["signals"][0]["id"],
        "directive": told["directive"]["id"],
        "execution directive": decision["execution_directive_id"],
        "entry plan": told["plans"]["entry"]["id"],
        "size plan": told["plans"]["size"]["id"],
        "execution plan": told["plans"]["execution"]["id"],
        "group": order["intent"]["group_id"],
        "origin": told["origin"]["id"],
    }


def test_any_id_has_a_story(shell: Shell) -> None:
    shell("run", EXAMPLE, *SHORT, "--json")
    ids = ids_of(shell)
    for kind, any_id in ids.items():
        answer = shell("story", any_id, "--json")
        assert answer.status == 0, (kind, answer.err)
        told = answer.json
        assert set(told) >= {"origin", "context", "signals", "risks", "directive", "plans", "orders", "fills", "slippage"}
        assert told["orders"][0]["order_id"] == ids["order"], kind
        assert told["fills"][0]["fill_id"] == ids["fill"], kind
        assert shell("story", any_id).out.startswith("the story of")


def test_a_refusal_has_a_story_too(shell: Shell) -> None:
    shell("run", EXAMPLE, *SHORT, "--json", "--set", "planner.confidence_min=1", "--set", "signal.0.confidence=0.5")

    with sqlite3.connect("s1mpletrader.sqlite") as store:
        rows = store.execute("select payload from entry where kind = 'REFUSED'").fetchall()
    refusal = json.loads(rows[-1][0])["refusals"][0]
    told = shell("story", refusal["id"], "--json").json
    assert told["refusals"][0]["code"] == refusal["code"]
    assert told["orders"] == told["fills"] == []
    assert refusal["code"] in shell("story", refusal["id"]).out


def test_two_stores_tell_the_same(shell: Shell) -> None:
    one = shell("run", EXAMPLE, *SHORT, "--json", "--store", "sqlite:///both.sqlite").json
    two = shell(
        "run", EXAMPLE, *SHORT, "--json", "--ledger", "sqlite:///reality.sqlite", "--journal", "sqlite:///reason.sqlite"
    ).json
    assert (one["run_id"], one["final_equity"]) == (two["run_id"], two["final_equity"])
    assert shell("audit", "--ledger", "sqlite:///reality.sqlite", "--journal", "sqlite:///reason.sqlite").status == 0
    assert shell("audit", "--ledger", "sqlite:///reality.sqlite", "--journal", "sqlite:///both.sqlite").status == 0


@pytest.mark.parametrize("kind", ["blob", "text"])
def test_a_tampered_store_fails_its_audit(shell: Shell, kind: str) -> None:
    shell("run", EXAMPLE, *SHORT, "--json")
    with sqlite3.connect("s1mpletrader.sqlite") as store:
        for (name,) in store.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            store.execute(f'drop trigger "{name}"')
        store.execute(f"update entry set payload = cast(replace(payload, 'crossover', 'crossOver') as {kind}) where seq = 5")
        store.execute(f"update entry set payload = cast(replace(payload, 'LONG', 'SHRT') as {kind}) where kind = 'INTENDED'")
        store.execute(f"update entry set hash = cast('no hash at all' as {kind}) where seq = 9")
    answer = shell("audit", "--json")
    assert answer.status == 1
    assert {violation["invariant"] for violation in answer.json["violations"]} == {"12_chain_and_parents_hold"}
    assert shell("audit").status == 1


def test_check_shows_the_wiring_and_writes_nothing(shell: Shell, tmp_path: Path) -> None:
    answer = shell("check", EXAMPLE, "--json")
    assert answer.json["strategies"][0]["tables"]["signal"][0]["plugin"] == "crossover"
    assert "BTC/USDT 1m ema_fast" in answer.json["strategies"][0]["facts"]
    assert "is sound" in shell("check", EXAMPLE).out
    assert list(tmp_path.iterdir()) == []


def test_check_asks_no_venue_about_a_live_run(shell: Shell, tmp_path: Path) -> None:
    live = str(EXAMPLES / "live_local.toml")
    answer = shell("check", live, "--json")
    assert (answer.json["environment"], answer.json["candles"]) == ("live", {})
    assert "BTC/USDT 1m range_high" in answer.json["strategies"][0]["facts"]
    mistaken = shell("check", live, "--set", "signal.0.upper=range_hgh")
    assert (mistaken.status, "range_high" in mistaken.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_plugins_are_listed_with_their_state(shell: Shell) -> None:
    listed = shell("plugins", "--json").json["plugins"]
    ema = next(plugin for plugin in listed if plugin["name"] == "ema")
    assert (ema["kind"], ema["package"], ema["state"]) == ("context", "s1mpletrader", "ok")
    assert "ema" in shell("plugins").out


def test_the_schema_is_json(shell: Shell) -> None:
    assert shell("schema").json["title"] == "S1mpleTrader strategy or portfolio"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "nowhere.toml"], "there is no such file"),
        (["run", EXAMPLE, "--set", "size.0.quantiy=1"], "nearest: 'quantity'"),
        (["run", EXAMPLE, "--set", "environment.mode=live"], "live orders go to a real venue"),
        (["run", EXAMPLE, "--store", "sqlite:///a", "--ledger", "sqlite:///b"], "--store"),
        (["story", "ORD_1"], "is no id"),
        (["story", "ORD_20220101_000000_0123456789abcdef", "--store", "sqlite:///none.sqlite"], "no store"),
        (["audit", "--store", "sqlite:///none.sqlite"], "no store"),
        (["check", EXAMPLE, "--set", "signal.0.fast=ema_fst"], "ema_fast"),
        (["run", EXAMPLE, "--set", "data.plugin=file", "--set", "data.path=none.csv"], "none.csv"),
        (["exchange", "serve", "--config", "nowhere.toml"], "there is no such file"),
        (["exchange", "serve", "--candles", "BTC/USDT"], "write SYMBOL=FILE"),
        (["exchange", "serve", "--port", "0", "--host", "203.0.113.1"], "--host"),
        (["frobnicate"], "No such command"),
        (["run"], "Missing argument"),
    ],
)
def test_a_mistake_is_status_2_with_one_message_and_no_traceback(shell: Shell, words: list[str], message: str) -> None:
    answer = shell(*words)
    assert answer.status == 2
    assert message in " ".join(answer.err.split())
    assert "Traceback" not in answer.err
    assert answer.out == ""


def test_an_id_that_nobody_knows_is_a_mistake(shell: Shell) -> None:
    shell("run", EXAMPLE, *SHORT, "--json")
    for prefix in ("ORD", "SIG", "REF", "FIL"):
        answer = shell("story", f"{prefix}_20220101_000000_0123456789abcdef")
        assert answer.status == 2
        assert f"no {prefix}_20220101" in answer.err
