"""Tells replies once: puts together what streams, answers and comparisons say of the same order."""

import logging
from typing import Final

from s1mpletrader.api import (
    ZERO,
    Accepted,
    Amended,
    Cancelled,
    ExchangeReply,
    Expired,
    Filled,
    IClock,
    Rejected,
    add,
)
from s1mpletrader.plugins.binance.inbox import Inbox
from s1mpletrader.plugins.binance.messages import ExecutionReport, OrderAnswer, amount
from s1mpletrader.plugins.binance.orders import Orders, Tracked
from s1mpletrader.plugins.binance.parsing import answered_at, client_id_of, ended_reply, order_reply, stream_fill
from s1mpletrader.plugins.binance.recent import Recent
from s1mpletrader.plugins.binance.symbols import Symbols

_log: Final = logging.getLogger(__name__)

_SEEN_MAX: Final = 100_000


class Desk:
    """The one place from which replies go to the inbox."""

    def __init__(self, inbox: Inbox, orders: Orders, symbols: Symbols, clock: IClock) -> None:
        self._inbox = inbox
        self._orders = orders
        self._symbols = symbols
        self._clock = clock
        self._trades: Recent[tuple[str, str], None] = Recent(_SEEN_MAX)
        self._executions: Recent[tuple[str, int], None] = Recent(_SEEN_MAX)

    async def report(self, report: ExecutionReport) -> bool:
        """Tell what an execution report says. False where it shows that a fill has been missed before it."""
        await self._inbox.room()
        symbol, client_id = self._symbols.ours(report.symbol), client_id_of(report)
        order_id = self._orders.own(client_id)
        self._orders.link(symbol, str(report.order_id), client_id)
        if report.execution == "TRADE":
            quote = symbol.rpartition("/")[2]
            self._fill(stream_fill(report, order_id, symbol, quote, self._clock.now()))
        if order_id is None or self._orders.is_finished(client_id):
            return True
        tracked = self._orders.tracked(client_id)
        if tracked is None:
            if report.execution == "TRADE" and report.status == "FILLED":
                return True
            tracked = self._orders.follow(client_id, order_id, symbol, report.quantity, report.filled, self._clock.now())
        if report.execution != "TRADE" and self._is_new(report):
            reply = order_reply(report, order_id, self._clock.now())
            if reply is not None:
                self._tell(reply, tracked)
        return self._is_complete(tracked, report)

    def misses(self, report: ExecutionReport) -> bool:
        """Whether an execution report shows that fills have been missed before it."""
        tracked = self._orders.tracked(client_id_of(report))
        if tracked is None:
            return False
        told = report.execution != "TRADE" or (self._symbols.ours(report.symbol), str(report.trade_id)) in self._trades
        return tracked.filled + (ZERO if told else report.last_quantity) < report.filled

    async def fill(self, fill: Filled) -> None:
        """Tell a fill that was asked for, unless it has been told."""
        await self._inbox.room()
        self._fill(fill)

    async def order(self, answer: OrderAnswer, tracked: Tracked) -> bool:
        """Tell what an order that was asked for has become. False where fills of it are missing still."""
        await self._inbox.room()
        now = self._clock.now()
        self._orders.link(tracked.symbol, str(answer.order_id), tracked.client_order_id)
        venue_at = answered_at(answer) or now
        self._tell(
            Accepted(order_id=tracked.order_id, exchange_order_id=str(answer.order_id), at=now, venue_at=venue_at), tracked
        )
        if tracked.quantity is not None and 0 < answer.orig_qty < tracked.quantity:
            # A quantity is only ever lowered: a larger one is a look into the past.
            self._tell(Amended(order_id=tracked.order_id, at=now, quantity=amount(answer.orig_qty)), tracked)
        reply = ended_reply(answer, tracked.order_id, now)
        if reply is not None:
            self._tell(reply, tracked)
        complete = tracked.filled >= answer.executed_qty
        if complete and (reply is not None or answer.status == "FILLED") and tracked.held is None:
            self._orders.finish(tracked.client_order_id)
        return complete

    def accepted(self, tracked: Tracked, answer: OrderAnswer) -> None:
        """A submission's answer tells of the acceptance itself."""
        tracked.in_flight, tracked.acknowledged, tracked.seen = False, True, None
        self._orders.link(tracked.symbol, str(answer.order_id), tracked.client_order_id)
        over = tracked.ended or answer.status == "FILLED"
        if over and tracked.filled >= answer.executed_qty:
            self._orders.finish(tracked.client_order_id)

    def doubted(self, tracked: Tracked) -> None:
        """A submission has no usable answer: what the stream has said of it is the evidence."""
        tracked.in_flight = False
        seen, tracked.seen = tracked.seen, None
        if seen is not None:
            self._tell(seen, tracked)

    def lives(self, client_order_id: str) -> bool:
        """Whether the end of an order of ours has not been told."""
        tracked = self._orders.tracked(client_order_id)
        return tracked is not None and not tracked.ended

    def hold(self, tracked: Tracked) -> None:
        """Keep back how an order ends while a replacement is in flight."""
        tracked.held = []

    def let_go(self, tracked: Tracked, *, replaced: bool) -> None:
        """Tell what was kept back, unless the replacement has told it better."""
        held, tracked.held = tracked.held or [], None
        if replaced:
            held = [reply for reply in held if not isinstance(reply, Cancelled)]
            tracked.ended = True
        for reply in held:
            self._tell(reply, tracked)

    def cancelled(self, reply: Cancelled, tracked: Tracked | None) -> None:
        """Tell a cancellation that no outcome can tell."""
        if tracked is None:
            self._inbox.put(reply)
        else:
            tracked.held = None
            self._tell(reply, tracked)

    def _fill(self, fill: Filled) -> None:
        key = (fill.symbol, fill.venue_trade_id)
        if key in self._trades:
            return
        self._trades.put(key, None)
        tracked = self._orders.tracked(fill.client_order_id or "")
        if tracked is not None:
            tracked.filled = add(tracked.filled, fill.quantity)
        self._inbox.put(fill)

    def _tell(self, reply: ExchangeReply, tracked: Tracked) -> None:
        if isinstance(reply, Accepted):
            self._accept(reply, tracked)
        elif isinstance(reply, Amended):
            tracked.quantity = reply.quantity
            self._inbox.put(reply)
        elif tracked.held is not None:
            tracked.held.append(reply)
        elif not tracked.ended:
            tracked.ended = isinstance(reply, Cancelled | Expired | Rejected)
            self._inbox.put(reply)

    def _accept(self, reply: Accepted, tracked: Tracked) -> None:
        if tracked.acknowledged:
            return
        if tracked.in_flight:
            tracked.seen = reply
            return
        tracked.acknowledged = True
        self._inbox.put(reply)

    def _is_new(self, report: ExecutionReport) -> bool:
        """Two connections that overlap both tell the same."""
        if report.execution_id is None:
            return True
        key = (report.symbol, report.execution_id)
        if key in self._executions:
            return False
        self._executions.put(key, None)
        return True

    def _is_complete(self, tracked: Tracked, report: ExecutionReport) -> bool:
        if tracked.filled < report.filled:
            _log.warning("binance: a fill of %s was missed", tracked.client_order_id)
            return False
        if (tracked.ended or report.status == "FILLED") and tracked.held is None and not tracked.in_flight:
            self._orders.finish(tracked.client_order_id)
        return True
