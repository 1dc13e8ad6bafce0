"""A venue that is kept in a file: it goes on where it was, whenever and however the process ended."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace as with_other
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from s1mpletrader.api import (
    HOUR_NS,
    MINUTE_NS,
    SECOND_NS,
    AlreadySubmitted,
    Candles,
    Filled,
    Instant,
    OrderRequest,
    Refused,
    Unavailable,
    VenueReply,
)
from s1mpletrader.plugins.simulated_exchange import SimulatedExchange, build_exchange
from s1mpletrader.plugins.simulated_exchange.kept import KeptVenue
from tests.simulated_exchange.harness import SYMBOL, World, candles, details, reasons, story
from tests.simulated_exchange.test_growing import FALLS, FLAT, candle, growing
from tests.simulated_exchange.test_properties import configs, orders, prices, quantities
from tests.simulated_exchange.test_search import walk

END = 100 * HOUR_NS
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files cost nothing, if there is such a place."""


def reopen(world: World, copy: Path | None = None) -> None:
    """A new process on the same file; or, on a copy of it, one that does not know that the old one ended."""
    config = world.config
    if copy is None:
        world.run(world.exchange.close())
    else:
        assert config.world is not None
        shutil.copy(config.world, copy)
        world.config = config = config.model_copy(update={"world": copy})
    world.exchange = build_exchange(config, world.provision)


def pending(exchange: SimulatedExchange) -> list[VenueReply]:
    found = []
    while exchange.next_at() is not None:
        found.append(exchange.pop())
    return found


def test_everything_is_there_again(tmp_path: Path) -> None:
    place = World(candles(FLAT, FALLS), world=tmp_path / "world", fee_rate="0.001")
    place.place("buy 2")
    place.place("buy 1 @ 9")
    place.submit("sell 1 @ 12", "sell 1 stop 7", kind="OCO")
    place.run(place.exchange.cancel(place.place("buy 1 @ 5")))
    place.until(30 * SECOND_NS)

    def shown() -> Any:
        exchange = place.exchange
        orders_shown = [place.run(exchange.query(place.ref(number))) for number in range(1, 6)]
        fills = place.run(exchange.fills_since(SYMBOL, 0))
        return orders_shown, place.open_numbers(), place.run(exchange.balances()), fills

    before = shown()
    assert before[1] == [2, 3, 4]
    reopen(place)
    assert shown() == before
    assert place.exchange.outlives_process
    known = place.ref(1)
    again = OrderRequest(order_id=known.order_id, client_order_id=known.client_order_id, details=details("buy 1"))
    with pytest.raises(AlreadySubmitted):
        place.run(place.exchange.submit([again]))
    told = place.until(END)
    # The fill that was heard last may not have been dealt with: it is told again.
    assert story(told) == ["1 fill 2 @ 10 TAKER 0s", "2 fill 1 @ 9 MAKER 90s"]


def test_replies_that_were_dealt_with_are_not_told_again(tmp_path: Path) -> None:
    place = World(candles(FLAT), world=tmp_path / "world")
    for _ in range(3):
        place.place("buy 1")
        place.until(place.clock.at + SECOND_NS)
    place.place("buy 1 @ 5")
    reopen(place)
    # When the last order came two replies had been heard and the third had been given: that one is told again.
    assert story(pending(place.exchange)) == ["3 fill 1 @ 10 TAKER 2s"]


def test_what_is_told_late_is_known_from_the_present_on(tmp_path: Path) -> None:
    place = World(candles(FLAT, FALLS), world=tmp_path / "world")
    place.place("buy 1")
    place.place("buy 1 @ 9")
    place.run(place.exchange.close())
    place.clock.at = HOUR_NS
    place.exchange = build_exchange(place.config, place.provision)
    told = place.until(END)
    assert [(reply.at, getattr(reply, "venue_at", 0)) for reply in told] == [(HOUR_NS, 0), (HOUR_NS, 90 * SECOND_NS)]


def test_candles_that_came_are_there_again_and_those_missed_meanwhile_are_caught_up(tmp_path: Path) -> None:
    place = World(candles(FLAT), world=tmp_path / "world")
    place.place("buy 1 @ 9")
    place.place("buy 1 @ 7")
    place.until(2 * MINUTE_NS)
    place.exchange.extend(candle(1, FALLS))
    assert story(place.until(2 * MINUTE_NS)) == ["1 fill 1 @ 9 MAKER 90s"]
    place.run(place.exchange.close())
    place.clock.at = 10 * MINUTE_NS
    history = candles(FLAT, FLAT, FLAT, (8.0, 8.0, 6.0, 6.0))
    place.exchange = build_exchange(place.config, with_other(place.provision, candles={history.series: history}))
    # The second minute stays what it was.
    assert story(place.until(END)) == ["1 fill 1 @ 9 MAKER 90s", "2 fill 1 @ 7 MAKER 210s"]
    reopen(place)
    assert place.balance("USDT") == ("984", "0")


