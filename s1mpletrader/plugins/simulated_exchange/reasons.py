"""Why the simulated exchange refuses, cancels or expires an order, in its own words."""

from typing import Final

UNKNOWN_SYMBOL: Final = "UNKNOWN_SYMBOL"
INSUFFICIENT_BALANCE: Final = "INSUFFICIENT_BALANCE"
LIST_REJECTED: Final = "LIST_REJECTED"
"""Another order of the same list was refused."""

UNKNOWN_ORDER: Final = "UNKNOWN_ORDER"
ORDER_ENDED: Final = "ORDER_ENDED"
"""The order is filled, cancelled or expired already."""
QUANTITY_RAISED: Final = "QUANTITY_RAISED"
"""An amendment only takes quantity away."""
QUANTITY_FILLED: Final = "QUANTITY_FILLED"
"""An amendment to no more than has been filled."""
NO_LIMIT_PRICE: Final = "NO_LIMIT_PRICE"
"""An amendment of the price of an order that names no limit."""
NOT_REPLACED: Final = "NOT_REPLACED"
"""The order to be replaced had ended."""
SYMBOL_CHANGED: Final = "SYMBOL_CHANGED"
"""A replacement in another symbol."""

REDUCE_ONLY: Final = "REDUCE_ONLY"
OCO: Final = "OCO"
"""A linked order filled."""
OTO: Final = "OTO"
"""The order that would have activated this one ended before it was filled whole."""
