"""The vigil of a live run: what is looked after beside the flows, for as long as it lasts."""

import asyncio
from collections.abc import Callable
from typing import Final

from s1mpletrader.core.book import Book
from s1mpletrader.core.live_gate import LiveGate
from s1mpletrader.core.reconciler import Reconciler
from s1mpletrader.core.tenure import RENEWAL_NS, Tenure
from s1mpletrader.domain.errors import Unavailable
from s1mpletrader.domain.instant import SECOND_NS, Duration
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.execution import IExecutionConnector
from s1mpletrader.ports.health import IHealth
from s1mpletrader.ports.status import LiveStatus

NOT_RECONCILED: Final = "reconciliation"
STREAMS: Final = "streams"
WATCH_EVERY_S: Final = 1.0


class Vigil:
    """The account is compared with the venue, the private stream watched, and the lease kept. The gate closes where one fails."""

    def __init__(
        self,
        *,
        clock: IClock,
        gate: LiveGate,
        book: Book,
        connector: IExecutionConnector,
        reconciler: Reconciler,
        tenure: Tenure,
        watches: Callable[[LiveStatus], None] | None = None,
    ) -> None:
        self._clock = clock
        self._gate = gate
        self._book = book
        self._connector = connector
        self._reconciler = reconciler
        self._tenure = tenure
        self._watches = watches

    async def keep_reconciled(self, every_ns: Duration, resolve_every_ns: Duration) -> None:
        """Ask the venue at the start, now and then, and often while something is unknown or it did not answer."""
        while True:
            try:
                await self._reconciler.reconcile()
                self._gate.open(NOT_RECONCILED)
            except Unavailable as unavailable:
                self._gate.close(NOT_RECONCILED, f"the account cannot be reconciled now: {unavailable}")
            unknown = any(order.state is OrderState.UNKNOWN for order in self._book.live_orders())
            hurry = unknown or not self._gate.is_open
            pause_ns = resolve_every_ns if hurry else every_ns
            await self._clock.sleep_until(self._clock.now() + pause_ns)

    async def keep_watch(self, status: Callable[[], LiveStatus]) -> None:
        """Close the gate while the private stream cannot be trusted or the venue has banned us; tell those who watch."""
        connector = self._connector
        while isinstance(connector, IHealth) or self._watches is not None:
            if isinstance(connector, IHealth):
                health = connector.health()
                is_banned = health.banned_until is not None and health.banned_until > self._clock.now()
                if health.stale or is_banned:
                    self._gate.close(STREAMS, "the venue has banned us" if is_banned else "the private stream is stale")
                else:
                    self._gate.open(STREAMS)
            if self._watches is not None:
                self._watches(status())
            await asyncio.sleep(WATCH_EVERY_S)

    async def keep_lease(self) -> None:
        """Renew the lease for as long as the run lasts; raises once it is lost."""
        while True:
            await asyncio.sleep(RENEWAL_NS / SECOND_NS)
            try:
                self._tenure.renew()
            except Unavailable:
                # A store that is busy for a moment takes nothing away, as long as the lease lasts.
                if not self._tenure.is_held:
                    raise
