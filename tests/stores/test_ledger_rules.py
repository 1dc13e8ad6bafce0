"""The rules keep in memory what lives, and nothing else."""

from decimal import Decimal

import pytest

from s1mpletrader.api import IllegalTransition, LedgerChange, LedgerRules, MissingParent, OrderEventKind
from s1mpletrader.contracts.samples import Family, Samples
from s1mpletrader.plugins.stores.memory_ledger import Shelf


def put(rules: LedgerRules, shelf: Shelf, *changes: LedgerChange) -> None:
    rules.check(changes, shelf)
    for change in changes:
        shelf.put(change)


def filled(samples: Samples) -> tuple[Family, list[LedgerChange]]:
    family = samples.family()
    accepted = samples.event(family.intent, 1, OrderEventKind.ACCEPTED)
    return family, [*family.changes, accepted, samples.fill(family.intent, Decimal("2.5"))]


def test_an_order_that_has_ended_leaves_memory_with_the_next_write() -> None:
    rules, shelf, samples = LedgerRules(), Shelf(), Samples()
    for _ in range(50):
        put(rules, shelf, *filled(samples)[1])
        assert rules.remembered == 1
    living = samples.family()
    put(rules, shelf, *living.changes)
    put(rules, shelf, samples.event(living.intent, 1, OrderEventKind.ACCEPTED))
    assert rules.remembered == 1


def test_an_order_that_ended_and_was_reopened_stays_in_memory() -> None:
    rules, shelf, samples = LedgerRules(), Shelf(), Samples()
    family = samples.family()
    rejected = samples.event(family.intent, 1, OrderEventKind.REJECTED)
    put(rules, shelf, *family.changes, rejected, samples.event(family.intent, 2, OrderEventKind.REOPENED))
    put(rules, shelf, samples.funds())
    assert rules.remembered == 1


def test_what_was_learnt_in_a_refused_write_is_forgotten() -> None:
    rules, shelf, samples = LedgerRules(), Shelf(), Samples()
    family = samples.family()
    accepted = samples.event(family.intent, 1, OrderEventKind.ACCEPTED)
    with pytest.raises(IllegalTransition):
        rules.check([*family.changes, accepted, accepted], shelf)
    assert rules.remembered == 0
    with pytest.raises(MissingParent):
        rules.check([accepted], shelf)


def test_a_book_of_very_many_groups_does_not_grow_in_memory() -> None:
    rules, shelf, samples = LedgerRules(), Shelf(), Samples()
    for _ in range(10):
        changes: list[LedgerChange] = []
        for _ in range(1_000):
            changes += filled(samples)[1]
        put(rules, shelf, *changes)
    put(rules, shelf, samples.funds())
    assert rules.remembered == 0
    assert len(rules._groups) <= 5_096
    assert len(rules._trades) <= 5_096


def test_an_order_that_lives_cannot_be_intended_again() -> None:
    rules, shelf, samples = LedgerRules(), Shelf(), Samples()
    family = samples.family()
    put(rules, shelf, *family.changes)
    with pytest.raises(IllegalTransition):
        rules.check([family.intent], shelf)
    assert rules.sift([family.intent], shelf) == []
