"""One execution group by hand: a venue, a market and a clock in which nothing happens but what they are told."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from s1mpletrader.api import (
    MINUTE_NS,
    SECOND_NS,
    ZERO,
    AccountType,
    AccountView,
    Action,
    Advance,
    Amend,
    Cancel,
    Capabilities,
    CommandRefused,
    Direction,
    DirectiveId,
    EntryPlan,
    ExecutionAlgorithm,
    ExecutionDirective,
    ExecutionPlan,
    ExitPlan,
    Fill,
    GroupContext,
    GroupEvent,
    GroupId,
    IdKind,
    Instant,
    Instrument,
    IPlansAhead,
    ListKind,
    Order,
    OrderChanged,
    OrderDetails,
    OrderEventKind,
    OrderId,
    OrderIntended,
    OrderState,
    OrderType,
    OrderUpdate,
    Parameters,
    Place,
    PlanId,
    PlannedOrder,
    Plans,
    Position,
    Replace,
    Scope,
    SizePlan,
    Stop,
    TimeInForce,
    Timer,
    TradeId,
    TradeOpened,
    add,
    apply_event,
    apply_fill,
    multiply,
    opening_side,
    order_from_intent,
    subtract,
    total,
)
from s1mpletrader.contracts.generated import INSTRUMENT, PROVISION
from s1mpletrader.contracts.samples import ACCOUNT, START, VENUE, Samples
from s1mpletrader.contracts.situations import PRICE, make_directive

MILLISECOND_NS: Final = 1_000_000
NOT_ANSWERED: Final = frozenset({OrderState.INTENDED, OrderState.SUBMITTED})
NOT_PROVEN: Final = NOT_ANSWERED | {OrderState.UNKNOWN}


class Task(NamedTuple):
    """What an algorithm is given to carry out: an entry at the market, or with a limit, and where it is left again."""

    quantity: Decimal = Decimal("0.5")
    direction: Direction = Direction.LONG
    price: Decimal | None = None
    stop_price: Decimal | None = None
    target_price: Decimal | None = None
    parameters: Parameters = ()
    instrument: Instrument = INSTRUMENT
    valid_until: Instant | None = None
    time_in_force: TimeInForce = TimeInForce.GTC


class Desk:
    """Tells an algorithm what happens to its orders, and keeps all of it.

    ``ask`` gives the algorithm anew for every question, so that a test can restart it at any of them.
    """

    def __init__(self, ask: Callable[[], ExecutionAlgorithm], task: Task) -> None:
        self.task = task
        self.at: Instant = START
        self.price = PRICE
        self.volumes: list[tuple[Instant, Decimal]] = []
        self.orders: dict[OrderId, Order] = {}
        self.advances: list[Advance] = []
        self.asked_to_end: set[OrderId] = set()
        self.held = ZERO
        self.faults: list[str] = []
        self._ask = ask
        self._samples = Samples("desk")
        self._trade = TradeOpened(
            trade_id=TradeId(self._samples.id(IdKind.TRADE)),
            strategy=PROVISION.strategy,
            symbol=task.instrument.symbol,
            direction=task.direction,
            at=START,
        )
        self._group_id = GroupId(self._samples.id(IdKind.GROUP))

    @property
    def last(self) -> Advance:
        """The algorithm's last answer."""
        return self.advances[-1]

    @property
    def live(self) -> list[Order]:
        """Every live order, oldest first."""
        return [order for order in self.orders.values() if order.live]

    @property
    def entries(self) -> list[Order]:
        """Every order that enters, oldest first."""
        side = opening_side(self.task.direction)
        return [order for order in self.orders.values() if order.details.side is side]

    @property
    def exits(self) -> list[Order]:
        """Every order that leaves, oldest first."""
        side = opening_side(self.task.direction)
        return [order for order in self.orders.values() if order.details.side is not side]

    @property
    def filled(self) -> Decimal:
        """How much has been entered."""
        return total(order.filled_quantity for order in self.entries)

    @property
    def committed(self) -> Decimal:
        """How much has been entered or may still be."""
        return add(self.filled, total(order.remaining_quantity for order in self.entries if order.live))

    @property
    def planned(self) -> Decimal:
        """What the algorithm says that it may still enter beside what is live."""
        algorithm = self._ask()
        if self.last.done or not isinstance(algorithm, IPlansAhead):
            return ZERO
        return algorithm.planned_quantity(self.last.state, self._group_id, tuple(self.live))

    def begin(self) -> None:
        """Ask the algorithm to begin."""
        self._carry_out(self._ask().begin(make_execution(self.task), self._context(None)))

    def wake(self, late: int = 0) -> None:
        """Wake the algorithm at the time it asked for, or so many nanoseconds later."""
        if not self.last.done and self.last.wake_at is not None:
            self.at = max(self.at, self.last.wake_at) + late
            self.tell(Timer(at=self.at))
            if self.last.wake_at is not None and self.last.wake_at <= self.at:
                self.faults.append(f"woken at {self.at}, it wants to be woken at {self.last.wake_at}")

    def stop(self) -> None:
        """Tell it to stop."""
        self.tell(Stop(reason="the trade is to end"))

    def change(self, order: Order, kind: OrderEventKind) -> None:
        """Something other than a fill happens to an order."""
        self.at += MILLISECOND_NS
        event = OrderChanged(
            order_id=order.order_id,
            ordinal=order.event_count + 1,
            kind=kind,
            at=self.at,
            rejection_reason="no margin" if kind is OrderEventKind.REJECTED else None,
            evidence="seen at the venue" if kind in (OrderEventKind.REOPENED, OrderEventKind.REPLACED) else None,
        )
        self.orders[order.order_id] = after = apply_event(order, event)
        self.tell(OrderUpdate(order=after))

    def refuse_to_end(self, order: Order) -> None:
        """A cancellation is refused."""
        self.at += MILLISECOND_NS
        self.asked_to_end.discard(order.order_id)
        self.tell(CommandRefused(order=order, reason="in flight"))

    def fill(self, order: Order, quantity: Decimal | None = None, fee: Decimal = ZERO) -> None:
        """An order fills, wholly unless a quantity is given; the orders that it is linked with end. A fee is in the base."""
        self.at += MILLISECOND_NS
        amount = order.remaining_quantity if quantity is None else quantity
        fill: Fill = replace(
            self._samples.fill(order.intent, amount, order.price or self.price),
            fee=fee,
            fee_currency=self.task.instrument.base,
            at=self.at,
        )
        self.orders[order.order_id] = after = apply_fill(order, fill)
        self.held = add(self.held, subtract(multiply(amount, Decimal(order.details.side.sign)), fee))
        self.tell(OrderUpdate(order=after, fill=fill))
        for other in self.live:
            if other.intent.list_id is not None and other.intent.list_id == order.intent.list_id and other is not after:
                self.change(other, OrderEventKind.CANCELLED)

    def trade_volume(self, quantity: Decimal, length: int = MINUTE_NS) -> None:
        """A candle closes in which so much was traded."""
        self.at += length
        self.volumes.append((self.at, quantity))

    def move(self, choice: int) -> None:
        """One thing out of all that can happen, the same for the same number."""
        which, kind = divmod(choice, 14)
        if kind >= 10 or not self.live:
            self._move_time(which, kind)
            return
        order = self.live[which % len(self.live)]
        lot = self.task.instrument.quantity_lot
        match kind:
            case 0 | 1:
                self.fill(order)
            case 2 | 3:
                part = self.task.instrument.quantity_down(multiply(order.remaining_quantity, Decimal("0.3")))
                self.fill(order, max(lot, part))
            case 4 if order.order_id in self.asked_to_end:
                self.refuse_to_end(order)
            case 5 if order.order_id in self.asked_to_end or which % 3 == 0:
                self.change(order, OrderEventKind.CANCELLED)
            case 6 if order.state in NOT_ANSWERED:
                self.change(order, OrderEventKind.REJECTED)
            case 7 if order.state in NOT_PROVEN and not order.filled_quantity:
                self.change(order, OrderEventKind.NOT_PLACED)
            case 8 if order.state is not OrderState.UNKNOWN:
                self.change(order, OrderEventKind.UNKNOWN)
            case 9 if which % 2 == 0:
                self.change(order, OrderEventKind.EXPIRED)
            case _:
                self.change(order, OrderEventKind.ACCEPTED)

    def settle(self, *, fills: bool) -> None:
        """Let everything come to its end: what waits fills, or else is cancelled by the venue once no timer is left."""
        for _ in range(2_000):
            order = next((one for one in self.live if self._settles(one)), None)
            if order is not None and order.order_id in self.asked_to_end:
                self.change(order, OrderEventKind.CANCELLED)
            elif order is not None and (fills or order.details.type is OrderType.MARKET):
                self.fill(order)
            elif not self.last.done and self.last.wake_at is not None:
                self.trade_volume(Decimal("0.2"), SECOND_NS)
                self.wake()
            elif self.live:
                self.change(self.live[0], OrderEventKind.CANCELLED)
            else:
                return

    def tell(self, event: GroupEvent) -> None:
        """Tell the algorithm, unless it is done, and carry out what it wants."""
        if not self.last.done:
            changed = event.order if isinstance(event, OrderUpdate) else None
            self._carry_out(self._ask().advance(self.last.state, event, self._context(changed)))

    def _settles(self, order: Order) -> bool:
        """Whether an order's end does not wait for anything: exits wait until nothing enters any more."""
        if order.order_id in self.asked_to_end or order.details.type is OrderType.MARKET:
            return True
        return order in self.entries or not (any(one.live for one in self.entries) or self.last.wake_at is not None)

    def _move_time(self, which: int, kind: int) -> None:
        match kind:
            case 10:
                self.wake(late=(which % 5) * 17 * MINUTE_NS)
            case 11:
                self.price = self.task.instrument.price_down(multiply(self.price, Decimal(970 + which % 61).scaleb(-3)))
            case 12:
                self.trade_volume(Decimal(which % 9).scaleb(-1))
            case _:
                self.wake()

    def _carry_out(self, advance: Advance) -> None:
        self.advances.append(advance)
        for wish in advance.commands:
            match wish:
                case Place():
                    self._place(wish.orders, wish.list_kind)
                case Cancel():
                    if self.orders[wish.order_id].live:
                        self.asked_to_end.add(wish.order_id)
                case Amend() | Replace():
                    self.faults.append(f"{type(wish).__name__} for a connector that does not declare it")

    def _place(self, planned: tuple[PlannedOrder, ...], list_kind: ListKind) -> None:
        ids = [OrderId(self._samples.id(IdKind.ORDER)) for _ in planned]
        for order_id, one in zip(ids, planned, strict=True):
            self._check(one.details)
            intent = OrderIntended(
                order_id=order_id,
                group_id=self._group_id,
                trade_id=self._trade.trade_id,
                strategy=self._trade.strategy,
                venue=VENUE,
                account=ACCOUNT,
                client_order_id=order_id,
                details=one.details,
                decided_at=self.at,
                list_kind=list_kind,
                list_id=None if list_kind is ListKind.NONE else ids[0],
                reference_price=self.price,
            )
            self.orders[order_id] = order_from_intent(intent)

    def _check(self, details: OrderDetails) -> None:
        violation = self.task.instrument.violation(details.quantity, details.price, details.stop_price, reference=self.price)
        if violation is not None or details.symbol != self.task.instrument.symbol:
            self.faults.append(f"{violation or 'another symbol'}: {details}")

    def _context(self, changed: Order | None) -> GroupContext:
        live = tuple(self.live)
        about = live if changed is None or changed.live else (changed, *live)
        symbol = self.task.instrument.symbol
        position = Position(instrument=self.task.instrument, quantity=self.held, cost=multiply(self.held, PRICE))
        return GroupContext(
            trade=self._trade,
            group_id=self._group_id,
            instrument=self.task.instrument,
            at=self.at,
            orders=tuple(order for order in about if order.group_id == self._group_id),
            trade_orders=live,
            view=AccountView(
                revision=len(self.advances),
                strategy=self._trade.strategy,
                account_type=AccountType.NETTING,
                currency="USDT",
                balances={"USDT": Decimal(1_000_000)},
                positions={symbol: position} if self.held else {},
                open_orders=live,
            ),
            held_quantity=self.held,
            capabilities=Capabilities(
                order_types=frozenset(OrderType),
                times_in_force=frozenset(TimeInForce),
                list_kinds=frozenset(ListKind),
                account_type=AccountType.NETTING,
                reduce_only=True,
            ),
            last_price=self.price,
            volume_since=lambda at: total(volume for closed_at, volume in self.volumes if at < closed_at <= self.at),
            find_order=self.orders.get,
        )


