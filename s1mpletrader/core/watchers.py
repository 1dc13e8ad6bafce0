"""What outsiders watch, as plain callables: None where nobody listens."""

from collections.abc import Callable
from dataclasses import dataclass

from s1mpletrader.domain.directives import Refusal
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.origin import PlatformData
from s1mpletrader.domain.reality import Fill, LedgerChange
from s1mpletrader.domain.reasons import EntryDraft
from s1mpletrader.domain.replies import VenueReply
from s1mpletrader.ports.status import LiveStatus


@dataclass(frozen=True, kw_only=True)
class Watchers:
    """One callable for each watching hook that has a listener."""

    flow_started: Callable[[str, str, Instant], None] | None = None
    flow_terminated: Callable[[str, str, Instant], None] | None = None
    candle_stream_data_ready: Callable[[str, PlatformData], None] | None = None
    exchange_reply: Callable[[VenueReply], None] | None = None
    strategy_ledger_updated: Callable[[LedgerChange], None] | None = None
    strategy_journal_updated: Callable[[EntryDraft], None] | None = None
    order: Callable[[Order], None] | None = None
    fill: Callable[[Fill], None] | None = None
    refusal: Callable[[str, Refusal], None] | None = None
    status: Callable[[LiveStatus], None] | None = None


NOBODY = Watchers()
