"""The chain of ids from what started a flow to what came of it."""

from msgspec import Struct

from s1mpletrader.domain.ids import DirectiveId, FillId, OrderId, PlanId, RiskId, SignalId
from s1mpletrader.domain.origin import Origin


class CausalityChain(Struct, frozen=True, kw_only=True):
    """Ids only; frozen, and computed from the journal's parents rather than carried along and appended to."""

    origin: Origin
    signal_ids: tuple[SignalId, ...] = ()
    risk_ids: tuple[RiskId, ...] = ()
    strategy_directive_id: DirectiveId | None = None
    plan_ids: tuple[PlanId, ...] = ()
    execution_directive_id: DirectiveId | None = None
    order_ids: tuple[OrderId, ...] = ()
    fill_ids: tuple[FillId, ...] = ()
