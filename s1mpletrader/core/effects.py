"""What a call of the ExecutionWorker comes to, as a value: nothing of it is recorded or sent yet."""

from typing import NamedTuple

from msgspec import Struct

from s1mpletrader.core.commands import Command
from s1mpletrader.domain.directives import Approved, Refusal, RefusalDraft
from s1mpletrader.domain.ids import GroupId, TradeId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reality import ExternalFill, Fill, LedgerChange, OrderIntended


class Intent(Struct, frozen=True, gc=False):
    """An order that is meant, and what it is for in its group."""

    intent: OrderIntended
    role: str


class GivenUp(NamedTuple):
    """What an algorithm will not carry out, and why; of a batch, also a leg of it that never began, as a whole refusal."""

    group_id: GroupId
    algorithm: str
    refusal: RefusalDraft | Refusal


class Wake(NamedTuple):
    """When a group's algorithm wants to be asked next."""

    at: Instant
    group_id: GroupId


class Directed(NamedTuple):
    """A directive that a batch, and not a flow of its own, has carried out."""

    group_id: GroupId
    approved: Approved
    batch_id: GroupId


class Effects(Struct, gc=False):
    """Changes to record, orders meant by them, and commands to send once recorded."""

    reality: list[LedgerChange] = []
    intents: list[Intent] = []
    commands: list[Command] = []
    given_up: list[GivenUp] = []
    wakes: list[Wake] = []
    directed: list[Directed] = []
    group_id: GroupId | None = None
    """The group that a directive opened, or that a timer woke."""
    trade_id: TradeId | None = None
    """The trade of a directive."""
    order: Order | None = None
    """The order that a reply was about, as it stands after it; None where the reply changed nothing."""
    fill: Fill | None = None
    external: ExternalFill | None = None
    reopened_by: str | None = None
    """The evidence, where the reply contradicted an order's end."""
    alarm: str | None = None
    """What a person should look at: a reply that the declared graph of states has no place for."""
    warnings: list[str] = []
    """What a person should look at though the reply itself is in order, in sentences: a position that nothing protects."""

    @property
    def go_further(self) -> bool:
        """Whether anything follows beyond what the reply itself changed."""
        said = self.given_up or self.warnings
        return bool(len(self.reality) > 1 or self.intents or self.commands or said or self.directed or self.wakes)

    def commands_order(self, order_id: str) -> bool:
        """Whether one of the commands is about this order already."""
        return any(order_id in command.order_ids for command in self.commands)
