"""The dashboard shows how a run stands: whole figures at every width, and what is urgent above everything else."""

import asyncio
import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from s1mpletrader.cli.dashboard import render, show
from s1mpletrader.core.status import FlowLine, LiveStatus
from s1mpletrader.domain.instant import SECOND_NS
from tests.cli.statuses import AT, CALM, EMPTY, TROUBLED


def drawn(status: LiveStatus, width: int = 120, height: int = 40) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(render(status, height))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("status", [CALM, TROUBLED, EMPTY], ids=["calm", "troubled", "empty"])
def test_no_line_is_wider_than_the_terminal(status: LiveStatus, width: int) -> None:
    assert max(map(len, drawn(status, width).splitlines())) <= width


@pytest.mark.parametrize("height", [24, 40, 60])
@pytest.mark.parametrize("status", [CALM, TROUBLED, EMPTY], ids=["calm", "troubled", "empty"])
def test_it_fits_into_the_terminals_height(status: LiveStatus, height: int) -> None:
    assert len(drawn(status, 80, height).splitlines()) <= height


@pytest.mark.parametrize("width", [80, 120])
def test_positions_orders_flows_and_streams_are_whole_at_every_width(width: int) -> None:
    text = drawn(CALM, width)
    for words in (
        "PAPER   main",
        "2026-07-04T10:15:30Z",
        "0.25 BTC, 84500.12 USDT",
        "101,234.57 USDT",
        "64,000.00  66,937.80  16,734.45  +734.45",
        "SELL  LIMIT  0/0.25  69000.5   OPEN   5m",
        "10:13:30 filled BUY 0.25 BTC/USDT at 64000, fee 0.00025 BTC",
        "market 1s ago   private 12s ago   weight 214/6,000 (4%)",
    ):
        assert words in text


@pytest.mark.parametrize("width", [80, 120])
def test_the_figures_of_several_strategies_are_whole_too(width: int) -> None:
    text = drawn(TROUBLED, width)
    for words in ("3,428.714  3,412.500  -11,943.75   +56.75", "0.1/0.25  3300.125  PARTIAL   3h", "0.0001  64,000.00"):
        assert words in text


def test_what_is_urgent_stands_above_everything_else() -> None:
    lines = drawn(TROUBLED).splitlines()
    assert "LIVE" in lines[0]
    assert [line.strip() for line in lines[1:6]] == [
        "nothing new is opened: the private stream is silent; the venue does not listen",
        "stream private is not to be trusted since 2026-07-04T10:14:00Z",
        "the venue does not listen until 2026-07-04T10:16:30Z",
        "1 order of unknown outcome: the venue is being asked",
        "market 1s ago   private down   weight 5,400/6,000 (90%)",
    ]
    states = [line for line in lines if "LIMIT" in line or "MARKET" in line]
    assert "UNKNOWN" in states[0]


def test_a_budget_that_is_nearly_used_up_is_marked() -> None:
    for status, marked in ((CALM, False), (TROUBLED, True)):
        console = Console(file=io.StringIO(), width=120, color_system="standard", force_terminal=True)
        console.print(render(status))
        file = console.file
        assert isinstance(file, io.StringIO)
        assert ("weight \x1b[1;33m" in file.getvalue()) is marked


def test_what_does_not_fit_is_counted() -> None:
    low, high = drawn(TROUBLED, height=24), drawn(TROUBLED, height=60)
    assert "and 17 more orders" in low
    assert "more order" in high
    assert high.count("3000") > low.count("3000")


def test_of_the_flows_the_last_are_shown() -> None:
    flows = tuple(FlowLine(at=AT + number * SECOND_NS, strategy="s", text=f"line {number}") for number in range(30))
    text = drawn(replace(CALM, flows=flows))
    assert "line 29" in text
    assert "line 5\n" not in text


def test_a_price_that_is_not_known_is_no_zero() -> None:
    text = drawn(replace(CALM, strategies=(replace(CALM.strategies[0], equity=None, prices={}),)))
    assert "?" in text
    assert "0.00 USDT" not in text


def test_brackets_in_a_text_are_shown_as_they_are() -> None:
    flows = (FlowLine(at=AT, strategy="[bold]", text="REJECTED: [red]no[/]"),)
    assert "REJECTED: [red]no[/]" in drawn(replace(CALM, flows=flows))


def test_drawing_goes_on_until_it_is_stopped_and_ends_with_the_last_picture() -> None:
    now = [CALM]
    asked: list[int] = []
    often = asyncio.Event()

    def provider() -> LiveStatus:
        asked.append(len(asked))
        if len(asked) == 3:
            often.set()
        return now[0]

    async def watch() -> str:
        console = Console(file=io.StringIO(), width=100, height=40, force_terminal=True, color_system=None)
        stop = asyncio.Event()
        showing = asyncio.create_task(show(provider, stop, console=console, interval_s=0.01))
        await asyncio.wait_for(often.wait(), 30)
        now[0] = TROUBLED
        stop.set()
        await asyncio.wait_for(showing, 30)
        file = console.file
        assert isinstance(file, io.StringIO)
        return file.getvalue()

    text = asyncio.run(watch())
    last = text.rpartition("2026-07-04T10:15:30Z")[2]
    assert "nothing new is opened: the private stream is silent; the venue does not listen" in last


def test_a_long_interval_does_not_hold_up_the_end() -> None:
    async def watch() -> None:
        stop = asyncio.Event()
        console = Console(file=io.StringIO(), width=100)
        showing = asyncio.create_task(show(lambda: CALM, stop, console=console, interval_s=60))
        await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(showing, 30)

    asyncio.run(watch())
