"""Why a group is there: kept while it listens, within a bound, and plain words where ledger and journal know nothing of it."""

import pytest
from msgspec.structs import replace

from s1mpletrader.core.group_reasons import GROUPS_MAX, GroupReasons, GroupReasonsFinder
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.order_context import rebuild_context
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import GroupId
from s1mpletrader.domain.order import order_from_intent
from s1mpletrader.plugins.stores import MemoryJournal, MemoryLedger

from .desk import Desk
from .samples import group_id, intent, opening, order_id


def settled(desk: Desk) -> GroupReasonsFinder:
    return GroupReasonsFinder(lambda: desk.ledger, lambda: StrategyJournal(desk.journal))


def opened(desk: Desk) -> tuple[GroupId, GroupReasons]:
    effects = desk.execute()
    assert effects.group_id is not None
    return effects.group_id, settled(desk).find(effects.group_id)


def test_what_was_put_is_found_until_it_is_dropped() -> None:
    desk = Desk()
    group, reasons = opened(desk)
    finder, other = settled(desk), replace(reasons, strategy="other")
    finder.put(group, other)
    assert finder.find(group) == other
    finder.drop(group)
    finder.drop(group)
    assert finder.find(group) == reasons


def test_of_too_many_the_oldest_is_looked_up_again() -> None:
    desk = Desk()
    group, reasons = opened(desk)
    finder, other = settled(desk), replace(reasons, strategy="other")
    finder.put(group, other)
    for number in range(1, GROUPS_MAX):
        finder.put(group_id(number), other)
    assert finder.find(group) == other
    finder.put(group_id(GROUPS_MAX), other)
    assert finder.find(group_id(1)) == other
    assert finder.find(group) == reasons


def test_what_is_found_is_looked_up_once() -> None:
    desk = Desk()
    group, reasons = opened(desk)
    asked: list[None] = []

    def ledger() -> MemoryLedger:
        asked.append(None)
        return desk.ledger

    finder = GroupReasonsFinder(ledger, lambda: StrategyJournal(desk.journal))
    assert finder.find(group) is finder.find(group)
    assert finder.find(group) == reasons
    assert len(asked) == 1


def test_what_neither_ledger_nor_journal_knows_is_named() -> None:
    ledger, journal = MemoryLedger("b", lasting=False), StrategyJournal(MemoryJournal(lasting=False))
    finder = GroupReasonsFinder(lambda: ledger, lambda: journal)
    with pytest.raises(Defect) as defect:
        finder.find(group_id(1))
    assert str(defect.value) == f"the ledger has no group {group_id(1)}"
    with ledger.begin() as tx:
        ledger.write(tx, opening(1))
    with pytest.raises(Defect) as defect:
        finder.find(group_id(1))
    assert str(defect.value) == f"the journal has no decision of the group {group_id(1)}"
    with pytest.raises(Defect) as defect:
        rebuild_context(journal, order_from_intent(intent(1)))
    assert str(defect.value) == f"the ledger has {order_id(1)}, and the journal has no entry of it"
