"""Numbers and JSON as they go out."""

from decimal import Decimal
from typing import Any, Final

import msgspec

from s1mpletrader.domain.money import EXACT

_EIGHT_PLACES: Final = Decimal("0.00000001")
_EXPONENT: Final = -8
_encoder: Final = msgspec.json.Encoder()


def text(number: Decimal) -> str:
    """The exact number without an exponent, with eight decimals where these are enough."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= _EXPONENT:
        number = number.quantize(_EIGHT_PLACES, context=EXACT)
    return format(number, "f")


def to_json(content: Any) -> bytes:
    """The content as JSON. Money is already text in it."""
    return _encoder.encode(content)
