"""What a venue does to the account itself, booked: funds that come or go without a trade, and positions that it closes.

Both are about the whole account, and are divided among the strategies, and the trades, that hold something of it.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Final, NamedTuple

from s1mpletrader.core.book import Book
from s1mpletrader.core.effects import Effects
from s1mpletrader.core.execution_groups import ExecutionGroups
from s1mpletrader.core.live_trades import LiveTrade
from s1mpletrader.core.sharing import lots_taken, shares
from s1mpletrader.domain.directives import Action
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import FillId, FlowIds, GroupId, IdKind, MakesIds, OrderId, fill_id
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import ZERO, multiply, subtract, total
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderDetails, OrderEventKind, OrderType, Side
from s1mpletrader.domain.reality import (
    LIQUIDATION_ALGORITHM,
    ExternalFill,
    Fill,
    FundsMoved,
    GroupOpened,
    Liquidity,
    OrderChanged,
    OrderIntended,
)
from s1mpletrader.domain.replies import FundsChanged, Liquidated
from s1mpletrader.ports.algorithms import GroupEvent, OrderUpdate, Stop

_ORDINAL_BYTES: Final = 7
"""So that a ledger's 64 bits hold a change's ordinal."""


class Imposed(NamedTuple):
    """An order that the venue made to end a trade's position, or a part of it, with its one fill."""

    order: Order
    fill: Fill


class _Part(NamedTuple):
    """What of a closing trade falls to one of ours."""

    trade: LiveTrade
    side: Side
    quantity: Decimal


