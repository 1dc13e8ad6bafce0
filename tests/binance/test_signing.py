"""Signatures as the venue documents them, and keys that show nowhere."""

from base64 import b64decode
from pathlib import Path
from urllib.parse import parse_qs, unquote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.plugins.binance.config import BinanceConfig
from s1mpletrader.plugins.binance.credentials import Credentials, read_credentials
from s1mpletrader.plugins.binance.signing import HmacSigner, signed_parameters, signed_query, signer_of

DOCUMENTED_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PRIVATE = Ed25519PrivateKey.generate()
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_hmac_is_as_documented() -> None:
    order = {
        "symbol": "LTCBTC",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "0.1",
        "recvWindow": "5000",
        "timestamp": "1499827319559",
    }
    signed = signed_query(order, HmacSigner(DOCUMENTED_SECRET))
    assert signed.endswith("&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71")
    assert signed.startswith("symbol=LTCBTC&side=BUY&type=LIMIT")


def test_the_socket_signs_sorted_names_without_encoding() -> None:
    signer = HmacSigner("secret")
    signed = signed_parameters({"b": "x/y €", "a": "1"}, signer)
    assert signed["signature"] == signer.sign("a=1&b=x/y €".encode())
    assert {name: signed[name] for name in "ab"} == {"a": "1", "b": "x/y €"}


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(min_size=1), min_size=1))
def test_what_is_signed_is_what_is_sent(parameters: dict[str, str]) -> None:
    payload, _, signature = signed_query(parameters, signer_of(PEM)).rpartition("&signature=")
    assert payload.isascii()
    assert {name: value for name, (value,) in parse_qs(payload, strict_parsing=True).items()} == parameters
    PRIVATE.public_key().verify(b64decode(unquote(signature)), payload.encode())


def test_a_private_key_may_be_written_on_one_line() -> None:
    assert signer_of(PEM.replace("\n", "\\n")).sign(b"x") == signer_of(PEM).sign(b"x")


RSA = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("pem", ["-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----", RSA])
def test_another_key_is_refused_without_showing_it(pem: str) -> None:
    with pytest.raises(ValueError, match="Ed25519") as raised:
        signer_of(pem)
    assert pem[30:50] not in str(raised.value)


def test_credentials_show_in_no_representation() -> None:
    credentials = Credentials("CANARYKEY", "CANARYSECRET")
    for shown in (repr(credentials), repr(credentials.api_key), repr(credentials.signer), repr([credentials.api_key])):
        assert "CANARY" not in shown


def config(**keys: object) -> BinanceConfig:
    return BinanceConfig.model_validate({"environment": "testnet", **keys})


def test_keys_come_from_the_named_variables(tmp_path: Path) -> None:
    there = {"BINANCE_API_KEY": " key ", "BINANCE_API_SECRET": "secret\n", "SECOND_API_KEY": "another"}
    found = read_credentials(config(), str(tmp_path), there)
    assert (str(found.api_key), found.signer.sign(b"x")) == ("key", HmacSigner("secret").sign(b"x"))
    with pytest.raises(ValueError, match=r"second needs keys that are not there: the environment variable SECOND_API_SECRET$"):
        read_credentials(config(credentials_name="second"), str(tmp_path), there)


def write(path: Path, text: str, mode: int) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_of_keys_is_read_if_nobody_else_can(tmp_path: Path) -> None:
    write(tmp_path / "keys.toml", f'key = "key"\nsecret = """{PEM}"""\n', 0o600)
    found = read_credentials(config(credentials="file", credentials_file="keys.toml"), str(tmp_path), {})
    assert found.signer.sign(b"x") == signer_of(PEM).sign(b"x")


@pytest.mark.parametrize("key", ["a b", "a\nb", "ключ"])
def test_a_key_that_could_not_be_a_header_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="characters") as raised:
        Credentials(key, "secret")
    assert key not in str(raised.value)


def test_the_toml_has_no_key_for_a_secret_and_no_default_environment() -> None:
    with pytest.raises(ValueError, match="environment"):
        BinanceConfig.model_validate({})
    for name in ("api_key", "secret", "api_secret"):
        with pytest.raises(ValueError, match=name):
            config(**{name: "x"})
    for url in ("ftp://x", "https://user:pass@x", "https://x?key=1"):
        with pytest.raises(ValueError, match="rest_url"):
            config(rest_url=url)
