"""Builds the connector and the market stream from their tables."""

from s1mpletrader.api import AccountType, ConnectorProvision, DataProvision
from s1mpletrader.plugins.ccxt_exchange.client_ids import id_rule
from s1mpletrader.plugins.ccxt_exchange.config import CcxtConfig, CcxtDataConfig
from s1mpletrader.plugins.ccxt_exchange.connector import CcxtExchange
from s1mpletrader.plugins.ccxt_exchange.library import make_exchange, needs_password
from s1mpletrader.plugins.ccxt_exchange.market_stream import CcxtMarketStream
from s1mpletrader.plugins.ccxt_exchange.session import Session
from s1mpletrader.plugins.credentials import load_credentials


def build_exchange(config: CcxtConfig, provision: ConnectorProvision) -> CcxtExchange:
    """The account at the exchange; ``ValueError`` where ccxt, the exchange's rules or the keys do not allow it."""
    bare = make_exchange(config)
    rule = id_rule(config.exchange)
    name = f"{config.exchange}_sandbox" if config.sandbox else config.exchange
    credentials = load_credentials(config, name, directory=provision.directory, needs_password=needs_password(bare))
    exchange = make_exchange(
        config,
        account_type=provision.account_type,
        credentials=credentials,
        uid=config.uid,
        transport=provision.transport,
    )
    session = Session(
        exchange,
        provision.clock,
        name=f"{name}/{provision.account}",
        secrets=credentials.values,
        open_state=provision.open_state,
    )
    # Nothing is pushed through the framework's transport, so that everything is asked for there.
    watched = config if provision.transport is None else config.model_copy(update={"watch": False})
    return CcxtExchange(
        watched,
        session,
        rule,
        account=provision.account,
        account_type=provision.account_type,
        is_submitted=provision.is_submitted,
    )


def build_market_stream(config: CcxtDataConfig, provision: DataProvision) -> CcxtMarketStream:
    """The exchange's candles; ``ValueError`` where ccxt offers none, or there is no present to be live in."""
    if provision.clock is None:
        raise ValueError("the source 'ccxt' is live: a backtest reads a file; 's1mpletrader' runs this one with paper or live")
    account_type = AccountType.NETTING if ":" in provision.series.symbol else AccountType.SPOT
    exchange = make_exchange(config, account_type=account_type, transport=provision.transport)
    session = Session(exchange, provision.clock, name=config.exchange)
    return CcxtMarketStream(config, session, watch=config.watch and provision.transport is None)
