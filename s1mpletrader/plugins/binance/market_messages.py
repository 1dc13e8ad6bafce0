"""What the public streams send, and what the market's questions are answered with."""

from decimal import Decimal

from msgspec import Struct, field

Levels = tuple[tuple[Decimal, Decimal], ...]
"""Prices with their quantities."""


class KlineBody(Struct, frozen=True):
    """A candle of the stream. Its prices are read as text, so that a number of any form becomes the same float."""

    opened_ms: int = field(name="t")
    open: str = field(name="o")
    high: str = field(name="h")
    low: str = field(name="l")
    close: str = field(name="c")
    volume: str = field(name="v")
    closed: bool = field(name="x")


class KlineEvent(Struct, frozen=True):
    """A candle as it stands."""

    body: KlineBody = field(name="k")


class TradeEvent(Struct, frozen=True):
    """A trade of anybody."""

    id: int = field(name="t")
    price: Decimal = field(name="p")
    quantity: Decimal = field(name="q")
    at_ms: int = field(name="T")
    buyer_made: bool = field(name="m")


class TradeRow(Struct, frozen=True, rename="camel"):
    """A trade of anybody, asked for."""

    id: int
    price: Decimal
    qty: Decimal
    time: int
    is_buyer_maker: bool


class TickerEvent(Struct, frozen=True):
    """The best bid and ask."""

    update_id: int = field(name="u")
    bid: Decimal = field(name="b")
    bid_quantity: Decimal = field(name="B")
    ask: Decimal = field(name="a")
    ask_quantity: Decimal = field(name="A")


class DepthEvent(Struct, frozen=True):
    """Changed levels of the book, with their new quantities; zero for one that is gone."""

    first_id: int = field(name="U")
    last_id: int = field(name="u")
    bids: Levels = field(name="b")
    asks: Levels = field(name="a")


class DepthAnswer(Struct, frozen=True, rename="camel"):
    """The book as it stood."""

    last_update_id: int
    bids: Levels
    asks: Levels
