"""Stories of orders, in a small language: what the strategy and the venue do, separated by bars, and how it ends.

The strategy: ``buy 2``, ``buy 2 @ 10``, ``sell 2 stop 9 @ 8 ioc``, with ``loss 9`` and ``profit 12`` for its exits, ``until 60``
for how many seconds the entry may wait, ``eth`` for the other symbol; ``add 1``, ``modify loss 9.5``, ``modify @ 9``,
``modify size 3``, ``close``, ``close 0.5``, ``cancel`` (all of the trade), ``cancel group 1``; ``of 2`` names another trade than
the first; ``batch coordinated buy 2 @ 10 & sell 1 eth``.

The venue answers yes to everything, unless ``next no`` (or ``unsent``, ``away``, ``lost``) says what it answers next, or ``hold``
makes it wait for ``answer``. On its stream: ``accept``, ``fill 1 @ 10``, ``cancelled``, ``expired``, ``rejected``, ``unknown``,
``not placed``, ``amended 1``, ``refused``, each of the entry or of the order that is named (``fill stop 1``); ``again`` says it
once more, ``late`` before it keeps it until ``deliver`` or, last first, ``deliver backwards``. ``wait 61`` lets seconds pass.

The end names every order in the order of its making (``at`` its stop price, ``@`` its limit), how much of it is filled, what is
held, which algorithms still listen, what was refused, alarms, and what the venue has been asked and has not answered.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from s1mpletrader.domain.batches import BatchPolicy, BatchRules, OnFailure
from s1mpletrader.domain.directives import (
    Action,
    Aim,
    Approved,
    EntryPlan,
    ExecutionDirective,
    ExecutionPlan,
    ExitPlan,
    Parameters,
    Plans,
    Scope,
    SizePlan,
    StrategyDirective,
)
from s1mpletrader.domain.errors import UnknownId
from s1mpletrader.domain.ids import FlowIds, IdKind
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.money import plain
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.orders import OrderType, Side, TimeInForce
from s1mpletrader.domain.reality import GroupOpened, Liquidity
from s1mpletrader.domain.replies import (
    Accepted,
    Amended,
    Cancelled,
    CancelRejected,
    ExchangeReply,
    Expired,
    Filled,
    NotPlaced,
    Rejected,
    Unknown,
)
from tests.lifecycle.desk import PRICE, STRATEGY, Desk
from tests.lifecycle.venue import BTC, ETH

_STRATEGY: Final = frozenset({"buy", "sell", "add", "modify", "close", "cancel", "batch"})
_NAMED: Final = ("@", "stop", "loss", "profit", "until", "size", "of", "group", "within")
_TOLD: Final = ("@", "fee")
"""Words that are followed by their number: in what the strategy does, and in what the venue says."""


class Words:
    """An action, read from left to right."""

    def __init__(self, text: str) -> None:
        words = text.split()
        self.verb, rest = words[0], words[1:]
        self.named: dict[str, str] = {}
        self.plain: list[str] = []
        named = _NAMED if self.verb in _STRATEGY else _TOLD
        while rest:
            word = rest.pop(0)
            if word in named and rest and _is_number(rest[0]):
                self.named[word] = rest.pop(0)
            else:
                self.plain.append(word)

    def number(self, name: str) -> Decimal | None:
        return Decimal(self.named[name]) if name in self.named else None

    @property
    def quantity(self) -> Decimal | None:
        return next((Decimal(word) for word in self.plain if _is_number(word)), None)

    @property
    def symbol(self) -> str:
        return ETH if "eth" in self.plain else BTC


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdecimal()


class Story:
    """Plays actions on a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._trade_number = 0
        self._last: ExchangeReply | None = None
        self._kept: list[ExchangeReply] = []
        self._notes: list[str] = []

    def play(self, actions: str, *, at_each_step: bool = True) -> None:
        """Every action in its turn; after each one, or only at the end, everything has to agree."""
        for action in actions.split("|"):
            self.desk.wait()
            self.act(action.strip())
            if at_each_step:
                self.desk.check()
        self.desk.check()

    def act(self, action: str) -> None:
        verb = action.split(maxsplit=1)[0]
        if verb == "late":
            self._kept.append(self._reply(Words(action.removeprefix("late "))))
        elif verb in _STRATEGY:
            self._decide(action)
        elif verb in _CONTROL:
            _CONTROL[verb](self, Words(action))
        else:
            self._last = self._reply(Words(action))
            self.desk.tell(self._last)

    def _decide(self, action: str) -> None:
        rules = None
        texts = [action]
        if action.startswith("batch"):
            _, policy, rest = action.split(" ", 2)
            texts = [text.strip() for text in rest.split("&")]
            words = Words(texts[0])
            limit = words.number("within")
            rules = BatchRules(
                policy=BatchPolicy(policy.upper()),
                on_failure=OnFailure.CANCEL if "keep" in words.plain else OnFailure.FLATTEN,
                time_limit_ns=None if limit is None else int(limit * SECOND_NS),
            )
        try:
            self.desk.decide(lambda ids: [self._approved(Words(text), ids) for text in texts], rules)
        except UnknownId:
            self._notes.append("no such trade")

    def _approved(self, words: Words, ids: FlowIds) -> Approved:
        make: Callable[[IdKind], Any] = ids.make
        scope, aim, action, algorithm = _meaning(words)
        trade = None
        if scope is not Scope.NEW_TRADE:
            trade = list(self.desk.ledger.trades())[int(words.named.get("of", "1")) - 1]
        symbol = words.symbol if trade is None else trade.symbol
        direction = (Direction.SHORT if words.verb == "sell" else Direction.LONG) if trade is None else trade.direction
        directive = StrategyDirective(
            id=make(IdKind.STRATEGY_DIRECTIVE),
            symbol=symbol,
            direction=direction,
            scope=scope,
            trade_id=None if trade is None else trade.trade_id,
            confidence=1.0,
            reason="the story wants it",
            signal_ids=(),
            risk_ids=(),
            aim=aim,
        )
        parameters: Parameters = ()
        if action is Action.CANCEL_GROUP and trade is not None:
            changes = self.desk.ledger.changes()
            groups = [one.group_id for one in changes if isinstance(one, GroupOpened) and one.trade_id == trade.trade_id]
            parameters = (("group", groups[int(words.named["group"]) - 1]),)
        plans = Plans(
            entry=self._entry(words, direction, make),
            size=_size(words, make),
            exit=_exit(words, make),
            execution=ExecutionPlan(id=make(IdKind.EXECUTION_PLAN), action=action, algorithm=algorithm, parameters=parameters),
        )
        execution = ExecutionDirective(id=make(IdKind.EXECUTION_DIRECTIVE), strategy=STRATEGY, directive=directive, plans=plans)
        return Approved(directive=execution)

    def _entry(self, words: Words, direction: Direction, make: Callable[[IdKind], Any]) -> EntryPlan | None:
        price, stop = words.number("@"), words.number("stop")
        if words.verb not in ("buy", "sell", "add") and price is None and stop is None:
            return None
        until = words.number("until")
        return EntryPlan(
            id=make(IdKind.ENTRY_PLAN),
            side=Side.BUY if direction is Direction.LONG else Side.SELL,
            type=_TYPES[price is not None, stop is not None],
            price=price,
            stop_price=stop,
            time_in_force=next((TimeInForce[word.upper()] for word in words.plain if word in ("ioc", "fok")), TimeInForce.GTC),
            valid_until=None if until is None else self.desk.clock.now() + int(until * SECOND_NS),
        )

    def _reply(self, words: Words) -> ExchangeReply:
        names = {label: order_id for order_id, label in self.desk.labels().items()}
        name = next((word for word in words.plain if word in names), "entry")
        order = self.desk.ledger.get_order(names[name])
        assert order is not None
        order_id, at = order.order_id, self.desk.clock.now()
        match words.verb:
            case "fill":
                self._trade_number += 1
                assert words.quantity is not None
                return Filled(
                    order_id=order_id,
                    symbol=order.details.symbol,
                    venue_trade_id=str(self._trade_number),
                    side=order.details.side,
                    price=words.number("@") or order.price or order.details.stop_price or PRICE,
                    quantity=words.quantity,
                    fee=words.number("fee") or Decimal(0),
                    fee_currency="BTC" if "btc" in words.plain else "USDT",
                    liquidity=Liquidity.TAKER,
                    at=at,
                    venue_at=at,
                )
            case "accept":
                return Accepted(order_id=order_id, exchange_order_id=f"X-{order_id[-6:]}", at=at, venue_at=at)
            case "amended":
                return Amended(order_id=order_id, at=at, quantity=words.quantity or order.quantity, price=words.number("@"))
            case "cancelled":
                return Cancelled(order_id=order_id, at=at, venue_at=at)
            case "expired":
                return Expired(order_id=order_id, at=at, venue_at=at)
            case "rejected":
                return Rejected(order_id=order_id, rejection_reason="no money", at=at)
            case "unknown":
                return Unknown(order_id=order_id, reason="the deadline has passed", at=at)
            case "not":
                return NotPlaced(order_id=order_id, evidence="the venue does not know it", at=at)
            case "refused":
                return CancelRejected(order_id=order_id, reason="too late", at=at)
            case _:
                raise AssertionError(f"no story has the word {words.verb!r}")

    def _again(self, words: Words) -> None:
        assert self._last is not None
        self.desk.tell(self._last)

    def _deliver(self, words: Words) -> None:
        kept = self._kept[::-1] if "backwards" in words.plain else self._kept
        self._kept = []
        self.desk.tell(*kept)

    def _hold(self, words: Words) -> None:
        self.desk.venue.is_holding = True

    def _answer(self, words: Words) -> None:
        self.desk.answer(words.plain[0] if words.plain else "yes")

    def _next(self, words: Words) -> None:
        self.desk.venue.answers.extend(words.plain)

    def _wait(self, words: Words) -> None:
        assert words.quantity is not None
        self.desk.wait(words.quantity)

    def end(self) -> str:
        """How things stand, in the words of the table."""
        desk, labels = self.desk, self.desk.labels()
        parts = []
        for order in desk.ledger.orders():
            state = str(order.state).lower().replace("_", " ")
            stop = "" if order.details.stop_price is None else f" at {plain(order.details.stop_price)}"
            price = "" if order.price is None else f" @ {plain(order.price)}"
            filled = f"{plain(order.filled_quantity)}/{plain(order.quantity)}"
            heir = f" for {labels[order.intent.replaces]}" if order.intent.replaces is not None else ""
            parts.append(f"{labels[order.order_id]}{heir}{stop}{price} {state} {filled}")
        for symbol in (BTC, ETH):
            held = desk.view.position(symbol)
            if held:
                parts.append(f"held {plain(held)}" + (" eth" if symbol == ETH else ""))
        working = [group.opened.algorithm for group in desk.book.live_groups()]
        parts += [f"working {name}" for name in working]
        parts += [f"refused {code}" for code in desk.refusals()]
        alarms = len(desk.alarms())
        parts += [f"alarms {alarms}"] if alarms else []
        waiting = [question.kind for _, _, question in desk.venue.waiting]
        parts += [f"asked {kind}" for kind in waiting]
        return ", ".join(parts + self._notes) or "nothing"


