"""The second look at a directive whose turn has come: at the account, the market and the risks as they are then."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.quarantine import Quarantine
from s1mpletrader.core.second_look import SecondLook
from s1mpletrader.domain.directives import Approved, RefusalDraft, Stage
from s1mpletrader.domain.ids import IdKind, IdSpace
from s1mpletrader.plugins.stores import MemoryLedger
from s1mpletrader.ports.planners import GateRefusal

from .deciding import OPENING, planning, risk, signal, situation, verdicts
from .samples import INSTRUMENT, SYMBOL

TURN = 700
FACTS = FactTable({})
LEDGER = MemoryLedger("b", lasting=False)
PRICES = {SYMBOL: Decimal(12)}


class Looking:
    """The strategy ``s`` with one gate, beside another; the risk 1 stands."""

    def __init__(self, answer: GateRefusal | None) -> None:
        self.ids = IdSpace("n")
        self.alarms: list[str] = []
        self.plan = planning([], gates=[answer])
        standing = {("m", "k", None): risk(1)}
        own = SimpleNamespace(name="s", planning=self.plan, state=SimpleNamespace(standing=standing), facts=FACTS)
        other = SimpleNamespace(name="t", planning=planning([]), state=SimpleNamespace(standing={}), facts=None)
        self.second_look = SecondLook(
            strategies=cast("Any", {"t": other, "s": own}),
            markets=cast("Any", {"t": None, "s": SimpleNamespace(prices=lambda: PRICES)}),
            view=cast("Any", lambda strategy: f"view of {strategy}"),
            open_ledger=lambda: LEDGER,
            instruments={SYMBOL: INSTRUMENT},
            ids=self.ids,
            now=lambda: TURN,
            quarantine=Quarantine(self.alarms.append),
        )
        (verdict,) = verdicts(planning([OPENING]), situation([signal(1)]))
        assert verdict.approved is not None
        self.approved: Approved = verdict.approved
        self.refusal_id = self.ids.flow("s", f"{self.approved.directive.id}:its turn", TURN).make(IdKind.REFUSAL)

    @property
    def gate(self) -> Any:
        return self.plan.gates[0].plugin


def test_the_gates_see_the_strategy_as_it_is_now() -> None:
    looking = Looking(None)
    assert looking.second_look.look_again(looking.approved) is None
    ((directive, seen),) = looking.gate.checked
    assert directive == looking.approved.directive
    assert (seen.at, seen.signals, seen.risks, seen.facts) == (TURN, (), (risk(1),), FACTS)
    assert (seen.view, seen.prices, seen.instruments) == ("view of s", PRICES, {SYMBOL: INSTRUMENT})
    assert seen.open_ledger() is LEDGER


def test_what_they_refuse_then_is_a_refusal_of_that_instant() -> None:
    looking = Looking(GateRefusal(code="FULL", detail="enough"))
    refusal = looking.second_look.look_again(looking.approved)
    assert refusal is not None
    assert (refusal.stage, refusal.by, refusal.code, refusal.detail) == (Stage.RISK_GATE, "gate0", "FULL", "enough")
    assert refusal.id == looking.refusal_id


def test_a_directive_whose_turn_never_comes_is_refused_in_the_batchs_name() -> None:
    looking = Looking(None)
    refusal = looking.second_look.withdraw(looking.approved, RefusalDraft(code="BATCH_FAILED", detail="why"))
    assert (refusal.stage, refusal.by, refusal.code, refusal.detail) == (Stage.EXECUTION_WORKER, "batch", "BATCH_FAILED", "why")
    assert (refusal.directive, refusal.plans) == (looking.approved.directive.directive, looking.approved.directive.plans)
    assert refusal.id == looking.refusal_id
    assert looking.gate.checked == []


def test_a_gate_that_fails_then_refuses_and_is_asked_no_more() -> None:
    looking = Looking(None)
    asked: list[object] = []

    def fail(*of: object) -> None:
        asked.append(of)
        raise LookupError("where is it?")

    looking.gate.check = fail
    for _ in range(2):
        refusal = looking.second_look.look_again(looking.approved)
        assert refusal is not None
        assert (refusal.stage, refusal.by, refusal.code) == (Stage.RISK_GATE, "gate0", "PLUGIN_FAILED")
        assert refusal.detail.startswith("gate0")
        assert refusal.id == looking.refusal_id
    assert len(asked) == len(looking.alarms) == 1
