"""Commands about orders that are there, and what the journal knows of their answers: a process that ends may lose one."""

import pytest

from s1mpletrader.core.order_context import is_unanswered
from tests.lifecycle.desk import scripted_desk
from tests.lifecycle.story import Story


@pytest.mark.parametrize(
    ("actions", "unanswered"),
    [
        ("buy 2 @ 10", []),
        ("hold | buy 2 @ 10", []),
        ("buy 2 @ 10 | hold | cancel", ["entry"]),
        ("buy 2 @ 10 | hold | cancel | fill 1", ["entry"]),
        ("hold | buy 2 @ 10 | cancel | accept", ["entry"]),
        ("buy 2 @ 10 | hold | cancel | fill 1 | answer", []),
        ("buy 2 @ 10 | hold | cancel | answer no", []),
        ("buy 2 @ 10 | hold | cancel | answer lost", []),
        ("buy 2 @ 10 | hold | cancel | answer lost | accept", []),
        ("buy 2 @ 10 | hold | cancel | fill 2", []),
        ("buy 2 @ 10 | hold | modify @ 9", ["entry"]),
        ("buy 2 @ 10 | hold | modify @ 9 | answer", []),
        ("no amend: buy 2 @ 10 | hold | modify @ 9", ["entry"]),
        ("no amend: buy 2 @ 10 | hold | modify @ 9 | answer no", ["entry"]),
        ("buy 2 loss 9 profit 12 | fill 2 | hold | close | answer", ["target"]),
    ],
)
def test_what_was_to_be_cancelled_or_changed_and_nobody_has_answered(actions: str, unanswered: list[str]) -> None:
    traits, _, rest = actions.rpartition(": ")
    desk = scripted_desk(amends="no amend" not in traits)
    Story(desk).play(rest)
    labels = desk.labels()
    found = [labels[order.order_id] for order in desk.book.live_orders() if is_unanswered(desk.journal, order.order_id)]
    assert found == unanswered
