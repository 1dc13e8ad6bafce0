"""What follows from a reply, or from a timer, beyond its own entry: an entry each, in a declared order, with its parent."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.directives import ExecutionDirective, Refusal, RefusalDraft, Stage
from s1mpletrader.domain.ids import IdKind
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reasons import EntryKind, SealedEntry
from s1mpletrader.ports.algorithms import (
    Advance,
    AlgorithmCommand,
    Amend,
    Cancel,
    GroupContext,
    GroupEvent,
    OrderUpdate,
    Place,
    PlannedOrder,
    Replace,
    Timer,
)

from .desk import Desk, accepted
from .stage import LATER, details, planned

LIMIT = PlannedOrder(details=details("2", "10"), role="entry")
LESS = RefusalDraft(code="LESS", detail="the rest was left")


class Wishing:
    """Places a limit order, and wishes for something about it upon the first event of a kind."""

    def __init__(self, wish: Callable[[Order], Advance], upon: type[GroupEvent]) -> None:
        self.wish = wish
        self.upon = upon

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        return Advance(commands=(Place(orders=(LIMIT,)),), wake_at=LATER)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        return self.wish(context.orders[0]) if isinstance(event, self.upon) else Advance(wake_at=LATER)


class Told:
    """A desk whose algorithm wished for something when its order was acknowledged, or when its timer rang."""

    def __init__(self, wish: Callable[[Order], Advance], upon: type[GroupEvent] = OrderUpdate) -> None:
        self.refusals: list[tuple[str, Refusal]] = []
        self.orders: list[Order] = []
        watchers = Watchers(refusal=lambda *told: self.refusals.append(told), order=self.orders.append)
        self.desk = Desk(AccountType.NETTING, watchers, algorithms={"wishing": Wishing(wish, upon)})
        begun = self.desk.execute(algorithm="wishing")
        assert begun.group_id is not None
        self.group_id = begun.group_id
        self.order_id = begun.intents[0].intent.order_id
        if upon is Timer:
            self.desk.reply(accepted(self.order_id))
        before = len(self.desk.kinds)
        self.desk.now = LATER
        if upon is Timer:
            self.desk.timers.run(self.group_id, LATER)
        else:
            self.desk.reply(accepted(self.order_id))
        self.own, *self.rest = list(self.desk.journal.entries("r"))[before:]

    def text(self, entry: SealedEntry) -> str | None:
        return self.desk.reasons_of(entry).text


def wishing(*commands: Callable[[Order], AlgorithmCommand]) -> Callable[[Order], Advance]:
    return lambda order: Advance(commands=tuple(command(order) for command in commands))


COMMANDS: list[tuple[Callable[[Order], AlgorithmCommand], str]] = [
    (lambda order: Cancel(order_id=order.order_id), "CANCEL"),
    (lambda order: Amend(order_id=order.order_id, quantity=Decimal("1.5")), "AMEND to 1.5"),
    (lambda order: Amend(order_id=order.order_id, quantity=Decimal(1), price=Decimal("9.5")), "AMEND to 1 at 9.5"),
]


@pytest.mark.parametrize("upon", [OrderUpdate, Timer])
@pytest.mark.parametrize(("command", "text"), COMMANDS, ids=[text for _, text in COMMANDS])
def test_a_command_is_written_down_before_it_leaves(
    command: Callable[[Order], AlgorithmCommand], text: str, upon: type[GroupEvent]
) -> None:
    told = Told(wishing(command), upon)
    (entry,) = told.rest
    assert (entry.kind, entry.order_id, entry.at) == (EntryKind.COMMANDED, told.order_id, told.own.at)
    assert (told.text(entry), entry.parent_seq) == (text, told.own.seq)
    assert len(told.desk.sent.commands) == 2
    assert told.desk.sent.steps[-1] == told.desk.sent.released == told.desk.recorder.recorded


def test_a_replacement_is_an_order_and_a_command_that_names_it() -> None:
    told = Told(wishing(lambda order: Replace(order_id=order.order_id, order=LIMIT)))
    intended, commanded = told.rest
    assert [intended.kind, commanded.kind] == [EntryKind.INTENDED, EntryKind.COMMANDED]
    assert told.text(commanded) == f"REPLACE by {intended.order_id}"
    assert commanded.order_id == told.order_id


@pytest.mark.parametrize("upon", [OrderUpdate, Timer])
def test_a_further_order_has_its_role_and_a_context_that_its_replies_find(upon: type[GroupEvent]) -> None:
    told = Told(lambda _: Advance(commands=(Place(orders=(planned("more"),)),)), upon)
    (entry,) = told.rest
    assert (entry.kind, told.desk.reasons_of(entry).role) == (EntryKind.INTENDED, "more")
    assert entry.order_id is not None
    context, first = told.desk.cache.get_context(entry.order_id), told.desk.cache.get_context(told.order_id)
    assert (context.status, context.last, context.strategy) == (OrderState.INTENDED, entry.ref, "s")
    assert (context.decision, context.facts) == (first.decision, first.facts)
    assert context.causality.order_ids == (entry.order_id,)
    assert context.causality.plan_ids == first.causality.plan_ids
    assert told.orders[-1].order_id == entry.order_id
    assert told.desk.metrics.orders == 1


@pytest.mark.parametrize(
    ("draft", "stage"),
    [
        (LESS, Stage.EXECUTION_WORKER),
        (RefusalDraft(code="EXPIRED", detail="too late"), Stage.EXPIRY),
        (RefusalDraft(code="SUPERSEDED"), Stage.EXPIRY),
    ],
)
@pytest.mark.parametrize("upon", [OrderUpdate, Timer])
def test_what_is_given_up_is_a_refusal_in_the_algorithms_name(draft: RefusalDraft, stage: Stage, upon: type[GroupEvent]) -> None:
    told = Told(lambda _: Advance(given_up=draft, done=True), upon)
    (entry,) = told.rest
    assert (entry.kind, entry.at) == (EntryKind.REFUSED, told.own.at)
    (refusal,) = told.desk.reasons_of(entry).refusals
    assert (refusal.stage, refusal.by, refusal.code, refusal.detail) == (stage, "wishing", draft.code, draft.detail)
    ids = told.desk.ids.flow("s", f"{told.group_id}:given up", told.own.at)
    assert refusal.id == ids.make(IdKind.REFUSAL)
    assert told.refusals == [("s", refusal)]
    assert told.desk.metrics.refusals == 1


@pytest.mark.parametrize("upon", [OrderUpdate, Timer])
def test_what_a_person_should_look_at_is_an_alarm_that_follows_from_it(upon: type[GroupEvent]) -> None:
    told = Told(lambda _: Advance(alarm="look here"), upon)
    (entry,) = told.rest
    assert (entry.kind, told.text(entry), entry.at) == (EntryKind.ALARM, "look here", told.own.at)
    assert entry.parent_seq == told.own.seq
    assert told.desk.metrics.alarms == 1


def test_everything_comes_in_its_order() -> None:
    def wish(order: Order) -> Advance:
        commands = (Cancel(order_id=order.order_id), Place(orders=(planned("more"),)))
        return Advance(commands=commands, given_up=LESS, alarm="look here", done=True)

    told = Told(wish)
    assert [entry.kind for entry in told.rest] == [
        EntryKind.INTENDED,
        EntryKind.COMMANDED,
        EntryKind.REFUSED,
        EntryKind.ALARM,
    ]
