"""A TOML file becomes a configuration."""

from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from s1mpletrader.api import ConfigurationError, Series
from s1mpletrader.configuration import ConfidenceRange

from .fakes import STRATEGY, Ema, File, Fixed, Generator, Pooled, Simulated, loaded


def test_tables_are_validated_by_their_plugins_and_keep_their_order(tmp_path: Path) -> None:
    configuration = loaded(tmp_path)
    assert [(table.name, table.config) for table in configuration.context] == [
        ("fast", Ema(period=10)),
        ("ema", Ema(period=30)),
    ]
    assert configuration.context[1].place == f"{tmp_path}/trend.toml: [[context]] #2"
    assert configuration.context[1].plugin.package == "this process"
    assert configuration.size[0].confidence == ConfidenceRange(0.0, 1.0)
    assert configuration.directory == str(tmp_path)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    configuration = loaded(tmp_path)
    assert configuration.environment.mode == "backtest"
    assert configuration.account.name == "main"
    assert configuration.engine.skip is True
    assert configuration.cache.plugin.name == "memory"
    assert configuration.ledger.table.plugin.name == configuration.journal.table.plugin.name == "sql"
    assert configuration.ledger.url == configuration.journal.url == "sqlite:///s1mpletrader.sqlite"
    assert configuration.exit == configuration.signal == ()


def test_money_is_exact_from_integers_text_and_floats(tmp_path: Path) -> None:
    assert loaded(tmp_path).account.funds == {"USDT": Decimal(1000), "BTC": Decimal("0.10")}
    for value, exact in (
        ("0.1", "0.1"),
        ('"0.1"', "0.1"),
        ("1e-7", "0.0000001"),
        ("12345678901234567890", "12345678901234567890"),
    ):
        assert loaded(tmp_path, STRATEGY, f"size.quantity={value}").size[0].config == Fixed(quantity=Decimal(exact))


def test_a_worker_looks_at_the_series_of_its_table_or_the_strategys_first(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, STRATEGY, "context.1.symbol=ETH/USDT", "context.1.timeframe=1h")
    assert [table.series for table in configuration.context] == [Series("BTC/USDT", "1m"), Series("ETH/USDT", "1h")]


def test_the_journal_lies_with_the_ledger_unless_it_says_otherwise(tmp_path: Path) -> None:
    beside = loaded(tmp_path, STRATEGY, "ledger.url=postgresql://db", "ledger.pool=4")
    assert (beside.journal.url, beside.journal.table.config) == ("postgresql://db", Pooled(pool=4))
    apart = loaded(tmp_path, STRATEGY, "ledger.pool=4", "journal.url=sqlite:///why.sqlite")
    assert (apart.journal.url, apart.journal.table.config) == ("sqlite:///why.sqlite", Pooled(pool=4))
    other = loaded(tmp_path, STRATEGY, "ledger.pool=4", "journal.plugin=memory")
    assert other.journal.table.plugin.name == "memory"
    also = loaded(tmp_path, STRATEGY, "ledger.plugin=memory")
    assert also.journal.table.plugin.name == "memory"


def test_ranges_of_a_kind_may_divide_confidence(tmp_path: Path) -> None:
    text = dedent(STRATEGY) + '[[entry]]\nplugin = "limit"\nconfidence = [0.7, 1]\n'
    configuration = loaded(tmp_path, text, "entry.0.confidence=[0, 0.7]")
    assert [table.confidence for table in configuration.entry] == [(0.0, 0.7), (0.7, 1.0)]


def test_building_turns_a_value_error_into_a_mistake_in_the_table(tmp_path: Path) -> None:
    built = loaded(tmp_path).size[0].build("provision")
    assert built == (Fixed(quantity=Decimal("0.01")), "provision")
    failing = loaded(tmp_path, STRATEGY.replace('plugin = "fixed"\n    quantity = "0.01"', 'plugin = "failing"')).size[0]
    with pytest.raises(ConfigurationError, match=r"trend.toml: \[\[size\]\] #1: cannot use this"):
        failing.build("this")


class TestOverrides:
    def test_an_override_reaches_tables_arrays_and_quoted_keys(self, tmp_path: Path) -> None:
        configuration = loaded(
            tmp_path,
            STRATEGY,
            "strategy.seed=9",
            "size.0.quantity=0.02",
            "data.candles=12",
            'planner.directions=["LONG", "SHORT"]',
            'exchange.instruments."BTC/USDT".price_tick=0.5',
            "exchange.instruments.ETH/USDT.price_tick=0.25",
            "engine.skip=false",
        )
        assert configuration.strategy.seed == 9
        assert configuration.size[0].config == Fixed(quantity=Decimal("0.02"))
        assert configuration.data[0].config == Generator(candles=12)
        assert configuration.planner.config.model_dump()["directions"] == ("LONG", "SHORT")
        exchange = configuration.exchange.config
        assert isinstance(exchange, Simulated)
        assert {symbol: rules.price_tick for symbol, rules in exchange.instruments.items()} == {
            "BTC/USDT": Decimal("0.5"),
            "ETH/USDT": Decimal("0.25"),
        }
        assert configuration.engine.skip is False

    def test_the_last_override_of_a_key_counts(self, tmp_path: Path) -> None:
        assert loaded(tmp_path, STRATEGY, "strategy.seed=1", "strategy.seed=2").strategy.seed == 2

    def test_text_that_is_no_toml_is_text(self, tmp_path: Path) -> None:
        configuration = loaded(tmp_path, STRATEGY, "data.plugin=file", "data.path=some where/x=1.csv")
        assert configuration.data[0].config == File(path="some where/x=1.csv")

    def test_another_plugin_drops_the_keys_of_the_one_before(self, tmp_path: Path) -> None:
        text = STRATEGY.replace("candles = 50_000", "candles = 50_000\n    drift = 0.5")
        configuration = loaded(tmp_path, text, "data.plugin=file", "data.path=x.csv")
        assert configuration.data[0].config == File(path="x.csv", drift=0.5)

    def test_another_plugin_drops_unknown_keys_of_one_that_is_not_installed(self, tmp_path: Path) -> None:
        text = STRATEGY.replace('plugin = "generator"', 'plugin = "gone"')
        assert loaded(tmp_path, text, "data.plugin=file", "data.path=x.csv").data[0].config == File(path="x.csv")

    @pytest.mark.parametrize(
        ("overrides", "place"),
        [
            (("data.plugin=file", "data.path=x", "data.candles=5"), "--set data.candles: unknown key"),
            (("data.plugin=generator", "data.path=x"), "--set data.path: unknown key"),
        ],
    )
    def test_a_key_from_an_override_is_never_dropped(self, tmp_path: Path, overrides: tuple[str, ...], place: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            loaded(tmp_path, STRATEGY, *overrides)
        assert place in str(caught.value)

    def test_a_misspelt_key_of_the_file_is_not_dropped_with_the_plugin(self, tmp_path: Path) -> None:
        text = STRATEGY.replace("candles = 50_000", "candles = 50_000\n    pth = 'y'")
        with pytest.raises(ConfigurationError, match=r"\[\[data\]\] #1 pth: unknown key \(nearest: 'path'\)"):
            loaded(tmp_path, text, "data.plugin=file", "data.path=x.csv")

    def test_an_override_makes_the_table_that_is_not_there(self, tmp_path: Path) -> None:
        assert loaded(tmp_path, STRATEGY, "gate.plugin=exposure").gate[0].name == "exposure"
        assert loaded(tmp_path, STRATEGY, "exit.0.plugin=atr").exit[0].name == "atr"
