"""The gate ``kill_switch``: obeys ``s1mpletrader halt`` and ``resume``, also those of another process."""

from typing import Literal

from s1mpletrader.api import (
    ExecutionDirective,
    GateRefusal,
    PluginConfig,
    Situation,
    Unavailable,
    WorkerProvision,
    iso,
)
from s1mpletrader.plugins.planners.gates.exposure import adds
from s1mpletrader.plugins.planners.gates.halts import Halt, standing_halts


class KillSwitchConfig(PluginConfig):
    """What a halt stops."""

    closes: Literal["pass", "refuse"] = "pass"
    """Whether closes and changes that add nothing go on under a halt, or are refused with the rest."""


class KillSwitch:
    """Looks in the state store whenever it is asked, so that a halt binds the next directive."""

    def __init__(self, config: KillSwitchConfig, provision: WorkerProvision) -> None:
        if provision.open_state is None:
            raise ValueError("the kill switch lies in a state store, and there is none here")
        self._open_state = provision.open_state
        self._account = provision.account
        self._closes_pass = config.closes == "pass"

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses while the account, or every account, is halted, and while nobody can tell."""
        if self._closes_pass and not adds(directive):
            return None
        try:
            standing = next(standing_halts(self._open_state(), self._account), None)
        except Unavailable as unavailable:
            return GateRefusal(code="KILL_SWITCH_UNAVAILABLE", detail=str(unavailable))
        if standing is None:
            return None
        return GateRefusal(code="KILL_SWITCH", detail=_told(standing))


def _told(halt: Halt) -> str:
    since = f" since {iso(halt.at)}" if halt.at is not None else ""
    by = f" by {halt.by}" if halt.by else ""
    return f"halted{since}{by}" + (f": {halt.reason}" if halt.reason else "")
