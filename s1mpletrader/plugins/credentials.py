"""Keys for a venue: from the environment, a keyring or a file that nobody else may read. Never from the TOML, never shown."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import tomli
from pydantic import SecretStr

from s1mpletrader.api import PluginConfig

CredentialsSource: TypeAlias = Literal["env", "keyring", "file"]

PARTS: Final = ("key", "secret", "password")
"""What a venue may want. The password is the passphrase that some ask for beside key and secret."""

KEYRING_SERVICE: Final = "s1mpletrader"
"""The keyring's service is this, a slash and the credentials' name; its user names are the parts."""


class CredentialsFault(ValueError):
    """The keys are not there, or where others can read them. The message says where they were looked for, and holds none."""


class CredentialsKeys(PluginConfig):
    """Where an account's keys are. A plugin's configuration inherits these keys.

    ``credentials`` is the kind of place. ``credentials_name`` tells several accounts apart, and is the venue's name where it is
    left out: from the environment ``KRAKEN_API_KEY``, ``KRAKEN_API_SECRET`` and ``KRAKEN_API_PASSWORD`` are read; from the
    keyring, the service ``s1mpletrader/kraken`` with the user names ``key``, ``secret`` and ``password``.
    ``credentials_file`` is a TOML file with these three, which only its owner may read; a relative path starts at the strategy's
    file.
    """

    credentials: CredentialsSource = "env"
    credentials_name: str | None = None
    credentials_file: str | None = None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """An account's keys. They show themselves to nobody who does not ask for their ``get_secret_value``."""

    key: SecretStr
    secret: SecretStr
    password: SecretStr | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """The secrets themselves, to be looked for in what is about to be written."""
        return tuple(part.get_secret_value() for part in (self.key, self.secret, self.password) if part is not None)


def load_credentials(
    keys: CredentialsKeys,
    name: str,
    *,
    directory: str = ".",
    needs_password: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Credentials:
    """The keys of the account; ``CredentialsFault`` in one message for all that is missing.

    ``name`` is the venue's, for an account that has no ``credentials_name``. ``environment`` stands in for the process's own.
    """
    account = keys.credentials_name or name
    needed = PARTS if needs_password else PARTS[:2]
    if keys.credentials == "file":
        found, places = _from_file(keys, directory)
    elif keys.credentials == "keyring":
        found, places = _from_keyring(account)
    else:
        found, places = _from_environment(account, os.environ if environment is None else environment)
    found = {part: text.strip() for part, text in found.items()}
    missing = [places[part] for part in needed if not found.get(part)]
    if missing:
        raise CredentialsFault(f"{account} needs keys that are not there: {', '.join(missing)}")
    password = found.get("password")
    return Credentials(
        key=SecretStr(found["key"]),
        secret=SecretStr(found["secret"]),
        password=SecretStr(password) if password else None,
    )


Found: TypeAlias = tuple[Mapping[str, str], Mapping[str, str]]
"""The parts that are there, and for every part the place where it was looked for."""


def _from_environment(account: str, environment: Mapping[str, str]) -> Found:
    prefix = "".join(letter if letter.isalnum() else "_" for letter in account).upper()
    names = {part: f"{prefix}_API_{part.upper()}" for part in PARTS}
    found = {part: environment[variable] for part, variable in names.items() if variable in environment}
    return found, {part: f"the environment variable {variable}" for part, variable in names.items()}


def _from_keyring(account: str) -> Found:
    try:
        import keyring  # noqa: PLC0415 - an extra: who does not use it need not have it.
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        raise CredentialsFault("credentials = 'keyring' needs a library: pip install 's1mpletrader[keyring]'") from None
    service = f"{KEYRING_SERVICE}/{account}"
    try:
        answers = {part: keyring.get_password(service, part) for part in PARTS}
    except KeyringError as fault:
        problem = f"the keyring cannot be used here ({type(fault).__name__}); use credentials = 'env' or 'file'"
        raise CredentialsFault(problem) from None
    found = {part: answer for part, answer in answers.items() if answer is not None}
    return found, {part: f"{part} of {service} in the keyring" for part in PARTS}


def _from_file(keys: CredentialsKeys, directory: str) -> Found:
    if keys.credentials_file is None:
        raise CredentialsFault("credentials = 'file' needs credentials_file")
    path = Path(directory, keys.credentials_file).expanduser()
    document = _parsed(path, read_private(path))
    wrong = sorted(set(document) - set(PARTS)) + sorted(part for part, value in document.items() if not isinstance(value, str))
    if wrong:
        raise CredentialsFault(f"{path} holds {', '.join(wrong)}; it takes only {', '.join(PARTS)}, each as text")
    return {part: str(value) for part, value in document.items()}, {part: f"{part} in {path}" for part in PARTS}


def read_private(path: Path) -> bytes:
    """The content of a file that is ours alone, judged by the very file that is opened."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if os.name == "posix" and (stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid()):
                raise CredentialsFault(f"{path} can be read by others: make it yours alone with chmod 600")
            return file.read()
    except OSError as fault:
        raise CredentialsFault(f"{path} cannot be read: {fault.strerror}") from None


def _parsed(path: Path, content: bytes) -> dict[str, object]:
    """The file as TOML. A fault tells no line, because lines hold keys."""
    try:
        return tomli.loads(content.decode())
    except (tomli.TOMLDecodeError, UnicodeDecodeError):
        raise CredentialsFault(f"{path} is no TOML; write key = '...' and secret = '...'") from None
