"""The account's key and how it signs: from environment variables, a keyring or a file, never from the TOML."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import tomli

from s1mpletrader.plugins.binance.config import BinanceConfig
from s1mpletrader.plugins.binance.signing import Signer, signer_of
from s1mpletrader.plugins.transport import Sealed

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_NAMES: Final = ("api_key", "secret")


class Credentials:
    """An API key with its signer; no representation shows either."""

    __slots__ = ("api_key", "signer")

    def __init__(self, api_key: str, secret: str) -> None:
        if not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
            raise ValueError("the API key has characters that no key has")
        self.api_key: Final = Sealed(api_key)
        self.signer: Final[Signer] = signer_of(secret)


def read_credentials(config: BinanceConfig, directory: str, environment: Mapping[str, str] = os.environ) -> Credentials:
    """The credentials that a configuration names; ``ValueError`` says what is missing, and never what was found."""
    match config.credentials:
        case "environment":
            return _from_environment(config, environment)
        case "keyring":
            return _from_keyring(config.keyring_service)
        case "file":
            if config.credentials_file is None:
                raise ValueError('credentials = "file" needs credentials_file, the path of the file')
            return _from_file(Path(directory, config.credentials_file).expanduser())


def _from_environment(config: BinanceConfig, environment: Mapping[str, str]) -> Credentials:
    names = (config.key_variable, config.secret_variable)
    missing = [name for name in names if not environment.get(name, "").strip()]
    if missing:
        raise ValueError(f"the environment variable {' and '.join(missing)} is not set")
    return Credentials(*(environment[name].strip() for name in names))


def _from_keyring(service: str) -> Credentials:
    try:
        import keyring  # noqa: PLC0415 - an extra that only this way needs
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        raise ValueError('credentials = "keyring" needs the extra: pip install "s1mpletrader[keyring]"') from None
    try:
        found = [keyring.get_password(service, name) for name in _NAMES]
    except KeyringError as error:
        raise ValueError(f"no keyring can be read here ({type(error).__name__}); use the environment or a file") from None
    if None in found or "" in found:
        raise ValueError(f"the keyring's service {service!r} lacks api_key or secret")
    return Credentials(*(str(text).strip() for text in found))


def _from_file(path: Path) -> Credentials:
    try:
        with path.open("rb") as file:
            _check_private(path, os.fstat(file.fileno()))
            text = file.read().decode()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text") from None
    try:
        content = tomli.loads(text)
    except tomli.TOMLDecodeError:
        raise ValueError(f"{path} is no TOML file") from None
    values = [content.get(name) for name in _NAMES]
    if any(not isinstance(value, str) or not value.strip() for value in values):
        raise ValueError(f"{path} needs api_key and secret, both as text")
    return Credentials(*(str(value).strip() for value in values))


def _check_private(path: Path, status: os.stat_result) -> None:
    """A file that others may read or write holds no secret."""
    if os.name != "posix":
        return
    if status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise ValueError(f"{path} has the mode {mode:03o}: others may use it; run chmod 600 {path}")
    if status.st_uid != os.geteuid():
        raise ValueError(f"{path} belongs to another user")
