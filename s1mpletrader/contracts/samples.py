"""Sample records: valid, unlike one another, and the same in every session."""

from decimal import Decimal
from typing import Final

from s1mpletrader.api import (
    MINUTE_NS,
    SECOND_NS,
    Action,
    Direction,
    ExternalFill,
    Fill,
    FillId,
    FundsKind,
    FundsMoved,
    GroupId,
    GroupOpened,
    IdKind,
    IdSpace,
    Instant,
    Liquidity,
    OrderChanged,
    OrderDetails,
    OrderEventKind,
    OrderId,
    OrderIntended,
    OrderType,
    Side,
    TradeId,
    TradeOpened,
    fill_id,
)

START: Final[Instant] = 1_700_000_000 * SECOND_NS
SYMBOL: Final = "BTC/USDT"
VENUE: Final = "kit-venue"
ACCOUNT: Final = "kit-account"


class Family:
    """A trade with one group and one order in it."""

    def __init__(self, trade: TradeOpened, group: GroupOpened, intent: OrderIntended) -> None:
        self.trade, self.group, self.intent = trade, group, intent

    @property
    def changes(self) -> tuple[TradeOpened, GroupOpened, OrderIntended]:
        """All three, parents first."""
        return self.trade, self.group, self.intent

    @property
    def order_id(self) -> OrderId:
        """The order's id."""
        return self.intent.order_id


class Samples:
    """Makes records; two made by one instance never share an id."""

    def __init__(self, anchor: str = "sample") -> None:
        self._ids = IdSpace("contract kit").flow("kit", anchor, START)
        self._count = 0

    def id(self, kind: IdKind) -> str:
        """A fresh id."""
        return self._ids.make(kind)

    def next_at(self) -> Instant:
        """A fresh instant, later than all before, with a nanosecond that no coarser clock could hold."""
        self._count += 1
        return START + self._count * MINUTE_NS + 123_456_789

    def family(self, strategy: str = "alpha", *, quantity: Decimal = Decimal("2.5"), price: Decimal | None = None) -> Family:
        """A new trade with a group and an intended order: a limit buy where a price is given, else a market buy."""
        trade = TradeOpened(
            trade_id=TradeId(self.id(IdKind.TRADE)),
            strategy=strategy,
            symbol=SYMBOL,
            direction=Direction.LONG,
            at=self.next_at(),
        )
        group = GroupOpened(
            group_id=GroupId(self.id(IdKind.GROUP)),
            trade_id=trade.trade_id,
            action=Action.EXECUTE_TRADE,
            algorithm="single",
            at=trade.at,
            state=b"\x00\xffstate",
            wake_at=trade.at + SECOND_NS,
        )
        return Family(trade, group, self.intent(trade, group, quantity=quantity, price=price))

    def intent(
        self, trade: TradeOpened, group: GroupOpened, *, quantity: Decimal = Decimal("2.5"), price: Decimal | None = None
    ) -> OrderIntended:
        """A new order in a group."""
        order_id = OrderId(self.id(IdKind.ORDER))
        details = OrderDetails(
            symbol=trade.symbol,
            side=Side.BUY,
            type=OrderType.MARKET if price is None else OrderType.LIMIT,
            quantity=quantity,
            price=price,
        )
        return OrderIntended(
            order_id=order_id,
            group_id=group.group_id,
            trade_id=trade.trade_id,
            strategy=trade.strategy,
            venue=VENUE,
            account=ACCOUNT,
            client_order_id=f"kit-{order_id}",
            details=details,
            decided_at=self.next_at(),
            reference_price=Decimal("38527.1"),
        )

    def event(self, intent: OrderIntended, ordinal: int, kind: OrderEventKind) -> OrderChanged:
        """Something that happens to an order."""
        at = self.next_at()
        accepted = kind is OrderEventKind.ACCEPTED
        return OrderChanged(
            order_id=intent.order_id,
            ordinal=ordinal,
            kind=kind,
            at=at,
            submitted_at=at - 2_000 if accepted else None,
            venue_at=at - 1_000,
            exchange_order_id=f"venue-{intent.order_id}" if accepted else None,
            rejection_reason="no margin" if kind is OrderEventKind.REJECTED else None,
            evidence="seen at the venue" if kind in (OrderEventKind.REOPENED, OrderEventKind.REPLACED) else None,
            quantity=intent.details.quantity + 1 if kind is OrderEventKind.AMENDED else None,
        )

    def fill(self, intent: OrderIntended, quantity: Decimal, price: Decimal = Decimal("38527.10")) -> Fill:
        """A fill of an order."""
        at = self.next_at()
        trade = f"T{self._count}"
        return Fill(
            fill_id=fill_id(VENUE, ACCOUNT, SYMBOL, trade, at),
            order_id=intent.order_id,
            venue=VENUE,
            account=ACCOUNT,
            symbol=intent.details.symbol,
            venue_trade_id=trade,
            side=intent.details.side,
            price=price,
            quantity=quantity,
            fee=Decimal("0.00012345"),
            fee_currency="BTC",
            liquidity=Liquidity.TAKER,
            venue_at=at,
            at=at + 1_500,
        )

    def external_fill(self) -> ExternalFill:
        """A fill of somebody else's order."""
        at = self.next_at()
        trade = f"X{self._count}"
        return ExternalFill(
            fill_id=FillId(fill_id(VENUE, ACCOUNT, SYMBOL, trade, at)),
            client_order_id="somebody-else",
            exchange_order_id="venue-77",
            venue=VENUE,
            account=ACCOUNT,
            symbol=SYMBOL,
            venue_trade_id=trade,
            side=Side.SELL,
            price=Decimal("38000.5"),
            quantity=Decimal("0.75"),
            fee=Decimal("-0.0001"),
            fee_currency="USDT",
            liquidity=Liquidity.MAKER,
            venue_at=at,
            at=at + 1_500,
        )

    def funds(self, strategy: str = "alpha", amount: Decimal = Decimal(1_000_000)) -> FundsMoved:
        """Money that came to a strategy."""
        return FundsMoved(strategy=strategy, asset="USDT", amount=amount, kind=FundsKind.OPENING, at=self.next_at())
