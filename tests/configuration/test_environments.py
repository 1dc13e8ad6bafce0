"""One file, several environments: what stands under the present one's name takes the place of the file's own tables."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from s1mpletrader.api import ConfigurationError
from s1mpletrader.configuration import Configuration, LateBars, Mode, OnStop, configuration_hash, json_schema, load
from s1mpletrader.domain.instant import DAY_NS, SECOND_NS

from .fakes import STRATEGY, File, Generator, Simulated, fake_plugins, loaded, written

BOTH = f"""{dedent(STRATEGY)}
[paper.exchange]
plugin = "simulated"
fee_rate = "0.002"

[[paper.data]]
plugin = "file"
path = "live.csv"

[paper.ledger]
url = "sqlite:///paper.sqlite"

[paper.environment]
speed = 60
warm_up = "2d"

[live.environment]
confirm = true
late_bars = "wait"
on_stop = "cancel"
grace = "10s"
reply_deadline = "1m"
"""

PORTFOLIO = """
[[strategies]]
file = "trend.toml"

[account]
type = "spot"
currency = "USDT"
funds = { USDT = 1_000 }

[exchange]
plugin = "simulated"
fee_rate = "0.003"

[paper.exchange]
plugin = "simulated"
fee_rate = "0.004"
"""


def fee(configuration: Configuration) -> str:
    assert isinstance(configuration.exchange.config, Simulated)
    return str(configuration.exchange.config.fee_rate)


def test_a_backtest_is_what_the_file_says_without_its_other_environments(tmp_path: Path) -> None:
    with_others, alone = loaded(tmp_path, BOTH), loaded(tmp_path)
    assert configuration_hash(with_others) == configuration_hash(alone)
    assert with_others.environment == alone.environment
    assert with_others.ledger.url == alone.ledger.url


def test_in_an_environment_its_tables_count_whole(tmp_path: Path) -> None:
    paper = loaded(tmp_path, BOTH, "environment.mode=paper")
    assert paper.environment.mode is Mode.PAPER
    assert paper.environment.speed == 60
    assert paper.environment.warm_up_ns == 2 * DAY_NS
    assert paper.data[0].config == File(path="live.csv")
    assert fee(paper) == "0.002"
    assert isinstance(paper.exchange.config, Simulated)
    assert paper.exchange.config.instruments == {}  # The file's own instruments are not merged in.
    assert paper.ledger.url == paper.journal.url == "sqlite:///paper.sqlite"
    assert [table.name for table in paper.context] == ["fast", "ema"]


def test_the_mode_may_stand_in_the_file(tmp_path: Path) -> None:
    live = loaded(tmp_path, f'[environment]\nmode = "live"\n{BOTH}')
    assert live.environment.model_dump() == {
        "mode": Mode.LIVE,
        "confirm": True,
        "speed": 1.0,
        "warm_up": None,
        "grace": "10s",
        "late_bars": LateBars.WAIT,
        "on_stop": OnStop.CANCEL,
        "reply_deadline": "1m",
    }
    assert live.data[0].config == Generator(candles=50_000)
    assert (live.environment.grace_ns, live.environment.reply_deadline_ns) == (10 * SECOND_NS, 60 * SECOND_NS)
    assert live.environment.warm_up_ns is None


def test_the_last_mode_that_is_given_decides(tmp_path: Path) -> None:
    assert fee(loaded(tmp_path, BOTH, "environment.mode=paper", "environment.mode=live")) == "0.001"
    assert fee(loaded(tmp_path, f'[environment]\nmode = "paper"\n{BOTH}', "environment.mode=backtest")) == "0.001"


def test_an_override_changes_the_table_that_is_in_effect(tmp_path: Path) -> None:
    assert fee(loaded(tmp_path, BOTH, "environment.mode=paper", "exchange.fee_rate=0.005")) == "0.005"
    paper = loaded(tmp_path, BOTH, "environment.mode=paper", "data.plugin=generator", "data.candles=7")
    assert paper.data[0].config == Generator(candles=7)


def test_without_a_word_the_environment_has_its_defaults(tmp_path: Path) -> None:
    environment = loaded(tmp_path).environment
    assert (environment.grace_ns, environment.reply_deadline_ns, environment.warm_up_ns) == (5 * SECOND_NS, 10 * SECOND_NS, None)
    assert (environment.confirm, environment.speed) == (False, 1.0)
    assert (environment.late_bars, environment.on_stop) == ("go_on", "keep")


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("[paper.exchnge]\nplugin = 'x'", "[paper.exchnge]: unknown table (nearest: 'exchange')"),
        ("[live.strategy]\nname = 'x'", "[live.strategy]: unknown table"),
        ("[live.plugins]\nallow = []", "[live.plugins]: unknown table"),
        ("[live]\nspeed = 2", "[live] speed: unknown key outside a table (the keys of [environment] go to [live.environment])"),
        ("[live.data]\nplugin = 'file'", "[live.data]: there may be several of these (write [[data]], with double brackets)"),
        ("[[live.exchange]]\nplugin = 'x'", "[live.exchange]: there is exactly one exchange, written [exchange]"),
        ("[live.environment]\nspeeed = 2", "[live.environment] speeed: unknown key (nearest: 'speed')"),
        ("[live.environment]\nspeed = 0", "[live.environment] speed: must be above 0.0, found 0"),
        ("[live.environment]\nmode = 'paper'", "[live.environment] mode: must be 'live' here, or left out"),
        ("[[live.environment]]\nspeed = 2", "[live.environment]: must be one table"),
        ("[paper.account]\ntype = 'spot'", "[paper.account] currency: this key is required"),
        ("[[paper.data]]\nplugin = 'file'\npath = nan", "[[paper.data]] #1 path: must be a finite number"),
    ],
)
def test_a_mistake_in_another_environment_is_told_at_its_place(tmp_path: Path, addition: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, f"{dedent(STRATEGY)}\n{addition}\n")
    assert f"trend.toml: {message}" in str(caught.value)


def test_an_environment_that_is_no_table_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\[paper\]: must hold tables, such as \[paper.exchange\]"):
        loaded(tmp_path, f"paper = 1\n{dedent(STRATEGY)}")


def test_a_plugins_keys_are_checked_in_their_environment_and_told_at_their_place(tmp_path: Path) -> None:
    text = f"{dedent(STRATEGY)}\n[[paper.data]]\nplugin = 'file'\npth = 'x'\n"
    assert loaded(tmp_path, text).data[0].config == Generator(candles=50_000)
    with pytest.raises(ConfigurationError, match=r"trend.toml: \[\[paper.data\]\] #1 pth: unknown key \(nearest: 'path'\)"):
        loaded(tmp_path, text, "environment.mode=paper")
    with pytest.raises(ConfigurationError, match=r"--set data\.candels: unknown key"):
        loaded(tmp_path, BOTH, "environment.mode=paper", "data.candels=1")


def test_an_override_of_an_environments_table_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, BOTH, "paper.exchange.fee_rate=1")
    assert "--set paper.exchange.fee_rate: an override changes the tables that are in effect" in str(caught.value)
    assert "(write exchange.fee_rate, and environment.mode=paper)" in str(caught.value)


class TestPortfolios:
    def test_shared_tables_are_the_portfolios_and_the_others_each_strategys_own(self, tmp_path: Path) -> None:
        written(tmp_path, BOTH)
        path = written(tmp_path, PORTFOLIO, "both.toml")
        backtest = load(path, load_plugins=fake_plugins)
        paper = load(path, ["environment.mode=paper"], load_plugins=fake_plugins)
        assert (fee(backtest.strategies[0]), fee(paper.strategies[0])) == ("0.003", "0.004")
        assert backtest.strategies[0].data[0].config == Generator(candles=50_000)
        assert paper.strategies[0].data[0].config == File(path="live.csv")
        assert paper.environment.speed == 1  # [paper.environment] of the strategy's file is not the portfolio's.

    @pytest.mark.parametrize(
        ("found", "instead", "message"),
        [
            ('fee_rate = "0.004"', 'fee_rat = "0.004"', "both.toml: [paper.exchange] fee_rat: unknown key (nearest: 'fee_rate')"),
            ("[paper.exchange]", "[paper.data]", "both.toml: [paper.data]: unknown table"),
            (
                "[exchange]",
                "[environment]\nsped = 1\n[exchange]",
                "both.toml: [environment] sped: unknown key (nearest: 'speed')",
            ),
        ],
    )
    def test_a_mistake_in_a_shared_table_is_told_in_the_portfolios_file(
        self, tmp_path: Path, found: str, instead: str, message: str
    ) -> None:
        written(tmp_path, BOTH)
        path = written(tmp_path, PORTFOLIO.replace(found, instead), "both.toml")
        with pytest.raises(ConfigurationError) as caught:
            load(path, ["environment.mode=paper"], load_plugins=fake_plugins)
        assert message in str(caught.value)


class TestIdentity:
    def test_haste_and_confirmation_change_nothing(self, tmp_path: Path) -> None:
        paper = configuration_hash(loaded(tmp_path, BOTH, "environment.mode=paper"))
        assert configuration_hash(loaded(tmp_path, BOTH, "environment.mode=paper", "environment.speed=1")) == paper
        assert configuration_hash(loaded(tmp_path, BOTH, "environment.mode=paper", "environment.confirm=true")) == paper

    @pytest.mark.parametrize("override", ["grace=6s", "late_bars=wait", "reply_deadline=1m", "warm_up=3d", "on_stop=cancel"])
    def test_what_is_done_about_lateness_counts_where_something_can_be_late(self, tmp_path: Path, override: str) -> None:
        change = f"environment.{override}"
        assert configuration_hash(loaded(tmp_path, STRATEGY, change)) == configuration_hash(loaded(tmp_path))
        paper = loaded(tmp_path, STRATEGY, "environment.mode=paper")
        assert configuration_hash(loaded(tmp_path, STRATEGY, "environment.mode=paper", change)) != configuration_hash(paper)


def complaints(text: str) -> list[Any]:
    return list(Draft202012Validator(json_schema(fake_plugins())).iter_errors(tomli.loads(text)))


def test_the_schema_knows_the_environments() -> None:
    assert complaints(BOTH) == []
    assert complaints(PORTFOLIO) == []
    for addition in ("[paper.exchnge]", "[live.strategy]", "[live.environment]\nspeed = 0", "[[paper.data]]\nplugin = 'fil'"):
        assert complaints(f"{dedent(STRATEGY)}\n{addition}\n"), addition


TABLES = st.recursive(
    st.integers() | st.text(max_size=5) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["plugin", "data", "url", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(
    part=st.dictionaries(st.sampled_from(["exchange", "data", "environment", "ledger", "strategy", "odd"]), TABLES, max_size=3)
)
def test_whatever_an_environment_holds_it_loads_or_is_one_mistake(tmp_path_factory: pytest.TempPathFactory, part: Any) -> None:
    def inline(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(inline, value)) + "]"
        return str(value).lower() if isinstance(value, bool | int) else '"' + "".join(filter(str.isalnum, value)) + '"'

    directory = tmp_path_factory.mktemp("any")
    for mode in Mode:
        try:
            loaded(directory, f"paper = {inline(part)}\n{dedent(STRATEGY)}", f"environment.mode={mode}")
        except ConfigurationError as mistake:
            assert str(mistake)  # noqa: PT017  Any mistake will do; anything else that is raised fails the test.
