"""Every mistake in a file or an override is one error that names the place, what was found, and the nearest valid choice."""

from pathlib import Path
from textwrap import dedent

import pytest

from s1mpletrader.api import ConfigurationError
from s1mpletrader.configuration import load
from s1mpletrader.core.plugin_manager import PluginManager

from .fakes import STRATEGY, fake_plugins, loaded, written

EDITS = [
    # Tables
    ("[account]", "[test]\n[account]", "[test]: unknown table"),
    ("[planner]", "[planer]", "[planer]: unknown table (nearest: 'planner')"),
    ("[strategy]", "colour = 1\n[strategy]", "[colour]: unknown key outside a table"),
    ("[[execution]]\nplugin", "[[gate]]\nplugin", "trend.toml: the table [[execution]] is missing (plugins for it: single)"),
    ('[account]\ntype = "spot"\ncurrency = "USDT"\nfunds = { USDT = 1_000, BTC = "0.10" }', "", "the table [account] is missing"),
    (
        "[planner]",
        "[[planner]]\nplugin='weighing'\n[[planner]]",
        "[planner]: there is exactly one planner, found 2 (write [planner]",
    ),
    ("[planner]", "[[planner]]", "there is exactly one planner, written [planner] (write [planner] once, with single brackets)"),
    ("[[size]]", "[size]", "[size]: there may be several of these (write [[size]], with double brackets)"),
    ("[planner]", "[planner]\n[planner]", "line 34, column 9: this is no TOML: cannot declare ('planner',) twice"),
    ("[strategy]", "gate = 1\n[strategy]", "[gate]: must be a table"),
    ("[strategy]", "engine = 1\n[strategy]", "[engine]: must be one table, written [engine]"),
    ("[account]", '[[strategies]]\nfile = "a.toml"\n[account]', "[strategy]: this is a strategy's own, and [[strategies]] makes"),
    ("[account]", '[[news]]\nplugin = "rss"\n[account]', "[[news]] #1 plugin: there is no news plugin 'rss'"),
    ("[account]", "[[schedule]]\nevery = '1h'\n[account]", "[[schedule]] #1 plugin: this key is required"),
    ("[account]", "[batch]\npolicy = 'TOGETHER'\n[account]", "[batch] policy: must be 'INDEPENDENT', 'COORD"),
    # Keys
    ("seed = 7", "sed = 7", "[strategy] sed: unknown key (nearest: 'seed')"),
    ("candles = 50_000", "candels = 50_000", "[[data]] #1 candels: unknown key (nearest: 'candles')"),
    ("period = 30", "perod = 30", "[[context]] #2 perod: unknown key (nearest: 'period')"),
    ("period = 30", "", "[[context]] #2 period: this key is required"),
    ("period = 30", "period = 30\nnmae = 'x'", "[[context]] #2 nmae: unknown key (nearest: 'name')"),
    ("price_tick", "price_tik", "[exchange] instruments.\"BTC/USDT\".price_tik: unknown key (nearest: 'price_tick')"),
    ('currency = "USDT"\n', "", "[account] currency: this key is required"),
    ('plugin = "market"', "", "[[entry]] #1 plugin: this key is required"),
    # Values
    ("seed = 7", 'seed = "7"', '[strategy] seed: must be a whole number, found "7"'),
    ("seed = 7", "seed = -1", "[strategy] seed: must be at least 0, found -1"),
    ("seed = 7", "seed = 1" + 5_000 * "0", "this is no TOML: a number is too long"),
    ("seed = 7", "seed = " + 5_000 * "[", "this is no TOML: a number is too long, or tables are nested too deeply"),
    ("seed = 7", "seed = 1e-99999999999999999999", "1e-99999999999999999999 has more digits than are kept without quotes"),
    ("seed = 7", "seed = true", "[strategy] seed: must be a whole number, found true"),
    ("seed = 7", "seed = 7.5", "[strategy] seed: must be a whole number, found 7.5"),
    ("period = 30", 'period = "30"', '[[context]] #2 period: must be a whole number, found "30"'),
    ("period = 30", "period = 0", "[[context]] #2 period: must be at least 1, found 0"),
    ('["LONG"]', '["LONG"]\nhedged = "false"', '[planner] hedged: must be true or false, without quotes, found "false"'),
    ('["LONG"]', '["LONGG"]', "[planner] directions[0]: must be 'LONG' or 'SHORT', found \"LONGG\" (nearest: 'LONG')"),
    ('["LONG"]', '"LONG"', '[planner] directions: must be a list, found "LONG"'),
    ('type = "spot"', 'type = "spott"', "[account] type: must be 'spot' or 'netting', found \"spott\" (nearest: 'spot')"),
    ("USDT = 1_000", "USDT = -1", "[account] funds.USDT: must be at least 0, found -1"),
    ("USDT = 1_000", 'USDT = "much"', '[account] funds.USDT: must be a number, found "much"'),
    ("USDT = 1_000", "USDT = nan", "[account] funds.USDT: must be a finite number, found nan"),
    ("USDT = 1_000", "USDT = 0.12345678901234567890", "0.12345678901234567890 has more digits than are kept without quotes"),
    ('quantity = "0.01"', "quantity = 13", "[[size]] #1 quantity: 13 is refused, found 13"),
    ('quantity = "0.01"', "quantity = inf", "[[size]] #1 quantity: must be a finite number, found inf"),
    ('quantity = "0.01"', "quantity = [1]", "[[size]] #1 quantity: must be a number, found [1]"),
    ('fee_rate = "0.001"', "api_key = 12345", "[exchange] api_key: must be text in quotes, found a value that is not shown here"),
    ("seed = 7", "seed = 7\n[environment]\nmode = 'papr'", "[environment] mode: must be 'backtest', 'paper' or 'live'"),
    ("seed = 7", "seed = 7\n[environment]\nspeed = 0", "[environment] speed: must be above 0.0, found 0"),
    ("seed = 7", "seed = 7\n[environment]\nspeed = inf", "[environment] speed: must be a finite number"),
    ("seed = 7", "seed = 7\n[environment]\ngrace = '5'", "[environment] grace: '5' is no timeframe; write a number and one of"),
    ("seed = 7", "seed = 7\n[environment]\nwarm_up = 2", "[environment] warm_up: must be text in quotes, found 2"),
    ("seed = 7", "seed = 7\n[environment]\nreply_deadline = ''", "[environment] reply_deadline: '' is no timeframe"),
    ("seed = 7", "seed = 7\n[environment]\nlate_bars = 'skip'", "[environment] late_bars: must be 'go_on' or 'wait', found"),
    (
        "seed = 7",
        "seed = 7\n[environment]\non_stop = 'cansel'",
        "must be 'keep' or 'cancel', found \"cansel\" (nearest: 'cancel')",
    ),
    ("seed = 7", "seed = 7\n[environment]\nconfirm = 'yes'", "[environment] confirm: must be true or false, without quotes"),
    ("seed = 7", "seed = 7\n[engine]\nskip = 'no'", "[engine] skip: must be true or false"),
    ("seed = 7", "seed = 7\n[engine]\ncommit_steps = 0", "[engine] commit_steps: must be at least 1, found 0"),
    ("seed = 7", "seed = 7\n[[risk]]\nplugin = 'band'\nlow = 2", "[[risk]] #1: low must lie below high"),
    # The strategy
    ('name = "trend"', 'name = "Tr/end"', "[strategy] name: must be letters, digits, _ and -"),
    ('["BTC/USDT", "ETH/USDT"]', "[]", "[strategy] symbols: must have at least 1 item(s), found []"),
    ('"ETH/USDT"]', '"BTC/USDT"]', "[strategy] symbols: names 'BTC/USDT' twice"),
    ('"ETH/USDT"]', '"ETH USDT"]', "[strategy] symbols[1]: is no symbol"),
    ('["1m", "1h"]', '["1min"]', "[strategy] timeframes[0]: '1min' is no timeframe; write a number and one of s, m, h, d, w"),
    ("candles = 50_000", "candles = 1\nsymbol = 'BTC/USD'", "[[data]] #1 symbol: [strategy] symbols do not name 'BTC/USD'"),
    ("candles = 50_000", "candles = 1\nsymbol = 'BTC/USD'", "(nearest: 'BTC/USDT')"),
    ("candles = 50_000", "candles = 1\ntimeframe = '5m'", "[[data]] #1 timeframe: [strategy] timeframes do not name '5m'"),
    ("period = 30", "period = 30\nsymbol = 'X'", "[[context]] #2 symbol: [strategy] symbols do not name 'X'"),
    (
        "candles = 50_000",
        "candles = 1\n[[data]]\nplugin='generator'\ncandles=2",
        "[[data]] #2: [[data]] #1 gives BTC/USDT 1m already (give one of them symbol or timeframe)",
    ),
    # Plugins
    ('plugin = "market"', 'plugin = "markt"', "[[entry]] #1 plugin: there is no entry plugin 'markt' (nearest: market"),
    ('plugin = "market"', 'plugin = "ema"', "there is a context plugin of this name"),
    ('plugin = "market"', "plugin = 1", "[[entry]] #1 plugin: must be text in quotes, found 1"),
    ('name = "fast"', "", "[[context]] #2 name: [[context]] #1 is named 'ema' too (give one of them another name)"),
    ('name = "fast"', 'name = "Fast one"', "[[context]] #1 name: must be letters, digits, _ and -"),
    # Confidence
    ('"market"', '"market"\nconfidence = [0, 0.5]', "[[entry]] #1 confidence: no table plans confidence 0.5 to 1"),
    ('"market"', '"market"\nconfidence = [0.2, 1]', "no table plans confidence 0 to 0.2: [[entry]] #1 has [0.2, 1]"),
    (
        '"market"',
        '"market"\n[[entry]]\nplugin="limit"\nconfidence = [0.5, 1]',
        "two tables plan confidence 0.5 to 1: [[entry]] #1 has [0, 1] and [[entry]] #2 has [0.5, 1]",
    ),
    (
        '"market"',
        '"market"\nconfidence = [0, 0.4]\n[[entry]]\nplugin="limit"\nconfidence = [0.5, 1]',
        "[[entry]] #2 confidence: no table plans confidence 0.4 to 0.5: [[entry]] #1 has [0, 0.4] and [[entry]] #2 has [0.5, 1]",
    ),
    ('"market"', '"market"\nconfidence = [0.5, 0.5]', "confidence: must be [low, high] with 0 <= low < high <= 1"),
    ('"market"', '"market"\nconfidence = [1]', "[[entry]] #1 confidence: must have at least 2 item(s), found [1]"),
    ('plugin = "single"', 'plugin = "single"\nconfidence = [0, 1', "this is no TOML: unclosed array"),
]


