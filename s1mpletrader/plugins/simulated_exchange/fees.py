"""What a fill costs beyond its price: fees and slippage."""

from decimal import Decimal
from hashlib import blake2b
from typing import Final

from s1mpletrader.api import ZERO, Instrument, Liquidity, Side, add, ceil_to, multiply, subtract
from s1mpletrader.plugins.simulated_exchange.config import SimulatedExchangeConfig

_ONE: Final = Decimal(1)
_TAKER: Final = Liquidity.TAKER


class FeeSchedule:
    """The rates of makers and takers. A fee is rounded up to the instrument's quantum; a negative rate is a rebate."""

    __slots__ = ("_liquidation", "_maker", "_taker", "in_base", "rate_max")

    def __init__(self, maker: Decimal, taker: Decimal, *, in_base: bool = False, liquidation: Decimal = ZERO) -> None:
        self._maker, self._taker, self._liquidation = maker, taker, add(taker, liquidation)
        self.in_base = in_base
        self.rate_max = max(maker, taker, ZERO)

    @classmethod
    def of(cls, config: SimulatedExchangeConfig) -> "FeeSchedule":
        """The schedule that a configuration asks for."""
        maker = config.fee_rate if config.maker_rate is None else config.maker_rate
        taker = config.fee_rate if config.taker_rate is None else config.taker_rate
        return cls(maker, taker, in_base=config.fee_in == "base", liquidation=config.liquidation_fee_rate or ZERO)

    def fee(self, amount: Decimal, liquidity: Liquidity, quantum: Decimal) -> Decimal:
        """The fee on an amount, in the amount's own asset."""
        rate = self._taker if liquidity is _TAKER else self._maker
        return ceil_to(multiply(amount, rate), quantum) if rate else ZERO

    def liquidation_fee(self, amount: Decimal, quantum: Decimal) -> Decimal:
        """The fee on an amount that the venue itself closes."""
        return ceil_to(multiply(amount, self._liquidation), quantum) if self._liquidation else ZERO

    def fee_max(self, amount: Decimal, quantum: Decimal) -> Decimal:
        """The most that the fee on an amount can be."""
        return ceil_to(multiply(amount, self.rate_max), quantum) if self.rate_max else ZERO


class Slippage:
    """How much worse than the path an order without a limit is filled.

    A draw is a hash of seed, order and the fill's ordinal, so that no order's draw depends on another's.
    """

    __slots__ = ("_rate", "_seed", "_ticks", "_ticks_random", "none")

    def __init__(self, config: SimulatedExchangeConfig, seed: str) -> None:
        self._ticks, self._ticks_random, self._rate = config.slippage_ticks, config.slippage_ticks_random, config.slippage_rate
        self._seed = seed
        self.none = not (self._ticks or self._ticks_random or self._rate)

    def worse(self, price: Decimal, side: Side, instrument: Instrument, order_id: str, ordinal: int) -> Decimal:
        """The price after slippage, on the tick and never below one tick; where there is ``none``, nobody needs to ask."""
        ticks = self._ticks + self._drawn(order_id, ordinal)
        slip = multiply(instrument.price_tick, Decimal(ticks))
        if side is Side.BUY:
            return add(instrument.price_up(multiply(price, add(_ONE, self._rate))), slip)
        worse = subtract(instrument.price_down(multiply(price, subtract(_ONE, self._rate))), slip)
        return max(worse, instrument.price_tick)

    def _drawn(self, order_id: str, ordinal: int) -> int:
        if not self._ticks_random:
            return 0
        digest = blake2b(f"{self._seed}\x1f{order_id}\x1f{ordinal}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % (self._ticks_random + 1)
