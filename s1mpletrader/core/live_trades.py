"""What is live of a sub-account, as the book folds it: trades, their orders, and the groups whose algorithms still listen."""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

from s1mpletrader.domain.account import RECENT_NS, AccountView, OpenTrade, Position
from s1mpletrader.domain.ids import GroupId, OrderId, TradeId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import ZERO
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reality import GroupOpened, TradeOpened


@dataclass(slots=True)
class SubAccount:
    """What one strategy owns."""

    balances: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    trades: dict[TradeId, "LiveTrade"] = field(default_factory=dict)
    recent_intents: deque[Instant] = field(default_factory=deque)
    revision: int = 0
    view: AccountView | None = None

    def note_intent(self, at: Instant) -> None:
        """Remember when an order was meant, for as long as it is recent."""
        recent = self.recent_intents
        recent.append(at)
        while recent[0] <= at - RECENT_NS:
            recent.popleft()


@dataclass(slots=True)
class LiveGroup:
    """An execution group whose algorithm still listens."""

    opened: GroupOpened
    state: bytes
    advance_count: int = 0
    wake_at: int | None = None


@dataclass(slots=True)
class LiveTrade:
    """A trade with a position, live orders or listening algorithms."""

    opened: TradeOpened
    account: SubAccount = field(repr=False, compare=False)
    quantity: Decimal = ZERO
    orders: dict[OrderId, Order] = field(default_factory=dict)
    groups: dict[GroupId, LiveGroup] = field(default_factory=dict)
    shown: OpenTrade | None = field(default=None, compare=False)
    """The trade as views tell it, until it changes."""

    def changes(self) -> None:
        """The next view tells it anew."""
        self.shown = None
        self.account.revision += 1
