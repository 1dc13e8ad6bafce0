"""Stories of what a venue replies to a desk, one for each way in which things can go."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from s1mpletrader.core.market import Market
from s1mpletrader.domain.directives import Action
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.orders import Side
from s1mpletrader.domain.reality import FillSource, FundsKind, Liquidity
from s1mpletrader.domain.reasons import MarketSnapshot
from s1mpletrader.domain.replies import (
    Amended,
    Cancelled,
    CancelRejected,
    Expired,
    Filled,
    FundsChanged,
    Liquidated,
    NotPlaced,
    NotSent,
    Rejected,
    Replaced,
    Unknown,
)

from .desk import NOON, Desk, NoMarket, accepted, filled
from .samples import SYMBOL, order_id

MINUTE = 60_000_000_000


class LaterMarket(NoMarket):
    """A market whose next candle has closed since the decision."""

    @property
    def at(self) -> int:
        return NOON + MINUTE

    def facts(self) -> dict[str, float]:
        return {"BTC/USDT 1m close": 11.0}

    def snapshot(self, symbol: str) -> MarketSnapshot:
        return MarketSnapshot(symbol=symbol, reference_price=Decimal(11), volume=2.5, at=self.at)


class Story(NamedTuple):
    """A desk, and what happens at it."""

    tell: Callable[[Desk], None]
    account_type: AccountType = AccountType.NETTING
    market: Market | None = None


def place(desk: Desk, number: int = 0, **how: str) -> OrderId:
    return desk.execute(number=number, **how).intents[0].intent.order_id  # type: ignore[arg-type]


def every_outcome(desk: Desk) -> None:
    """One order for each way to end, and each end told twice."""
    orders = [place(desk, number) for number in range(8)]
    for reply in (
        Rejected(order_id=orders[0], rejection_reason="no money", at=NOON + 3, venue_at=NOON + 2, submitted_at=NOON + 1),
        NotSent(order_id=orders[1], reason="no route", at=NOON + 3),
        Unknown(order_id=orders[2], reason="timeout", at=NOON + 3, submitted_at=NOON + 1),
        NotPlaced(order_id=orders[2], evidence="thrice not found", at=NOON + 4),
        Cancelled(order_id=orders[3], at=NOON + 3, venue_at=NOON + 2, reason="asked"),
        Expired(order_id=orders[4], at=NOON + 3, venue_at=NOON + 2, reason="IOC"),
        Replaced(order_id=orders[5], replaced_by=orders[6], at=NOON + 3, venue_at=NOON + 2),
        Amended(order_id=orders[6], at=NOON + 3, venue_at=NOON + 2, quantity=Decimal(1), price=Decimal(9)),
        CancelRejected(order_id=orders[6], reason="too late", at=NOON + 4, venue_at=NOON + 3),
        Cancelled(order_id=orders[7], at=NOON + 3),
    ):
        desk.reply(reply, reply)


def knowing_better(desk: Desk) -> None:
    """Replies that come after better news, and news after which an outcome is unknown."""
    order, other = place(desk), place(desk, 1)
    desk.reply(
        accepted(order),
        Unknown(order_id=order, reason="the submission timed out", at=NOON + 2, submitted_at=NOON + 1),
        NotSent(order_id=order, reason="no route", at=NOON + 2),
        Unknown(order_id=order, reason="the cancellation timed out", at=NOON + 3),
        Unknown(order_id=order, reason="again", at=NOON + 4),
        accepted(order),
        Amended(order_id=order, at=NOON + 5, quantity=Decimal(2)),
        Amended(order_id=order, at=NOON + 6, quantity=Decimal(3)),
        filled(order, 7, "1"),
        filled(order, 7, "1"),
        filled(order, 8, "2"),
        Unknown(order_id=order, reason="late", at=NOON + 9),
        Expired(order_id=other, at=NOON + 10),
        Cancelled(order_id=other, at=NOON + 11),
    )


def contradictions(desk: Desk) -> None:
    """Evidence against an end reopens an order; what the graph has no place for is an alarm."""
    orders = [place(desk, number) for number in range(4)]
    desk.reply(
        Rejected(order_id=orders[0], rejection_reason="?", at=NOON + 2),
        accepted(orders[0]),
        NotPlaced(order_id=orders[1], evidence="not found", at=NOON + 2),
        filled(orders[1], 3),
        Cancelled(order_id=orders[2], at=NOON + 2),
        filled(orders[2], 4, "1"),
        filled(orders[2], 5, "1"),
        accepted(orders[3]),
        filled(orders[3], 6, "5"),
        Rejected(order_id=orders[3], rejection_reason="after all", at=NOON + 7),
    )


def strangers(desk: Desk) -> None:
    """Fills that name no order of ours, and ours by the venue's id."""
    order = place(desk)
    strange = Filled(
        order_id=None,
        symbol=SYMBOL,
        venue_trade_id="77",
        side=Side.SELL,
        price=Decimal("10.5"),
        quantity=Decimal(3),
        fee=Decimal("0.02"),
        fee_currency="BNB",
        liquidity=Liquidity.MAKER,
        at=NOON + 5,
        venue_at=NOON + 4,
        exchange_order_id="X77",
        client_order_id="theirs",
        source=FillSource.POLL,
    )
    desk.reply(accepted(order))
    exchange_id = desk.order(order).exchange_order_id
    desk.reply(
        strange,
        replace(strange, order_id=order_id(9), client_order_id=None, venue_trade_id="78"),
        replace(strange, side=Side.BUY, quantity=Decimal("0.5"), client_order_id=f"c-{order}", venue_trade_id="79"),
        replace(
            strange,
            side=Side.BUY,
            quantity=Decimal("0.5"),
            client_order_id=None,
            exchange_order_id=exchange_id,
            venue_trade_id="80",
        ),
    )


