"""Signatures: HMAC-SHA256 with a secret, or Ed25519 with a private key."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Protocol
from urllib.parse import quote, urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_PEM: Final = "-----BEGIN"


class Signer(Protocol):
    """Signs what is sent. Its representation shows nothing of the key."""

    def sign(self, payload: bytes) -> str:
        """The signature as text, not percent-encoded."""
        ...


class HmacSigner:
    """Signs with a secret that the venue knows, too."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        self._secret = _Hidden(secret.encode())

    def sign(self, payload: bytes) -> str:
        """Hexadecimal HMAC-SHA256."""
        return hmac.new(self._secret.value, payload, sha256).hexdigest()


class Ed25519Signer:
    """Signs with a private key of which the venue knows only the public half."""

    __slots__ = ("_key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def sign(self, payload: bytes) -> str:
        """The Ed25519 signature in base64."""
        return b64encode(self._key.sign(payload)).decode()


class _Hidden:
    """Bytes that no representation shows."""

    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        self.value = value


def signer_of(secret: str) -> Signer:
    """The signer for a secret: Ed25519 for a private key in PEM, else HMAC. ``ValueError`` never shows the secret."""
    if not secret.startswith(_PEM):
        return HmacSigner(secret)
    try:
        key = load_pem_private_key(secret.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the private key cannot be read; it must be an Ed25519 key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the private key must be an Ed25519 key")  # noqa: TRY004 - a user's mistake, not a programmer's
    return Ed25519Signer(key)


def signed_query(parameters: Mapping[str, str], signer: Signer) -> str:
    """Parameters for a REST query or body: percent-encoded, then signed as they will be sent."""
    payload = urlencode(parameters, quote_via=quote, safe="")
    signature = quote(signer.sign(payload.encode()), safe="")
    return f"{payload}&signature={signature}"


def signed_parameters(parameters: Mapping[str, str], signer: Signer) -> dict[str, str]:
    """Parameters for the WebSocket API: signed in the order of their names, without percent-encoding."""
    payload = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    return {**parameters, "signature": signer.sign(payload.encode())}
