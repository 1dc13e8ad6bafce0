"""While anything speaks against it, nothing new is opened; closing waits in the outbox instead of being refused."""

from types import SimpleNamespace
from typing import cast

import pytest

from s1mpletrader.core.live_gate import LiveCheck, LiveGate
from s1mpletrader.domain.directives import ExecutionDirective, Scope
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.ports.planners import Situation


def directive(scope: Scope) -> ExecutionDirective:
    return cast(ExecutionDirective, SimpleNamespace(directive=SimpleNamespace(scope=scope)))


def situation(age_ns: int = 0) -> Situation:
    return cast(Situation, SimpleNamespace(at=1_000 * SECOND_NS, facts=SimpleNamespace(at=1_000 * SECOND_NS - age_ns)))


def test_it_opens_when_the_last_reason_is_gone_and_says_so_once() -> None:
    opened: list[str] = []
    gate = LiveGate(lambda: opened.append("now"))
    gate.open("streams")
    assert opened == [], "it has not been closed"
    gate.close("streams", "stale")
    gate.close("reconciliation", "not yet")
    gate.close("streams", "still stale")
    assert (gate.is_open, gate.reasons) == (False, ("still stale", "not yet"))
    gate.open("streams")
    assert opened == []
    gate.open("reconciliation")
    gate.open("reconciliation")
    assert (gate.is_open, opened) == (True, ["now"])


@pytest.mark.parametrize("scope", [Scope.NEW_TRADE, Scope.MODIFY_EXISTING])
def test_a_closed_gate_refuses_what_is_new_with_its_reasons(scope: Scope) -> None:
    gate = LiveGate(lambda: None)
    check = LiveCheck(gate, 10 * SECOND_NS)
    assert check.check(directive(scope), situation()) is None
    gate.close("streams", "the private stream is stale")
    refusal = check.check(directive(scope), situation())
    assert refusal is not None
    assert (refusal.code, refusal.detail) == ("GATE_CLOSED", "the private stream is stale")


def test_old_bars_are_there_to_be_known_and_not_to_be_traded_on() -> None:
    check = LiveCheck(LiveGate(lambda: None), 10 * SECOND_NS)
    assert check.check(directive(Scope.NEW_TRADE), situation(10 * SECOND_NS)) is None
    refusal = check.check(directive(Scope.NEW_TRADE), situation(10 * SECOND_NS + 1))
    assert refusal is not None
    assert (refusal.code, refusal.detail) == ("STALE_BARS", "the bars closed 10.0 s ago")


def test_an_end_is_never_refused() -> None:
    gate = LiveGate(lambda: None)
    gate.close("streams", "stale")
    assert LiveCheck(gate, 1).check(directive(Scope.CLOSE_EXISTING), situation(10**12)) is None
