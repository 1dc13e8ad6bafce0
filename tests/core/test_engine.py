"""The engine's order: replies before market data of the same instant, and strategies in turn by their place."""

from collections.abc import Sequence
from decimal import Decimal

from s1mpletrader.core.clock import Agenda, VirtualClock
from s1mpletrader.core.engine import RANK_NEWS, RANK_REPLY, RANK_SCHEDULE, Engine, Lane
from s1mpletrader.core.strategy import Seen
from s1mpletrader.domain.opinion import Direction, SignalDraft
from s1mpletrader.domain.replies import Amended, ExchangeReply, VenueReply

from .samples import order_id

SIGNAL = SignalDraft(symbol="s", direction=Direction.LONG, kind="k")


def reply(number: int, at: int) -> Amended:
    return Amended(order_id=order_id(number), at=at, quantity=Decimal(1))


class Facts:
    at = 0


class Strategy:
    def __init__(self) -> None:
        self.facts = Facts()


class Candles:
    """A feed of given instants; a signal at each of them, or only where ``loud``."""

    def __init__(self, name: str, instants: Sequence[int], log: list[str], *, loud: bool = True) -> None:
        self.name, self.instants, self.log, self.loud = name, list(instants), log, loud
        self.strategy = Strategy()

    def next_at(self, before: int | None) -> int | None:
        if not self.instants or (before is not None and self.instants[0] >= before):
            return None
        return self.instants[0]

    def take(self) -> Seen:
        self.strategy.facts.at = self.instants.pop(0)
        return Seen([("d", SIGNAL)] if self.loud else [], [])

    def catch_up(self, at: int) -> None:
        if at < 10**18:
            self.log.append(f"{self.name} catches up to {at}")

    def run(self, at: int, seen: Seen) -> None:
        self.log.append(f"{self.name} decides at {at}")


class World:
    """A venue with given replies."""

    def __init__(self, *replies: Amended) -> None:
        self.replies = list(replies)

    def next_at(self) -> int | None:
        return self.replies[0].at if self.replies else None

    def pop(self) -> ExchangeReply:
        return self.replies.pop(0)


class Books:
    def __init__(self, clock: VirtualClock, log: list[str]) -> None:
        self.clock, self.log = clock, log

    def run(self, replies: Sequence[VenueReply]) -> None:
        for one in replies:
            assert isinstance(one, Amended)
            self.log.append(f"reply {str(one.order_id)[-1]} at {self.clock.now()}")


def story(world: World, *lanes: Candles, log: list[str], agenda: Agenda | None = None, every_candle: bool = False) -> list[str]:
    clock = VirtualClock()
    engine = Engine(
        clock=clock,
        agenda=agenda or Agenda(),
        world=world,
        lanes=[Lane(lane, lane) for lane in lanes],  # type: ignore[arg-type]
        replies=Books(clock, log),
        every_candle=every_candle,
    )
    engine.run()
    return [line for line in log if "catches" not in line]


def test_replies_come_before_market_data_of_the_same_instant() -> None:
    log: list[str] = []
    lane = Candles("a", [10, 20, 30], log)
    told = story(World(reply(1, 5), reply(2, 20), reply(3, 35)), lane, log=log)
    assert told == [
        "reply 1 at 5",
        "a decides at 10",
        "reply 2 at 20",
        "a decides at 20",
        "a decides at 30",
        "reply 3 at 35",
    ]


def test_strategies_take_turns_by_their_place() -> None:
    log: list[str] = []
    told = story(World(), Candles("a", [10, 20], log), Candles("b", [5, 10, 15], log), log=log)
    assert told == ["b decides at 5", "a decides at 10", "b decides at 10", "b decides at 15", "a decides at 20"]


def test_what_is_on_the_agenda_comes_in_its_rank() -> None:
    log: list[str] = []
    agenda = Agenda()
    agenda.add(10, RANK_REPLY, lambda: (reply(1, 10),))
    agenda.add(10, 4, lambda: (reply(2, 10),))
    told = story(World(reply(3, 10)), Candles("a", [10], log), log=log, agenda=agenda)
    assert told == ["reply 1 at 10", "reply 3 at 10", "a decides at 10", "reply 2 at 10"]


def test_a_reply_meets_facts_that_have_caught_up() -> None:
    log: list[str] = []
    story(World(reply(1, 25)), Candles("a", [10, 30], log), log=log)
    assert log == ["a decides at 10", "a catches up to 25", "reply 1 at 25", "a decides at 30"]


def test_a_quiet_candle_starts_no_flow_unless_somebody_listens() -> None:
    log: list[str] = []
    assert story(World(), Candles("a", [10], log, loud=False), log=log) == []
    assert story(World(), Candles("a", [10], log, loud=False), log=log, every_candle=True) == ["a decides at 10"]


def test_what_comes_after_market_data_sees_the_candles_of_its_very_instant() -> None:
    log: list[str] = []
    agenda = Agenda()
    for rank in (RANK_NEWS, RANK_SCHEDULE, RANK_REPLY):
        agenda.add(20, rank, lambda: ())
    story(World(), Candles("a", [10, 21], log), log=log, agenda=agenda)
    assert log == [
        "a decides at 10",
        "a catches up to 20",
        "a catches up to 21",
        "a catches up to 21",
        "a decides at 21",
    ]


def test_of_a_world_and_an_agenda_the_earlier_goes_first_and_candles_come_between() -> None:
    log: list[str] = []
    agenda = Agenda()
    agenda.add(20, 4, lambda: (reply(1, 20),))
    agenda.add(30, 4, lambda: (reply(2, 30),))
    told = story(World(reply(3, 19), reply(4, 30)), Candles("a", [18, 19, 20, 21, 30, 31], log), log=log, agenda=agenda)
    assert told == [
        "a decides at 18",
        "reply 3 at 19",
        "a decides at 19",
        "a decides at 20",
        "reply 1 at 20",
        "a decides at 21",
        "reply 4 at 30",
        "a decides at 30",
        "reply 2 at 30",
        "a decides at 31",
    ]


def test_progress_is_told_of_every_candle_that_is_taken_and_the_clock_ends_with_the_last() -> None:
    clock, seen, log = VirtualClock(), list[int](), list[str]()
    lane = Candles("a", [10, 20], log, loud=False)
    engine = Engine(
        clock=clock,
        agenda=Agenda(),
        world=World(),
        lanes=[Lane(lane, lane)],  # type: ignore[arg-type]
        replies=Books(clock, log),
        progress=seen.append,
    )
    engine.run()
    assert seen == [10, 20]
    assert not any("decides" in line for line in log)
    assert clock.now() == 20
