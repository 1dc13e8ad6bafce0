"""What lies between the parts: the small callables by which they reach each other."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from s1mpletrader.configuration import Portfolio
from s1mpletrader.core.batches import BatchListener
from s1mpletrader.core.book import Book
from s1mpletrader.core.clock import Agenda
from s1mpletrader.core.engine import RANK_REPLY
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.live_trades import LiveGroup
from s1mpletrader.core.market import Market
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.quarantine import IQuarantine, Isolation
from s1mpletrader.core.recorder import Recorder, Step
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.core.timers import Schedule
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.batches import BATCH_ALGORITHM
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reality import LedgerChange
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, EntryRef, Reasons
from s1mpletrader.domain.replies import ExchangeReply
from s1mpletrader.ports.algorithms import ExecutionAlgorithm
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.journal import IJournal
from s1mpletrader.ports.ledger import ILedger, ILedgerReader


def find_watchers(configuration: Portfolio, watching: Mapping[str, object]) -> Watchers:
    """Who is told of the run: plugins that listen, and what the ``[[watch]]`` tables have built."""
    return configuration.plugins.watchers(watching)


def published_changes(watchers: Watchers) -> Callable[[Sequence[LedgerChange]], None] | None:
    """Tells of each change of the ledger; None where nobody listens."""
    watch = watchers.strategy_ledger_updated
    if watch is None:
        return None

    def published(changes: Sequence[LedgerChange]) -> None:
        for change in changes:
            watch(change)

    return published


def settled_ledger(recorder: Recorder, ledger: ILedger) -> Callable[[], ILedgerReader]:
    """The ledger with everything in it that has been recorded."""

    def settled() -> ILedgerReader:
        recorder.flush()
        return ledger

    return settled


def settled_journal(recorder: Recorder, journal: IJournal) -> Callable[[], StrategyJournal]:
    """The journal with everything in it that has been recorded."""

    def settled() -> StrategyJournal:
        recorder.flush()
        return StrategyJournal(journal)

    return settled


def order_finder(settled: Callable[[], ILedgerReader]) -> Callable[[str | None, str | None], Order | None]:
    """Finds an order by its client id or the venue's."""
    return lambda client, exchange: settled().find_order(client_order_id=client, exchange_order_id=exchange)


def delivery(agenda: Agenda, clock: IClock) -> Callable[[Sequence[ExchangeReply]], None]:
    """Outcomes re-enter as events at the present instant, before any market data of it."""
    return lambda replies: agenda.add(clock.now(), RANK_REPLY, lambda: replies)


def scheduling(agenda: Agenda) -> Schedule:
    """Puts calls on the agenda."""

    def schedule(at: int, rank: int, call: Callable[[], None], source: int = 0) -> None:
        def happens() -> Sequence[ExchangeReply]:
            call()
            return ()

        agenda.add(at, rank, happens, source)

    return schedule


def markets_of(strategies: Mapping[str, Strategy]) -> dict[str, Market]:
    """Each strategy's market."""
    return {name: Market(one.facts, one.price_keys, one.recorded_keys) for name, one in strategies.items()}


def listens_to_candles(watchers: Watchers) -> bool:
    """Whether somebody wants to hear of every candle."""
    return watchers.candle_stream_data_ready is not None


def place_of_next(recorder: Recorder) -> Callable[[], EntryRef]:
    """The place of the next entry."""
    return lambda: recorder.next_ref


def is_shared(configuration: Portfolio) -> bool:
    """Whether several strategies trade on the account."""
    return len(configuration.strategies) > 1


def strategy_finder(book: Book) -> Callable[[LiveGroup], str]:
    """Finds the strategy that a group belongs to."""

    def strategy_of(group: LiveGroup) -> str:
        trade = book.trade(group.opened.trade_id)
        return trade.opened.strategy if trade is not None else ""

    return strategy_of


def with_batches(algorithms: Mapping[str, ExecutionAlgorithm]) -> dict[str, ExecutionAlgorithm]:
    """The algorithms, and the one that listens for batches."""
    return {**algorithms, BATCH_ALGORITHM: BatchListener()}


def funds_of(configuration: Portfolio) -> dict[str, dict[str, Decimal]]:
    """Each strategy's opening funds."""
    return {one.strategy.name: one.account.funds for one in configuration.strategies}


def recorded_alarm(recorder: Recorder, clock: IClock, metrics: Metrics) -> Callable[[str], None]:
    """Writes down what a person should look at."""

    def alarm(text: str) -> None:
        draft = EntryDraft(EntryKind.ALARM, clock.now(), Reasons(v=SCHEMA_VERSION, text=text))
        recorder.record(Step((), (draft,)))
        metrics.alarms += 1

    return alarm


def quarantine_by(isolation: Isolation, alarm: Callable[[str], None]) -> IQuarantine:
    """The run's quarantine."""
    return isolation(alarm)
