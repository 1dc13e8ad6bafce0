"""What ``weighing`` answers: to signals, against trades and orders, and under risks."""

from typing import Any

import pytest
from msgspec.structs import replace

from s1mpletrader.api import (
    AccountType,
    Direction,
    DirectiveDraft,
    ILedgerReader,
    OrderEventKind,
    RefusalDraft,
    Scope,
    Severity,
    Side,
    Situation,
)
from s1mpletrader.plugins.planners.weighing import Weighing, WeighingConfig

from .making import BTC, ETH, LONG, SHORT, Account, make_provision, make_risk, make_signal


def answers(situation: Situation, **config: Any) -> list[DirectiveDraft | RefusalDraft]:
    return list(Weighing(WeighingConfig.model_validate(config), make_provision()).plan(situation))


def told(situation: Situation, **config: Any) -> list[tuple[str, str, float]]:
    """What each answer is: the scope or the refusal's code, with the direction and confidence of the directive."""
    found = []
    for answer in answers(situation, **config):
        about = answer.withheld if isinstance(answer, RefusalDraft) else answer
        assert about is not None, "the opportunity that is held back is always named"
        found.append((answer.code if isinstance(answer, RefusalDraft) else str(answer.scope), about.direction, about.confidence))
    return [(kind, str(direction), confidence) for kind, direction, confidence in found]


Signals = list[tuple[Direction, float]]

WEIGHED: list[tuple[Signals, tuple[str, str, float]]] = [
    ([(LONG, 1.0)], ("NEW_TRADE", "LONG", 1.0)),
    ([(SHORT, 0.8)], ("NEW_TRADE", "SHORT", 0.8)),
    ([(LONG, 0.5)], ("NEW_TRADE", "LONG", 0.5)),
    ([(LONG, 0.4999)], ("WEAK", "LONG", 0.4999)),
    ([(LONG, 0.0)], ("WEAK", "LONG", 0.0)),
    ([(LONG, 0.3), (LONG, 0.4)], ("NEW_TRADE", "LONG", 0.7)),
    ([(LONG, 0.9), (LONG, 0.8)], ("NEW_TRADE", "LONG", 1.0)),
    ([(LONG, 0.7), (SHORT, 0.2)], ("NEW_TRADE", "LONG", 0.5)),
    ([(SHORT, 0.2), (LONG, 0.7)], ("NEW_TRADE", "LONG", 0.5)),
    ([(LONG, 0.7), (SHORT, 0.3)], ("CONFLICTING_SIGNALS", "LONG", 0.4)),
    ([(LONG, 0.6), (SHORT, 0.6)], ("CONFLICTING_SIGNALS", "LONG", 0.0)),
    ([(SHORT, 0.6), (LONG, 0.6)], ("CONFLICTING_SIGNALS", "SHORT", 0.0)),
    ([(LONG, 0.4), (SHORT, 0.3)], ("WEAK", "LONG", 0.1)),
    ([(LONG, 1.0), (SHORT, 5e-324)], ("NEW_TRADE", "LONG", 1.0)),
]


@pytest.mark.parametrize(("signals", "expected"), WEIGHED)
def test_signals_are_weighed_against_each_other(signals: Signals, expected: tuple[str, str, float]) -> None:
    situation = Account().situation([make_signal(direction, confidence) for direction, confidence in signals])
    assert told(situation) == [expected]


def test_nothing_seen_is_nothing_said() -> None:
    account = Account()
    account.enter()
    assert answers(account.situation(risks=[make_risk(Severity.CRITICAL)])) == []


