"""The board keeps the last lines of what happened; a status is a value that people can read."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.assembly.watching import watching
from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.clock import VirtualClock
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.recorder import GROUP, Recorder, Step
from s1mpletrader.core.status import LiveStatus, StatusBoard, strategy_status, unknown_orders
from s1mpletrader.domain.account import AccountView, Position
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.order import Order, order_from_intent
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reasons import EntryDraft, EntryKind, Reasons
from s1mpletrader.plugins.stores import MemoryJournal, MemoryLedger
from s1mpletrader.ports.health import Health
from tests.core.samples import INSTRUMENT, SYMBOL, draft, fill, intent, opening
from tests.running import EXAMPLES, MEMORY


def order(number: int, state: OrderState) -> Order:
    return replace(order_from_intent(intent(number)), state=state)


def lines(board: StatusBoard) -> list[tuple[int, str, str]]:
    return [(line.at, line.strategy, line.text) for line in board.flows]


def test_an_order_its_fill_and_an_alarm_are_a_line_each() -> None:
    board = StatusBoard()
    board.s1mple_strategy_journal_updated(replace(draft(1), at=5))
    board.s1mple_order(order(1, OrderState.INTENDED))
    board.s1mple_strategy_journal_updated(replace(draft(1, EntryKind.FILLED), at=6))
    board.s1mple_order(order(1, OrderState.FILLED))
    board.s1mple_fill(fill(1, fee="0.02"))
    alarm = EntryDraft(EntryKind.ALARM, 7, Reasons(v=1, text="more was filled than was asked for"), None, intent(1).order_id)
    board.s1mple_strategy_journal_updated(alarm)
    assert lines(board) == [
        (5, "s", f"INTENDED BUY 2 {SYMBOL} LIMIT at 10"),
        (6, "s", f"filled BUY 2 {SYMBOL} at 10, fee 0.02 USDT"),
        (7, "s", "ALARM more was filled than was asked for"),
    ]


def test_only_the_last_lines_are_kept() -> None:
    board = StatusBoard(flows_max=2)
    for number in (1, 2, 3):
        board.s1mple_order(order(number, OrderState.OPEN))
    assert [line.text.split()[0] for line in board.flows] == ["OPEN", "OPEN"]


def view(quantity: str, *orders: Order) -> AccountView:
    position = Position(instrument=INSTRUMENT, quantity=Decimal(quantity), cost=Decimal(20))
    return AccountView(
        revision=1,
        strategy="s",
        account_type=AccountType.SPOT,
        currency="USDT",
        balances={"USDT": Decimal(80), "BTC": Decimal(quantity)},
        positions={SYMBOL: position},
        open_orders=orders,
    )


@pytest.mark.parametrize(
    ("quantity", "prices", "equity", "held"),
    [
        ("2", {SYMBOL: Decimal(11)}, Decimal(102), 1),
        ("2", {}, None, 1),
        ("0", {}, Decimal(80), 0),
    ],
)
def test_equity_is_told_once_every_price_is_known(
    quantity: str, prices: Mapping[str, Decimal], equity: Decimal | None, held: int
) -> None:
    status = strategy_status(view(quantity), prices)
    assert (status.equity, len(status.positions)) == (equity, held)


def test_orders_of_unknown_outcome_are_counted_over_all_strategies() -> None:
    one = strategy_status(view("0", order(1, OrderState.UNKNOWN), order(2, OrderState.OPEN)), {})
    other = strategy_status(view("0", order(3, OrderState.UNKNOWN)), {})
    assert unknown_orders((one, other)) == 2


def test_an_entry_is_told_once_it_is_durable_and_before_its_steps_notices() -> None:
    ledger, journal = MemoryLedger("b", lasting=False), MemoryJournal(lasting=False)
    heard: list[object] = []
    recorder = Recorder(ledger, journal, StrategyJournalWriter("r"), GROUP, None, lambda entry: heard.append(entry.kind))
    recorder.record(Step((*opening(1), intent(1)), (draft(1),)), [lambda: heard.append("notice 1")])
    recorder.record(Step((), (draft(None, EntryKind.REFUSED),)), [lambda: heard.append("notice 2")])
    assert heard == []
    recorder.flush()
    assert heard == [EntryKind.INTENDED, "notice 1", EntryKind.REFUSED, "notice 2"]


def test_a_board_among_the_watchers_hears_a_run() -> None:
    portfolio = load(EXAMPLES / "ema_cross.toml", [*MEMORY, "data.candles=400"])
    container = BacktestContainer(configuration=portfolio)
    board = StatusBoard()
    portfolio.plugins.register(board, "board")
    container.backtest().run()
    texts = [line.text for line in board.flows]
    assert any(text.startswith("INTENDED BUY") for text in texts)
    assert any(text.startswith("filled SELL") for text in texts)
    assert {line.strategy for line in board.flows} == {"ema_cross", ""}, "the run's own lines are nobody's"


def test_an_unknown_watcher_is_a_mistake_in_its_table() -> None:
    with pytest.raises(ConfigurationError, match=r"--set watch\.plugin: there is no watch plugin 'nobody'"):
        load(EXAMPLES / "ema_cross.toml", ["watch.plugin=nobody"])


def test_a_portfolio_has_the_watchers_of_its_own_file() -> None:
    portfolio = load(EXAMPLES / "portfolio.toml")
    with watching(portfolio, "run", VirtualClock()) as watchers:
        assert watchers == {}


def test_whose_an_order_is_stays_known_for_the_latest_of_many() -> None:
    board = StatusBoard()
    for number in range(1_500):
        board.s1mple_order(order(number, OrderState.OPEN))
    board.s1mple_fill(fill(1_499))
    board.s1mple_fill(fill(1_498))
    board.s1mple_fill(fill(1))
    assert [line.strategy for line in board.flows[-3:]] == ["s", "s", ""]


def test_a_ban_is_over_when_its_time_has_come() -> None:
    board = StatusBoard()
    for at in (1, 2, 3):
        board.s1mple_status(LiveStatus(at=at, mode="live", account="main", health=Health(banned_until=3)))
    assert [line.text for line in board.flows] == ["the venue does not listen until 1970-01-01T00:00:00.000000003Z", "ban: over"]
