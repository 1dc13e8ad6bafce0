"""Our order id in the form that an exchange takes, and back.

An id has 64 bits of hash and one second of time. Every form below carries both whole, so that the mapping is injective, needs no
memory, and can be undone after a restart.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from string import digits
from typing import Final
from uuid import UUID

from s1mpletrader.api import SECOND_NS, IdKind, OrderId, id_kind, id_second, stamp

_ALPHABET: Final = digits + "abcdefghijklmnopqrstuvwxyz"
_TIME_DIGITS: Final = 7
"""Seven digits in base 36 last until the year 4453."""
_SECOND_BITS: Final = 34
_CHECK_BITS: Final = 24
_PREFIX: Final = f"{IdKind.ORDER}_"


@dataclass(frozen=True, kw_only=True)
class Form:
    """A way to write an order id: to the exchange, and back. What is no id of ours in this form gives None."""

    write: Callable[[OrderId], str]
    read: Callable[[str], OrderId | None]


@dataclass(frozen=True, kw_only=True)
class IdRule:
    """What an exchange takes as a client order id, and the form in which it gets ours.

    ``key`` is the name under which ccxt wants the id for a new order.
    """

    form: Form
    pattern: str
    length_max: int
    key: str = "clientOrderId"

    def fits(self, text: str) -> bool:
        """Whether the exchange takes this text."""
        return len(text) <= self.length_max and re.fullmatch(self.pattern, text) is not None


def _parts(order_id: OrderId) -> tuple[int, str]:
    """The second and the 16 digits of the hash."""
    if id_kind(order_id) is not IdKind.ORDER:
        raise ValueError(f"{order_id!r} is no order id")
    return id_second(order_id) // SECOND_NS, order_id[-16:]


def _joined(second: int, digest: str) -> OrderId | None:
    try:
        return OrderId(f"{_PREFIX}{stamp(second * SECOND_NS)}_{digest}")
    except (OverflowError, ValueError):
        return None


def _read_plain(text: str) -> OrderId | None:
    try:
        return OrderId(text) if id_kind(text) is IdKind.ORDER and id_second(text) >= 0 else None
    except ValueError:
        return None


def _compact(prefix: str) -> Form:
    """The prefix, the time in base 36, and the hash: lower-case letters and digits behind the prefix."""
    shape = re.compile(rf"{re.escape(prefix)}([0-9a-z]{{{_TIME_DIGITS}}})([0-9a-f]{{16}})")

    def write(order_id: OrderId) -> str:
        second, digest = _parts(order_id)
        time = ""
        for _ in range(_TIME_DIGITS):
            second, digit = divmod(second, 36)
            time = _ALPHABET[digit] + time
        return f"{prefix}{time}{digest}"

    def read(text: str) -> OrderId | None:
        match = shape.fullmatch(text)
        return None if match is None else _joined(int(match[1], 36), match[2])

    return Form(write=write, read=read)


def _number(order_id: OrderId) -> UUID:
    """The 122 free bits of a version 4 UUID: hash, second, and a check by which ours is told from anybody's."""
    second, digest = _parts(order_id)
    value = (int(digest, 16) << _SECOND_BITS | second) << _CHECK_BITS | _check(second, digest)
    high, low = value >> 74, value & (1 << 62) - 1
    middle = value >> 62 & 0xFFF
    return UUID(int=high << 80 | 0x4 << 76 | middle << 64 | 0b10 << 62 | low)