UNDER_RISK: list[tuple[list[tuple[Severity, str | None]], dict[str, Any], tuple[str, str, float]]] = [
    ([(Severity.LOW, None)], {}, ("NEW_TRADE", "LONG", 0.9)),
    ([(Severity.HIGH, None)], {}, ("NEW_TRADE", "LONG", 0.5)),
    ([(Severity.HIGH, None), (Severity.LOW, BTC)], {}, ("RISK_VETO", "LONG", 1.0)),
    ([(Severity.CRITICAL, None)], {}, ("RISK_VETO", "LONG", 1.0)),
    ([(Severity.CRITICAL, BTC)], {}, ("RISK_VETO", "LONG", 1.0)),
    ([(Severity.CRITICAL, ETH)], {}, ("NEW_TRADE", "LONG", 1.0)),
    ([(Severity.CRITICAL, None)], {"risk_weights": {"CRITICAL": 0.25}}, ("NEW_TRADE", "LONG", 0.75)),
    ([(Severity.HIGH, None)], {"risk_weights": {"CRITICAL": 2}, "confidence_min": 0.6}, ("RISK_VETO", "LONG", 1.0)),
    ([(Severity.LOW, None)], {"close_on_risk": "LOW"}, ("RISK_VETO", "LONG", 1.0)),
    ([(Severity.LOW, None)], {"close_on_risk": "HIGH"}, ("NEW_TRADE", "LONG", 0.9)),
]


@pytest.mark.parametrize(("risks", "config", "expected"), UNDER_RISK)
def test_standing_risks_weigh_against_a_new_trade(
    risks: list[tuple[Severity, str | None]], config: dict[str, Any], expected: tuple[str, str, float]
) -> None:
    situation = Account().situation([make_signal(LONG)], [make_risk(*risk) for risk in risks])
    assert told(situation, **config) == [expected]


def test_many_agreeing_signals_do_not_outweigh_a_critical_risk() -> None:
    situation = Account().situation([make_signal(LONG)] * 5, [make_risk(Severity.CRITICAL)])
    assert told(situation) == [("RISK_VETO", "LONG", 1.0)]


WITHOUT_A_TRADE: list[tuple[Direction, str, tuple[str, str, float]]] = [
    (LONG, "close", ("NEW_TRADE", "LONG", 1.0)),
    (SHORT, "close", ("FLAT", "SHORT", 1.0)),
    (SHORT, "refuse", ("DIRECTION_NOT_ALLOWED", "SHORT", 1.0)),
]


@pytest.mark.parametrize(("direction", "opposite", "expected"), WITHOUT_A_TRADE)
def test_only_the_allowed_directions_open_trades(direction: Direction, opposite: str, expected: tuple[str, str, float]) -> None:
    situation = Account().situation([make_signal(direction)])
    assert told(situation, directions=["LONG"], opposite_signal=opposite) == [expected]


def test_a_spot_account_opens_no_short() -> None:
    situation = Account(AccountType.SPOT).situation([make_signal(SHORT)])
    assert told(situation, directions=["LONG", "SHORT"]) == [("DIRECTION_NOT_ALLOWED", "SHORT", 1.0)]


BESIDE_A_TRADE: list[tuple[Direction, Direction, str, tuple[str, str, float]]] = [
    (LONG, LONG, "close", ("POSITION_OPEN", "LONG", 1.0)),
    (LONG, LONG, "refuse", ("POSITION_OPEN", "LONG", 1.0)),
    (LONG, SHORT, "close", ("CLOSE_EXISTING", "LONG", 1.0)),
    (LONG, SHORT, "refuse", ("POSITION_OPEN", "SHORT", 1.0)),
    (SHORT, LONG, "close", ("CLOSE_EXISTING", "SHORT", 1.0)),
    (SHORT, LONG, "refuse", ("POSITION_OPEN", "LONG", 1.0)),
    (SHORT, SHORT, "close", ("POSITION_OPEN", "SHORT", 1.0)),
]


@pytest.mark.parametrize(("held", "signal", "opposite", "expected"), BESIDE_A_TRADE)
def test_an_open_trade_is_ended_or_left_alone(
    held: Direction, signal: Direction, opposite: str, expected: tuple[str, str, float]
) -> None:
    account = Account()
    account.enter(held)
    situation = account.situation([make_signal(signal)])
    assert told(situation, opposite_signal=opposite) == [expected]


