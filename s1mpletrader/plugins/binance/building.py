"""Builds what the TOML names."""

from s1mpletrader.api import AccountType, ConnectorProvision
from s1mpletrader.plugins.binance.config import BinanceConfig
from s1mpletrader.plugins.binance.connector import BinanceSpot
from s1mpletrader.plugins.binance.credentials import read_credentials
from s1mpletrader.plugins.binance.parts import parts_of, venue_name


def build_connector(config: BinanceConfig, provision: ConnectorProvision) -> BinanceSpot:
    """A connector with the credentials that the configuration names; ``ValueError`` where they are missing."""
    if provision.account_type is not AccountType.SPOT:
        raise ValueError('binance is a spot exchange: [account] needs type = "spot"')
    credentials = read_credentials(config, provision.directory)
    return BinanceSpot(parts_of(config, provision, credentials), venue=venue_name(config), account=provision.account)
