"""Halts: by a risk that stands, and by a person."""

from dataclasses import replace as provided
from typing import Any

import pytest
from msgspec.structs import replace

from s1mpletrader.api import IState, Risk, Scope, Severity, StateConflict, Unavailable, VersionedValue
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager
from s1mpletrader.plugins.planners.gates import KillSwitch, KillSwitchConfig, StandingRisk, StandingRiskConfig
from s1mpletrader.plugins.planners.gates.halts import EVERY_ACCOUNT, Halt, halt, halted_accounts, resume
from s1mpletrader.plugins.stores import MemoryState
from tests.planners.making import BTC, ETH, LONG, Account, make_directive, make_exit, make_provision, make_risk

from .making import code, execution


def risk(monitor: str, severity: Severity, kind: str = "loss", symbol: str | None = None) -> Risk:
    return replace(make_risk(severity, symbol), monitor=monitor, kind=kind)


STANDING: list[tuple[dict[str, Any], Risk, bool]] = [
    ({}, risk("any", Severity.CRITICAL), True),
    ({}, risk("any", Severity.HIGH), False),
    ({"severity": "HIGH"}, risk("any", Severity.HIGH), True),
    ({"severity": "HIGH"}, risk("any", Severity.LOW), False),
    ({"severity": "LOW"}, risk("any", Severity.LOW), True),
    ({}, risk("any", Severity.CRITICAL, symbol=BTC), True),
    ({}, risk("any", Severity.CRITICAL, symbol=ETH), False),
    ({"risks": ["mine"]}, risk("mine", Severity.CRITICAL), True),
    ({"risks": ["mine"]}, risk("other", Severity.CRITICAL), False),
    ({"kinds": ["loss"]}, risk("any", Severity.CRITICAL), True),
    ({"kinds": ["gap"]}, risk("any", Severity.CRITICAL), False),
    ({"risks": ["mine"], "kinds": ["loss"]}, risk("mine", Severity.CRITICAL), True),
    ({"risks": ["mine"], "kinds": ["loss"]}, risk("mine", Severity.CRITICAL, "gap"), False),
]


@pytest.mark.parametrize(("config", "standing", "halts"), STANDING)
def test_a_risk_that_stands_halts_what_it_concerns(config: dict[str, Any], standing: Risk, halts: bool) -> None:
    gate = StandingRisk(StandingRiskConfig.model_validate(config), make_provision())
    situation = Account().situation(risks=[standing])
    assert code(gate, execution(make_directive()), situation) == ("STANDING_RISK" if halts else None)


def test_the_gravest_risk_is_told() -> None:
    gate = StandingRisk(StandingRiskConfig.model_validate({"severity": "LOW"}), make_provision())
    risks = [risk("a", Severity.LOW), risk("b", Severity.CRITICAL), risk("c", Severity.HIGH)]
    refusal = gate.check(execution(make_directive()), Account().situation(risks=risks))
    assert refusal is not None
    assert refusal.detail == "b: loss is CRITICAL"


NAMED: list[tuple[str, dict[str, Any], Risk, str | None]] = [
    ("daily_loss", {}, risk("daily_loss", Severity.CRITICAL), "DAILY_LOSS"),
    ("daily_loss", {}, risk("drawdown", Severity.CRITICAL), None),
    ("daily_loss", {"risk": "amsterdam"}, risk("amsterdam", Severity.CRITICAL), "DAILY_LOSS"),
    ("drawdown_halt", {}, risk("drawdown", Severity.CRITICAL), "DRAWDOWN_HALT"),
    ("drawdown_halt", {}, risk("drawdown", Severity.HIGH), None),
    ("drawdown_halt", {"severity": "HIGH"}, risk("drawdown", Severity.HIGH), "DRAWDOWN_HALT"),
    ("drawdown_halt", {}, risk("daily_loss", Severity.CRITICAL), None),
]


@pytest.mark.parametrize(("plugin", "config", "standing", "expected"), NAMED)
def test_the_named_halts_go_with_their_monitors(
    plugin: str, config: dict[str, Any], standing: Risk, expected: str | None
) -> None:
    found = PluginManager.load(()).find(PluginKind.GATE, plugin).plugin
    gate = found.build(found.config.model_validate(config), make_provision())
    assert code(gate, execution(make_directive()), Account().situation(risks=[standing])) == expected
    assert gate.risks == (config.get("risk", standing.monitor if expected else gate.risks[0]),)


def switch(state: IState, closes: str = "pass", account: str = "main") -> KillSwitch:
    provision = provided(make_provision(), open_state=lambda: state, account=account)
    return KillSwitch(KillSwitchConfig.model_validate({"closes": closes}), provision)


