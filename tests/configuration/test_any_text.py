"""Whatever is written, the answer is a configuration or a ConfigurationError."""

import json
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.api import ConfigurationError
from s1mpletrader.configuration import load

from .fakes import STRATEGY, Generator, fake_plugins, written

TEXT = dedent(STRATEGY)
KEYS = st.sampled_from(
    ["strategy", "seed", "data", "size", "context", "exchange", "instruments", "plugin", "0", "1", "planner", "x", "é"]
)
OVERRIDES = st.one_of(
    st.text(max_size=20),
    st.builds(lambda keys, value: f"{'.'.join(keys)}={value}", st.lists(KEYS, min_size=1, max_size=5), st.text(max_size=12)),
    st.builds(
        lambda keys, value: f"{'.'.join(keys)}={value}",
        st.lists(KEYS, min_size=2, max_size=4),
        st.sampled_from(["1", "true", "[]", "{}", "[{}]", "{x = 1}", "nan", "2024-01-01", "'a'", "generator", "file"]),
    ),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("any"))


def attempt(path: Path, overrides: list[str]) -> None:
    """Load, and see that what goes wrong is one mistake that names its place."""
    mistake: ConfigurationError | None = None
    try:
        load(path, overrides, load_plugins=fake_plugins)
    except ConfigurationError as fault:
        mistake = fault
    assert mistake is None or (str(mistake).startswith(str(path)) and mistake.problem)


@settings(max_examples=200)
@given(overrides=st.lists(OVERRIDES, min_size=1, max_size=3))
def test_any_overrides(path: Path, overrides: list[str]) -> None:
    attempt(path, overrides)


@settings(max_examples=200)
@given(
    start=st.integers(0, len(TEXT)),
    length=st.integers(0, 30),
    instead=st.one_of(st.text(max_size=6), st.sampled_from(["[[", "]]", '"', "true", "nan", "=", "\n", "{}", "[]", "."])),
)
def test_any_damage_to_a_file(path: Path, start: int, length: int, instead: str) -> None:
    damaged = path.with_name("damaged.toml")
    damaged.write_text(TEXT[:start] + instead + TEXT[start + length :], encoding="utf-8", errors="replace")
    attempt(damaged, [])


@settings(max_examples=50)
@given(candles=st.integers(-(2**70), 2**70), drift=st.floats(allow_nan=False, allow_infinity=False))
def test_an_override_is_what_the_file_would_say(path: Path, candles: int, drift: float) -> None:
    table = f"candles = {candles}\ndrift = {drift!r}"
    other = path.with_name("other.toml")
    other.write_text(TEXT.replace("candles = 50_000", table))
    expected = load(other, load_plugins=fake_plugins).strategies[0].data[0].config
    assert expected == Generator(candles=candles, drift=drift)
    overrides = [f"data.0.candles={candles}", f"data.drift={json.dumps(drift)}"]
    assert load(path, overrides, load_plugins=fake_plugins).strategies[0].data[0].config == expected
