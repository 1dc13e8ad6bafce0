"""What a trade was paid, or charged, for being held."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import ZERO, add
from s1mpletrader.domain.reality import Fill, FundsKind, TradeOpened
from s1mpletrader.ports.ledger import ILedgerReader


class Funding(NamedTuple):
    """Funding in one currency."""

    own: Decimal
    """At instants at which the trade was the strategy's only one."""
    shared: Decimal
    """At instants at which others were held, too: the ledger does not divide it."""


def funding_of(ledger: ILedgerReader, trade: TradeOpened, fills: Sequence[Fill], currency: str) -> Funding:
    """The strategy's funding while the trade was held."""
    moved = [one for one in ledger.funds(strategy=trade.strategy) if one.kind is FundsKind.FUNDING and one.asset == currency]
    held = [one for one in moved if _held(fills, one.at)]
    own, shared = ZERO, ZERO
    if not held:
        return Funding(own, shared)
    ids = {fill.fill_id for fill in fills}
    others: dict[str, list[Fill]] = {}
    trades = {order.order_id: order.trade_id for order in ledger.orders(strategy=trade.strategy)}
    for fill in ledger.fills(strategy=trade.strategy):
        if fill.fill_id not in ids:
            others.setdefault(trades[fill.order_id], []).append(fill)
    for one in held:
        if any(_held(fills_of_other, one.at) for fills_of_other in others.values()):
            shared = add(shared, one.amount)
        else:
            own = add(own, one.amount)
    return Funding(own, shared)


def _held(fills: Iterable[Fill], at: Instant) -> Decimal:
    """What was held at an instant, signed."""
    quantity = ZERO
    for fill in fills:
        if fill.at <= at:
            quantity = add(quantity, fill.quantity if fill.side.sign > 0 else -fill.quantity)
    return quantity