def test_of_a_long_history_only_the_last_price_is_kept(tmp_path: Path) -> None:
    place = World(candles(*[FLAT] * 5_000), world=tmp_path / "begun late", submitted=())
    place.run(place.exchange.close())
    whole = (tmp_path / "begun late").stat().st_size
    place.clock.at = 5_000 * MINUTE_NS
    place.config = place.config.model_copy(update={"world": tmp_path / "world"})
    place.exchange = build_exchange(place.config, place.provision)
    assert (tmp_path / "world").stat().st_size < whole / 10
    reopen(place)
    assert reasons(place.submit("buy 100")) == ["ok"]


def test_an_order_by_hand_is_nobodys_of_ours(tmp_path: Path) -> None:
    place = World(candles(FLAT, FALLS), world=tmp_path / "world")
    first = place.exchange.place_by_hand(details("buy 3 @ 9"))
    place.exchange.place_by_hand(details("buy 1 @ 5"))
    reopen(place)
    assert place.exchange.place_by_hand(details("buy 1 @ 4")) == "3"
    shown = place.run(place.exchange.open_orders())
    assert [(one.order_id, one.exchange_order_id, one.client_order_id) for one in shown] == [
        (None, first, "by-hand-1"),
        (None, "2", "by-hand-2"),
        (None, "3", "by-hand-3"),
    ]
    (fill,) = place.until(END)
    assert isinstance(fill, Filled)
    assert (fill.order_id, fill.client_order_id, str(fill.quantity)) == (None, "by-hand-1", "3")
    with pytest.raises(Refused, match="LOT_SIZE"):
        place.exchange.place_by_hand(details("buy 0.01 @ 5"))


def test_the_end_of_an_order_by_hand_is_told_under_its_own_name() -> None:
    place = World(candles(FLAT, FALLS), initial_margin="0.1", maintenance_margin="0.05", funds={"USDT": 100})
    place.exchange.place_by_hand(details("sell 1 @ 20"))
    place.exchange.place_by_hand(details("buy 1 @ 5 ioc"))
    place.place("buy 50")
    told = place.until(END)
    assert [getattr(reply, "order_id", None) for reply in told] == ["by-hand-2", place.ref(1).order_id, None, "by-hand-1"]
    assert [getattr(reply, "reason", None) for reply in told] == ["IOC", None, None, "LIQUIDATION"]
    assert place.open_numbers() == []


def test_what_cannot_be_written_has_not_happened(tmp_path: Path) -> None:
    place = World(candles(FLAT, FLAT), world=tmp_path / "world")
    order = place.place("buy 1 @ 9")
    venue = place.exchange._venue
    assert isinstance(venue, KeptVenue)
    connection = venue._world._connection
    connection.execute("PRAGMA query_only = 1")
    request = place.request("buy 1")
    for command in (
        place.exchange.submit([request]),
        place.exchange.cancel(order),
        place.exchange.amend(order, request.details.quantity),
        place.exchange.replace(order, request),
    ):
        with pytest.raises(Unavailable, match="cannot be written"):
            place.run(command)
    with pytest.raises(Unavailable, match="cannot be written"):
        place.exchange.extend(candle(2, FALLS))
    assert place.open_numbers() == [1]
    connection.execute("PRAGMA query_only = 0")
    assert reasons(place.run(place.exchange.submit([request]))) == ["ok"]
    reopen(place)
    assert place.open_numbers() == [1]
    assert place.balance("USDT") == ("990", "0")


