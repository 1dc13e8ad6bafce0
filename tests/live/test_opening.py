"""Before a run begins: who may send orders where, on whose store, and that everything is closed whatever happens."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from s1mpletrader.configuration import load
from s1mpletrader.container import live_run
from s1mpletrader.container.opening import clock_of
from s1mpletrader.core.attempts import PAUSES_S
from s1mpletrader.core.plugin_manager import PluginManager
from s1mpletrader.core.real_time import ScaledClock, SystemClock
from s1mpletrader.core.worker_state import KeptStates
from s1mpletrader.domain.errors import ConfigurationError, Refused, Unavailable
from s1mpletrader.domain.instant import HOUR_NS
from s1mpletrader.ports.execution import RateLimited
from tests.cli.venue import AskedSource, AskedVenue, SourcePlugin, with_source, with_venue
from tests.live.meddling import LoadPlugins, meddled
from tests.live.virtual_loop import run_virtually
from tests.running import EXAMPLES

FILE = EXAMPLES / "ema_cross.toml"
QUICK = ("data.candles=60", "recording.plugin=none")
LIVE = (*QUICK, "environment.mode=live", "exchange.plugin=asked")
PAPER = (*QUICK, "environment.mode=paper")
AT_AN_EXCHANGE_OF_ANOTHER_SPEED = (
    "environment.mode=live",
    "environment.speed=60",
    "exchange.plugin=asked",
    "data.plugin=asked",
    "recording.plugin=none",
)


class Place:
    """A directory with a store."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def open(self, overrides: Sequence[str], load_plugins: LoadPlugins, confirmed_account: str | None = None) -> str:
        """Open a run, and close it without having begun it; the book's name."""
        keys = [f"ledger.url=sqlite:///{self.directory}/store.sqlite", *overrides]

        async def opening() -> str:
            portfolio = load(FILE, keys, load_plugins=load_plugins)
            async with live_run(portfolio, confirmed_account=confirmed_account) as container:
                name: str = container.book_name()
                return name

        return run_virtually(opening())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("overrides", "confirmed", "place_of_fault", "problem"),
    [
        ((), None, "[environment] confirm", "somewhere is asked for production, and nothing confirms it"),
        ((), "main", "[environment] confirm", "somewhere is asked for production, and nothing confirms it"),
        (("environment.confirm=true",), None, "--confirm-production", "orders for real money go out on the account 'main'"),
        (("environment.confirm=true",), "other", "--confirm-production", "orders for real money go out on the account 'main'"),
        (("environment.confirm=true", "environment.speed=2"), "main", "[environment] speed", "real time goes at its own speed"),
    ],
)
def test_real_money_takes_a_confirmation_in_the_file_and_one_by_who_starts_the_run(
    place: Place, overrides: tuple[str, ...], confirmed: str | None, place_of_fault: str, problem: str
) -> None:
    venue = AskedVenue(is_production=True)
    with pytest.raises(ConfigurationError) as refused:
        place.open([*LIVE, *overrides], with_venue(venue), confirmed)
    assert place_of_fault in str(refused.value)
    assert problem in str(refused.value)
    assert venue.calls == ["close"], "nothing has been asked of the venue"


def test_with_both_confirmations_the_venue_is_opened_and_closed(place: Place) -> None:
    venue = AskedVenue(is_production=True)
    assert place.open([*LIVE, "environment.confirm=true"], with_venue(venue), "main") == "live-main"
    assert venue.calls == ["open", "instruments", "close"]


def test_a_venue_for_practice_takes_no_confirmation_and_any_speed(place: Place) -> None:
    assert place.open([*LIVE, "environment.speed=60"], with_venue(AskedVenue())) == "live-main"


def test_paper_sends_nothing_to_a_real_venue(place: Place) -> None:
    venue = AskedVenue()
    with pytest.raises(ConfigurationError, match=r"paper trades on a simulated venue, and somewhere is none"):
        place.open([*PAPER, "exchange.plugin=asked"], with_venue(venue))
    assert venue.calls == ["close"]


def test_live_sends_nothing_to_a_simulated_venue(place: Place) -> None:
    with pytest.raises(ConfigurationError, match=r"live orders go to a real venue, and simulated is none.*paper"):
        place.open([*QUICK, "environment.mode=live"], meddled())


def test_a_store_stays_with_its_account(place: Place) -> None:
    place.open(LIVE, with_venue(AskedVenue()))
    place.open(LIVE, with_venue(AskedVenue()))
    other = AskedVenue(venue="elsewhere")
    with pytest.raises(
        ConfigurationError, match=r"belongs to the live account 'main' at somewhere, and not to .* at elsewhere"
    ) as found:
        place.open(LIVE, with_venue(other))
    assert "[ledger] url" in str(found.value)
    assert "give it a store of its own" in str(found.value)
    assert other.calls[-1] == "close"
    with pytest.raises(ConfigurationError, match=r"and not to the live account 'second' at somewhere"):
        place.open([*LIVE, "account.name=second"], with_venue(AskedVenue(account="second")))
    with pytest.raises(
        ConfigurationError, match=r"belongs to the live account .* and not to the paper account 'main' at simulated"
    ):
        place.open(PAPER, meddled())


def test_a_world_that_ends_with_the_process_has_a_book_for_each_run(place: Place) -> None:
    first, second = (place.open(PAPER, meddled()) for _ in range(2))
    assert first != second
    assert first.startswith("ema_cross-")
    lasting = place.open([*PAPER, f"exchange.world={place.directory}/venue.world"], meddled())
    assert lasting == "paper-main"


