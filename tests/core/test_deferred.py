"""The way back of a directive that waits for its turn: from the journal, as it was approved, to the gates or out of its batch."""

import pytest
from msgspec.structs import replace

from s1mpletrader.core.deferred import DeferredDirectives
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.live_trades import LiveGroup
from s1mpletrader.core.recorder import Step
from s1mpletrader.domain.directives import Approved, Refusal, RefusalDraft, Stage
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import RefusalId
from s1mpletrader.domain.reality import GroupOpened
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, Reasons

from .desk import NOON, Desk
from .samples import opening

LATE = RefusalDraft(code="LATE", detail="too late")
REFUSED = Refusal(
    id=RefusalId("REF_20220101_120000_0000000000000001"),
    stage=Stage.RISK_GATE,
    by="gate",
    code="NO",
    detail="no",
    signal_ids=(),
    risk_ids=(),
)


class Waiting:
    """Directives that were deferred at noon, and a batch that began then."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.asked: list[object] = []
        _, opened = opening(1, done=False)
        assert isinstance(opened, GroupOpened)
        self.batch = LiveGroup(replace(opened, at=NOON), b"")
        self.approved = [
            Approved(directive=self.desk._directive("2", "single", "9", None, None, number), gates=(f"gate {number}",))
            for number in range(2)
        ]
        for approved in self.approved:
            self.write(EntryKind.DEFERRED, approved)

    def write(self, kind: EntryKind, approved: Approved, at: int = NOON, **changed: object) -> None:
        """An entry that keeps a directive, or what is made of it."""
        directive = approved.directive
        reasons = Reasons(
            v=SCHEMA_VERSION,
            directive=directive.directive,
            plans=directive.plans,
            execution_directive_id=directive.id,
            gates=approved.gates,
        )
        self.desk.recorder.record(Step((), (EntryDraft(kind, at, replace(reasons, **changed)),)))

    @property
    def deferred(self) -> DeferredDirectives:
        return DeferredDirectives(lambda: StrategyJournal(self.desk.journal), self._strategy_of, self._look_again, self._withdraw)

    def _strategy_of(self, batch: LiveGroup) -> str:
        assert batch is self.batch
        return "s"

    def _look_again(self, approved: Approved) -> Refusal | None:
        self.asked.append(approved)
        return REFUSED

    def _withdraw(self, approved: Approved, draft: RefusalDraft) -> Refusal:
        self.asked.append((approved, draft))
        return replace(REFUSED, code=draft.code)


def test_it_is_found_as_it_was_approved() -> None:
    waiting = Waiting()
    for approved in waiting.approved:
        assert waiting.deferred.find(approved.directive.id, waiting.batch).approved == approved


def test_the_gates_and_its_withdrawal_are_asked_about_this_one() -> None:
    waiting = Waiting()
    _, second = waiting.approved
    found = waiting.deferred.find(second.directive.id, waiting.batch)
    assert waiting.asked == []
    assert found.look_again() == REFUSED
    assert found.withdraw(LATE) == replace(REFUSED, code="LATE")
    assert waiting.asked == [second, (second, LATE)]


@pytest.mark.parametrize(
    ("kind", "at", "changed"),
    [
        (EntryKind.COMMANDED, NOON, {}),
        (EntryKind.DEFERRED, NOON + 1, {}),
        (EntryKind.DEFERRED, NOON, {"directive": None}),
        (EntryKind.DEFERRED, NOON, {"plans": None}),
        (EntryKind.DEFERRED, NOON, {"execution_directive_id": None}),
    ],
    ids=["begun", "of another instant", "without its directive", "without its plans", "without its name"],
)
def test_another_entry_is_not_taken_for_it(kind: EntryKind, at: int, changed: dict[str, object]) -> None:
    waiting = Waiting()
    asked = waiting.desk._directive("2", "single", "9", None, None, 7)
    waiting.write(kind, Approved(directive=asked), at, **changed)
    with pytest.raises(Defect) as defect:
        waiting.deferred.find(asked.id, waiting.batch)
    assert str(defect.value) == f"the journal has no deferred directive {asked.id}"
