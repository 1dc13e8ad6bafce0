"""Reading a ledger book again: every order folded anew, every balance added up anew."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from s1mpletrader.analysis.findings import Findings
from s1mpletrader.domain.errors import IllegalTransition
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import ZERO, add, multiply, plain, total
from s1mpletrader.domain.order import Order, apply_event, apply_fill, order_from_intent
from s1mpletrader.domain.orders import OrderEventKind
from s1mpletrader.domain.reality import (
    LIQUIDATION_ALGORITHM,
    ExternalFill,
    Fill,
    FundsMoved,
    GroupOpened,
    LedgerChange,
    OrderChanged,
    OrderIntended,
)
from s1mpletrader.ports.ledger import ILedgerReader


class LedgerAudit:
    """One book, read in the order in which it was written."""

    def __init__(self, ledger: ILedgerReader, findings: Findings, instruments: Mapping[str, Instrument]) -> None:
        self._ledger = ledger
        self._findings = findings
        self._instruments = instruments
        self._imposed: frozenset[str] = frozenset()
        self._orders: dict[str, Order] = {}
        self._fills: dict[str, list[Fill]] = defaultdict(list)
        self._fill_keys: set[tuple[str, str, str, str]] = set()
        self._accepted: dict[str, str] = {}
        self._clients: dict[str, str] = {}
        self._paid: dict[str, Decimal] = defaultdict(Decimal)
        self._cash: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self._held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def read(self) -> Sequence[LedgerChange]:
        """Check the book; returns its changes, for the journal to be held against."""
        changes = list(self._ledger.changes())
        self._imposed = imposed_groups(changes)
        for change in changes:
            match change:
                case OrderIntended():
                    self._intend(change)
                case OrderChanged():
                    self._change(change)
                case Fill():
                    self._fill(change)
                case ExternalFill():
                    self._key(change)
                case FundsMoved():
                    self._cash[change.strategy, change.asset] += change.amount
                case _:
                    pass
        self._compare_orders()
        self._compare_balances(changes)
        return changes

    def _intend(self, intent: OrderIntended) -> None:
        order_id = intent.order_id
        fault = None
        if order_id in self._orders or self._clients.get(intent.client_order_id, order_id) != order_id:
            fault = f"{order_id} was intended twice, or shares its client id {intent.client_order_id}"
        self._findings.check("02", order_id, fault)
        self._clients[intent.client_order_id] = order_id
        self._orders[order_id] = order_from_intent(intent)
        self._findings.check("16", order_id, self._filter_fault(intent))

    def _filter_fault(self, intent: OrderIntended) -> str | None:
        """An order has to obey the rules that the run recorded, and be written without an exponent.

        One that the venue made is bound by no rule for ours.
        """
        details = intent.details
        numbers = [number for number in (details.quantity, details.price, details.stop_price) if number is not None]
        if any("E" in format(number, "f") for number in numbers):
            return f"{intent.order_id} has a number with an exponent"
        instrument = self._instruments.get(details.symbol)
        if instrument is None:
            return f"no run of this book recorded the rules of {details.symbol}"
        if intent.group_id in self._imposed:
            return None
        broken = instrument.violation(details.quantity, details.price, details.stop_price, reference=intent.reference_price)
        return None if broken is None else f"{intent.order_id} breaks {broken}"

    def _change(self, change: OrderChanged) -> None:
        order = self._orders.get(change.order_id)
        if order is None:
            self._findings.check("06", change.order_id, f"an event of {change.order_id} precedes its intent")
            return
        try:
            self._orders[change.order_id] = apply_event(order, change)
            fault = None if change.ordinal == order.event_count + 1 else f"an event of {change.order_id} is missing"
        except IllegalTransition as illegal:
            fault = str(illegal)
        self._findings.check("06", change.order_id, fault)
        if change.kind is OrderEventKind.ACCEPTED and change.exchange_order_id is not None:
            owner = self._accepted.setdefault(change.exchange_order_id, change.order_id)
            twice = None
            if owner != change.order_id:
                twice = f"{change.order_id} and {owner} are the same order at the venue"
            self._findings.check("02", change.order_id, twice)

    def _fill(self, fill: Fill) -> None:
        self._key(fill)
        order = self._orders.get(fill.order_id)
        if order is None:
            self._findings.check("05", fill.fill_id, f"{fill.fill_id} belongs to no order")
            return
        self._fills[fill.order_id].append(fill)
        try:
            after = apply_fill(order, fill)
            fault = None if after.filled_quantity > order.filled_quantity else f"{fill.fill_id} filled nothing"
            self._orders[fill.order_id] = after
        except IllegalTransition as illegal:
            fault = str(illegal)
        self._findings.check("07", fill.fill_id, fault)
        self._settle(fill, order.intent.strategy)

    def _key(self, fill: Fill | ExternalFill) -> None:
        key = (fill.venue, fill.account, fill.symbol, fill.venue_trade_id)
        fault = f"{fill.fill_id} is the venue's trade {fill.venue_trade_id} once more" if key in self._fill_keys else None
        self._fill_keys.add(key)
        self._findings.check("05", fill.fill_id, fault)

    def _settle(self, fill: Fill, strategy: str) -> None:
        instrument = self._instruments.get(fill.symbol)
        if instrument is None:
            return
        signed = fill.quantity * fill.side.sign
        received = signed - fill.fee if fill.fee_currency == instrument.base else signed
        self._cash[strategy, instrument.settlement] -= instrument.notional(fill.price, signed)
        self._cash[strategy, fill.fee_currency] -= fill.fee
        self._held[strategy, fill.symbol] += received

    def _compare_orders(self) -> None:
        """What the ledger shows of each order against the fold of what it wrote."""
        shown = 0
        for order in self._ledger.orders():
            shown += 1
            folded = self._orders.get(order.order_id)
            same = folded == order
            self._findings.check("07", order.order_id, None if same else f"{order.order_id} is shown otherwise than folded")
            fills = self._fills[order.order_id]
            quantity = total(fill.quantity for fill in fills)
            notional = total(multiply(fill.price, fill.quantity) for fill in fills)
            wrong = quantity != order.filled_quantity or quantity > order.quantity
            sentence = (
                f"{order.order_id}: fills of {plain(quantity)}, shown {plain(order.filled_quantity)} of {plain(order.quantity)}"
            )
            self._findings.check("03", order.order_id, sentence if wrong else None)
            wrong = notional != order.filled_notional
            sentence = f"{order.order_id}: fills worth {plain(notional)}, shown {plain(order.filled_notional)}"
            self._findings.check("04", order.order_id, sentence if wrong else None)
        if shown != len(self._orders):
            self._findings.check("07", self._ledger.book, f"{shown} orders are shown, {len(self._orders)} were intended")

    def _compare_balances(self, changes: Sequence[LedgerChange]) -> None:
        """Cash and positions against an addition of every amount, each on its own."""
        moved: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for change in changes:
            if isinstance(change, FundsMoved):
                moved[change.strategy, change.asset] = add(moved[change.strategy, change.asset], change.amount)
        owners = {order_id: order.intent.strategy for order_id, order in self._orders.items()}
        held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for fill in self._ledger.fills():
            strategy, instrument = owners.get(fill.order_id, ""), self._instruments.get(fill.symbol)
            if instrument is None:
                continue
            sign = Decimal(fill.side.sign)
            moved[strategy, instrument.settlement] -= instrument.notional(fill.price, fill.quantity) * sign
            moved[strategy, fill.fee_currency] -= fill.fee
            held[strategy, fill.symbol] += fill.quantity * sign
            if fill.fee_currency == instrument.base:
                held[strategy, fill.symbol] -= fill.fee
        for place in {*moved, *self._cash}:
            fault = None
            if moved.get(place, ZERO) != self._cash.get(place, ZERO):
                fault = f"{place[1]} of {place[0]}: {plain(self._cash[place])} by changes, {plain(moved[place])} by fills"
            self._findings.check("09", f"{place[0]} {place[1]}", fault)
        for place in {*held, *self._held}:
            fault = None
            if held.get(place, ZERO) != self._held.get(place, ZERO):
                fault = f"{place[1]} of {place[0]}: {plain(self._held[place])} by changes, {plain(held[place])} by fills"
            self._findings.check("10", f"{place[0]} {place[1]}", fault)


def imposed_groups(changes: Iterable[object]) -> frozenset[str]:
    """The groups whose orders the venue itself made."""
    groups = (change for change in changes if isinstance(change, GroupOpened))
    return frozenset(group.group_id for group in groups if group.algorithm == LIQUIDATION_ALGORITHM)