def test_an_end_names_its_trade_and_needs_no_allowed_direction() -> None:
    account = Account(AccountType.SPOT)
    trade = account.enter()
    [end] = answers(account.situation([make_signal(SHORT)]), directions=["LONG"])
    assert end == DirectiveDraft(
        symbol=BTC, direction=LONG, scope=Scope.CLOSE_EXISTING, trade_id=trade.trade_id, confidence=1.0, reason="CROSS"
    )


@pytest.mark.parametrize("close_on_risk", [None, "CRITICAL"])
def test_no_risk_holds_back_an_end(close_on_risk: str | None) -> None:
    account = Account()
    account.enter()
    situation = account.situation([make_signal(SHORT, 0.6)], [make_risk(Severity.CRITICAL)] * 3)
    assert [kind for kind, *_ in told(situation, close_on_risk=close_on_risk)] == ["CLOSE_EXISTING"]


def test_a_weak_signal_ends_nothing() -> None:
    account = Account()
    trade = account.enter()
    [refusal] = answers(account.situation([make_signal(SHORT, 0.2)]))
    assert isinstance(refusal, RefusalDraft)
    assert refusal.code == "WEAK"
    assert refusal.withheld is not None
    assert refusal.withheld.trade_id == trade.trade_id


@pytest.mark.parametrize("state", [None, OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED, OrderEventKind.UNKNOWN])
def test_nothing_is_opened_while_an_entry_may_still_fill(state: OrderEventKind | None) -> None:
    account = Account()
    account.order(account.begin(), state=state)
    for direction in (LONG, SHORT):
        situation = account.situation([make_signal(direction)])
        assert told(situation, opposite_signal="refuse") == [("ORDER_PENDING", str(direction), 1.0)]


@pytest.mark.parametrize("state", [OrderEventKind.REJECTED, OrderEventKind.CANCELLED, OrderEventKind.NOT_PLACED])
def test_an_entry_that_ended_without_a_fill_leaves_the_way_free(state: OrderEventKind) -> None:
    account = Account()
    account.order(account.begin(), state=state)
    assert told(account.situation([make_signal(LONG)])) == [("NEW_TRADE", "LONG", 1.0)]


def test_an_opposite_signal_takes_back_an_entry_that_waits() -> None:
    account = Account()
    account.order(account.begin(), price="95.0")
    assert told(account.situation([make_signal(SHORT)])) == [("CLOSE_EXISTING", "LONG", 1.0)]


@pytest.mark.parametrize("state", [None, OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED, OrderEventKind.UNKNOWN])
def test_an_end_is_not_given_twice_while_its_order_is_live(state: OrderEventKind | None) -> None:
    account = Account()
    account.order(account.enter(), Side.SELL, state=state)
    situation = account.situation([make_signal(SHORT)])
    assert told(situation) == [("ORDER_PENDING", "LONG", 1.0)]
    assert told(account.situation(risks=[make_risk(Severity.CRITICAL)]), close_on_risk="CRITICAL") == []


def test_an_end_that_the_venue_rejected_is_given_again() -> None:
    account = Account()
    account.order(account.enter(), Side.SELL, state=OrderEventKind.REJECTED)
    assert told(account.situation([make_signal(SHORT)])) == [("CLOSE_EXISTING", "LONG", 1.0)]


def test_an_end_is_not_given_twice_while_it_waits_for_the_trades_other_orders() -> None:
    account = Account()
    trade = account.enter()
    account.order(trade, Side.SELL, price="110.0")
    account.order(trade, Side.SELL, stop_price="90.0")
    opposite = [make_signal(SHORT)]
    assert told(account.situation(opposite)) == [("CLOSE_EXISTING", "LONG", 1.0)], "exits are not an end under way"
    group = account.group(trade, "close", done=False)
    assert told(account.situation(opposite)) == [("ORDER_PENDING", "LONG", 1.0)]
    account.end_group(group)
    assert told(account.situation(opposite)) == [("CLOSE_EXISTING", "LONG", 1.0)]


