"""What the venue does to the account itself is booked on those who hold something of it, each with a reason."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.core.commands import CancelOrder
from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.core.timers import RANK_TIMER
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.directives import RefusalDraft
from s1mpletrader.domain.ids import IdKind, OrderId, fill_id
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.orders import OrderDetails, OrderType, Side
from s1mpletrader.domain.reality import ExternalFill, Fill, FundsKind, FundsMoved, Liquidity, OrderIntended, TradeOpened
from s1mpletrader.domain.replies import FundsChanged, Liquidated
from s1mpletrader.ports.algorithms import Advance, OrderUpdate, Place, Stop

from .desk import NOON, Desk, accepted, filled
from .samples import SYMBOL, group_id, opening, order_id, trade_id
from .stage import PLACED, Stage, planned


def held(quantity: str = "2", *, algorithm: str = "single", **how: str) -> tuple[Desk, OrderId]:
    """A desk with a long position that cost 10 each."""
    desk = Desk(AccountType.NETTING)
    order = desk.execute(quantity=quantity, algorithm=algorithm, **how).intents[0].intent.order_id  # type: ignore[arg-type]
    desk.reply(accepted(order), filled(order, 1, quantity))
    return desk, order


def hold(desk: Desk, strategy: str, number: int, quantity: str) -> None:
    """Another trade with a position, below zero for a short one; not through an algorithm, and without any reason."""
    side = Side.SELL if quantity.startswith("-") else Side.BUY
    opened, group = opening(number, direction=Direction.SHORT if side is Side.SELL else Direction.LONG)
    assert isinstance(opened, TradeOpened)
    amount = abs(Decimal(quantity))
    intent = OrderIntended(
        order_id=order_id(number),
        group_id=group_id(number),
        trade_id=trade_id(number),
        strategy=strategy,
        venue="v",
        account="a",
        client_order_id=f"own-{number}",
        details=OrderDetails(symbol=SYMBOL, side=side, type=OrderType.MARKET, quantity=amount),
        decided_at=NOON,
    )
    fill = Fill(
        fill_id=fill_id("v", "a", SYMBOL, f"own-{number}", NOON),
        order_id=intent.order_id,
        venue="v",
        account="a",
        symbol=SYMBOL,
        venue_trade_id=f"own-{number}",
        side=side,
        price=Decimal(10),
        quantity=amount,
        fee=Decimal(0),
        fee_currency="USDT",
        liquidity=Liquidity.TAKER,
        venue_at=NOON,
        at=NOON,
    )
    changes = (replace(opened, strategy=strategy), group, intent, fill)
    for change in changes:
        desk.book.apply(change)
    with desk.ledger.begin() as tx:
        desk.ledger.write(tx, changes)


def funding(amount: str, change_id: str = "f1", symbol: str | None = SYMBOL, kind: FundsKind = FundsKind.FUNDING) -> FundsChanged:
    return FundsChanged(
        asset="USDT",
        amount=Decimal(amount),
        kind=kind,
        at=NOON + 9,
        venue_at=NOON + 8,
        venue_change_id=change_id,
        symbol=symbol,
        quantity=Decimal(2) if symbol else None,
    )


def liquidated(quantity: str, side: Side = Side.SELL, fee: str = "0.3", trade: str = "L1") -> Liquidated:
    return Liquidated(
        symbol=SYMBOL,
        venue_trade_id=trade,
        side=side,
        price=Decimal(7),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        fee_currency="USDT",
        at=NOON + 9,
        venue_at=NOON + 8,
        exchange_order_id=f"X-{trade}",
    )


def moved(desk: Desk) -> list[tuple[str, str, str]]:
    return [(one.strategy, str(one.kind), str(one.amount)) for one in desk.ledger.changes() if isinstance(one, FundsMoved)]


def test_funding_is_booked_with_its_reason() -> None:
    desk, _ = held()
    desk.flow.run([funding("-1.23")])
    assert moved(desk) == [("s", "FUNDING", "-1.23")]
    assert desk.book.view("s").cash == Decimal("-21.23")
    assert desk.kinds[-1] == "FUNDS_MOVED"
    reasons = read_reasons(list(desk.journal.entries("r"))[-1])
    assert reasons.text == "FUNDING -1.23 USDT for 2 BTC/USDT"
    assert reasons.origin is not None
    assert (reasons.origin.kind, reasons.origin.at) == ("EXTERNAL", NOON + 9)
    assert desk.metrics.alarms == 0


def test_funding_that_is_told_again_is_booked_once_also_after_a_restart() -> None:
    desk, _ = held()
    desk.flow.run([funding("-1"), replace(funding("-1"), at=NOON + 50), funding("-1", "f2")])
    assert len(moved(desk)) == 2
    again = Desk(AccountType.NETTING)
    again.ledger = desk.ledger
    again.book.refold(list(desk.ledger.changes()))
    again.flow.run([funding("-1"), funding("-1", "f2")])
    assert again.kinds == []
    assert again.book.view("s").cash == desk.book.view("s").cash == Decimal(-22)


def test_funding_is_divided_by_what_each_strategy_holds() -> None:
    desk, _ = held("3")
    hold(desk, "t", 7, "-1")
    hold(desk, "u", 8, "4")
    desk.flow.run([funding("-0.00000002")])
    # By 3, -1 and 4 of 6, rounded down to the eighth decimal; the first takes what is left.
    assert moved(desk) == [("u", "FUNDING", "-2E-8")]
    desk.flow.run([funding("-6", "f2")])
    assert moved(desk)[1:] == [
        ("s", "FUNDING", "-3.00000000"),
        ("t", "FUNDING", "1.00000000"),
        ("u", "FUNDING", "-4.00000000"),
    ]


@pytest.mark.parametrize(("symbol", "kind"), [(SYMBOL, FundsKind.FUNDING), (None, FundsKind.DEPOSIT)])
def test_what_concerns_no_position_is_the_first_strategys(symbol: str | None, kind: FundsKind) -> None:
    desk = Desk(AccountType.NETTING)
    for strategy in ("first", "second"):
        desk.book.apply(FundsMoved(strategy=strategy, asset="USDT", amount=Decimal(5), kind=FundsKind.OPENING, at=0))
    desk.flow.run([funding("3", symbol=symbol, kind=kind)])
    assert moved(desk) == [("first", str(kind), "3")]


def test_a_liquidation_ends_the_trade_with_an_order_that_the_venue_made() -> None:
    told: list[object] = []
    desk = Desk(AccountType.NETTING, Watchers(order=told.append, fill=told.append))
    order = desk.execute().intents[0].intent.order_id
    desk.reply(accepted(order), filled(order, 1))
    told.clear()
    desk.flow.run([liquidated("2")])
    (fill,) = [one for one in desk.ledger.changes() if isinstance(one, Fill) and one.order_id != order]
    made = desk.order(fill.order_id)
    assert (fill.side, fill.price, fill.quantity, fill.fee) == (Side.SELL, Decimal(7), Decimal(2), Decimal("0.3"))
    assert fill.fill_id == fill_id("v", "a", SYMBOL, "L1", NOON + 8)
    assert (made.trade_id, made.state, made.exchange_order_id) == (desk.order(order).trade_id, "FILLED", "X-L1")
    group = desk.ledger.get_group(made.group_id)
    assert group is not None
    assert (group.algorithm, group.done) == ("liquidation", True)
    view = desk.book.view("s")
    assert (view.cash, view.position(SYMBOL)) == (Decimal("-6.3"), Decimal(0))
    assert not view.open_trades
    assert told == [made, fill]
    assert desk.metrics.alarms == 1
    assert desk.sent.commands[1:] == []


def test_the_reasons_of_a_liquidation_lead_to_the_venue() -> None:
    desk, _ = held()
    desk.flow.run([liquidated("2")])
    entries = list(desk.journal.entries("r"))[3:]
    assert [(str(entry.kind), entry.parent_seq) for entry in entries] == [
        ("EXTERNAL", None),
        ("INTENDED", 3),
        ("RECORDED", 4),
        ("FILLED", 5),
    ]
    assert read_reasons(entries[0]).text == "the venue sold 2 BTC/USDT at 7 for want of margin, for a fee of 0.3 USDT"
    assert read_reasons(entries[1]).role == "liquidation"
    found = StrategyJournal(desk.journal).get_entry(fill_id=entries[-1].fill_id)
    assert found.causality.origin.kind == "EXTERNAL"
    assert found.causality.strategy_directive_id is None
    assert found.fill_ids == (entries[-1].fill_id,)


def test_a_liquidation_that_is_told_again_adds_nothing() -> None:
    desk, _ = held()
    desk.flow.run([liquidated("2")])
    before = list(desk.ledger.changes()), desk.kinds, desk.book.view("s")
    desk.flow.run([liquidated("2"), replace(liquidated("2"), at=NOON + 99)])
    polled = replace(filled(None, 8, side=Side.SELL), venue_trade_id="L1", exchange_order_id="X-L1")
    desk.reply(polled)
    assert (list(desk.ledger.changes()), desk.kinds, desk.book.view("s")) == before


def test_algorithms_stop_and_what_they_had_live_is_cancelled() -> None:
    desk, entry = held(algorithm="bracket", stop="8", target="12")
    exits = [order.order_id for order in desk.book.live_orders()]
    assert len(exits) == 2
    desk.sent.commands.clear()
    desk.flow.run([liquidated("2")])
    assert [command.order.order_id for command in desk.sent.commands if isinstance(command, CancelOrder)] == exits
    assert desk.kinds[-2:] == ["COMMANDED", "COMMANDED"]
    (trade,) = desk.book.view("s").open_trades
    assert (trade.quantity, trade.algorithms) == (Decimal(0), ("bracket",))
    assert desk.order(entry).state == "FILLED"


def test_a_partial_liquidation_takes_from_those_on_the_side_of_the_position() -> None:
    desk, _ = held("3")
    hold(desk, "s", 7, "-1")
    hold(desk, "t", 8, "6")
    effects, imposed = desk.worker.on_liquidation(liquidated("4", fee="1"))
    assert effects.external is None
    assert [(one.order.intent.strategy, str(one.fill.side), str(one.fill.quantity), str(one.fill.fee)) for one in imposed] == [
        ("s", "SELL", "1.334", "0.33350000"),
        ("t", "SELL", "2.666", "0.66650000"),
    ]
    assert [one.fill.venue_trade_id for one in imposed] == ["L1", "L1/1"]
    assert desk.book.view("s").position(SYMBOL) == Decimal("0.666")
    assert desk.book.view("t").position(SYMBOL) == Decimal("3.334")


def test_where_the_whole_position_goes_every_trade_ends_also_the_one_against_it() -> None:
    desk, _ = held("3")
    hold(desk, "s", 7, "-1")
    hold(desk, "t", 8, "6")
    before = {name: desk.book.view(name).cash for name in "st"}
    _, imposed = desk.worker.on_liquidation(liquidated("8", fee="1"))
    assert [(one.order.intent.strategy, str(one.fill.side), str(one.fill.quantity), str(one.fill.fee)) for one in imposed] == [
        ("s", "SELL", "3", "0.30000000"),
        ("s", "BUY", "1", "0.10000000"),
        ("t", "SELL", "6", "0.60000000"),
    ]
    for name in "st":
        view = desk.book.view(name)
        assert not view.position(SYMBOL)
        assert not view.open_trades
    # Together they got what the venue gave: 8 at 7, less the fee.
    assert sum(desk.book.view(name).cash - before[name] for name in "st") == Decimal(55)


def test_what_nobody_here_holds_is_kept_apart() -> None:
    desk, _ = held()
    desk.flow.run([liquidated("5", fee="1")])
    (external,) = [one for one in desk.ledger.changes() if isinstance(one, ExternalFill)]
    assert (external.quantity, external.fee, external.venue_trade_id) == (Decimal(3), Decimal("0.6"), "L1/1")
    assert desk.book.view("s").position(SYMBOL) == 0
    assert desk.book.view("s").cash == Decimal("-6.4")
    (entry,) = [entry for entry in desk.journal.entries("r") if str(entry.kind) == "EXTERNAL"]
    assert entry.fill_id == external.fill_id


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_liquidation_of_something_that_is_not_held_here_changes_no_trade(side: Side) -> None:
    desk = Desk(AccountType.NETTING)
    if side is Side.BUY:
        desk, _ = held()
    desk.flow.run([liquidated("5", side=side)])
    (external,) = [one for one in desk.ledger.changes() if isinstance(one, ExternalFill)]
    assert (external.quantity, external.venue_trade_id) == (Decimal(5), "L1")
    assert desk.book.view("s").position(SYMBOL) == (2 if side is Side.BUY else 0)


AGAIN = Advance(commands=(Place(orders=(planned("again"),)),))


@pytest.mark.parametrize("quantity", ["0.5", "2"])
def test_algorithms_hear_of_a_fill_that_takes_a_part_and_stop_where_nothing_is_left(quantity: str) -> None:
    stage = Stage(PLACED, Advance(), Advance(), AGAIN, account_type=AccountType.NETTING)
    desk, (order,) = stage.desk, stage.orders
    desk.reply(accepted(order.order_id), filled(order.order_id, 1))
    effects, (imposed,) = desk.worker.on_liquidation(liquidated(quantity))
    _, event, _ = stage.script.told[-1]
    is_whole = quantity == "2"
    update = OrderUpdate(order=imposed.order, fill=imposed.fill)
    assert event == (Stop(reason="the venue has closed the position") if is_whole else update)
    (placed,) = [one.intent.order_id for one in effects.intents]
    assert placed == desk.ids.flow("s", imposed.fill.fill_id, desk.now).make(IdKind.ORDER)


def test_every_change_and_every_liquidation_has_an_origin_of_its_own() -> None:
    desk, _ = held()
    desk.flow.run([funding("-1"), funding("-1", "f2"), liquidated("0.5"), liquidated("0.5", trade="L2")])
    reasons = [read_reasons(entry) for entry in desk.journal.entries("r")]
    origins = [one.origin.id for one in reasons if one.origin is not None and one.origin.kind == "EXTERNAL"]
    assert len(origins) == len(set(origins)) == 4
    anchors = ("f1", "f2", "L1", "L2")
    assert origins == [desk.ids.flow("", f"EXTERNAL:{anchor}", NOON + 9).make(IdKind.EXTERNAL) for anchor in anchors]


def test_a_net_position_of_nothing_has_nothing_to_end() -> None:
    desk, _ = held("3")
    hold(desk, "t", 7, "-3")
    effects, imposed = desk.worker.on_liquidation(liquidated("1"))
    assert imposed == []
    assert effects.external is not None
    assert effects.external.quantity == Decimal(1)


def test_what_algorithms_wish_for_when_the_venue_takes_something_is_carried_out_with_the_venues_reason() -> None:
    wishes = replace(AGAIN, given_up=RefusalDraft(code="LESS"), alarm="look here", wake_at=NOON + 90)
    stage = Stage(PLACED, Advance(), Advance(), wishes, account_type=AccountType.NETTING)
    desk, (order,) = stage.desk, stage.orders
    desk.reply(accepted(order.order_id), filled(order.order_id, 1))
    before = len(desk.kinds)
    desk.flow.run([liquidated("0.5")])
    external, *rest = list(desk.journal.entries("r"))[before:]
    kinds = ["INTENDED", "RECORDED", "FILLED", "INTENDED", "REFUSED", "ALARM"]
    assert [str(entry.kind) for entry in rest] == kinds
    assert {entry.at for entry in rest} == {NOON + 9}
    alarm, again = rest[-1], rest[3]
    assert (alarm.parent_seq, read_reasons(alarm).text) == (external.seq, "look here")
    (refusal,) = read_reasons(rest[4]).refusals
    assert (refusal.by, refusal.code) == ("script", "LESS")
    assert again.order_id is not None
    context = desk.cache.get_context(again.order_id)
    assert (context.strategy, context.last) == ("s", again.ref)
    metrics = desk.metrics
    assert (metrics.alarms, metrics.fills, metrics.orders, metrics.refusals) == (2, 2, 1, 1)
    assert [(at, rank) for at, rank, _ in desk.alarms] == [(NOON + 90, RANK_TIMER)]
    assert desk.sent.commands[-1].order_ids == (again.order_id,)
    assert desk.sent.steps[-1] == desk.sent.released == desk.recorder.recorded


@pytest.mark.parametrize(("side", "done"), [(Side.SELL, "sold"), (Side.BUY, "bought")])
def test_a_liquidation_is_told_in_a_sentence(side: Side, done: str) -> None:
    desk = Desk(AccountType.NETTING)
    desk.flow.run([liquidated("5", side=side)])
    (entry,) = desk.journal.entries("r")
    assert read_reasons(entry).text == f"the venue {done} 5 BTC/USDT at 7 for want of margin, for a fee of 0.3 USDT"
