"""A desk with one group whose algorithm follows a script."""

from decimal import Decimal

from s1mpletrader.core.effects import Effects
from s1mpletrader.core.execution_groups import ExecutionGroups
from s1mpletrader.domain.directives import ExecutionDirective
from s1mpletrader.domain.ids import GroupId
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderDetails, OrderType, Side
from s1mpletrader.ports.algorithms import Advance, GroupContext, GroupEvent, Place, PlannedOrder

from .desk import NOON, Desk
from .samples import SYMBOL

LATER = NOON + 10


def details(quantity: str = "2", price: str | None = None, *, reduce_only: bool = False, side: Side = Side.BUY) -> OrderDetails:
    return OrderDetails(
        symbol=SYMBOL,
        side=side,
        type=OrderType.LIMIT if price else OrderType.MARKET,
        quantity=Decimal(quantity),
        price=Decimal(price) if price else None,
        reduce_only=reduce_only,
    )


def planned(role: str, quantity: str = "2", price: str | None = None) -> PlannedOrder:
    return PlannedOrder(details=details(quantity, price), role=role)


PLACED = Advance(commands=(Place(orders=(planned("a"),)),))
"""One order at the market."""


class Script:
    """An algorithm whose advances are given beforehand, and that remembers what it was told."""

    def __init__(self, *advances: Advance) -> None:
        self.advances = list(advances)
        self.told: list[tuple[bytes, GroupEvent | None, GroupContext]] = []

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        self.told.append((b"", None, context))
        return self.advances.pop(0)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        self.told.append((state, event, context))
        return self.advances.pop(0)


class Stage:
    """A desk with one scripted group, and the rest of its script."""

    def __init__(self, *advances: Advance, account_type: AccountType = AccountType.SPOT) -> None:
        self.script = Script(*advances)
        self.desk = Desk(account_type, algorithms={"script": self.script})
        self.effects = self.desk.execute(algorithm="script")

    @property
    def orders(self) -> list[Order]:
        return list(self.desk.ledger.orders())

    def tell(self, event: GroupEvent, groups: ExecutionGroups | None = None) -> Effects:
        effects = Effects()
        self.desk.now = LATER
        trade = self.desk.book.trade_of_group(self.group_id)
        assert trade is not None
        (groups or self.desk.groups).tell(trade, event, self.desk.ids.flow("s", "told", LATER), effects)
        return effects

    @property
    def group_id(self) -> GroupId:
        assert self.effects.group_id is not None
        return self.effects.group_id