def test_a_partly_filled_entry_is_no_end() -> None:
    account = Account()
    account.fill(account.order(account.begin()), "0.4")
    assert told(account.situation([make_signal(SHORT)])) == [("CLOSE_EXISTING", "LONG", 1.0)]


def test_the_end_of_another_trade_is_not_this_ones() -> None:
    account = Account()
    account.order(account.enter(), Side.SELL, price="110.0")
    other = account.enter(LONG, ETH)
    account.group(other, "close", done=False)
    assert told(account.situation([make_signal(SHORT)])) == [("CLOSE_EXISTING", "LONG", 1.0)]


def test_the_ledger_is_not_read_where_nothing_is_live() -> None:
    def unreadable() -> ILedgerReader:
        raise AssertionError("the ledger was read")

    account = Account()
    account.enter()
    situation = replace(account.situation([make_signal(SHORT)]), open_ledger=unreadable)
    assert told(situation) == [("CLOSE_EXISTING", "LONG", 1.0)]


def test_nothing_is_opened_while_an_algorithm_has_yet_to_place_its_order() -> None:
    account = Account()
    account.group(account.begin(), "sliced", done=False)
    assert told(account.situation([make_signal(LONG)])) == [("ORDER_PENDING", "LONG", 1.0)]


def test_an_end_gives_the_gravest_risk_as_its_reason() -> None:
    account = Account()
    account.enter()
    situation = account.situation(risks=[make_risk(Severity.HIGH), make_risk(Severity.CRITICAL), make_risk(Severity.HIGH)])
    [end] = answers(situation, close_on_risk="HIGH")
    assert isinstance(end, DirectiveDraft)
    assert end.reason == "the risk DRAWDOWN is CRITICAL"


ENDED_BY_RISK: list[tuple[Severity, str | None, str | None, list[str]]] = [
    (Severity.CRITICAL, None, None, []),
    (Severity.CRITICAL, None, "CRITICAL", ["CLOSE_EXISTING"]),
    (Severity.CRITICAL, None, "LOW", ["CLOSE_EXISTING"]),
    (Severity.HIGH, None, "CRITICAL", []),
    (Severity.CRITICAL, ETH, "CRITICAL", []),
    (Severity.CRITICAL, BTC, "CRITICAL", ["CLOSE_EXISTING"]),
]


@pytest.mark.parametrize(("severity", "symbol", "close_on_risk", "expected"), ENDED_BY_RISK)
def test_a_grave_risk_ends_the_trades_it_concerns(
    severity: Severity, symbol: str | None, close_on_risk: str | None, expected: list[str]
) -> None:
    account = Account()
    account.enter()
    situation = account.situation(risks=[make_risk(severity, symbol)])
    assert [kind for kind, *_ in told(situation, close_on_risk=close_on_risk)] == expected


def test_a_signal_for_the_trade_that_a_risk_ends_is_refused() -> None:
    account = Account()
    account.enter()
    situation = account.situation([make_signal(LONG)], [make_risk(Severity.CRITICAL)])
    assert [kind for kind, *_ in told(situation, close_on_risk="CRITICAL")] == ["CLOSE_EXISTING", "RISK_VETO"]


def test_every_symbol_is_answered_for_itself() -> None:
    account = Account()
    account.enter(LONG, ETH)
    situation = account.situation([make_signal(LONG), make_signal(SHORT, symbol=ETH)])
    drafts = answers(situation)
    assert [(draft.symbol, draft.scope) for draft in drafts if isinstance(draft, DirectiveDraft)] == [
        (BTC, Scope.NEW_TRADE),
        (ETH, Scope.CLOSE_EXISTING),
    ]


@pytest.mark.parametrize(
    "config",
    [
        {"directions": []},
        {"directions": ["UP"]},
        {"confidence_min": 0},
        {"confidence_min": 1.1},
        {"risk_weights": {"GRAVE": 1}},
        {"risk_weights": {"LOW": -0.1}},
        {"close_on_risk": "LIFTED"},
        {"opposite_signal": "turn"},
    ],
)
def test_a_configuration_that_means_nothing_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        WeighingConfig.model_validate(config)
