"""What came of a trade, and of its batches, in the tree of a story."""

from collections.abc import Mapping
from decimal import Decimal

from rich.text import Text
from rich.tree import Tree

from s1mpletrader.analysis.batch_story import LegStory
from s1mpletrader.analysis.order_tree import line, worth_of
from s1mpletrader.analysis.result import TradeLeg
from s1mpletrader.analysis.story import Story
from s1mpletrader.domain.instant import iso
from s1mpletrader.domain.money import plain

_STYLES = {"SUCCEEDED": "green", "FAILED": "red", "REFUSED": "red"}


def add_batches(tree: Tree, story: Story) -> None:
    """Every batch with its legs, and how it was taken back."""
    for batch in story.batches:
        until = f" until {iso(batch.deadline)}" if batch.deadline is not None else ""
        branch = tree.add(Text.assemble(("batch  ", "bold"), f"{batch.policy}{until}, on failure {batch.on_failure}"))
        for number, leg in enumerate(batch.legs, 1):
            branch.add(_leg_of_batch(number, leg))
        for failure in batch.failures:
            branch.add(Text(failure, style="red"))
        for trade_id in batch.taken_back:
            branch.add(line("taken back", trade_id))


def add_result(tree: Tree, story: Story) -> None:
    """The trade's outcome, leg by leg."""
    if story.trade is None:
        return
    trade = story.trade.result
    if trade.closed_at is not None:
        style = "green" if trade.profit >= 0 else "red"
        text = Text.assemble(
            ("outcome  ", "bold"), (f"{plain(trade.profit)} {trade.currency}", style), f" after fees of {plain(trade.fees)}"
        )
    elif not story.trade.legs and not any(told.order.live for told in story.orders):
        text = Text.assemble(("outcome  ", "bold"), "nothing was filled")
    else:
        text = Text.assemble(("outcome  ", "bold"), f"open, {plain(trade.open_quantity)} held, fees {plain(trade.fees)} so far")
    branch = tree.add(text)
    branch.add(line(f"{trade.direction} {trade.symbol}", trade.trade_id))
    for leg in story.trade.legs:
        branch.add(_leg(leg))
    if trade.closed_at is None and any(leg.kind == "EXIT" for leg in story.trade.legs):
        branch.add(Text(f"realised so far {_rounded(trade.realised)} {trade.currency}, before fees"))
    if story.trade.funding:
        branch.add(Text(f"funding {plain(story.trade.funding)} {trade.currency}"))
    if story.trade.funding_shared:
        branch.add(Text(f"funding {plain(story.trade.funding_shared)} {trade.currency}, shared with other trades"))
    worth = worth_of(story.shortfall)
    if worth is not None and len(story.orders) > 1:
        branch.add(Text(f"all orders {worth}"))


def _leg(leg: TradeLeg) -> Text:
    fees = f", fee {_amounts(leg.fees)}" if leg.fees else ""
    worth = worth_of(leg.shortfall)
    return Text(
        f"{leg.kind.lower():<5} {plain(leg.quantity)} at {_rounded(leg.average_price)}{fees}" + (f", {worth}" if worth else "")
    )


def _leg_of_batch(number: int, leg: LegStory) -> Text:
    target = f" of {plain(leg.target)}" if leg.target is not None else ""
    price = f" at {_rounded(leg.average_price)}" if leg.average_price is not None else ""
    text = f"leg {number}  {leg.direction} {leg.symbol}, {plain(leg.entered)}{target} entered{price}  "
    return Text.assemble(
        text, (leg.standing, _STYLES.get(leg.standing, "dim")), ("  " + (leg.trade_id or ""), "dim"), overflow="fold"
    )


def _amounts(amounts: Mapping[str, Decimal]) -> str:
    return " + ".join(f"{plain(amount)} {currency}" for currency, amount in amounts.items())


def _rounded(value: Decimal) -> str:
    """A derived number, short enough to read."""
    return plain(round(value, 8))
