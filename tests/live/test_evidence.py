"""The rule by which an order of unknown outcome counts as never placed: time, several answers, and spaced ones."""

from decimal import Decimal

import pytest

from s1mpletrader.contracts.samples import Samples
from s1mpletrader.core.evidence import ANSWERS_MIN, SPACE_NS_MIN, EvidenceRules, MissingOrders
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.order import Order, order_from_intent

RULES = EvidenceRules(recv_window_ns=5 * SECOND_NS, grace_ns=2 * SECOND_NS)


@pytest.fixture
def order() -> Order:
    return order_from_intent(Samples().family(quantity=Decimal(1)).intent)


def safe_at(order: Order) -> int:
    return order.intent.decided_at + 7 * SECOND_NS


def test_silence_before_the_deadline_is_worth_nothing(order: Order) -> None:
    missing = MissingOrders(RULES)
    for number in range(20):
        assert missing.missing(order, order.intent.decided_at + number * SECOND_NS // 4) is None
    answers = [missing.missing(order, safe_at(order) + number * SPACE_NS_MIN) for number in range(ANSWERS_MIN)]
    assert [answer is not None for answer in answers] == [False, False, True]
    assert "not found in 3 queries" in str(answers[-1])


def test_answers_in_one_breath_count_once(order: Order) -> None:
    missing = MissingOrders(RULES)
    assert [missing.missing(order, safe_at(order) + number) for number in range(50)] == [None] * 50


def test_an_order_that_was_seen_begins_anew(order: Order) -> None:
    missing = MissingOrders(RULES)
    assert missing.missing(order, safe_at(order)) is None
    assert missing.missing(order, safe_at(order) + SPACE_NS_MIN) is None
    missing.seen(order.order_id)
    assert missing.missing(order, safe_at(order) + 2 * SPACE_NS_MIN) is None
