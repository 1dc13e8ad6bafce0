"""Logs go to stderr, for people or as JSON, and no secret gets into them."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from s1mpletrader.cli import main
from s1mpletrader.cli.logging import LogFormat, LogLevel, configure_logging
from s1mpletrader.cli.redaction import HIDDEN, Redaction, secrets_in

CANARY = "canary-5f3a91c2"
ENVIRONMENT = {"KRAKEN_API_SECRET": CANARY, "PATH": "/usr/bin"}


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("s1mpletrader")
    handlers, levels = list(root.handlers), (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    structlog.reset_defaults()


def lose() -> None:
    raise ConnectionError(f"wss://x/?token={CANARY}")


def log_everything() -> None:
    """What a careless plugin might log, by both libraries."""
    log, other = structlog.get_logger("plugin"), logging.getLogger("s1mpletrader.plugins.x")
    log.warning("the key is %s", CANARY, key=CANARY, deep={"list": [{"text": f"a {CANARY} b"}]}, raw=CANARY.encode())
    log.warning("typed", anything=SecretStr(CANARY))
    other.error("request to https://x/?a=1&signature=%s&b=2", CANARY)
    other.error({"headers": {"X-MBX-APIKEY": CANARY}})
    try:
        lose()
    except ConnectionError:
        log.exception("lost")
        other.exception("lost")


@pytest.mark.parametrize("log_format", LogFormat)
def test_no_canary_gets_into_the_log(log_format: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(log_format, LogLevel.DEBUG, ENVIRONMENT)
    log_everything()
    said = capsys.readouterr()
    assert CANARY not in said.err
    assert said.err.count("ConnectionError: wss://x/?token=") >= 2
    assert "&b=2" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://me:hunter2@db/x", f"postgresql://{HIDDEN}@db/x"),
        ("GET /api?timestamp=1&signature=abc&recvWindow=5", f"GET /api?timestamp=1&signature={HIDDEN}&recvWindow=5"),
        ("{'apiKey': 'abcdef', 'side': 'BUY'}", f"{{'apiKey': '{HIDDEN}', 'side': 'BUY'}}"),
        ('{"client_secret":"abc"}', f'{{"client_secret":"{HIDDEN}"}}'),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {HIDDEN}"),
        ("the signature is good", "the signature is good"),
        ("mail me@example.org about BTC/USDT", "mail me@example.org about BTC/USDT"),
    ],
)
def test_a_secret_is_known_by_its_name_where_its_value_is_not(text: str, hidden: str) -> None:
    assert Redaction().text(text) == hidden


@given(
    st.dictionaries(st.text(max_size=8), st.recursive(st.text(max_size=20) | st.integers() | st.none(), st.lists, max_leaves=5))
)
def test_whatever_holds_a_known_secret_no_longer_shows_it(event: dict[str, Any]) -> None:
    holding = {**event, "text": f"x{CANARY}y", "deep": [event, {CANARY: (CANARY, {CANARY})}, object, CANARY.encode()]}
    assert CANARY not in repr(Redaction([CANARY])(None, "info", holding))


def test_variables_that_are_named_like_secrets_are_secrets() -> None:
    environment = {
        "BINANCE_API_KEY": "abcdefgh",
        "S1MPLETRADER_NOTIFY_URLS": "tgram://abc/1 json://x",
        "MY_PASSWORD": "abcdefghij",
        "SHORT_TOKEN": "abc",
        "HOME": "/home/somebody",
    }
    assert secrets_in(environment) == ("tgram://abc/1", "abcdefghij", "abcdefgh", "json://x")


def test_json_is_one_object_in_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogFormat.JSON, LogLevel.INFO, {})
    structlog.get_logger().info("started", strategy="trend", symbols=["BTC/USDT"], at=5)
    logging.getLogger("s1mpletrader.x").warning("slow: %d ms", 7)
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert {**first, "timestamp": ""} == {
        "event": "started",
        "strategy": "trend",
        "symbols": ["BTC/USDT"],
        "at": 5,
        "level": "info",
        "timestamp": "",
    }
    assert (second["event"], second["level"], second["logger"]) == ("slow: 7 ms", "warning", "s1mpletrader.x")


def test_the_level_is_for_ours_and_other_libraries_are_heard_from_a_warning_on(capsys: pytest.CaptureFixture[str]) -> None:
    for level, heard in ((LogLevel.DEBUG, ["ours 10", "ours 20", "ours 30", "other 30"]), (LogLevel.ERROR, [])):
        configure_logging(LogFormat.JSON, level, {})
        for number in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger("s1mpletrader.x").log(number, "ours %d", number)
            logging.getLogger("other").log(number, "other %d", number)
        assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == heard


def test_configuring_again_says_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        configure_logging(LogFormat.JSON, LogLevel.INFO, {})
    logging.getLogger("s1mpletrader").info("once")
    assert len(capsys.readouterr().err.splitlines()) == 1


def broken(*_: object) -> None:
    raise ZeroDivisionError(f"api_secret={CANARY}")


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_defect_is_logged_with_its_traceback_and_without_secrets(
    how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("s1mpletrader.cli.schema.json_schema", broken)
    words = ["--log-format", "json", "schema"] if how == "option" else ["schema"]
    monkeypatch.setattr(sys, "argv", ["s1mpletrader", *words])
    if how == "variable":
        monkeypatch.setenv("S1MPLETRADER_LOG_FORMAT", "json")
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr()
    told = json.loads(said.err)
    assert (left.value.code, told["event"], told["level"]) == (1, "this is a defect", "error")
    assert f"ZeroDivisionError: api_secret={HIDDEN}" in told["exception"]