class AccountEvents:
    """Books what is told about the account. What is known already, by the venue's own id, has no effects."""

    def __init__(
        self, *, book: Book, groups: ExecutionGroups, ids: MakesIds, venue: str, account: str, now: Callable[[], Instant]
    ) -> None:
        self._book = book
        self._groups = groups
        self._ids = ids
        self._venue = venue
        self._account = account
        self._now = now

    def move_funds(self, reply: FundsChanged, effects: Effects) -> None:
        """Divide an amount among the strategies by what they hold; what nobody holds anything of is the first one's."""
        ordinal = _ordinal(self._venue, self._account, reply.venue_change_id)
        if self._book.has_moved(ordinal):
            return
        held = self._book.positions(reply.symbol) if reply.symbol is not None else []
        names = [strategy for strategy, _ in held]
        amounts = [reply.amount]
        if total(position.quantity for _, position in held):
            quantum = held[0][1].instrument.fee_quantum
            amounts = shares(reply.amount, [position.quantity for _, position in held], quantum)
        else:
            names = self._book.strategies()[:1]
        for strategy, amount in zip(names, amounts, strict=True):
            if not amount:
                continue
            moved = FundsMoved(strategy=strategy, asset=reply.asset, amount=amount, kind=reply.kind, at=reply.at, ordinal=ordinal)
            self._groups.write(moved, effects)

    def liquidate(self, reply: Liquidated, effects: Effects) -> list[Imposed]:
        """End the trades that the closing trade was about, or take from them what it took; what nobody holds is external."""
        identity = fill_id(self._venue, self._account, reply.symbol, reply.venue_trade_id, reply.venue_at)
        ids = self._ids.flow("", f"{LIQUIDATION_ALGORITHM}:{identity}", reply.venue_at)
        first_id = OrderId(ids.make(IdKind.ORDER))
        if self._book.order(first_id) is not None:
            return []
        instrument = self._book.instrument(reply.symbol)
        parts, rest = self._parts(reply, instrument)
        fees = _fees(reply, [*(part.quantity for part in parts), rest], instrument)
        imposed = []
        for number, (part, fee) in enumerate(zip(parts, fees, strict=False)):
            order_id = first_id if number == 0 else OrderId(ids.make(IdKind.ORDER))
            imposed.append(self._impose(reply, part, order_id, fee, number, ids, effects))
        if rest:
            effects.external = self._external(reply, rest, fees[-1], number=len(parts))
            self._groups.write(effects.external, effects)
        for one in imposed:
            self._tell(one, effects)
        return imposed

    def _parts(self, reply: Liquidated, instrument: Instrument) -> tuple[list[_Part], Decimal]:
        """What of the closing trade falls to each trade in the symbol, and what to none of them.

        Where all of the account's position goes, every trade ends, also one that stood against the others; else those on the
        side of the position share.
        """
        trades = [one for one in self._book.live_trades() if one.opened.symbol == reply.symbol and one.quantity]
        sign = Decimal(-reply.side.sign)
        net = multiply(total(trade.quantity for trade in trades), sign)
        if net <= 0:
            return [], reply.quantity
        if reply.quantity >= net:
            return [_whole(trade) for trade in trades], subtract(reply.quantity, net)
        same = [trade for trade in trades if multiply(trade.quantity, sign) > 0]
        taken = lots_taken(reply.quantity, [abs(trade.quantity) for trade in same], instrument.quantity_lot)
        return [_Part(trade, reply.side, one) for trade, one in zip(same, taken, strict=True) if one], ZERO

    def _impose(
        self, reply: Liquidated, part: _Part, order_id: OrderId, fee: Decimal, number: int, ids: FlowIds, effects: Effects
    ) -> Imposed:
        group_id = GroupId(ids.make(IdKind.GROUP))
        opened = GroupOpened(
            group_id=group_id,
            trade_id=part.trade.opened.trade_id,
            action=Action.EXECUTE_TRADE,
            algorithm=LIQUIDATION_ALGORITHM,
            at=reply.at,
            done=True,
        )
        self._groups.write(opened, effects)
        self._groups.write(self._intended(reply, part, order_id, group_id), effects)
        if number == 0 and reply.exchange_order_id is not None:
            # By this id a poll's sight of the closing trade finds the order, and is no fill of somebody else's.
            self._groups.write(_accepted(reply, order_id), effects)
        fill = self._fill(reply, part, order_id, fee, number)
        order = self._groups.write(fill, effects)
        if order is None:
            raise Defect(f"{order_id} was filled and is gone")
        return Imposed(order, fill)

    def _intended(self, reply: Liquidated, part: _Part, order_id: OrderId, group_id: GroupId) -> OrderIntended:
        return OrderIntended(
            order_id=order_id,
            group_id=group_id,
            trade_id=part.trade.opened.trade_id,
            strategy=part.trade.opened.strategy,
            venue=self._venue,
            account=self._account,
            client_order_id=order_id,
            details=OrderDetails(
                symbol=reply.symbol, side=part.side, type=OrderType.MARKET, quantity=part.quantity, reduce_only=True
            ),
            decided_at=reply.venue_at,
        )

    def _fill(self, reply: Liquidated, part: _Part, order_id: OrderId, fee: Decimal, number: int) -> Fill:
        trade_id = _trade_id(reply, number)
        return Fill(
            fill_id=self._fill_id(reply, trade_id),
            order_id=order_id,
            venue=self._venue,
            account=self._account,
            symbol=reply.symbol,
            venue_trade_id=trade_id,
            side=part.side,
            price=reply.price,
            quantity=part.quantity,
            fee=fee,
            fee_currency=reply.fee_currency,
            liquidity=Liquidity.TAKER,
            venue_at=reply.venue_at,
            at=reply.at,
        )

    def _external(self, reply: Liquidated, quantity: Decimal, fee: Decimal, number: int) -> ExternalFill:
        trade_id = _trade_id(reply, number)
        return ExternalFill(
            fill_id=self._fill_id(reply, trade_id),
            client_order_id=None,
            exchange_order_id=reply.exchange_order_id,
            venue=self._venue,
            account=self._account,
            symbol=reply.symbol,
            venue_trade_id=trade_id,
            side=reply.side,
            price=reply.price,
            quantity=quantity,
            fee=fee,
            fee_currency=reply.fee_currency,
            liquidity=Liquidity.TAKER,
            venue_at=reply.venue_at,
            at=reply.at,
        )

    def _fill_id(self, reply: Liquidated, trade_id: str) -> FillId:
        return fill_id(self._venue, self._account, reply.symbol, trade_id, reply.venue_at)

    def _tell(self, imposed: Imposed, effects: Effects) -> None:
        """A trade that has been ended stops all that works on it; one that has only shrunk hears of the fill."""
        trade = self._book.trade(imposed.order.trade_id)
        if trade is None or not trade.groups:
            return
        ids = self._ids.flow(trade.opened.strategy, imposed.fill.fill_id, self._now())
        event: GroupEvent = OrderUpdate(order=imposed.order, fill=imposed.fill)
        if not trade.quantity:
            event = Stop(reason="the venue has closed the position")
        self._groups.tell(trade, event, ids, effects)


def _whole(trade: LiveTrade) -> _Part:
    return _Part(trade, Side.SELL if trade.quantity > 0 else Side.BUY, abs(trade.quantity))


def _fees(reply: Liquidated, quantities: Sequence[Decimal], instrument: Instrument) -> list[Decimal]:
    return shares(reply.fee, quantities, instrument.fee_quantum)


def _accepted(reply: Liquidated, order_id: OrderId) -> OrderChanged:
    return OrderChanged(
        order_id=order_id,
        ordinal=1,
        kind=OrderEventKind.ACCEPTED,
        at=reply.at,
        venue_at=reply.venue_at,
        exchange_order_id=reply.exchange_order_id,
    )


def _trade_id(reply: Liquidated, number: int) -> str:
    """The venue's trade, or a part of it: the first part bears the venue's own id."""
    return reply.venue_trade_id if number == 0 else f"{reply.venue_trade_id}/{number}"


def _ordinal(venue: str, account: str, change_id: str) -> int:
    """A number by which a change of funds is known again, however often it is told."""
    digest = blake2b("\x1f".join((venue, account, change_id)).encode(), digest_size=_ORDINAL_BYTES).digest()
    return int.from_bytes(digest) + 1
