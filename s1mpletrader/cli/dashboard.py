"""How a paper or live run stands, in a terminal: the same value every time it is drawn, and nothing that writes."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from s1mpletrader.core.narrator import troubles
from s1mpletrader.core.status import FlowLine, LiveStatus, StrategyStatus
from s1mpletrader.domain.account import Position
from s1mpletrader.domain.instant import DAY_NS, SECOND_NS, Instant, iso
from s1mpletrader.domain.money import plain, subtract
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderState, Side
from s1mpletrader.ports.health import Health, StreamHealth

HEIGHT_DEFAULT: Final = 40
ROWS_MIN: Final = 3
"""So many positions, orders and lines are shown however low the terminal is; those that are not are counted."""
FLOWS_MAX: Final = 12
NAME_MAX: Final = 14
INTERVAL_S: Final = 0.5

_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600
_DAY_S: Final = DAY_NS // SECOND_NS
_WEIGHT_TIGHT: Final = 0.8
"""From this part of the request budget on, it is shown as tight."""


def render(status: LiveStatus, height: int = HEIGHT_DEFAULT) -> RenderableType:
    """The whole picture, made for a terminal of so many lines: what is most urgent stands on top."""
    several = len(status.strategies) > 1
    head = [*_head(status), *_health(status.health, status.at)]
    # Each of the three lists has a heading, and the last has a frame; one line is left for the cursor.
    room = max(height - len(head) - len(status.strategies) - 8, 3 * ROWS_MIN) // 3
    return Group(
        *head,
        _strategies(status.strategies),
        *_positions(status.strategies, room, several=several),
        *_orders(status, room, several=several),
        _flows(status.flows[-min(room, FLOWS_MAX) :], several=several),
    )


async def show(
    provider: Callable[[], LiveStatus], stop: asyncio.Event, *, console: Console | None = None, interval_s: float = INTERVAL_S
) -> None:
    """Draw the status again and again, until ``stop`` is set; the last picture stays. Other output scrolls above it."""
    with Live(console=console, auto_refresh=False) as live:
        while True:
            # The last line is for the cursor: what a terminal echoes there, such as ^C, moves nothing.
            live.update(Group(render(provider(), live.console.height), Text()), refresh=True)
            if stop.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), interval_s)


def _head(status: LiveStatus) -> Iterator[RenderableType]:
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True)
    line.add_column(justify="right", no_wrap=True)
    mode = Text(f" {status.mode.upper()} ", style="bold white on red" if status.mode == "live" else "bold black on cyan")
    line.add_row(Text.assemble(mode, "  ", (status.account, "bold")), Text(iso(status.at // SECOND_NS * SECOND_NS), style="dim"))
    yield line
    for trouble in troubles(status).values():
        yield Text(f" {trouble}", style="bold red")
    if status.unknown_orders:
        orders = _counted(status.unknown_orders, "order")
        yield Text(f" {orders} of unknown outcome: the venue is being asked", style="bold yellow")


def _strategies(strategies: Sequence[StrategyStatus]) -> RenderableType:
    table = _table("strategy", "balances", right=("equity",))
    for one in strategies:
        equity = "?" if one.equity is None else f"{one.equity:,.2f} {one.currency}"
        balances = ", ".join(f"{_amount(amount)} {asset}" for asset, amount in one.balances.items() if amount)
        table.add_row(one.name, balances or "-", equity)
    return table


def _positions(strategies: Sequence[StrategyStatus], room: int, *, several: bool) -> Iterator[RenderableType]:
    held = [(one, position) for one in strategies for position in one.positions]
    if not held:
        yield Text(" no position", style="dim")
        return
    table = _table(*_whose(several), "position", right=("quantity", "average", "price", "worth", "profit"))
    for one, position in held[:room]:
        table.add_row(*([one.name] if several else []), *_position(position, one.prices.get(position.instrument.symbol)))
    yield table
    yield from _more(len(held) - room, "position")


def _position(position: Position, price: Decimal | None) -> Iterator[RenderableType]:
    average = position.average_price
    yield position.instrument.symbol
    yield Text(_amount(position.quantity), style="green" if position.quantity > 0 else "red")
    yield "-" if average is None else _price(average, position.instrument.price_tick)
    if price is None:
        yield from ("?", "?", "?")
        return
    worth = position.value(price)
    profit = subtract(worth, position.cost)
    yield _price(price, position.instrument.price_tick)
    yield f"{worth:,.2f}"
    yield Text(f"{profit:+,.2f}", style="green" if profit >= 0 else "red")


def _orders(status: LiveStatus, room: int, *, several: bool) -> Iterator[RenderableType]:
    live = [(one, order) for one in status.strategies for order in one.open_orders]
    if not live:
        yield Text(" no open order", style="dim")
        return
    # What is not known comes first, because a person may have to act on it.
    live.sort(key=lambda pair: pair[1].state is not OrderState.UNKNOWN)
    table = _table(*_whose(several), "order", "side", "type", right=("filled", "price", "state", "age"))
    for one, order in live[:room]:
        table.add_row(*([one.name] if several else []), *_order(order, status.at))
    yield table
    yield from _more(len(live) - room, "order")


def _order(order: Order, at: Instant) -> Iterator[RenderableType]:
    asked = order.details
    price = order.price if order.price is not None else asked.stop_price
    yield asked.symbol
    yield Text(asked.side, style="green" if asked.side is Side.BUY else "red")
    yield asked.type
    yield f"{_amount(order.filled_quantity)}/{_amount(order.quantity)}"
    yield "-" if price is None else plain(price)
    state = "PARTIAL" if order.state is OrderState.PARTIALLY_FILLED else order.state
    yield Text(state, style="bold yellow" if order.state is OrderState.UNKNOWN else "")
    yield _span(at - order.intent.decided_at)


def _flows(flows: Sequence[FlowLine], *, several: bool) -> RenderableType:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, style="dim")
    if several:
        table.add_column(no_wrap=True, style="bold", max_width=NAME_MAX, overflow="ellipsis")
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for line in flows:
        table.add_row(iso(line.at)[11:19], *([line.strategy] if several else []), Text(line.text, style=_flow_style(line.text)))
    if not flows:
        table.add_row(*([""] * (2 if several else 1)), Text("nothing has happened yet", style="dim"))
    return Panel(table, title="what happened", title_align="left", border_style="dim", padding=(0, 1))


def _flow_style(text: str) -> str:
    if text.startswith(("ALARM", "UNKNOWN")):
        return "bold red"
    if text.startswith("filled"):
        return "green"
    return "yellow" if text.startswith(("REJECTED", "refused")) else ""


def _health(health: Health, at: Instant) -> Iterator[RenderableType]:
    """The streams and the request budget; nothing where a run has neither, as one on generated candles."""
    parts = [_stream(stream, at) for stream in health.streams]
    if health.weight_used is not None:
        parts.append(_weight(health.weight_used, health.weight_max))
    if parts:
        yield Text(" ").append(Text("   ").join(parts))


def _stream(stream: StreamHealth, at: Instant) -> Text:
    if not stream.connected:
        mark, style = "down", "bold red"
    elif stream.stale_since is not None:
        mark, style = f"stale {_span(at - stream.stale_since)}", "bold red"
    else:
        mark, style = "up" if stream.last_at is None else f"{_span(at - stream.last_at)} ago", "green"
    return Text.assemble(stream.name, " ", (mark, style))


def _weight(used: int, at_most: int | None) -> Text:
    if not at_most:
        return Text(f"weight {used:,}")
    part = used / at_most
    return Text.assemble("weight ", (f"{used:,}/{at_most:,} ({part:.0%})", "bold yellow" if part >= _WEIGHT_TIGHT else ""))


def _table(*left: str, right: Sequence[str]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 1))
    for heading in left:
        # Beside a strategy's name stand columns of figures, of which nothing may be cut.
        table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=NAME_MAX if heading == "strategy" else None)
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True, overflow="ellipsis")
    return table


def _whose(several: bool) -> tuple[str, ...]:
    return ("strategy",) if several else ()


def _more(count: int, what: str) -> Iterator[RenderableType]:
    if count > 0:
        yield Text(f" and {_counted(count, f'more {what}')}", style="dim")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _amount(amount: Decimal) -> str:
    """An exact amount, as many of its digits as a person reads."""
    text = plain(amount)
    return text if len(text.partition(".")[2]) <= 8 else f"{amount:.8f}"


def _price(price: Decimal, tick: Decimal) -> str:
    """A price with the digits that the instrument's have."""
    digits = max(-int(tick.normalize().as_tuple().exponent), 0)
    return f"{price:,.{digits}f}"


def _span(length_ns: int) -> str:
    """A length of time in its largest unit."""
    seconds = max(length_ns, 0) // SECOND_NS
    for unit_s, unit in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "m")):
        if seconds >= unit_s:
            return f"{seconds // unit_s}{unit}"
    return f"{seconds}s"
