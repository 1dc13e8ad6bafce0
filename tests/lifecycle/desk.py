"""A strategy's desk: the real flows, worker, stores and algorithms, wired as for any run, before a venue that follows a story."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from dependency_injector import providers

from s1mpletrader.analysis import audit_store
from s1mpletrader.configuration import Portfolio, load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.book import Book
from s1mpletrader.core.clock import SteppedTasks, VirtualClock
from s1mpletrader.core.engine import RANK_REPLY
from s1mpletrader.core.execution_step import Pages
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.market import Market
from s1mpletrader.core.outbox import Outbox, Spawn
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.batches import BatchRules
from s1mpletrader.domain.directives import Approved
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.domain.reasons import EntryKind, MarketSnapshot
from s1mpletrader.domain.replies import ExchangeReply
from s1mpletrader.ports.journal import IJournal
from s1mpletrader.ports.ledger import ILedger
from tests.lifecycle.model import NaiveAccount
from tests.lifecycle.venue import BTC, ETH, INSTRUMENTS, ScriptedVenue
from tests.running import EXAMPLES, MEMORY

STRATEGY = "pairs"
PRICE = Decimal(10)
STEP_NS = 1_000_000
"""How much time passes between two actions of a story."""


class StandingMarket(Market):
    """Every price is the same, at all times."""

    def __init__(self, price: Decimal) -> None:
        self._price = price

    @property
    def at(self) -> int:
        return 0

    def facts(self) -> dict[str, float]:
        return {"BTC/USDT 5m close": float(self._price)}

    def price(self, symbol: str) -> Decimal:
        return self._price

    def prices(self) -> Mapping[str, Decimal]:
        return dict.fromkeys(INSTRUMENTS, self._price)

    def volume_since(self, symbol: str, at: int) -> Decimal:
        return Decimal(0)

    def snapshot(self, symbol: str) -> MarketSnapshot:
        return MarketSnapshot(symbol=symbol, reference_price=self._price, volume=1.0, at=0)


class Desk:
    """One strategy on one account, at a scripted venue or, without one, at the exchange of the configuration."""

    def __init__(
        self, configuration: Portfolio, make_venue: Callable[[VirtualClock], ScriptedVenue] | None = None, price: Decimal = PRICE
    ) -> None:
        self.container = BacktestContainer(configuration=configuration)
        self.clock: VirtualClock = self.container.clock()
        self.price = price
        self._inbox: deque[Sequence[ExchangeReply]] = deque()
        spawn = SteppedTasks(self.container.agenda(), RANK_REPLY).spawn
        if make_venue is not None:
            self.venue = make_venue(self.clock)
            self.container.connector.override(providers.Object(self.venue))
            spawn = self.venue.spawn
        self._wire(spawn)
        self.ledger: ILedger = self.container.ledger()
        self.journal: IJournal = self.container.journal()
        self.book: Book = self.container.book()
        self._flow = self.container.reply_flow()
        account = configuration.account
        self.model = NaiveAccount(account.type, dict(account.funds))
        self.is_deaf = False
        """Whether answers wait, and only the venue's stream is heard."""
        self._flow_count = 0
        self.container.backtest()._open()

    def _wire(self, spawn: Spawn) -> None:
        container, market = self.container, StandingMarket(self.price)
        outbox = Outbox(container.connector(), spawn, self._inbox.append, self.clock.now)
        container.outbox.override(providers.Object(outbox))
        container.markets.override(providers.Object({STRATEGY: market}))
        self._step = container.step(market=market)

    def decide(self, approvals: Any, rules: BatchRules | None = None) -> None:
        """A flow of decision. ``approvals`` makes the approved directives from the flow's ids."""
        self._flow_count += 1
        at = self.clock.now()
        flow = self.container.initiator().start(STRATEGY, OriginKind.TICK, f"{self._flow_count}", at, "candles", ())
        pages = Pages(flow, (), (), (), {"BTC/USDT 5m close": 10.0})
        approved: Sequence[Approved] = approvals(flow.ids)
        try:
            self._step.run(approved, pages, rules)
        finally:
            self.container.terminator().end(STRATEGY, flow.origin.id, at)
        self.settle()

    def tell(self, *replies: ExchangeReply) -> None:
        """The venue speaks on its stream."""
        self._book_all(replies)
        self.settle()

    def answer(self, how: str) -> None:
        """The venue answers the oldest question that it has kept."""
        self.venue.answer(how)
        self.settle()

    def wait(self, seconds: Decimal = Decimal(0)) -> None:
        """Let time pass, and timers ring."""
        until = self.clock.now() + int(seconds * SECOND_NS) + STEP_NS
        agenda = self.container.agenda()
        while (key := agenda.next_key()) is not None and key[0] <= until:
            self.clock.move_to(key[0])
            agenda.pop()()
            self.settle()
        self.clock.move_to(until)

    def settle(self) -> None:
        """Book the answers that have come, and what comes of them."""
        self._learn()
        while self._inbox and not self.is_deaf:
            self._book_all(self._inbox.popleft())

    def _book_all(self, replies: Sequence[ExchangeReply]) -> None:
        for reply in replies:
            self._learn()
            self.model.hear(reply)
            self._flow.run((reply,))
            self._learn()

    def _learn(self) -> None:
        """Let the model know of the orders that have been meant."""
        for order in self.ledger.orders():
            if order.order_id not in self.model.orders:
                self.model.intend(order.order_id, order.intent.details)

    @property
    def view(self) -> AccountView:
        return self.book.view(STRATEGY)

    def labels(self) -> dict[OrderId, str]:
        """Each order's name in a story: what it is for, counted from the second on, and its trade's number from the second on."""
        run = self.container.identity().run
        meant = [entry for entry in self.journal.entries(run) if entry.kind is EntryKind.INTENDED]
        roles = {entry.order_id: read_reasons(entry).role for entry in meant}
        trades = {trade.trade_id: number for number, trade in enumerate(self.ledger.trades(), 1)}
        counts: dict[str, int] = {}
        labels: dict[OrderId, str] = {}
        for order in self.ledger.orders():
            number = trades[order.trade_id]
            name = f"{roles[order.order_id]}" if number == 1 else f"{number}.{roles[order.order_id]}"
            counts[name] = counts.get(name, 0) + 1
            labels[order.order_id] = name if counts[name] == 1 else f"{name}{counts[name]}"
        return labels

    def refusals(self) -> list[str]:
        run = self.container.identity().run
        return [refusal.code for entry in self.journal.entries(run) for refusal in read_reasons(entry).refusals]

    def alarms(self) -> list[str]:
        run = self.container.identity().run
        return [f"{read_reasons(entry).text}" for entry in self.journal.entries(run) if entry.kind is EntryKind.ALARM]

    def contradictions(self) -> list[str]:
        """The alarms about what the venue has said of an order: those about what follows from it name none."""
        run = self.container.identity().run
        alarms = [entry for entry in self.journal.entries(run) if entry.kind is EntryKind.ALARM]
        return [f"{read_reasons(entry).text}" for entry in alarms if entry.order_id is not None]

    def check(self) -> None:
        """Whatever has happened so far: the stores agree with one another, with the book, and with the naive reckoning."""
        assert audit_store([self.ledger], self.journal).violations == ()
        again = refolded(self)
        assert again.view(STRATEGY) == self.view
        assert list(again.live_groups()) == list(self.book.live_groups())
        view, model = self.view, self.model
        assert {asset: amount for asset, amount in view.balances.items() if amount} == model.owned()
        for symbol in (BTC, ETH):
            assert view.position(symbol) == model.positions[symbol]
            assert view.exposure(symbol) == model.exposure(symbol)
        stored = {order.order_id: (order.filled_quantity, order.quantity, order.live) for order in self.ledger.orders()}
        naive = {order_id: (order.filled, order.quantity, not order.end) for order_id, order in model.orders.items()}
        assert stored == naive
        if self.view.account_type is AccountType.NETTING:
            assert view.equity(dict.fromkeys((BTC, ETH), self.price)) == model.balances["USDT"] + self.price * sum(
                model.positions.values()
            )


def refolded(desk: Desk) -> Book:
    """The book as a restart would find it."""
    ledger = desk.ledger
    book = Book(desk.view.account_type, "USDT", desk.container.instruments(), lambda: ledger)
    book.refold(ledger.changes())
    return book


@cache
def small_pairs(*overrides: str) -> Portfolio:
    """The configuration of a desk: the example that trades two symbols, with little data."""
    return load(EXAMPLES / "pairs.toml", ["data.0.candles=250", "data.1.candles=250", *overrides])


def scripted_desk(
    account_type: AccountType = AccountType.NETTING,
    store: Path | None = None,
    *,
    amends: bool = True,
    replaces: bool = True,
    limits: bool = False,
) -> Desk:
    """A desk at a venue that follows a story: recorded in memory, or on SQLite in this file."""
    stores = MEMORY if store is None else (f"ledger.url=sqlite:///{store}", "engine.commit_steps=1")
    configuration = small_pairs(*stores, f"account.type={account_type}")
    return Desk(
        configuration,
        lambda clock: ScriptedVenue(clock.now, account_type, amends, replaces, outlives_process=store is None, limits=limits),
    )
