"""The venue that orders go to, as a configuration asks for it."""

from collections.abc import Callable, Mapping

from s1mpletrader.configuration import Portfolio
from s1mpletrader.core.clock import finished
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.execution import IExecutionConnector
from s1mpletrader.ports.plugin import ConnectorProvision
from s1mpletrader.ports.state import IState


def build_connector(
    portfolio: Portfolio,
    clock: IClock,
    candles: Mapping[Series, Candles],
    is_submitted: Callable[[OrderId], bool],
    open_state: Callable[[], IState] | None = None,
) -> IExecutionConnector:
    """The account at the venue, with the funds of all strategies."""
    connector: IExecutionConnector = portfolio.exchange.build(
        ConnectorProvision(
            account=portfolio.account.name,
            account_type=portfolio.account.type,
            funds=portfolio.account.funds,
            clock=clock,
            seed=f"{portfolio.strategies[0].strategy.seed}",
            candles=candles,
            is_submitted=is_submitted,
            open_state=open_state,
            directory=str(portfolio.path.parent),
        )
    )
    return connector


def listed_instruments(portfolio: Portfolio, connector: IExecutionConnector) -> dict[str, Instrument]:
    """The venue's rules for everything that is followed."""
    return dict(finished(connector.instruments(portfolio.symbols)))
