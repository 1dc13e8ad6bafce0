"""Random strategies: the examples, with other parameters, on other markets, at venues with other prices, fees and delays."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

EXAMPLES = ("ema_cross", "breakout", "trailing", "twap", "pairs", "rebalance", "dca", "portfolio")
LENGTHS = {"ema_cross": 700, "breakout": 900, "trailing": 900, "twap": 1_500, "pairs": 900, "rebalance": 900, "dca": 700}
BASES = {"pairs": ("BTC", "ETH"), "rebalance": ("BTC", "ETH"), "portfolio": ("BTC", "ETH", "SOL")}
SPOT = frozenset({"ema_cross", "twap", "rebalance", "dca"})
WAITING = ("entry.plugin=limit", "entry.offset_percent=0.2")
SLICING = (
    ("execution.plugin=twap", "execution.duration=30m", "execution.slices=7"),
    ("execution.plugin=vwap", "execution.duration=20m", 'execution.profile=["1", "3", "2"]'),
    ("execution.plugin=pov", "execution.participation=0.2", "execution.interval=5m", "execution.duration=1h"),
    (*WAITING, "execution.plugin=iceberg", 'execution.display="0.7"', "execution.duration=1h"),
    ("execution.plugin=ladder", "execution.levels=4", 'execution.step_percent="0.1"', "execution.duration=1h"),
)


class Drawn(NamedTuple):
    """An example, and what is different about it."""

    example: str
    overrides: tuple[str, ...]

    @property
    def symbols(self) -> list[str]:
        return [f"{base}/USDT" for base in BASES.get(self.example, ("BTC",))]


def odd(low: int, high: int, digits: int) -> st.SearchStrategy[str]:
    """Decimals with this many digits behind the point, as TOML text."""
    return st.integers(low, high).map(lambda number: f'"{number / 10**digits:.{digits}f}"')


@st.composite
def venues(draw: st.DrawFn, symbols: Sequence[str], *, spot: bool) -> list[str]:
    """Fees, slippage, delays and rules."""
    overrides = [
        f"exchange.maker_rate={draw(odd(-3_000, 20_000, 7))}",
        f"exchange.taker_rate={draw(odd(0, 40_000, 7))}",
        f"exchange.slippage_ticks={draw(st.integers(0, 3))}",
        f"exchange.slippage_ticks_random={draw(st.integers(0, 3))}",
        f"exchange.latency_ms={draw(st.sampled_from([0, 0, 350, 61_000]))}",
        f"exchange.limit_fill={draw(st.sampled_from(['touch', 'through']))}",
        f"exchange.path={draw(st.sampled_from(['direction', 'nearest', 'high_first']))}",
    ]
    share = draw(st.sampled_from([None, "0.1", "0.5"]))
    overrides += [] if share is None else [f'exchange.volume_share="{share}"']
    overrides += ["exchange.fee_in=base"] if spot and draw(st.booleans()) else []
    for symbol in symbols:
        quantum = draw(st.sampled_from(["0.00000001", "0.0001", "0.01"]))
        overrides.append(f'exchange.instruments."{symbol}".fee_quantum="{quantum}"')
        if not spot:
            multiplier = draw(st.sampled_from(["1", "0.1"]))
            overrides.append(f'exchange.instruments."{symbol}".multiplier="{multiplier}"')
    return overrides


@st.composite
def own_parts(draw: st.DrawFn, example: str) -> Sequence[str]:
    """What a strategy of this example may do differently."""
    match example:
        case "ema_cross":
            fast = draw(st.integers(2, 12))
            return (f"context.0.period={fast}", f"context.1.period={fast + draw(st.integers(1, 20))}", *draw(limits()))
        case "breakout":
            period = draw(st.integers(3, 30))
            opposite = draw(st.sampled_from(["close", "refuse"]))
            return (f"context.0.period={period}", f"context.1.period={period}", f"planner.opposite_signal={opposite}")
        case "trailing":
            return (f"signal.1.step_percent={draw(st.sampled_from(['0.05', '0.3']))}", *draw(limits()))
        case "twap":
            return draw(st.sampled_from(SLICING))
        case "pairs":
            policy = draw(st.sampled_from(["COORDINATED", "SEQUENTIAL", "INDEPENDENT"]))
            failure = draw(st.sampled_from(["FLATTEN", "CANCEL"]))
            return (f"batch.policy={policy}", f"batch.on_failure={failure}", "signal.window=60", *draw(limits()))
        case _:
            return ()


def limits() -> st.SearchStrategy[tuple[str, ...]]:
    """Entries at the market, or that wait below it."""
    return st.sampled_from([(), WAITING])


@st.composite
def strategies(draw: st.DrawFn, example: str) -> Drawn:
    """One strategy, or one portfolio; one of ten is too poor for what it wants."""
    bases = BASES.get(example, ("BTC",))
    overrides = list(draw(own_parts(example)))
    overrides += draw(venues([f"{base}/USDT" for base in bases], spot=example in SPOT))
    if example == "portfolio":
        return Drawn(example, (*overrides, "data.candles=700"))
    tables = [f"data.{number}" for number in range(len(bases))] if len(bases) > 1 else ["data"]
    overrides += [f"{table}.candles={LENGTHS[example]}" for table in tables]
    overrides.append(f"strategy.seed={draw(st.integers(0, 100_000))}")
    rich, poor = odd(30_000_000_000, 99_999_999_999, 5), odd(9_000_000, 900_000_000, 5)
    overrides.append(f"account.funds.USDT={draw(poor if draw(st.integers(0, 9)) == 0 else rich)}")
    return Drawn(example, tuple(overrides))


@st.composite
def borrowed(draw: st.DrawFn) -> Drawn:
    """More is held than is owned: the venue settles funding, and closes what cannot be kept."""
    margin = draw(st.sampled_from(["0.05", "0.1"]))
    fast = draw(st.integers(2, 12))
    overrides = [
        *(f"context.0.period={fast}", f"context.1.period={3 * fast}"),
        *draw(venues(["BTC/USDT"], spot=False)),
        "account.type=netting",
        f"size.quantity={draw(odd(100, 400, 3))}",
        f'exchange.initial_margin="{margin}"',
        f'exchange.maintenance_margin="{Decimal(margin) * Decimal("0.9")}"',
        f"exchange.liquidation_fee_rate={draw(odd(0, 20_000, 6))}",
        f"exchange.funding_rate={draw(odd(-30_000, 30_000, 7))}",
        f"account.funds.USDT={draw(odd(70_000_000, 200_000_000, 5))}",
        f"strategy.seed={draw(st.integers(0, 100_000))}",
        "data.candles=1500",
        "data.volatility=0.4",
    ]
    return Drawn("ema_cross", tuple(overrides))
