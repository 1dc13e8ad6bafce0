"""backtesting.py at the job. It trades whole units only: a unit is the job's 0.01, and the prices are those of a unit."""

import pandas as pd
import talib
from backtesting import Backtest, Strategy
from job import FAST, FEE_PERCENT, FUNDS, QUANTITY, SLOW, load_columns, measure, report


class EmaCross(Strategy):  # type: ignore[misc]
    """The job as a strategy."""

    def init(self) -> None:
        """Both averages, over the whole history."""
        close = self.data.Close
        self.fast = self.I(talib.EMA, close, FAST)
        self.slow = self.I(talib.EMA, close, SLOW)

    def next(self) -> None:
        """A candle has closed."""
        fast, slow = self.fast, self.slow
        if fast[-2] <= slow[-2] and fast[-1] > slow[-1]:
            if not self.position:
                self.buy(size=1)
        elif fast[-2] >= slow[-2] and fast[-1] < slow[-1] and self.position:
            self.position.close()


def main() -> None:
    columns = load_columns()
    prices = {name.capitalize(): columns[name] * float(QUANTITY) for name in ("open", "high", "low", "close")}
    frame = pd.DataFrame(prices | {"Volume": columns["volume"]}, index=pd.to_datetime(columns["opened_at"]))
    rate = float(FEE_PERCENT) / 100

    def run() -> int:
        result = Backtest(frame, EmaCross, cash=FUNDS, commission=rate).run()
        return 2 * int(result["# Trades"]) + len(result["_strategy"].trades)

    report(measure(run), "nothing")


if __name__ == "__main__":
    main()
