"""Whatever a strategy does at a simulated venue, and however late, often or disorderly the venue's words arrive: it adds up.

After every action the stores agree with one another, with the book as a restart would fold it, and with a naive reckoning. At the
end, once everything has been delivered, the ledger says of every order and asset what the venue says.
"""

from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from s1mpletrader.core.clock import finished
from s1mpletrader.core.commands import order_ref
from s1mpletrader.core.engine import RANK_REPLY
from s1mpletrader.domain.instant import DAY_NS, MINUTE_NS
from s1mpletrader.domain.money import plain
from s1mpletrader.domain.orders import opening_side
from s1mpletrader.domain.replies import ExchangeReply, FundsChanged, Liquidated
from s1mpletrader.plugins.simulated_exchange import SimulatedExchange
from tests.lifecycle.desk import Desk, small_pairs
from tests.lifecycle.story import Story
from tests.lifecycle.venue import BTC, ETH
from tests.running import MEMORY

PRICE = Decimal(100)
MARKET = tuple(
    f"data.{index}.{key}" for index in (0, 1) for key in (f"price={PRICE}", "price_tick=0.1", "volatility=0.4", "volume=1")
)
symbols = st.sampled_from(["", " eth"])
trades = st.integers(1, 4)
quantities = st.integers(500, 3_000).map(lambda lots: plain(Decimal(lots) / 1000))
offsets = st.integers(-40, 40).map(lambda ticks: Decimal(ticks) / 10)
away = st.integers(1, 60).map(lambda ticks: Decimal(ticks) / 10)
lives = st.sampled_from(["", "", "", " ioc", " fok"])
times = st.sampled_from(["", "", " until 300", " until 1500"])


