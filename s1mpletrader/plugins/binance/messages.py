"""What Binance sends, as values. Numbers become Decimals from their text; unknown fields are passed over."""

from decimal import Decimal
from typing import Final, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from s1mpletrader.api import ZERO, Instant

MS_NS: Final = 1_000_000
_NUMBER_BOUND: Final = Decimal(10) ** 24
_DIGITS_MAX: Final = 24

T = TypeVar("T")


class RateLimit(Struct, frozen=True, rename="camel"):
    """A limit of requests or orders, and where a message tells it, how much of it is used."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int
    count: int | None = None


class Trouble(Struct, frozen=True):
    """An error's body."""

    code: int
    msg: str = ""
    data: Raw = Raw()


class Frame(Struct, frozen=True, rename="camel"):
    """Any message of a socket: an answer with an id, an event of the account, or data of a stream."""

    id: int | str | None = None
    status: int | None = None
    result: Raw = Raw()
    error: Raw = Raw()
    rate_limits: tuple[RateLimit, ...] = ()
    event: Raw = Raw()
    stream: str | None = None
    data: Raw = Raw()
    kind: str | None = field(name="e", default=None)


class Fill(Struct, frozen=True, rename="camel"):
    """A fill within an order's answer."""

    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    trade_id: int


class OrderAnswer(Struct, frozen=True, rename="camel"):
    """An order: acknowledged, cancelled or asked for. What a kind of answer lacks is None."""

    symbol: str
    order_id: int
    client_order_id: str
    orig_client_order_id: str | None = None
    order_list_id: int = -1
    transact_time: int | None = None
    time: int | None = None
    update_time: int | None = None
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    orig_qty: Decimal = ZERO
    executed_qty: Decimal = ZERO
    cummulative_quote_qty: Decimal = ZERO
    status: str | None = None
    time_in_force: str = "GTC"
    type: str | None = None
    side: str | None = None


class ListAnswer(Struct, frozen=True, rename="camel"):
    """An order list's answer."""

    order_list_id: int
    list_order_status: str = ""
    transaction_time: int | None = None
    order_reports: tuple[OrderAnswer, ...] = ()


class CancelAnswer(Struct, frozen=True, rename="camel"):
    """The answer to a cancellation, of an order or of the whole list that it was in."""

    transact_time: int | None = None
    transaction_time: int | None = None


class ReplaceAnswer(Struct, frozen=True, rename="camel"):
    """What became of both halves of a cancel-replace."""

    cancel_result: str
    new_order_result: str
    cancel_response: Raw = Raw()
    new_order_response: Raw = Raw()


class AmendAnswer(Struct, frozen=True, rename="camel"):
    """The answer to an amendment."""

    transact_time: int | None = None


class TradeAnswer(Struct, frozen=True, rename="camel"):
    """One of the account's trades."""

    id: int
    order_id: int
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool


class BalanceAnswer(Struct, frozen=True):
    """An asset of the account."""

    asset: str
    free: Decimal
    locked: Decimal


class AccountAnswer(Struct, frozen=True, rename="camel"):
    """The account, and what its key may do there."""

    balances: tuple[BalanceAnswer, ...]
    can_trade: bool | None = None
    can_withdraw: bool | None = None


class SymbolAnswer(Struct, frozen=True, rename="camel"):
    """A symbol of the exchange information."""

    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    base_asset_precision: int = 8
    quote_asset_precision: int = 8
    filters: tuple[dict[str, Raw], ...] = ()


class ExchangeAnswer(Struct, frozen=True, rename="camel"):
    """The exchange information."""

    symbols: tuple[SymbolAnswer, ...]
    rate_limits: tuple[RateLimit, ...] = ()


class TimeAnswer(Struct, frozen=True, rename="camel"):
    """The venue's present."""

    server_time: int


class EventHead(Struct, frozen=True):
    """The kind of an event of the private stream."""

    kind: str = field(name="e")


class ExecutionReport(Struct, frozen=True):
    """Something that happened to an order."""

    symbol: str = field(name="s")
    client_id: str = field(name="c")
    side: str = field(name="S")
    execution: str = field(name="x")
    status: str = field(name="X")
    order_id: int = field(name="i")
    at: int = field(name="T")
    original_client_id: str | None = field(name="C", default=None)
    execution_id: int | None = field(name="I", default=None)
    reason: str = field(name="r", default="NONE")
    quantity: Decimal = field(name="q", default=ZERO)
    filled: Decimal = field(name="z", default=ZERO)
    last_quantity: Decimal = field(name="l", default=ZERO)
    last_price: Decimal = field(name="L", default=ZERO)
    fee: Decimal | None = field(name="n", default=None)
    fee_currency: str | None = field(name="N", default=None)
    trade_id: int = field(name="t", default=-1)
    maker: bool = field(name="m", default=False)


class ListLeg(Struct, frozen=True):
    """An order of an order list."""

    symbol: str = field(name="s")
    order_id: int = field(name="i")
    client_id: str = field(name="c")


class ListStatus(Struct, frozen=True):
    """Something that happened to an order list."""

    symbol: str = field(name="s")
    list_status: str = field(name="L")
    legs: tuple[ListLeg, ...] = field(name="O", default=())


def decode(body: bytes | Raw, kind: type[T]) -> T:
    """A message of a kind; ``msgspec.MsgspecError`` or ``ValueError`` where it is none."""
    try:
        return msgspec.json.decode(body, type=kind, strict=True)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def amount(value: Decimal) -> Decimal:
    """The number, if it is one that an exact sum can hold; else ``ValueError``."""
    if not value.is_finite() or abs(value) >= _NUMBER_BOUND or -int(value.as_tuple().exponent) > _DIGITS_MAX:
        raise ValueError("a number is out of all bounds")
    return value


def instant(ms: int) -> Instant:
    """The instant of the venue's milliseconds; ``ValueError`` for one out of all bounds."""
    if not 0 <= ms < 10**14:
        raise ValueError("a time is out of all bounds")
    return ms * MS_NS
