"""Keys come from where only their owner can read, and are shown to nobody."""

import os
import sys
from pathlib import Path

import pytest

from s1mpletrader.plugins.credentials import Credentials, CredentialsFault, CredentialsKeys, load_credentials

CANARY = {"key": "canary-key", "secret": "canary-secret", "password": "canary-password"}


def private_file(directory: Path, text: str, mode: int = 0o600) -> CredentialsKeys:
    path = directory / "keys.toml"
    path.write_text(text)
    path.chmod(mode)
    return CredentialsKeys(credentials="file", credentials_file="keys.toml")


def test_the_environment_is_read_by_the_venues_name() -> None:
    environment = {"KRAKEN_API_KEY": "k", "KRAKEN_API_SECRET": "s"}
    found = load_credentials(CredentialsKeys(), "kraken", environment=environment)
    assert found.values == ("k", "s")
    assert found.password is None


def test_an_account_of_its_own_name_has_variables_of_its_own() -> None:
    keys = CredentialsKeys(credentials_name="kraken-second")
    environment = {"KRAKEN_SECOND_API_KEY": "k", "KRAKEN_SECOND_API_SECRET": "s", "KRAKEN_SECOND_API_PASSWORD": "p"}
    assert load_credentials(keys, "kraken", needs_password=True, environment=environment).values == ("k", "s", "p")


def test_one_message_names_everything_that_is_missing_and_nothing_that_is_there() -> None:
    with pytest.raises(CredentialsFault) as fault:
        load_credentials(CredentialsKeys(), "okx", needs_password=True, environment={"OKX_API_KEY": CANARY["key"]})
    assert "OKX_API_SECRET" in str(fault.value)
    assert "OKX_API_PASSWORD" in str(fault.value)
    assert CANARY["key"] not in str(fault.value)


def test_an_empty_variable_is_a_missing_one() -> None:
    with pytest.raises(CredentialsFault, match="OKX_API_KEY"):
        load_credentials(CredentialsKeys(), "okx", environment={"OKX_API_KEY": "", "OKX_API_SECRET": "s"})


def test_a_file_of_the_owners_alone_is_read(tmp_path: Path) -> None:
    keys = private_file(tmp_path, "key = 'k'\nsecret = 's'\n")
    assert load_credentials(keys, "okx", directory=str(tmp_path)).values == ("k", "s")


@pytest.mark.skipif(os.name != "posix", reason="files have no mode here")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    keys = private_file(tmp_path, "key = 'k'\nsecret = 's'\n", mode)
    with pytest.raises(CredentialsFault, match="chmod 600"):
        load_credentials(keys, "okx", directory=str(tmp_path))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"key = {CANARY['key']}\n", "no TOML"),
        (f"key = '{CANARY['key']}'\n", "secret in"),
        (f"key = '{CANARY['key']}'\nsecret = 's'\nextra = 1\n", "holds extra"),
        (f"key = '{CANARY['key']}'\nsecret = 5\n", "holds secret"),
    ],
)
def test_a_file_with_a_mistake_says_what_it_is_and_shows_no_key(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(CredentialsFault, match=problem) as fault:
        load_credentials(private_file(tmp_path, text), "okx", directory=str(tmp_path))
    assert CANARY["key"] not in str(fault.value)
    assert fault.value.__cause__ is None


def test_a_file_that_is_not_there_or_not_named_is_said(tmp_path: Path) -> None:
    with pytest.raises(CredentialsFault, match="cannot be read: No such file"):
        load_credentials(CredentialsKeys(credentials="file", credentials_file="no.toml"), "okx", directory=str(tmp_path))
    with pytest.raises(CredentialsFault, match="needs credentials_file"):
        load_credentials(CredentialsKeys(credentials="file"), "okx")


class MemoryKeyring:
    """A keyring for as long as a test lasts, in place of the library's lookup."""

    def __init__(self, entries: dict[tuple[str, str], str]) -> None:
        self.entries = entries

    def get_password(self, service: str, user: str) -> str | None:
        return self.entries.get((service, user))


def test_the_keyring_is_read_by_service_and_part(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    entries = {("s1mpletrader/okx", part): value for part, value in CANARY.items()}
    monkeypatch.setattr(keyring, "get_password", MemoryKeyring(entries).get_password)
    found = load_credentials(CredentialsKeys(credentials="keyring"), "okx", needs_password=True)
    assert found.values == tuple(CANARY.values())
    with pytest.raises(CredentialsFault, match="key of s1mpletrader/bybit in the keyring"):
        load_credentials(CredentialsKeys(credentials="keyring"), "bybit")


def test_a_machine_without_a_keyring_is_told_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")

    def without(service: str, user: str) -> str:
        raise keyring.errors.NoKeyringError("none here")

    monkeypatch.setattr(keyring, "get_password", without)
    with pytest.raises(CredentialsFault, match="'env' or 'file'"):
        load_credentials(CredentialsKeys(credentials="keyring"), "okx")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(CredentialsFault, match="pip install 's1mpletrader\\[keyring\\]'"):
        load_credentials(CredentialsKeys(credentials="keyring"), "okx")


def test_credentials_show_no_secret() -> None:
    found = load_credentials(CredentialsKeys(), "x", environment={f"X_API_{part.upper()}": text for part, text in CANARY.items()})
    assert isinstance(found, Credentials)
    for secret in CANARY.values():
        assert secret not in repr(found)
        assert secret not in str(found)