_CONTROL: Final[Mapping[str, Callable[[Story, Words], None]]] = {
    "again": Story._again,
    "deliver": Story._deliver,
    "hold": Story._hold,
    "answer": Story._answer,
    "next": Story._next,
    "wait": Story._wait,
}
_TYPES: Final = {
    (False, False): OrderType.MARKET,
    (True, False): OrderType.LIMIT,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}


def _meaning(words: Words) -> tuple[Scope, Aim | None, Action, str]:
    """What an action of the strategy stands for."""
    has_exit = "loss" in words.named or "profit" in words.named
    opening = "bracket" if has_exit else "single"
    match words.verb:
        case "buy" | "sell":
            return Scope.NEW_TRADE, None, Action.EXECUTE_TRADE, opening
        case "add":
            return Scope.MODIFY_EXISTING, Aim.ADD, Action.EXECUTE_TRADE, opening
        case "modify":
            return Scope.MODIFY_EXISTING, Aim.EXITS if has_exit else Aim.ENTRY, Action.MODIFY_ORDERS, "modify"
        case "cancel":
            action = Action.CANCEL_GROUP if "group" in words.named else Action.CANCEL_ALL_IN_TRADE
            return Scope.MODIFY_EXISTING, Aim.ENTRY, action, "single"
        case _:
            return Scope.CLOSE_EXISTING, None, Action.EXECUTE_TRADE, "close"


def _size(words: Words, make: Callable[[IdKind], Any]) -> SizePlan | None:
    quantity = words.number("size") or words.quantity
    return None if quantity is None else SizePlan(id=make(IdKind.SIZE_PLAN), quantity=quantity)


def _exit(words: Words, make: Callable[[IdKind], Any]) -> ExitPlan | None:
    loss, profit = words.number("loss"), words.number("profit")
    if loss is None and profit is None:
        return None
    return ExitPlan(id=make(IdKind.EXIT_PLAN), stop_price=loss, target_price=profit)
