"""The gates ``standing_risk``, ``daily_loss`` and ``drawdown_halt``: nothing new while a monitor's risk stands.

The monitors are stepped at every close and keep what has to be remembered; a gate only looks at what they say.
"""

from enum import StrEnum

from s1mpletrader.api import ExecutionDirective, GateRefusal, PluginConfig, Risk, Severity, Situation, WorkerProvision
from s1mpletrader.plugins.planners.gates.exposure import adds


class Gravity(StrEnum):
    """From which severity on a risk halts."""

    LOW = "LOW"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def severity(self) -> Severity:
        """As risks have it."""
        return Severity[self.name]


class StandingRiskConfig(PluginConfig):
    """Which risks halt."""

    risks: tuple[str, ...] = ()
    """Names of ``[[risk]]`` tables; where it is left out, of all."""
    kinds: tuple[str, ...] = ()
    """Kinds of risk, as the monitors name them; where it is left out, all."""
    severity: Gravity = Gravity.CRITICAL
    """The least severity that halts."""


class DailyLossConfig(PluginConfig):
    """Halts while the day's loss is too large."""

    risk: str = "daily_loss"
    """The ``[[risk]]`` table that watches the day's loss."""


class DrawdownHaltConfig(PluginConfig):
    """Halts while the account is too far below its highest equity."""

    risk: str = "drawdown"
    """The ``[[risk]]`` table that watches the drawdown."""
    severity: Gravity = Gravity.CRITICAL
    """The least severity that halts."""


class StandingRisk:
    """Refuses new trades while a risk stands that concerns their symbol.

    ``risks`` names the monitors that it goes with; a strategy without one of them is refused when it is assembled.
    """

    def __init__(self, config: StandingRiskConfig, provision: WorkerProvision, code: str = "STANDING_RISK") -> None:
        self.risks = config.risks
        self._kinds = config.kinds
        self._severity = config.severity.severity
        self._code = code

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses with the gravest of the risks that halt."""
        if not adds(directive):
            return None
        symbol = directive.directive.symbol
        halting = [risk for risk in situation.risks if risk.concerns(symbol) and self._halts(risk)]
        if not halting:
            return None
        gravest = max(halting, key=lambda risk: risk.severity)
        detail = f"{gravest.monitor}: {gravest.kind} is {gravest.severity.name}"
        return GateRefusal(code=self._code, detail=f"{detail}, {gravest.detail}" if gravest.detail else detail)

    def _halts(self, risk: Risk) -> bool:
        return (
            risk.severity >= self._severity
            and (not self.risks or risk.monitor in self.risks)
            and (not self._kinds or risk.kind in self._kinds)
        )


def daily_loss(config: DailyLossConfig, provision: WorkerProvision) -> StandingRisk:
    """The gate of the monitor ``daily_loss``."""
    return StandingRisk(StandingRiskConfig(risks=(config.risk,)), provision, "DAILY_LOSS")


def drawdown_halt(config: DrawdownHaltConfig, provision: WorkerProvision) -> StandingRisk:
    """The gate of the monitor ``drawdown``."""
    return StandingRisk(StandingRiskConfig(risks=(config.risk,), severity=config.severity), provision, "DRAWDOWN_HALT")