@pytest.mark.parametrize(("found", "instead", "message"), EDITS)
def test_a_mistake_in_the_file_names_its_place(tmp_path: Path, found: str, instead: str, message: str) -> None:
    text = dedent(STRATEGY)
    assert text.count(found) >= 1
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text.replace(found, instead, 1))
    assert message in str(caught.value)
    assert caught.value.place.startswith(f"{tmp_path}/trend.toml")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("strategy.sed=9", "--set strategy.sed: unknown key (nearest: 'seed')"),
        ("strategi.seed=9", "--set strategi.seed: there is no table 'strategi' (nearest: 'strategy')"),
        ("strategy.seed=nine", '--set strategy.seed: must be a whole number, found "nine"'),
        ("strategy.seed.low=1", "--set strategy.seed.low: there is no key 'low', because strategy.seed is a plain value"),
        ("size.1.quantity=1", "--set size.1.quantity: '1' is none of the 1 item(s) there, which count from 0"),
        ("context.1.perod=1", "--set context.1.perod: unknown key (nearest: 'period')"),
        ("data.pth=x", "--set data.pth: unknown key"),
        ("planner.directions.0=UP", "--set planner.directions.0: must be 'LONG' or 'SHORT', found \"UP\""),
        ("planner.directions.x=UP", "'x' is none of the 1 item(s) there"),
        ("size.quantity=0", "--set size.quantity: must be above 0, found 0"),
        ("entry.plugin=markt", "--set entry.plugin: there is no entry plugin 'markt'"),
        ("gate.name=x", "[[gate]] #1 plugin: this key is required"),
        ("strategy=5", "'strategy' is no override (write table.key=value"),
        ("strategy.seed", "'strategy.seed' is no override"),
        ("=5", "'' is no override"),
        ("strategy..seed=5", "is no override"),
        ("data.candles=1e400", "--set data.candles: must be a finite number, found inf"),
        ("strategy.seed=1\nx = 2", '--set strategy.seed: must be a whole number, found "1\\nx = 2"'),
    ],
)
def test_a_mistake_in_an_override_names_it_as_written(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, STRATEGY, override)
    assert message in str(caught.value)


def test_a_missing_file_names_the_nearest_in_its_directory(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(ConfigurationError, match=r"trand.toml: there is no such file \(nearest: 'trend.toml'\)"):
        load(tmp_path / "trand.toml")
    with pytest.raises(ConfigurationError, match="there is no directory"):
        load(tmp_path / "none" / "trend.toml")


def test_what_is_no_text_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the file cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"[strategy]\nname = 'caf\xe9'\n")
    with pytest.raises(ConfigurationError, match=r"latin.toml: line 2: the file is not UTF-8 text"):
        load(tmp_path / "latin.toml")


def test_a_misspelt_name_on_the_allow_list_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\[plugins\] allow\[0\]: 'workrs' is not installed \(nearest: 'workers'\)"):
        load(written(tmp_path, '[plugins]\nallow = ["workrs"]\n'), load_plugins=PluginManager.load)


def test_the_plugins_are_loaded_with_the_allow_list(tmp_path: Path) -> None:
    asked: list[object] = []

    def load_plugins(allow: object) -> PluginManager:
        asked.append(allow)
        return fake_plugins()

    path = written(tmp_path)
    load(path, load_plugins=load_plugins)
    load(path, ["plugins.allow=[]"], load_plugins=load_plugins)
    assert asked == [None, ()]
