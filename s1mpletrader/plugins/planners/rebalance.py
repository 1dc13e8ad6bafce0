"""The strategy planner ``rebalance``: at each signal, every symbol is brought to its part of the equity."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from s1mpletrader.api import (
    DERIVED,
    ZERO,
    Aim,
    Direction,
    DirectiveDraft,
    OpenTrade,
    PluginConfig,
    RefusalDraft,
    Scope,
    Situation,
    WorkerProvision,
    multiply,
    plain,
    subtract,
    total,
)
from s1mpletrader.plugins.numbers import HUNDREDTH, NotNegative


class RebalanceConfig(PluginConfig):
    """The parts of the equity; what they leave stays in cash."""

    weights: Annotated[dict[str, NotNegative], Field(min_length=1)]
    """By symbol, such as ``{ "BTC/USDT" = 0.5, "ETH/USDT" = 0.3 }``."""
    band_percent: NotNegative = Decimal(1)
    """A position that is off by no more than this percentage of the equity is left alone."""

    @model_validator(mode="after")
    def _at_most_whole(self) -> "RebalanceConfig":
        if total(self.weights.values()) > 1:
            raise ValueError("weights: together they are above 1")
        return self


class Rebalance:
    """What is sold comes first, so that its proceeds are there for what is bought."""

    def __init__(self, config: RebalanceConfig, provision: WorkerProvision) -> None:
        unknown = sorted(set(config.weights) - set(provision.symbols))
        if unknown:
            raise ValueError(f"weights: the strategy does not follow {', '.join(unknown)}")
        self._config = config

    def plan(self, situation: Situation) -> Sequence[DirectiveDraft | RefusalDraft]:
        """A directive for each symbol that is off; a refusal where none is, or where a price or the equity is missing."""
        if not situation.signals:
            return ()
        missing = [symbol for symbol in self._config.weights if symbol not in situation.prices]
        if missing:
            return (RefusalDraft(code="NO_PRICE", detail=f"no price of {', '.join(missing)} is known yet"),)
        if situation.equity <= 0:
            return (RefusalDraft(code="NO_EQUITY", detail=f"the equity is {plain(situation.equity)}"),)
        drafts = sorted(self._drafts(situation), key=lambda draft: draft.scope is not Scope.CLOSE_EXISTING)
        return drafts or (RefusalDraft(code="WITHIN_BAND", detail="every position is close enough to its part"),)

    def _drafts(self, situation: Situation) -> Iterator[DirectiveDraft]:
        equity = situation.equity
        answers = tuple(signal.id for signal in situation.signals)
        for symbol, weight in self._config.weights.items():
            held = situation.instruments[symbol].notional(situation.prices[symbol], situation.view.position(symbol))
            off = subtract(multiply(equity, weight), held)
            band = multiply(multiply(equity, self._config.band_percent), HUNDREDTH)
            if abs(off) <= band or any(order.details.symbol == symbol for order in situation.view.open_orders):
                continue
            yield _draft(symbol, weight, off, situation.view.open_trade(symbol), answers)


def _draft(symbol: str, weight: Decimal, off: Decimal, trade: OpenTrade | None, answers: tuple[str, ...]) -> DirectiveDraft:
    if trade is None:
        scope, aim = Scope.NEW_TRADE, None
    else:
        scope, aim = (Scope.MODIFY_EXISTING, Aim.ADD) if off > ZERO else (Scope.CLOSE_EXISTING, None)
    return DirectiveDraft(
        symbol=symbol,
        direction=Direction.LONG,
        scope=scope,
        trade_id=trade.trade_id if trade is not None else None,
        aim=aim,
        target_weight=weight,
        reason=f"{plain(DERIVED.quantize(abs(off), Decimal('0.01')))} {'below' if off > 0 else 'above'} its part",
        answers=answers,  # type: ignore[arg-type]
    )