def _check(second: int, digest: str) -> int:
    return int.from_bytes(blake2b(f"s1mpletrader {second} {digest}".encode(), digest_size=_CHECK_BITS // 8).digest(), "big")


def _read_number(text: str) -> OrderId | None:
    try:
        number = UUID(text).int
    except ValueError:
        return None
    value = (number >> 80) << 74 | (number >> 64 & 0xFFF) << 62 | number & (1 << 62) - 1
    digest = f"{value >> _SECOND_BITS + _CHECK_BITS:016x}"
    second = value >> _CHECK_BITS & (1 << _SECOND_BITS) - 1
    order_id = _joined(second, digest)
    return order_id if order_id is not None and _number(order_id).int == number else None


PLAIN: Final = Form(write=str, read=_read_plain)
"""The order id itself: 36 characters with ``_`` and capitals."""
COMPACT: Final = _compact("s1")
"""25 lower-case letters and digits."""
TAGGED: Final = _compact("t-s1")
"""As COMPACT, behind the ``t-`` that Gate asks for."""
HEX: Final = Form(write=lambda order_id: _number(order_id).hex, read=_read_number)
"""32 lower-case hex digits, which are a version 4 UUID without its dashes."""
DASHED: Final = Form(write=lambda order_id: str(_number(order_id)), read=_read_number)
"""A version 4 UUID."""
PREFIXED_HEX: Final = Form(
    write=lambda order_id: f"0x{_number(order_id).hex}",
    read=lambda text: _read_number(text[2:]) if text.startswith("0x") else None,
)
"""128 bits as a number in hex."""

_HEX_TEXT: Final = "[0-9a-f]+"
_LETTERS: Final = "[A-Za-z0-9]+"
_WORD: Final = "[A-Za-z0-9_-]+"
_UUID_TEXT: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

DEFAULT_RULE: Final = IdRule(form=HEX, pattern=_HEX_TEXT, length_max=32)
"""For an exchange of which nothing else is known."""

_BINANCE: Final = IdRule(form=PLAIN, pattern="[A-Za-z0-9_-]+", length_max=36)
_OKX: Final = IdRule(form=COMPACT, pattern=_LETTERS, length_max=32)
_GATE: Final = IdRule(form=TAGGED, pattern="t-[A-Za-z0-9_.-]+", length_max=28)
_UUID: Final = IdRule(form=DASHED, pattern=_UUID_TEXT, length_max=36)
_BYBIT: Final = IdRule(form=PLAIN, pattern=_WORD, length_max=36)

RULES: Final[Mapping[str, IdRule]] = {
    "aster": _BINANCE,
    "binance": _BINANCE,
    "binancecoinm": _BINANCE,
    "binanceus": _BINANCE,
    "binanceusdm": _BINANCE,
    "bingx": IdRule(form=COMPACT, pattern="[a-z0-9]+", length_max=40),
    "bequant": IdRule(form=HEX, pattern=_HEX_TEXT, length_max=32, key="client_order_id"),
    "bitget": IdRule(form=PLAIN, pattern=_WORD, length_max=40),
    "bitvavo": _UUID,
    "blofin": _OKX,
    "bybit": _BYBIT,
    "bybiteu": _BYBIT,
    "bybitid": _BYBIT,
    "coinbase": IdRule(form=DASHED, pattern=_UUID_TEXT, length_max=36, key="client_order_id"),
    "coinbaseexchange": _UUID,
    "coinbaseinternational": _UUID,
    "coinsph": IdRule(form=PLAIN, pattern=_WORD, length_max=36, key="newClientOrderId"),
    "cryptocom": IdRule(form=PLAIN, pattern=_WORD, length_max=36, key="client_oid"),
    "deribit": IdRule(form=PLAIN, pattern=_WORD, length_max=64, key="label"),
    "fmfwio": IdRule(form=HEX, pattern=_HEX_TEXT, length_max=32, key="client_order_id"),
    "gate": _GATE,
    "gateeu": _GATE,
    "hitbtc": IdRule(form=HEX, pattern=_HEX_TEXT, length_max=32, key="client_order_id"),
    "htx": IdRule(form=PLAIN, pattern=_WORD, length_max=64),
    "hyperliquid": IdRule(form=PREFIXED_HEX, pattern="0x[0-9a-f]{32}", length_max=34),
    "kraken": IdRule(form=HEX, pattern="[0-9a-f]{32}", length_max=32),
    "krakenfutures": _UUID,
    "kucoin": IdRule(form=PLAIN, pattern="[A-Za-z0-9_-]+", length_max=40),
    "kucoinfutures": IdRule(form=PLAIN, pattern="[A-Za-z0-9_-]+", length_max=40),
    "mexc": IdRule(form=COMPACT, pattern="[A-Za-z0-9_-]+", length_max=32),
    "myokx": _OKX,
    "okx": _OKX,
    "okxus": _OKX,
    "onetrading": _UUID,
    "pacifica": _UUID,
    "revolutx": _UUID,
    "whitebit": IdRule(form=COMPACT, pattern="[A-Za-z0-9.-]+", length_max=32),
}
"""The exchanges whose rule is known. Kraken takes 18 free characters, which are too few, or a UUID."""


WITHOUT_ID: Final = frozenset(
    [
        "bit2c",
        "bitbank",
        "bitbns",
        "bitflyer",
        "bitopro",
        "bitso",
        "bitteam",
        "btcbox",
        "coincheck",
        "coinone",
        "coinspot",
        "digifinex",
        "hibachi",
        "hollaex",
        "independentreserve",
        "indodax",
        "luno",
        "mercado",
        "mudrex",
        "nado",
        "p2b",
        "paymium",
        "zaif",
    ]
)
"""The exchanges where ccxt gives an order no id of the client's own."""

TOO_SHORT: Final = frozenset(
    ["backpack", "bitfinex", "blockchaincom", "bullish", "coinmate", "dydx", "grvt", "lighter", "ndax", "woo"]
)
"""The exchanges whose client order ids are numbers or texts with too little room for ours."""


def id_rule(exchange: str) -> IdRule:
    """The exchange's rule, or 32 hex digits where none is known; ``ValueError`` where no order could be told by our id."""
    for exchanges, fault in ((WITHOUT_ID, "takes no client order id"), (TOO_SHORT, "has client order ids that are too short")):
        if exchange in exchanges:
            raise ValueError(
                f"{exchange!r} cannot be traded through ccxt: it {fault}, so that an order whose answer is lost could not be "
                "found again; it can be used in [[data]]"
            )
    return RULES.get(exchange, DEFAULT_RULE)
