"""A venue that does what a story tells: it answers at once, or keeps a question until the story has an answer."""

from collections import deque
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import coroutine
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from s1mpletrader.domain.errors import Unavailable
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instrument import AccountType, Instrument
from s1mpletrader.domain.orders import ListKind, OrderType, TimeInForce
from s1mpletrader.domain.replies import (
    Accepted,
    Amended,
    Cancelled,
    CancelRejected,
    ExchangeReply,
    NotSent,
    Rejected,
    Replaced,
    Unknown,
)
from s1mpletrader.ports.execution import Capabilities, OrderRef, OrderRequest

BTC, ETH = "BTC/USDT", "ETH/USDT"
INSTRUMENTS: Final[Mapping[str, Instrument]] = {
    symbol: Instrument(
        symbol=symbol,
        base=symbol.partition("/")[0],
        quote="USDT",
        settlement="USDT",
        price_tick=Decimal("0.01"),
        quantity_lot=Decimal("0.001"),
    )
    for symbol in (BTC, ETH)
}


class Question(NamedTuple):
    """A command that has arrived."""

    kind: str
    order_ids: tuple[OrderId, ...]
    quantity: Decimal | None = None
    price: Decimal | None = None


@coroutine
def _ask(question: Question) -> Generator[Question, str, str]:
    return (yield question)


Answered = Callable[[Any], None]


@dataclass
class ScriptedVenue:
    """The connector, and the way in which its coroutines run: ``spawn`` is for the outbox."""

    now: Callable[[], int]
    account_type: AccountType = AccountType.NETTING
    amends: bool = True
    replaces: bool = True
    is_holding: bool = False
    answers: deque[str] = field(default_factory=deque)
    """How the next questions are answered; those that have none are answered with a yes."""
    waiting: deque[tuple[Coroutine[Any, Any, Any], Answered, Question]] = field(default_factory=deque)
    asked: list[Question] = field(default_factory=list)
    venue: str = "scripted"
    account: str = "main"
    outlives_process: bool = True
    limits: bool = False
    """Whether an order is to be worth at least 5, and may be for 3 at most."""

    def spawn(self, task: Coroutine[Any, Any, Any], then: Answered) -> None:
        """Run a command up to its arrival; on from there at once, unless the venue is holding."""
        question = task.send(None)
        self.asked.append(question)
        self.waiting.append((task, then, question))
        if not self.is_holding:
            self.answer(self.answers.popleft() if self.answers else "yes")

    def answer(self, how: str) -> None:
        """Answer the question that has waited longest."""
        task, then, _ = self.waiting.popleft()
        try:
            task.send(how)
        except StopIteration as end:
            then(end.value)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            order_types=frozenset(OrderType),
            times_in_force=frozenset(TimeInForce),
            list_kinds=frozenset(ListKind),
            account_type=self.account_type,
            reduce_only=True,
            amend=self.amends,
            replace=self.replaces,
            replace_linked=self.replaces,
        )

    def venue_id(self, order_id: OrderId) -> str:
        return f"c-{order_id}"

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        known = {symbol: INSTRUMENTS[symbol] for symbol in symbols}
        if not self.limits:
            return known
        return {symbol: replace(one, quantity_max=Decimal(3), notional_min=Decimal(5)) for symbol, one in known.items()}

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[ExchangeReply]:
        how = await _ask(Question("submit", tuple(order.order_id for order in orders)))
        return [self._outcome(order.order_id, how) for order in orders]

    async def cancel(self, order: OrderRef) -> ExchangeReply:
        how = await _ask(Question("cancel", (order.order_id,)))
        yes = Cancelled(order_id=order.order_id, at=self.now(), venue_at=self.now())
        return self._changed(order.order_id, how, yes)

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> ExchangeReply:
        how = await _ask(Question("amend", (order.order_id,), quantity, price))
        yes = Amended(order_id=order.order_id, at=self.now(), venue_at=self.now(), quantity=quantity, price=price)
        return self._changed(order.order_id, how, yes)

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ExchangeReply, ExchangeReply]:
        heir = replacement.order_id
        how = await _ask(Question("replace", (order.order_id, heir)))
        yes = Replaced(order_id=order.order_id, replaced_by=heir, at=self.now(), venue_at=self.now())
        # ``cut``: the venue has ended the one, and then not taken the other.
        ended = self._changed(order.order_id, "yes" if how == "cut" else how, yes)
        return ended, self._outcome(heir, "no" if how == "cut" else how)

    def _outcome(self, order_id: OrderId, how: str) -> ExchangeReply:
        at = self.now()
        match how:
            case "no":
                return Rejected(order_id=order_id, rejection_reason="no money", at=at, venue_at=at)
            case "unsent":
                return NotSent(order_id=order_id, reason="no connection", at=at)
            case "away":
                raise Unavailable("maintenance")
            case "lost":
                return Unknown(order_id=order_id, reason="timeout", at=at)
            case _:
                return Accepted(order_id=order_id, exchange_order_id=f"X-{order_id[-6:]}", at=at, venue_at=at)

    def _changed(self, order_id: OrderId, how: str, yes: ExchangeReply) -> ExchangeReply:
        match how:
            case "no":
                return CancelRejected(order_id=order_id, reason="too late", at=self.now())
            case "unsent":
                return NotSent(order_id=order_id, reason="no connection", at=self.now())
            case "away":
                raise Unavailable("maintenance")
            case "lost":
                return Unknown(order_id=order_id, reason="timeout", at=self.now())
            case _:
                return yes
