"""The composition root: the one place where parts are wired to each other.

Nothing else imports dependency_injector, and nothing is injected by name or annotation: every part gets what it needs through its
constructor, and a container says what that is. ``FlowContainer`` has what every run has; the others say what differs.
"""

from s1mpletrader.container.backtest import BacktestContainer
from s1mpletrader.container.live import LiveContainer
from s1mpletrader.container.opening import live_run

__all__ = ["BacktestContainer", "LiveContainer", "live_run"]