class LifeOfOrders(RuleBasedStateMachine):
    """Two symbols at the simulated exchange, seen through stories whose venue is real."""

    @initialize(
        account=st.sampled_from(["netting", "netting", "spot"]),
        seed=st.integers(0, 50),
        latency=st.sampled_from(["0", "250", "90000"]),
        share=st.sampled_from(["1", "0.3", None]),
        fee=st.sampled_from(["0", "0.0007"]),
        least=st.sampled_from(["0", "0.5"]),
        most=st.sampled_from([(), ('quantity_max="3"',)]),
    )
    def open_desk(
        self, account: str, seed: int, latency: str, share: str | None, fee: str, least: str, most: tuple[str, ...]
    ) -> None:
        exchange = [f"exchange.latency_ms={latency}", f'exchange.fee_rate="{fee}"']
        exchange += [f'exchange.volume_share="{share}"'] if share is not None else []
        exchange += ['exchange.fee_in="base"'] if account == "spot" else []
        limits = ("notional_min=0", f'quantity_min="{least}"', *most)
        rules = [f'exchange.instruments."{symbol}".{limit}' for symbol in (BTC, ETH) for limit in limits]
        given = (*MEMORY, *MARKET, *exchange, *rules, f"strategy.seed={seed}", f"account.type={account}", "engine.commit_steps=1")
        self.desk = Desk(small_pairs(*given), price=PRICE)
        self.story = Story(self.desk)
        self.connector: SimulatedExchange = self.desk.container.connector()  # type: ignore[assignment]
        self.is_short_allowed = account == "netting"
        self.is_slow = False
        self.mail: list[ExchangeReply] = []
        self.delivered: list[ExchangeReply] = []

    def price(self, symbol: str) -> Decimal:
        """The last close of a symbol at the venue."""
        now = self.desk.clock.now()
        candles = next(one for series, one in self.desk.container.candles().items() if series.symbol == (symbol.strip() or BTC))
        closed = int((candles.closed_at <= now).sum())
        return Decimal(repr(float(candles.close[closed - 1]))) if closed else PRICE

    def at(self, symbol: str, offset: Decimal) -> str:
        return plain(self.price(ETH if symbol else BTC) + offset)

    def decide(self, action: str) -> None:
        self.desk.wait()
        self.story.act(action)
        self.pump(self.desk.clock.now())

    @rule(
        quantity=quantities,
        symbol=symbols,
        kind=st.sampled_from(["", "@", "stop", "both"]),
        life=lives,
        time=times,
        buy=st.booleans(),
        offset=offsets,
        loss=st.none() | away,
        profit=st.none() | away,
    )
    def open_trade(
        self, quantity: str, symbol: str, kind: str, life: str, time: str, buy: bool, offset: Decimal, loss: Any, profit: Any
    ) -> None:
        buy = buy or not self.is_short_allowed
        sign = 1 if buy else -1
        price = f" @ {self.at(symbol, offset)}" if kind in ("@", "both") else ""
        stop = f" stop {self.at(symbol, offset)}" if kind in ("stop", "both") else ""
        exits = "" if loss is None else f" loss {self.at(symbol, -sign * loss)}"
        exits += "" if profit is None else f" profit {self.at(symbol, sign * profit)}"
        verb = "buy" if buy else "sell"
        self.decide(f"{verb} {quantity}{symbol}{stop}{price}{life if kind != 'stop' else ''}{exits}{time}")

    @rule(quantity=quantities, trade=trades, loss=st.none() | offsets)
    def add_to_trade(self, quantity: str, trade: int, loss: Any) -> None:
        exits = "" if loss is None else f" loss {self.at('', loss)}"
        self.on_trade(f"add {quantity}{exits}", trade)

    @rule(trade=trades, loss=offsets, profit=offsets, which=st.sampled_from(["loss", "profit", "both"]))
    def move_exits(self, trade: int, loss: Decimal, profit: Decimal, which: str) -> None:
        words = [f"loss {self.at('', loss)}"] if which != "profit" else []
        words += [f"profit {self.at('', profit)}"] if which != "loss" else []
        self.on_trade(f"modify {' '.join(words)}", trade)

    @rule(trade=trades, offset=offsets, size=st.none() | quantities)
    def change_entry(self, trade: int, offset: Decimal, size: str | None) -> None:
        self.on_trade(f"modify @ {self.at('', offset)}{'' if size is None else f' size {size}'}", trade)

    @rule(trade=trades, part=st.none() | quantities)
    def close_trade(self, trade: int, part: str | None) -> None:
        self.on_trade(f"close {part or ''}", trade)

    @rule(trade=trades, group=st.none() | st.just(1))
    def cancel_trade(self, trade: int, group: int | None) -> None:
        self.on_trade("cancel" if group is None else f"cancel group {group}", trade)

    @rule(policy=st.sampled_from(["coordinated", "sequential"]), one=quantities, two=quantities, offset=offsets,
          keep=st.sampled_from(["", " keep"]), limit=st.sampled_from(["", " within 600"]))  # fmt: skip
    def open_batch(self, policy: str, one: str, two: str, offset: Decimal, keep: str, limit: str) -> None:
        second = "sell" if self.is_short_allowed else "buy"
        self.decide(f"batch {policy} buy {one} @ {self.at('', offset)}{keep}{limit} & {second} {two} eth")

    def on_trade(self, action: str, trade: int) -> None:
        if trade <= len(list(self.desk.ledger.trades())):
            self.decide(f"{action} of {trade}")

    @rule(minutes=st.integers(1, 40))
    def let_time_pass(self, minutes: int) -> None:
        self.pump(self.desk.clock.now() + minutes * MINUTE_NS)

    @rule()
    def slow_down_the_mail(self) -> None:
        self.is_slow = True

    @rule()
    def slow_down_the_answers(self) -> None:
        self.desk.is_deaf = True

    @rule()
    def hear_the_answers(self) -> None:
        self.desk.is_deaf = False
        self.desk.settle()

    @rule(order=st.randoms(use_true_random=False), kept=st.integers(0, 2))
    def deliver_in_any_order(self, order: Any, kept: int) -> None:
        mail, self.mail = self.mail, []
        order.shuffle(mail)
        self.mail, mail = mail[:kept], mail[kept:]
        self.is_slow = bool(self.mail)
        self.deliver(mail)

    @rule(which=st.integers(0, 30))
    def deliver_twice(self, which: int) -> None:
        if self.delivered:
            self.deliver([self.delivered[-1 - which % len(self.delivered)]])

    def deliver(self, replies: list[ExchangeReply]) -> None:
        self.delivered += replies
        self.desk.tell(*replies)

    def pump(self, until: int) -> None:
        """Let happen what happens until then: commands travel, timers ring, and the venue fills."""
        desk, agenda = self.desk, self.desk.container.agenda()
        while True:
            desk.settle()
            key, world_at = agenda.next_key(), self.connector.next_at()
            mine = key is not None and (world_at is None or key <= (world_at, RANK_REPLY))
            at = key[0] if mine and key is not None else world_at
            if at is None or at > until:
                break
            desk.clock.move_to(at)
            if mine:
                agenda.pop()()
            elif self.is_slow:
                self.mail.append(self.next_word())
            else:
                self.deliver([self.next_word()])
        desk.clock.move_to(until)

    def next_word(self) -> ExchangeReply:
        reply = self.connector.pop()
        assert not isinstance(reply, Liquidated | FundsChanged), "no margin is asked for, and no funding"
        return reply

    @invariant()
    def everything_adds_up(self) -> None:
        if hasattr(self, "desk"):
            self.desk.check()
            assert self.desk.contradictions() == [], "the venue contradicts nothing"

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.deliver_in_order()
            self.agree_with_the_venue()
            self.protect_no_more_than_is_held()

    def deliver_in_order(self) -> None:
        """What is under way arrives, and the market goes on to its end."""
        self.is_slow = False
        mail, self.mail = self.mail, []
        self.deliver(mail)
        self.hear_the_answers()
        self.pump(self.desk.clock.now() + 2 * DAY_NS)
        self.desk.check()

    def agree_with_the_venue(self) -> None:
        for order in self.desk.ledger.orders():
            seen = finished(self.connector.query(order_ref(order)))
            if seen is not None:
                assert (seen.filled_quantity, seen.filled_notional) == (order.filled_quantity, order.filled_notional)
                assert (not seen.state.terminal) == order.live
        owned = {one.asset: one.free + one.locked for one in finished(self.connector.balances())}
        assert owned == {asset: amount for asset, amount in self.desk.view.balances.items() if amount}

    def protect_no_more_than_is_held(self) -> None:
        """Stops and targets, each list of them counted once, never close more than there is once everything is answered."""
        for trade in self.desk.book.live_trades():
            lists: dict[str, Decimal] = {}
            for order in trade.orders.values():
                if order.details.side is not opening_side(trade.opened.direction):
                    key = order.intent.list_id or order.order_id
                    lists[key] = max(lists.get(key, Decimal(0)), order.remaining_quantity)
            assert sum(lists.values(), Decimal(0)) <= abs(trade.quantity)


LifeOfOrders.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestLifeOfOrders = LifeOfOrders.TestCase
