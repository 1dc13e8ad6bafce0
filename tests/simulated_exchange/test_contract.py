"""The simulated exchange keeps the laws of connectors, on every type of account."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from s1mpletrader.api import MINUTE_NS, ExchangeReply, IExecutionConnector, ListKind, OrderId, OrderRef, OrderRequest, Outcome
from s1mpletrader.contracts import ConnectorHarness, ExecutionConnectorContract
from s1mpletrader.plugins.simulated_exchange import build_exchange
from tests.simulated_exchange.harness import Bar, World, candles, details

QUIET: Bar = (12.0, 12.5, 11.5, 12.0, 4.0)
DIP: Bar = (12.0, 12.5, 9.0, 12.0, 4.0)
"""Reaches a bid at 9.5, with volume for one lot of ours."""


class Counting:
    """Counts the submissions that reach the venue."""

    def __init__(self, world: World) -> None:
        self.exchange, self.count = world.exchange, 0
        self._submit = world.exchange.submit

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
        outcomes = await self._submit(orders, list_kind)
        self.count += 1
        return outcomes


class Simulated(ExecutionConnectorContract):
    """What fails on the way and a lost stream do not exist in a world without a network; a restart only where it is kept."""

    account_type: str
    is_kept = False

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        known: set[OrderId] = set()
        rules = {"price_tick": "0.1", "quantity_lot": "0.1", "notional_min": "2", "quantity_max": "1000"}
        world = World(
            candles(QUIET, *[DIP] * 50),
            account_type=self.account_type,
            funds={"USDT": 1_000, "BTC": 10} if self.account_type == "spot" else None,
            submitted=known,  # type: ignore[arg-type]
            volume_share="0.25",
            fee_rate="0.001",
            instruments={"BTC/USDT": rules},
            order_types=["MARKET", "LIMIT", "STOP"],
            times_in_force=["GTC", "IOC"],
            world=directory / "world" if self.is_kept else None,
        )
        counting = Counting(world)
        world.exchange.submit = counting.submit  # type: ignore[method-assign]
        world.until(MINUTE_NS // 2)
        heard = 0

        async def collect() -> Sequence[ExchangeReply]:
            nonlocal heard
            told, heard = world.about_orders[heard:], len(world.about_orders)
            return told

        async def fill_part(ref: OrderRef) -> None:
            world.until((world.clock.now() // MINUTE_NS + 1) * MINUTE_NS + MINUTE_NS - 1)

        async def fill_rest(ref: OrderRef) -> None:
            for _ in range(5):
                await fill_part(ref)

        async def restart() -> IExecutionConnector:
            await world.exchange.close()
            world.exchange = build_exchange(world.config, world.provision)
            return world.exchange

        async def place_foreign_order() -> str:
            return world.exchange.place_by_hand(details("buy 3 @ 9.4"))

        return ConnectorHarness(
            connector=world.exchange,
            details=details("buy 4 @ 9.5"),
            known_orders=known,
            sent_count=lambda: counting.count,
            collect=collect,
            now=world.clock.now,
            secrets=(),
            fill_part=fill_part,
            fill_rest=fill_rest,
            restart=restart if self.is_kept else None,
            place_foreign_order=place_foreign_order if self.is_kept else None,
        )


class TestSpot(Simulated):
    account_type = "spot"


class TestNetting(Simulated):
    account_type = "netting"


class TestKeptSpot(Simulated):
    account_type = "spot"
    is_kept = True


class TestKeptNetting(Simulated):
    account_type = "netting"
    is_kept = True


def test_the_harness_fills_in_parts() -> None:
    world = World(candles(QUIET, DIP, DIP), volume_share="0.25")
    world.until(MINUTE_NS // 2)
    world.place("buy 4 @ 9.5")
    told = world.until(3 * MINUTE_NS)
    assert [getattr(reply, "quantity", None) for reply in told] == [Decimal(1), Decimal(1)]