@pytest.fixture(scope="module")
def sound_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world of a few hundred records."""
    file = tmp_path_factory.mktemp("sound") / "world"
    place = World(candles(FLAT), world=file)
    for _ in range(200):
        place.place("buy 1 @ 5")
    place.run(place.exchange.close())
    return file


@pytest.fixture
def world_file(sound_world: Path, tmp_path: Path) -> Path:
    """A copy of it, for somebody to damage."""
    return Path(shutil.copy(sound_world, tmp_path / "world"))


def test_a_file_cut_off_anywhere_is_explained(world_file: Path, tmp_path: Path) -> None:
    whole = world_file.read_bytes()
    assert len(whole) > 20_000
    for length in (0, 1, 50, 99, 1_000, 4_096, 8_192, 10_000, len(whole) - 4_096, len(whole) - 1):
        cut = tmp_path / f"cut {length}"
        cut.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=rf"world: .*cut {length} "):
            World(candles(FLAT), world=cut)


def test_a_record_that_is_missing_is_noticed(world_file: Path) -> None:
    connection = sqlite3.connect(world_file)
    with connection:
        connection.execute("DELETE FROM told WHERE seq = 7")
    connection.close()
    with pytest.raises(ValueError, match="record 7 is missing"):
        World(candles(FLAT), world=world_file)


def test_a_record_that_makes_no_sense_is_noticed(world_file: Path) -> None:
    connection = sqlite3.connect(world_file)
    with connection:
        connection.execute("UPDATE told SET body = x'81a474797065' WHERE seq = 7")
    connection.close()
    with pytest.raises(ValueError, match="is damaged, or no world"):
        World(candles(FLAT), world=world_file)


def test_what_is_no_world_is_explained_and_left_as_it_is(world_file: Path, tmp_path: Path) -> None:
    text, other, newer = tmp_path / "text", tmp_path / "other", tmp_path / "newer"
    text.write_text("[strategy]\nname = 'not a world'\n" * 100)
    connection = sqlite3.connect(other)
    with connection:
        connection.execute("CREATE TABLE told (seq INTEGER PRIMARY KEY)")
    connection.close()
    shutil.copy(world_file, newer)
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    for file, message in (
        (text, "is damaged, or no world"),
        (other, "is not the world of a simulated exchange"),
        (newer, "has version 2, and this one reads version 1"),
        (tmp_path / "nowhere" / "world", "nowhere is no directory"),
        (tmp_path, "cannot be read"),
    ):
        before = file.read_bytes() if file.is_file() else b""
        with pytest.raises(ValueError, match=f"world: .*{message}"):
            World(candles(FLAT), world=file)
        assert before == (file.read_bytes() if file.is_file() else b"")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"fee_rate": "0.002"}, "another fee_rate;"),
        ({"funds": {"USDT": 999}}, "another funds;"),
        ({"account_type": "spot"}, "another account type;"),
        ({"seed": "8", "latency_ms": 3}, "another latency_ms, seed;"),
        ({"instruments": {SYMBOL: {"price_tick": "0.2"}}}, "another instruments;"),
    ],
)
def test_the_world_of_another_venue_is_refused(tmp_path: Path, other: dict[str, Any], message: str) -> None:
    place = World(candles(FLAT), world=tmp_path / "world")
    place.run(place.exchange.close())
    with pytest.raises(ValueError, match=f"was begun with {message} give this one a file of its own"):
        World(candles(FLAT), world=tmp_path / "world", **other)


def test_numbers_that_are_written_otherwise_are_the_same(tmp_path: Path) -> None:
    for funds, rate in ((1_000, "0.001"), ("1000.00", "0.0010"), (1_000.0, 0.001)):
        place = World(candles(FLAT), world=tmp_path / "world", funds={"USDT": funds}, fee_rate=rate)
        place.run(place.exchange.close())


def test_one_world_is_open_to_one_process_alone(tmp_path: Path) -> None:
    first = World(candles(FLAT), world=tmp_path / "world")
    with pytest.raises(ValueError, match="is in use by another process"):
        World(candles(FLAT), world=tmp_path / "world")
    first.place("buy 1 @ 9")
    first.run(first.exchange.close())
    World(candles(FLAT), world=tmp_path / "world")


def test_what_was_left_of_a_world_that_was_never_begun_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "world.new").write_bytes(b"half")
    place = World(candles(FLAT), world=tmp_path / "world")
    assert not (tmp_path / "world.new").exists()
    place.run(place.exchange.close())
    place.run(place.exchange.close())


def test_a_relative_file_lies_beside_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner").mkdir()
    place = World(candles(FLAT))
    build_exchange(
        place.config.model_copy(update={"world": Path("world")}), with_other(place.provision, directory=str(tmp_path / "inner"))
    )
    assert (tmp_path / "inner" / "world").exists()


actions = st.one_of(
    st.tuples(st.just("submit"), st.lists(orders, min_size=1, max_size=3)),
    st.tuples(st.just("submit"), st.lists(orders, min_size=1, max_size=3)),
    st.tuples(st.just("list"), st.lists(orders, min_size=3, max_size=3), st.sampled_from(["OCO", "OTO", "OTOCO"])),
    st.tuples(st.just("cancel"), st.integers(1, 12)),
    st.tuples(st.just("amend"), st.integers(1, 12), quantities, st.one_of(st.none(), prices)),
    st.tuples(st.just("replace"), st.integers(1, 12), orders),
    st.tuples(st.just("hand"), orders),
    st.tuples(st.just("crash")),
    st.tuples(st.just("crash")),
)
sessions = st.lists(st.tuples(st.integers(0, 3 * MINUTE_NS), actions), min_size=1, max_size=14)


class Kept:
    """A session on a growing world, with crashes or without any."""

    def __init__(self, file: Path, history: Candles, known: int, account_type: str, config: dict[str, Any]) -> None:
        (first,), self.later = growing([history], known)
        self.file, self.crashes = file, 0
        self.world = World(first, account_type=account_type, world=file, **config)

    def play(self, session: Sequence[Any], *, crashing: bool) -> None:
        for pause, action in session:
            self._go_to(self.world.clock.at + pause)
            if action[0] != "crash":
                self._do(*action)
            elif crashing:
                self.crashes += 1
                reopen(self.world, self.file.with_name(f"{self.file.name} {self.crashes}"))
        self._go_to(1_000 * MINUTE_NS)

    def _go_to(self, at: Instant) -> None:
        while self.later and (closed_at := self.later[0].opened_at + MINUTE_NS) <= at:
            self.world.until(closed_at)
            self.world.exchange.extend(self.later.pop(0))
        self.world.until(at)

    def heard(self) -> list[VenueReply]:
        """What was told, where what is told twice counts once."""
        found: dict[tuple[Any, ...], VenueReply] = {}
        for reply in self.world.told:
            known = found.setdefault(identity(reply), reply)
            assert known == replace(reply, at=known.at)
            assert known.at <= reply.at
        return list(found.values())

    def _do(self, name: str, *given: Any) -> None:
        world, exchange = self.world, self.world.exchange
        match name:
            case "submit":
                world.submit(*given[0])
            case "list":
                world.submit(*given[0], kind=given[1])
            case "cancel":
                world.run(exchange.cancel(world.ref(given[0])))
            case "amend":
                quantity = details(f"buy {given[1]}").quantity
                price = None if given[2] is None else details(f"buy 1 @ {given[2]}").price
                world.run(exchange.amend(world.ref(given[0]), quantity, price))
            case "replace":
                world.run(exchange.replace(world.ref(given[0]), world.request(given[1])))
            case "hand":
                with suppress(Refused):
                    exchange.place_by_hand(details(given[0]))

    def state(self) -> Any:
        world, exchange = self.world, self.world.exchange
        shown = [world.run(exchange.query(world.ref(number))) for number in range(1, 13)]
        fills = world.run(exchange.fills_since(SYMBOL, 0))
        return shown, world.run(exchange.open_orders()), world.run(exchange.balances()), fills, self.heard()


def identity(reply: VenueReply) -> tuple[Any, ...]:
    if isinstance(reply, Filled):
        return (reply.venue_trade_id,)
    return (type(reply), *(getattr(reply, name, None) for name in ("order_id", "venue_trade_id", "venue_change_id")))


@settings(max_examples=100)
@given(
    seed=st.integers(0, 500),
    count=st.integers(5, 40),
    known=st.integers(1, 40),
    account_type=st.sampled_from(["spot", "netting", "margin"]),
    config=configs,
    session=sessions,
)
def test_a_world_that_crashes_at_any_time_is_the_world_that_never_did(
    seed: int, count: int, known: int, account_type: str, config: dict[str, Any], session: list[Any]
) -> None:
    data = walk(seed, count)
    if account_type == "margin":
        account_type = "netting"
        config = {
            **config,
            "initial_margin": "0.05",
            "maintenance_margin": "0.04",
            "funding_rate": "0.001",
            "funding_interval": "1m",
        }
    with TemporaryDirectory(dir=MEMORY) as directory:
        states = []
        for crashing in (False, True):
            kept = Kept(Path(directory, f"world {crashing}"), data, known, account_type, config)
            kept.play(session, crashing=crashing)
            states.append(kept.state())
            kept.world.run(kept.world.exchange.close())
        for one, other in zip(*states, strict=True):
            assert one == other
