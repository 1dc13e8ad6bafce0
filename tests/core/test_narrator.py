"""What people are told of a run: a line for each thing that they want to know, under its topic, once."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.core.narrator import Narrator, Topic, fill_line, order_line, refusal_line, troubles
from s1mpletrader.domain.directives import Refusal, Scope, Stage, StrategyDirective
from s1mpletrader.domain.ids import DirectiveId, OrderId, RefusalId
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.order import Order, order_from_intent
from s1mpletrader.domain.orders import OrderState, OrderType
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, Reasons
from s1mpletrader.ports.health import Health, StreamHealth
from s1mpletrader.ports.status import FlowLine, LiveStatus, StrategyStatus

from .desk import NOON
from .samples import SYMBOL, fill, intent, order_id

MARKET = replace(intent(1).details, type=OrderType.MARKET, price=None)
STOP = replace(intent(1).details, type=OrderType.STOP_LIMIT, stop_price=Decimal("11.50"))


class Heard(Narrator):
    """Keeps what it is told to tell."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[Topic, FlowLine]] = []

    def tell(self, topic: Topic, line: FlowLine) -> None:
        self.told.append((topic, line))

    def entry(self, kind: EntryKind, text: str | None = None, at: int = NOON, order: OrderId | None = None) -> None:
        self.s1mple_strategy_journal_updated(EntryDraft(kind, at, Reasons(v=SCHEMA_VERSION, text=text), None, order))

    @property
    def texts(self) -> list[tuple[Topic, str]]:
        return [(topic, line.text) for topic, line in self.told]


def order(number: int = 1, state: OrderState = OrderState.OPEN, **changed: object) -> Order:
    return replace(order_from_intent(intent(number)), state=state, **changed)


def refusal(directive: StrategyDirective | None = None) -> Refusal:
    return Refusal(
        id=RefusalId("REF_20220101_120000_0000000000000001"),
        stage=Stage.RISK_GATE,
        by="gate",
        code="NO",
        detail="not now",
        signal_ids=(),
        risk_ids=(),
        directive=directive,
    )


def status(**changed: object) -> LiveStatus:
    return replace(LiveStatus(at=NOON, mode="paper", account="main"), **changed)


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        (EntryKind.ALARM, "look at this", (Topic.ALARMS, "ALARM look at this")),
        (EntryKind.EXTERNAL, "a fill of an order that is not ours", (Topic.ALARMS, "ALARM a fill of an order that is not ours")),
        (EntryKind.CANCEL_REJECTED, "too late", (Topic.REJECTIONS, "cannot be cancelled or changed: too late")),
        (EntryKind.CANCEL_REJECTED, None, (Topic.REJECTIONS, "cannot be cancelled or changed")),
        (EntryKind.RUN_STARTED, None, (Topic.RUN, "the run begins")),
        (EntryKind.RUN_ENDED, "stopped", (Topic.RUN, "the run ends: stopped")),
        (EntryKind.INTENDED, "an order", None),
        (EntryKind.FILLED, None, None),
    ],
)
def test_of_the_journal_people_are_told_what_concerns_them(
    kind: EntryKind, text: str | None, line: tuple[Topic, str] | None
) -> None:
    heard = Heard()
    heard.entry(kind, text)
    assert heard.texts == ([line] if line is not None else [])


@pytest.mark.parametrize(
    ("state", "topic"),
    [
        (OrderState.OPEN, Topic.ORDERS),
        (OrderState.CANCELLED, Topic.ORDERS),
        (OrderState.REJECTED, Topic.REJECTIONS),
        (OrderState.UNKNOWN, Topic.ALARMS),
        (OrderState.PARTIALLY_FILLED, None),
        (OrderState.FILLED, None),
    ],
)
def test_an_order_is_told_under_the_topic_of_its_state_and_one_that_fills_tells_of_itself(
    state: OrderState, topic: Topic | None
) -> None:
    heard = Heard()
    heard.s1mple_order(order(state=state))
    assert heard.texts == ([(topic, order_line(order(state=state)))] if topic is not None else [])


def test_a_line_has_the_time_of_the_last_entry_and_the_strategy_of_its_order() -> None:
    heard = Heard()
    heard.s1mple_order(order())
    heard.entry(EntryKind.RECORDED, at=NOON + 1)
    heard.s1mple_fill(fill(1))
    heard.s1mple_fill(fill(2))
    heard.entry(EntryKind.CANCEL_REJECTED, "no", NOON + 2, order_id(1))
    heard.entry(EntryKind.ALARM, "no", NOON + 3, order_id(2))
    heard.entry(EntryKind.ALARM, "no", NOON + 4)
    heard.s1mple_refusal("t", refusal())
    assert [(line.at, line.strategy) for _, line in heard.told] == [
        (0, "s"),
        (NOON + 1, "s"),
        (NOON + 1, ""),
        (NOON + 2, "s"),
        (NOON + 3, ""),
        (NOON + 4, ""),
        (NOON + 4, "t"),
    ]
    assert [topic for topic, _ in heard.told[1:3]] == [Topic.FILLS] * 2
    assert heard.texts[-1] == (Topic.REFUSALS, refusal_line(refusal()))


