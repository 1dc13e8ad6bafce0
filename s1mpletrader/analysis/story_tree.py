"""A story as a tree for the terminal."""

from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from s1mpletrader.analysis.story import Decision, OrderStory, Story
from s1mpletrader.domain.events import NewsItem
from s1mpletrader.domain.instant import iso
from s1mpletrader.domain.money import plain
from s1mpletrader.domain.order import Order


def story_tree(story: Story) -> Tree:
    """Why, what, how, and what came of it."""
    tree = Tree(Text.assemble(("the story of ", "dim"), (story.subject, "bold")), guide_style="dim")
    for number, decision in enumerate(story.decisions):
        _add_decision(tree, decision, [told for told in story.orders if told.decision == number])
    if story.trade is not None:
        _add_result(tree, story)
    return tree


def _add_decision(tree: Tree, decision: Decision, orders: list[OrderStory]) -> None:
    origin = decision.origin
    branch = tree.add(Text.assemble((f"{iso(origin.at)}  ", "bold cyan"), (f"{origin.kind} {origin.id}", "dim")))
    why = branch.add(Text("why", style="bold"))
    if isinstance(decision.event, NewsItem):
        why.add(Text(f"news    {decision.event.headline}"))
    if decision.facts:
        why.add(_facts(decision))
    for signal in decision.signals:
        text = f"signal  {signal.direction} {signal.symbol} by {signal.detector}, confidence {signal.confidence:g}"
        why.add(_line(text, signal.id))
    for risk in decision.risks:
        why.add(_line(f"risk    {risk.kind} {risk.severity.name} by {risk.monitor}: {risk.detail}", risk.id))
    for refusal in decision.refusals:
        no = branch.add(Text.assemble(("refused  ", "bold red"), f"{refusal.code} by {refusal.by} ({refusal.stage})"))
        no.add(_line(refusal.detail, refusal.id))
    if decision.directive is not None:
        _add_what(branch, decision)
    for told in orders:
        _add_order(branch, told)


def _facts(decision: Decision) -> Table:
    """The facts side by side: name over value."""
    table = Table.grid(padding=(0, 2))
    names = [name.rsplit(" ", 1)[-1] for name in decision.facts]
    for _ in names:
        table.add_column(justify="right", no_wrap=True)
    table.add_row(*(Text(name, style="dim") for name in names))
    table.add_row(*(f"{value:,.6g}" if abs(value) < 1 else f"{value:,.2f}" for value in decision.facts.values()))
    return table


def _add_what(branch: Tree, decision: Decision) -> None:
    directive, plans = decision.directive, decision.plans
    if directive is None:
        return
    verb = "would have been" if decision.refusals else "decided"
    what = branch.add(Text("what", style="bold"))
    because = f", because {directive.reason}" if directive.reason else ""
    what.add(_line(f"{verb} {directive.scope} {directive.direction} {directive.symbol}{because}", directive.id))
    if plans.entry is not None:
        at = f" at {plain(plans.entry.price)}" if plans.entry.price is not None else ""
        what.add(_line(f"entry   {plans.entry.side} {plans.entry.type}{at}", plans.entry.id))
    if plans.size is not None:
        what.add(_line(f"size    {plain(plans.size.quantity)}", plans.size.id))
    if plans.exit is not None:
        stop = f"stop {plain(plans.exit.stop_price)}" if plans.exit.stop_price is not None else ""
        target = f"target {plain(plans.exit.target_price)}" if plans.exit.target_price is not None else ""
        what.add(_line(f"exit    {'  '.join(part for part in (stop, target) if part)}", plans.exit.id))
    if plans.execution is not None:
        gates = f", past {', '.join(decision.gates)}" if decision.gates else ""
        what.add(_line(f"how     {plans.execution.algorithm}{gates}", plans.execution.id))


def _add_order(branch: Tree, told: OrderStory) -> None:
    order = told.order
    title = Text.assemble(
        (f"{told.role or 'order'}  ", "bold"),
        _asked(order),
        ("  " + order.state, _style(order)),
        ("  " + order.order_id, "dim"),
        overflow="fold",
    )
    how = branch.add(title)
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
    for fill in told.fills:
        fee = f"fee {plain(fill.fee)} {fill.fee_currency}"
        how.add(_line(f"filled {plain(fill.quantity)} at {plain(fill.price)}, {fee}, {iso(fill.venue_at)}", fill.fill_id))
    slip = told.slippage
    if slip.basis_points is not None and slip.cost is not None and slip.reference_price is not None:
        text = f"slippage {slip.basis_points:+.2f} bp against {plain(slip.reference_price)}, cost {plain(slip.cost)}"
        how.add(Text(text))


def _add_result(tree: Tree, story: Story) -> None:
    trade = story.trade
    if trade is None:
        return
    if trade.closed_at is not None:
        style = "green" if trade.profit >= 0 else "red"
        text = Text.assemble(
            ("outcome  ", "bold"), (f"{plain(trade.profit)} {trade.currency}", style), f" after fees of {plain(trade.fees)}"
        )
    else:
        text = Text.assemble(("outcome  ", "bold"), f"open, {plain(trade.open_quantity)} held, fees {plain(trade.fees)} so far")
    tree.add(text).add(_line(f"{trade.direction} {trade.symbol}", trade.trade_id))


def _asked(order: Order) -> str:
    details = order.details
    price = f" at {plain(details.price)}" if details.price is not None else ""
    stop = f" stop {plain(details.stop_price)}" if details.stop_price is not None else ""
    return f"{details.side} {plain(details.quantity)} {details.symbol} {details.type}{price}{stop}"


def _style(order: Order) -> str:
    return {"FILLED": "green", "REJECTED": "red", "UNKNOWN": "yellow"}.get(order.state, "dim")


def _line(text: str, shown_id: str) -> Text:
    return Text.assemble(text, ("  " + shown_id, "dim"), overflow="fold")
