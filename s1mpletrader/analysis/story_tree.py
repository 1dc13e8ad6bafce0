"""A story as a tree for the terminal."""

from rich.text import Text
from rich.tree import Tree

from s1mpletrader.analysis.fact_lines import FactLines
from s1mpletrader.analysis.happenings import CommandStory
from s1mpletrader.analysis.order_tree import add_order, line
from s1mpletrader.analysis.result_tree import add_batches, add_result
from s1mpletrader.analysis.story import Decision, Story
from s1mpletrader.domain.events import NewsItem
from s1mpletrader.domain.instant import iso
from s1mpletrader.domain.money import plain


def story_tree(story: Story) -> Tree:
    """Why, what, how, what was changed on the way, and what came of it."""
    tree = Tree(Text.assemble(("the story of ", "dim"), (story.subject, "bold")), guide_style="dim")
    for number, decision in enumerate(story.decisions):
        _add_decision(tree, story, number, decision)
    add_batches(tree, story)
    add_result(tree, story)
    return tree


def _add_decision(tree: Tree, story: Story, number: int, decision: Decision) -> None:
    origin = decision.origin
    branch = tree.add(Text.assemble((f"{iso(origin.at)}  ", "bold cyan"), (f"{origin.kind} {origin.id}", "dim")))
    _add_why(branch, decision)
    told = [one for one in story.refusals if one.decision == number]
    for one in told:
        if not one.gave_up:
            no = branch.add(
                Text.assemble(("refused  ", "bold red"), f"{one.refusal.code} by {one.refusal.by} ({one.refusal.stage})")
            )
            no.add(line(one.refusal.detail, one.refusal.id))
    if decision.directive is not None:
        _add_what(branch, decision)
    _add_wakes(branch, story, number)
    for command in story.commands:
        if command.decision == number:
            branch.add(_command(command))
    for order in story.orders:
        if order.decision == number:
            add_order(branch, order)
    for one in told:
        if one.gave_up:
            title = f"{one.refusal.code} by {one.refusal.by}, {iso(one.at)}"
            branch.add(Text.assemble(("given up  ", "bold red"), title)).add(line(one.refusal.detail, one.refusal.id))


def _add_why(branch: Tree, decision: Decision) -> None:
    why = branch.add(Text("why", style="bold"))
    if decision.text:
        why.add(Text(decision.text))
    if isinstance(decision.event, NewsItem):
        why.add(Text(f"news    {decision.event.headline}"))
    if decision.facts:
        why.add(FactLines(decision.facts))
    for signal in decision.signals:
        text = f"signal  {signal.direction} {signal.symbol} by {signal.detector}, confidence {signal.confidence:g}"
        why.add(line(text, signal.id))
    for risk in decision.risks:
        why.add(line(f"risk    {risk.kind} {risk.severity.name} by {risk.monitor}: {risk.detail}", risk.id))


def _add_what(branch: Tree, decision: Decision) -> None:
    directive, plans = decision.directive, decision.plans
    if directive is None:
        return
    verb = "would have been" if decision.refusals else "decided"
    what = branch.add(Text("what", style="bold"))
    because = f", because {directive.reason}" if directive.reason else ""
    aim = f" to {directive.aim}" if directive.aim is not None else ""
    what.add(line(f"{verb} {directive.scope}{aim} {directive.direction} {directive.symbol}{because}", directive.id))
    if plans.entry is not None:
        at = f" at {plain(plans.entry.price)}" if plans.entry.price is not None else ""
        what.add(line(f"entry   {plans.entry.side} {plans.entry.type}{at}", plans.entry.id))
    if plans.size is not None:
        what.add(line(f"size    {plain(plans.size.quantity)}", plans.size.id))
    if plans.exit is not None:
        stop = f"stop {plain(plans.exit.stop_price)}" if plans.exit.stop_price is not None else ""
        target = f"target {plain(plans.exit.target_price)}" if plans.exit.target_price is not None else ""
        what.add(line(f"exit    {'  '.join(part for part in (stop, target) if part)}", plans.exit.id))
    if plans.execution is not None:
        gates = f", past {', '.join(decision.gates)}" if decision.gates else ""
        what.add(line(f"how     {plans.execution.algorithm}{gates}", plans.execution.id))


def _add_wakes(branch: Tree, story: Story, number: int) -> None:
    for one in story.algorithms:
        if one.decision == number:
            target = f" of {plain(one.target)}" if one.target is not None else ""
            filled = f", {plain(one.filled)}{target} filled in {len(one.slices)} slices" if one.slices else ""
            if one.basis_points is not None and one.decision_price is not None:
                filled += f", {one.basis_points:+.2f} bp against {plain(one.decision_price)} at the decision"
            times = branch.add(Text.assemble((f"{one.algorithm}  ", "bold"), f"woken {len(one.wakes)} times{filled}"))
            for wake in one.wakes:
                placed = ", ".join(wake.order_ids) or "nothing"
                times.add(Text.assemble(f"{iso(wake.at)} placed ", (placed, "dim"), overflow="fold"))


def _command(command: CommandStory) -> Text:
    text = f"{command.text.lower() if command.kind == 'CANCEL' else command.text}  {command.order_id}"
    if command.answer is None or command.answered_at is None:
        end = "no answer"
    else:
        end = f"{command.answer} {iso(command.answered_at)}" + (f": {command.answer_text}" if command.answer_text else "")
    return Text.assemble(("asked  ", "bold"), f"{iso(command.at)} ", text, ("  " + end, "dim"), overflow="fold")
