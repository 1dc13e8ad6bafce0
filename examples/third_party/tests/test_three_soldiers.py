"""What the detector sees, as a table."""

import numpy as np
import pytest
from s1mpletrader.api import AccountType, Direction, Facts, FloatArray, Instant, Key, Series, WorkerProvision

from s1mpletrader_example import ThreeSoldiers, ThreeSoldiersConfig

SERIES = Series("BTC/USDT", "1m")


class Closes:
    """Facts that are a list of closes."""

    def __init__(self, *closes: float) -> None:
        self._closes: FloatArray = np.array(closes, dtype=np.float64)

    @property
    def at(self) -> Instant:
        return 0

    def value(self, key: Key, back: int = 0) -> float:
        return float(self._closes[-1 - back])

    def window(self, key: Key, length: int) -> FloatArray:
        return self._closes[-length:]


@pytest.mark.parametrize(
    ("closes", "signals"),
    [
        ((5, 4, 5, 6, 7), 1),
        ((5, 5, 6, 7, 8), 1),
        ((4, 5, 6, 7, 8), 0),
        ((5, 4, 5, 5, 6), 0),
        ((8, 7, 6, 5, 4), 0),
        ((5, 4, 5, 6, 6), 0),
    ],
)
def test_three_rises_after_a_step_that_was_none(closes: tuple[float, ...], signals: int) -> None:
    provision = WorkerProvision(
        name="soldiers",
        strategy="test",
        series=SERIES,
        symbols=("BTC/USDT",),
        instruments={},
        account_type=AccountType.SPOT,
        seed=0,
    )
    facts: Facts = Closes(*closes)
    found = ThreeSoldiers(ThreeSoldiersConfig(), provision).detect(facts)
    assert [(draft.symbol, draft.direction) for draft in found] == [("BTC/USDT", Direction.LONG)] * signals
