"""The question of a quant: from an order to its reason in the journal and to its reality in the ledger."""

from decimal import Decimal

from s1mpletrader.analysis import calculate_slippage
from s1mpletrader.domain.directives import StrategyDirective
from s1mpletrader.domain.opinion import Signal
from s1mpletrader.domain.origin import OriginKind
from tests.running import MEMORY, finished


def test_journal_and_ledger_meet_through_order_and_fill_ids() -> None:
    done = finished("ema_cross.toml", *MEMORY, "data.candles=3000", "exchange.slippage_ticks=3")
    strategy_journal, strategy_ledger = done.reasons, done.ledger
    order_id = next(strategy_ledger.orders()).order_id

    journal_entry = strategy_journal.get_entry(order_id=order_id)
    causality = journal_entry.causality
    order_details = journal_entry.order_id
    fill_ids = journal_entry.fill_ids

    order_reality = strategy_ledger.get_order(order_id)
    fills_reality = [strategy_ledger.get_fill(fid) for fid in fill_ids]
    assert order_reality is not None
    fills = [fill for fill in fills_reality if fill is not None]

    story = {
        "causality": {
            "origin": causality.origin,
            "signals": [strategy_journal.get(sid) for sid in causality.signal_ids],
            "risks": [strategy_journal.get(rid) for rid in causality.risk_ids],
            "strategy": strategy_journal.get(causality.strategy_directive_id or ""),
        },
        "reality": {
            "order_intent": order_reality,
            "fills": fills,
            "deviation": calculate_slippage(order_reality, fills),
        },
    }

    assert order_details == order_id
    assert causality.order_ids == (order_id,)
    assert causality.fill_ids == order_reality.fill_ids == tuple(fill.fill_id for fill in fills)
    assert causality.origin.kind is OriginKind.TICK
    assert all(isinstance(signal, Signal) for signal in story["causality"]["signals"])  # type: ignore[attr-defined]
    assert isinstance(story["causality"]["strategy"], StrategyDirective)
    assert len(causality.plan_ids) == 3
    deviation = calculate_slippage(order_reality, fills)
    assert deviation.cost == (fills[0].price - (order_reality.intent.reference_price or Decimal(0))) * fills[0].quantity
    assert strategy_journal.get_entry(fill_id=fill_ids[0]).causality.origin == causality.origin
