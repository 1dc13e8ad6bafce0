"""The account's key, and how it signs."""

from collections.abc import Mapping
from typing import Final

from s1mpletrader.plugins.binance.config import BinanceConfig
from s1mpletrader.plugins.binance.signing import Signer, signer_of
from s1mpletrader.plugins.credentials import load_credentials
from s1mpletrader.plugins.transport import Sealed

NAME: Final = "binance"
"""What keys are looked for by, where the configuration gives no other name."""


class Credentials:
    """An API key with its signer; no representation shows either."""

    __slots__ = ("api_key", "signer")

    def __init__(self, api_key: str, secret: str) -> None:
        if not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
            raise ValueError("the API key has characters that no key has")
        self.api_key: Final = Sealed(api_key)
        self.signer: Final[Signer] = signer_of(secret)


def read_credentials(config: BinanceConfig, directory: str, environment: Mapping[str, str] | None = None) -> Credentials:
    """The credentials that a configuration names; ``ValueError`` says what is missing, and never what was found."""
    found = load_credentials(config, NAME, directory=directory, environment=environment)
    return Credentials(found.key.get_secret_value(), found.secret.get_secret_value())