def make_execution(task: Task) -> ExecutionDirective:
    """The directive that gives a task."""
    samples = Samples("task")
    exits = None
    if task.stop_price is not None or task.target_price is not None:
        exits = ExitPlan(id=PlanId(samples.id(IdKind.EXIT_PLAN)), stop_price=task.stop_price, target_price=task.target_price)
    return ExecutionDirective(
        id=DirectiveId(samples.id(IdKind.EXECUTION_DIRECTIVE)),
        strategy=PROVISION.strategy,
        directive=make_directive(Scope.NEW_TRADE, task.direction, None),
        plans=Plans(
            entry=EntryPlan(
                id=PlanId(samples.id(IdKind.ENTRY_PLAN)),
                side=opening_side(task.direction),
                type=OrderType.MARKET if task.price is None else OrderType.LIMIT,
                price=task.price,
                stop_price=None,
                time_in_force=task.time_in_force,
                valid_until=task.valid_until,
            ),
            size=SizePlan(id=PlanId(samples.id(IdKind.SIZE_PLAN)), quantity=task.quantity),
            exit=exits,
            execution=ExecutionPlan(
                id=PlanId(samples.id(IdKind.EXECUTION_PLAN)),
                action=Action.EXECUTE_TRADE,
                algorithm="mine",
                parameters=task.parameters,
            ),
        ),
    )