def test_of_a_thousand_orders_it_remembers_whose_they_are_and_of_those_before_no_more() -> None:
    heard = Heard()
    for number in range(1001):
        heard.s1mple_order(order(number))
    heard.told.clear()
    for number in (0, 1, 1000):
        heard.s1mple_fill(fill(number))
    assert [line.strategy for _, line in heard.told] == ["", "s", "s"]


def test_a_trouble_is_told_when_it_begins_and_when_it_is_over() -> None:
    heard = Heard()
    for at, halted in enumerate((False, True, True, False), NOON):
        heard.s1mple_status(status(at=at, halted=halted, held_back=("the stream is silent", "a ban") if halted else ()))
    assert [(topic, line.at, line.strategy, line.text) for topic, line in heard.told] == [
        (Topic.HEALTH, NOON + 1, "", "nothing new is opened: the stream is silent; a ban"),
        (Topic.HEALTH, NOON + 3, "", "new trades may be opened again"),
    ]


def test_one_trouble_is_over_while_another_goes_on() -> None:
    heard = Heard()
    stale = Health(streams=(StreamHealth(name="private", connected=True, stale_since=NOON),))
    heard.s1mple_status(status(halted=True, health=stale))
    heard.s1mple_status(status(halted=True))
    heard.s1mple_status(status(halted=True))
    assert [text for _, text in heard.texts] == [
        "nothing new is opened",
        "stream private is not to be trusted since 2022-01-01T12:00:00Z",
        "stream private: over",
    ]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, {}),
        ({"halted": True}, {"openings": "nothing new is opened"}),
        (
            {
                "strategies": (
                    StrategyStatus(name="well", currency="USDT"),
                    StrategyStatus(name="ill", currency="USDT", quarantine="ema failed"),
                )
            },
            {"strategy ill": "ill decides nothing any more: ema failed"},
        ),
        ({"health": Health(banned_until=NOON)}, {}),
        ({"health": Health(banned_until=NOON + 60_000_000_000)}, {"ban": "the venue does not listen until 2022-01-01T12:01:00Z"}),
    ],
    ids=["none", "a halt", "a quarantine", "a ban that is over", "a ban"],
)
def test_what_troubles_a_run_is_named(changed: dict[str, object], found: dict[str, str]) -> None:
    assert troubles(status(**changed)) == found


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "OPEN BUY 2 BTC/USDT LIMIT at 10"),
        ({"price": Decimal("9.50")}, "OPEN BUY 2 BTC/USDT LIMIT at 9.5"),
        ({"quantity": Decimal("1.500")}, "OPEN BUY 1.5 BTC/USDT LIMIT at 10"),
        ({"intent": replace(intent(1), details=MARKET), "price": None}, "OPEN BUY 2 BTC/USDT MARKET"),
        ({"intent": replace(intent(1), details=STOP)}, "OPEN BUY 2 BTC/USDT STOP_LIMIT at 10 from 11.5"),
        ({"state": OrderState.REJECTED, "rejection_reason": "why"}, "REJECTED BUY 2 BTC/USDT LIMIT at 10: why"),
    ],
)
def test_an_order_is_one_line(changed: dict[str, object], line: str) -> None:
    assert order_line(replace(order(), **changed)) == line


def test_a_fill_is_one_line() -> None:
    assert fill_line(fill(1, "1.50", "10.10")) == "filled BUY 1.5 BTC/USDT at 10.1"
    assert fill_line(fill(1, fee="0.20", fee_currency="BNB")) == "filled BUY 2 BTC/USDT at 10, fee 0.2 BNB"


def test_a_refusal_is_one_line() -> None:
    directive = StrategyDirective(
        id=DirectiveId("STR_20220101_000000_0000000000000001"),
        symbol=SYMBOL,
        direction=Direction.LONG,
        scope=Scope.NEW_TRADE,
        trade_id=None,
        confidence=1.0,
        reason="",
        signal_ids=(),
        risk_ids=(),
    )
    assert refusal_line(refusal(directive)) == "refused LONG BTC/USDT by gate: NO, not now"
    assert refusal_line(refusal()) == "refused by gate: NO, not now"