def filled_later(desk: Desk) -> None:
    """A fill after further candles: the facts at fill time stand beside those of the decision."""
    order = place(desk)
    desk.reply(
        accepted(order),
        replace(
            filled(order, 5), fee=Decimal("0.01"), liquidity=Liquidity.MAKER, venue_at=NOON + MINUTE, source=FillSource.RECONCILED
        ),
    )


def closed(desk: Desk) -> None:
    """A protected trade is ended; one exit cannot be cancelled at first, and its timer rings."""
    entry = place(desk, algorithm="bracket", stop="9", target="12")
    desk.reply(accepted(entry), filled(entry, 1))
    stop, target = (order.order_id for order in desk.ledger.orders(live=True))
    desk.reply(accepted(stop), accepted(target))
    trade = desk.book.view("s").open_trades[0].trade_id
    desk.execute(algorithm="close", close=trade, number=1)
    desk.reply(Cancelled(order_id=target, at=NOON + 5), CancelRejected(order_id=stop, reason="busy", at=NOON + 6))
    at, _, ring = desk.alarms.pop()
    desk.now = at
    ring()
    ring()
    desk.reply(Cancelled(order_id=stop, at=at + 1))
    (close,) = (order.order_id for order in desk.ledger.orders(live=True))
    desk.reply(accepted(close), filled(close, 9, side=Side.SELL))


def given_up(desk: Desk) -> None:
    """An exit that is never cancelled: after so many attempts the close is given up."""
    entry = place(desk, algorithm="bracket", stop="9")
    desk.reply(accepted(entry), filled(entry, 1))
    (stop,) = (order.order_id for order in desk.ledger.orders(live=True))
    desk.reply(accepted(stop))
    desk.execute(algorithm="close", close=desk.book.view("s").open_trades[0].trade_id, number=1)
    for _ in range(11):
        desk.reply(CancelRejected(order_id=stop, reason="busy", at=desk.now))
        if desk.alarms:
            desk.now, _, ring = desk.alarms.pop()
            ring()


def called_off(desk: Desk) -> None:
    """Orders are cancelled by directive: those of one group, then all of a trade, also where no algorithm listens any more."""
    entry = desk.execute(algorithm="bracket", stop="9", target="12")
    trade, first = entry.trade_id, entry.intents[0].intent.order_id
    desk.reply(accepted(first), filled(first, 1, "0.5"))
    for order in list(desk.ledger.orders(live=True))[1:]:
        desk.reply(accepted(order.order_id))
    other = desk.execute(algorithm="close", close=trade, part="0.25", number=1)
    for number, (action, group) in enumerate(
        (
            (Action.CANCEL_GROUP, other.group_id),
            (Action.CANCEL_GROUP, entry.group_id),
            (Action.CANCEL_ALL_IN_TRADE, None),
        ),
        2,
    ):
        desk.execute(close=trade, action=action, group=group, number=number)
    for order in list(desk.ledger.orders(live=True)):
        desk.reply(Cancelled(order_id=order.order_id, at=NOON + 9))


def imposed(desk: Desk) -> None:
    """What the venue does to the account itself: funding, and the end of a position."""
    entry = place(desk, algorithm="bracket", stop="9")
    desk.reply(accepted(entry), filled(entry, 1))
    funding = FundsChanged(
        asset="USDT",
        amount=Decimal("-0.25"),
        kind=FundsKind.FUNDING,
        at=NOON + 3,
        venue_at=NOON + 2,
        venue_change_id="F1",
        symbol=SYMBOL,
        quantity=Decimal(2),
    )
    desk.flow.run((funding, funding, replace(funding, venue_change_id="F2", symbol=None, quantity=None)))
    ended = Liquidated(
        symbol=SYMBOL,
        venue_trade_id="L1",
        side=Side.SELL,
        price=Decimal(8),
        quantity=Decimal(3),
        fee=Decimal("0.3"),
        fee_currency="USDT",
        at=NOON + 5,
        venue_at=NOON + 4,
        exchange_order_id="XL",
    )
    desk.flow.run((ended, ended))


STORIES: dict[str, Story] = {
    "replies: every outcome": Story(every_outcome),
    "replies: knowing better": Story(knowing_better, AccountType.SPOT),
    "replies: contradictions": Story(contradictions),
    "replies: strangers": Story(strangers),
    "replies: filled later": Story(filled_later, market=LaterMarket()),
    "replies: closed": Story(closed),
    "replies: given up": Story(given_up),
    "replies: called off": Story(called_off),
    "replies: imposed": Story(imposed, market=LaterMarket()),
}
