"""An order in the tree of a story."""

from collections.abc import Iterator

from rich.text import Text
from rich.tree import Tree

from s1mpletrader.analysis.slippage import Shortfall
from s1mpletrader.analysis.story import OrderStory
from s1mpletrader.domain.instant import iso
from s1mpletrader.domain.money import plain
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderEventKind
from s1mpletrader.domain.reality import OrderChanged
from s1mpletrader.domain.reasons import EntryKind

_TOLD_ELSEWHERE = frozenset({OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED, OrderEventKind.REJECTED})


def add_order(branch: Tree, told: OrderStory) -> None:
    """What was asked for, what it followed from, what happened to it, and what it was worth."""
    order = told.order
    title = Text.assemble(
        (f"{told.role or 'order'}  ", "bold"),
        _asked(order),
        ("  " + order.state, _style(order)),
        ("  " + order.order_id, "dim"),
        overflow="fold",
    )
    how = branch.add(title)
    if told.cause is not None and told.cause.kind is EntryKind.ADVANCED:
        how.add(Text(f"placed by the timer of {iso(told.cause.at)}", style="dim"))
    if order.intent.replaces is not None:
        how.add(Text(f"in the place of {order.intent.replaces}", style="dim"))
    if order.submitted_at is not None and order.acknowledged_at is not None:
        how.add(
            Text.assemble(
                f"sent {iso(order.submitted_at)}, acknowledged {iso(order.acknowledged_at)}",
                (f"  venue's id {order.exchange_order_id}", "dim"),
            )
        )
    if order.rejection_reason:
        how.add(Text(f"the venue said {order.rejection_reason}", style="red"))
    for change in told.changes:
        if change.kind not in _TOLD_ELSEWHERE:
            how.add(Text(_changed(change)))
    for fill in told.fills:
        fee = f"fee {plain(fill.fee)} {fill.fee_currency}"
        how.add(line(f"filled {plain(fill.quantity)} at {plain(fill.price)}, {fee}, {iso(fill.venue_at)}", fill.fill_id))
    for worth in _worth(told):
        how.add(Text(worth))


def _worth(told: OrderStory) -> Iterator[str]:
    """Against the price that it meant, and where that is another one, against the last price at its decision."""
    slip = told.slippage
    if slip.basis_points is not None and slip.cost is not None and slip.reference_price is not None:
        yield f"slippage {slip.basis_points:+.2f} bp against {plain(slip.reference_price)}, cost {plain(slip.cost)}"
    worth = worth_of(told.shortfall)
    if worth is not None and told.shortfall.decision_price != slip.reference_price:
        yield worth


def worth_of(shortfall: Shortfall) -> str | None:
    """What fills were worth against the price of their decision, where that can be told."""
    if shortfall.basis_points is None or shortfall.cost is None:
        return None
    price = f" of {plain(shortfall.decision_price)}" if shortfall.decision_price is not None else "s"
    cost = f"cost {plain(shortfall.cost)} {shortfall.currency}"
    return f"against the decision price{price} {shortfall.basis_points:+.2f} bp, {cost}"


def line(text: str, shown_id: str) -> Text:
    """A line with the id that it is about."""
    return Text.assemble(text, ("  " + shown_id, "dim"), overflow="fold")


def _changed(change: OrderChanged) -> str:
    quantity = f" to {plain(change.quantity)}" if change.quantity is not None else ""
    price = f" at {plain(change.price)}" if change.price is not None else ""
    because = f": {change.evidence}" if change.evidence else ""
    return f"{change.kind.lower()}{quantity}{price} {iso(change.at)}{because}"


def _asked(order: Order) -> str:
    details = order.details
    price = f" at {plain(details.price)}" if details.price is not None else ""
    stop = f" stop {plain(details.stop_price)}" if details.stop_price is not None else ""
    return f"{details.side} {plain(details.quantity)} {details.symbol} {details.type}{price}{stop}"


def _style(order: Order) -> str:
    return {"FILLED": "green", "REJECTED": "red", "UNKNOWN": "yellow"}.get(order.state, "dim")