HALTED: list[tuple[tuple[str, ...], str, str | None]] = [
    ((), "main", None),
    (("main",), "main", "KILL_SWITCH"),
    (("main",), "other", None),
    (("main",), "mai", None),
    ((EVERY_ACCOUNT,), "main", "KILL_SWITCH"),
    ((EVERY_ACCOUNT, "other"), "main", "KILL_SWITCH"),
]


@pytest.mark.parametrize(("halted", "account", "expected"), HALTED)
def test_a_halt_binds_its_account(halted: tuple[str, ...], account: str, expected: str | None) -> None:
    state = MemoryState()
    for name in halted:
        halt(state, name, Halt(reason="news"))
    assert code(switch(state, account=account), execution(make_directive()), Account().situation()) == expected


@pytest.mark.parametrize(("closes", "expected"), [("pass", None), ("refuse", "KILL_SWITCH")])
def test_ends_and_moved_exits_pass_a_halt_unless_they_are_to_be_refused(closes: str, expected: str | None) -> None:
    state = MemoryState()
    halt(state, "main", Halt())
    account = Account()
    trade = account.enter()
    end = execution(make_directive(LONG, Scope.CLOSE_EXISTING, trade.trade_id))
    moved = execution(make_directive(LONG, Scope.MODIFY_EXISTING, trade.trade_id), exits=make_exit("95.0"))
    gate = switch(state, closes)
    assert [code(gate, directive, account.situation()) for directive in (end, moved)] == [expected, expected]


def test_the_next_decision_after_a_change_knows_of_it() -> None:
    state = MemoryState()
    gate, directive, situation = switch(state), execution(make_directive()), Account().situation()
    assert code(gate, directive, situation) is None
    halt(state, "main", Halt())
    assert code(gate, directive, situation) == "KILL_SWITCH"
    resume(state, "main")
    assert code(gate, directive, situation) is None


def test_the_refusal_tells_who_when_and_why() -> None:
    state = MemoryState()
    halt(state, "main", Halt(reason="exchange down", at=1_700_000_000_000_000_000, by="ann@desk"))
    refusal = switch(state).check(execution(make_directive()), Account().situation())
    assert refusal is not None
    assert refusal.detail == "halted since 2023-11-14T22:13:20Z by ann@desk: exchange down"


@pytest.mark.parametrize("written", [b"", b"{", b"[]", b'{"reason": 3}', b"\xff"])
def test_a_record_that_cannot_be_read_halts(written: bytes) -> None:
    state = MemoryState()
    state.put("halt/main", written, expected_version=0)
    assert code(switch(state), execution(make_directive()), Account().situation()) == "KILL_SWITCH"


class Busy(MemoryState):
    """A store that cannot answer now."""

    def get(self, key: str) -> VersionedValue | None:
        raise Unavailable("the database is locked")


def test_while_nobody_can_tell_nothing_is_opened_and_ends_pass() -> None:
    account = Account()
    trade = account.enter()
    gate = switch(Busy())
    assert code(gate, execution(make_directive()), account.situation()) == "KILL_SWITCH_UNAVAILABLE"
    assert code(gate, execution(make_directive(LONG, Scope.CLOSE_EXISTING, trade.trade_id)), account.situation()) is None


def test_without_a_state_store_there_is_no_switch() -> None:
    with pytest.raises(ValueError, match="state store"):
        KillSwitch(KillSwitchConfig(), make_provision())


def test_a_second_halt_keeps_the_first_ones_reason() -> None:
    state = MemoryState()
    assert halt(state, "main", Halt(reason="first")).changed
    again = halt(state, "main", Halt(reason="second"))
    assert (again.halt.reason, again.changed) == ("first", False)


def test_a_halt_can_follow_a_resumption() -> None:
    state = MemoryState()
    for reason in ("first", "second"):
        assert halt(state, "main", Halt(reason=reason)).changed
        assert resume(state, "main") == Halt(reason=reason)
    assert resume(state, "main") is None
    assert halted_accounts(state) == ()


class Contended(MemoryState):
    """Somebody else acts between our reading and our writing, once."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Any = None

    def get(self, key: str) -> VersionedValue | None:
        found = super().get(key)
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        return found


def test_two_who_halt_at_once_both_see_one_halt() -> None:
    state = Contended()
    state.meanwhile = lambda: MemoryState.put(state, "halt/main", b'{"reason": "theirs"}', expected_version=0)
    change = halt(state, "main", Halt(reason="mine"))
    assert (change.halt.reason, change.changed) == ("theirs", False)


def test_a_halt_that_was_set_anew_meanwhile_is_not_lifted_unseen() -> None:
    state = Contended()
    halt(state, "main", Halt(reason="old"))

    def renewed() -> None:
        resume(state, "main")
        halt(state, "main", Halt(reason="new"))

    state.meanwhile = renewed
    with pytest.raises(StateConflict):
        resume(state, "main")
    assert halted_accounts(state) == ("main",)