@pytest.mark.parametrize("step", ["open", "instruments"])
def test_whatever_fails_on_the_way_what_was_opened_is_closed(place: Place, step: str) -> None:
    venue = AskedVenue(faults={step: Unavailable("maintenance")})
    with pytest.raises(Unavailable, match="maintenance"):
        place.open(LIVE, with_venue(venue))
    assert venue.calls[-2:] == [step, "close"]
    assert venue.calls.count(step) == venue.calls.count("close") == len(PAUSES_S) + 1


@pytest.mark.parametrize("step", ["open", "instruments"])
def test_what_is_unavailable_for_a_moment_is_opened_again(place: Place, step: str, caplog: pytest.LogCaptureFixture) -> None:
    faults = {step: Unavailable("maintenance")}

    class Recovering(AskedVenue):
        async def close(self) -> None:
            await super().close()
            if self.calls.count("close") == 2:
                faults.clear()

    venue = Recovering(faults=faults)
    assert place.open(LIVE, with_venue(venue)) == "live-main"
    assert venue.calls.count("close") == 3, "twice after a failure, and at the end"
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "maintenance; tried again in 1 s",
        "maintenance; tried again in 2 s",
    ]


def test_a_ban_is_waited_for(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    until = time.time_ns() + HOUR_NS

    class Banning(AskedVenue):
        async def open(self) -> None:
            await super().open()
            assert self.clock is not None
            if self.clock.now() < until:
                raise RateLimited("the venue does not listen for an hour", until)

    venue = Banning()
    assert place.open(AT_AN_EXCHANGE_OF_ANOTHER_SPEED, with_source(AskedSource(), venue)) == "live-main"
    assert venue.calls == ["server_time", "open", "close", "server_time", "open", "instruments", "close"]
    assert "the venue does not listen for an hour; tried again then" in caplog.text


def test_a_definite_no_is_not_asked_for_again(place: Place) -> None:
    venue = AskedVenue(faults={"open": Refused("no such key")})
    with pytest.raises(Refused, match="no such key"):
        place.open(LIVE, with_venue(venue))
    assert venue.calls == ["open", "close"]


def test_a_first_run_on_paper_begins_where_its_windows_are_full(place: Place) -> None:
    async def begins(*overrides: str) -> tuple[int, list[int]]:
        keys = [f"ledger.url=sqlite:///{place.directory}/store.sqlite", *PAPER, *overrides]
        async with live_run(load(FILE, keys, load_plugins=meddled())) as container:
            [data] = container.sources().histories.values()
            return container.real_clock().now(), data.closed_at.tolist()

    began, closes = run_virtually(begins(f"exchange.world={place.directory}/venue.world"))
    assert began == closes[30], "31 candles fill the windows"


@pytest.mark.parametrize(
    ("overrides", "kind"),
    [
        (("environment.mode=live",), SystemClock),
        (("environment.mode=live", "environment.speed=60"), ScaledClock),
        (("environment.mode=paper",), ScaledClock),
        (("environment.mode=paper", "environment.speed=60"), ScaledClock),
    ],
)
def test_the_clock_is_the_machines_unless_time_is_a_simulated_one(overrides: tuple[str, ...], kind: type[Any]) -> None:
    assert isinstance(clock_of(load(FILE, [*QUICK, *overrides], load_plugins=meddled())), kind)


def test_a_time_that_has_run_ahead_of_the_machines_does_not_go_back(place: Place) -> None:
    """At an exchange that goes sixty times as fast, a run ends an hour and more in the machine's future."""

    async def runs(remembers: int | None) -> tuple[int, int]:
        store = f"ledger.url=sqlite:///{place.directory}/store.sqlite"
        async with live_run(
            load(FILE, [store, *AT_AN_EXCHANGE_OF_ANOTHER_SPEED], load_plugins=with_source(AskedSource()))
        ) as container:
            if remembers is not None:
                kept = KeptStates(closed_at=remembers, workers=(), standing=())
                container.state().put(f"worker_state/{container.book_name()}/ema_cross", json.encode(kept), expected_version=0)
            return container.real_clock().now(), time.time_ns()

    began, machine = run_virtually(runs(None))
    assert abs(began - machine) < HOUR_NS
    ahead = began + 10 * HOUR_NS
    began_again, _ = run_virtually(runs(ahead))
    assert abs(began_again - machine) < HOUR_NS
    assert ahead <= run_virtually(runs(None))[0] < ahead + HOUR_NS


def test_a_faster_time_begins_where_the_venues_is(place: Place) -> None:
    """Behind it, candles that closed long ago would seem to be of now, and would be traded on."""
    keys = (
        "exchange.plugin=asked",
        "data.plugin=asked",
        "recording.plugin=none",
        "ledger.plugin=memory",
        "journal.plugin=memory",
    )

    async def begins(speed: str) -> int:
        overrides = ["environment.mode=live", f"environment.speed={speed}", *keys]
        venue = with_venue(AskedVenue(offset_ms=10 * HOUR_NS // 1_000_000))

        def load_plugins(allow: Sequence[str] | None) -> PluginManager:
            manager = venue(allow)
            manager.register(SourcePlugin(AskedSource()), "source")
            return manager

        async with live_run(load(FILE, overrides, load_plugins=load_plugins)) as container:
            now: int = container.real_clock().now()
            return now - time.time_ns()

    assert abs(run_virtually(begins("60")) - 10 * HOUR_NS) < HOUR_NS
    assert abs(run_virtually(begins("1"))) < HOUR_NS
