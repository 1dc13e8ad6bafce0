"""``s1mpletrader results``: what the trades of a store came to."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from s1mpletrader.analysis import AccountProfit, StrategyProfit, results_of
from s1mpletrader.cli.options import JournalOption, JsonOption, LedgerOption, StoreOption, store_urls
from s1mpletrader.cli.output import err, out, print_json
from s1mpletrader.cli.stores import opened
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.money import plain

UNBOUNDED: Final = 10_000
"""A width that no table has."""

HEADINGS: Final = ("strategy", "trades", "open", "won", "profit", "fees", "funding", "largest win", "largest loss", "equity")


def results(
    store: StoreOption = None,
    ledger: LedgerOption = None,
    journal: JournalOption = None,
    currency: Annotated[str | None, typer.Option("--currency", help="To report in another currency than the account's.")] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            "--price",
            metavar="NAME=PRICE",
            help="A symbol's or an asset's price.",
            show_default=False,
        ),
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Profit and loss, fees included, by strategy and account. What is still held counts at the run's last prices."""
    given = dict(map(_price, price or ()))
    with opened(store_urls(store, ledger, journal)) as readers:
        accounts = [results_of(one, readers.journal, currency, given) for one in readers.ledgers]
    if json_:
        print_json({"accounts": [_account(account) for account in accounts]})
        return
    for account in accounts:
        _print(account)


def _price(text: str) -> tuple[str, Decimal]:
    name, equals, value = text.partition("=")
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not (name and equals and number.is_finite() and number > 0):
        raise ConfigurationError("--price", f"{text!r} is no price", "write NAME=PRICE, such as BNB=600")
    return name, number


def _print(account: AccountProfit) -> None:
    rows = [_row(one) for one in account.strategies]
    if len(rows) > 1:
        rows.append(("all", "", "", "", f"{account.profit:,.2f}", "", "", "", "", f"{account.equity:,.2f}"))
    table = _table(HEADINGS, rows)
    if len(rows) > 1:
        table.rows[-2].end_section = True
    if out.measure(table, options=out.options.update_width(UNBOUNDED)).maximum > out.width:
        first, *others = zip(HEADINGS, *rows, strict=True)
        table = _table(first, others)
    out.print(f"{account.book}  [dim]in {account.currency}[/]")
    out.print(table)
    if account.unpriced:
        err.print(f"[yellow]no price is known of {', '.join(account.unpriced)}[/]; it counts as nothing, give one by --price")


def _row(one: StrategyProfit) -> tuple[str, ...]:
    won = f"{one.win_count / len(one.closed):.0%}" if one.closed else "-"
    counts = (f"{len(one.trades):,}", f"{len(one.trades) - len(one.closed):,}", won)
    sums = (one.profit, one.fees, one.funding, one.largest_win, one.largest_loss, one.equity)
    return (one.strategy, *counts, *(f"{amount:,.2f}" for amount in sums))


def _table(headings: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table()
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _account(account: AccountProfit) -> dict[str, Any]:
    return {
        "book": account.book,
        "currency": account.currency,
        "profit": plain(account.profit),
        "equity": plain(account.equity),
        "unpriced": list(account.unpriced),
        "strategies": [_strategy(one) for one in account.strategies],
    }


def _strategy(one: StrategyProfit) -> dict[str, Any]:
    return {
        "strategy": one.strategy,
        "opening": plain(one.opening),
        "profit": plain(one.profit),
        "fees": plain(one.fees),
        "funding": plain(one.funding),
        "equity": plain(one.equity),
        "wins": one.win_count,
        "largest_win": plain(one.largest_win),
        "largest_loss": plain(one.largest_loss),
        "trades": [
            {
                "trade_id": trade.trade_id,
                "symbol": trade.symbol,
                "open": trade.is_open,
                "profit": plain(trade.profit),
                "fees": plain(trade.fees),
            }
            for trade in one.trades
        ],
    }
