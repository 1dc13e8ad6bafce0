"""Signatures, checked on the bytes that came.

A REST payload is the query string and the body, without a separator and without the signature, wherever that stands. A payload of
the WebSocket API is every parameter but the signature, sorted by name, not percent-encoded.
"""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Mapping
from typing import NamedTuple, Protocol
from urllib.parse import unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from s1mpletrader.domain.errors import ConfigurationError

_SIGNATURE = "signature="


class SignedText(NamedTuple):
    """What was signed, and the signature; None where there is none."""

    payload: bytes
    signature: str | None


class ChecksSignatures(Protocol):
    """One key's way to sign."""

    def accepts(self, payload: bytes, signature: str) -> bool:
        """Whether the signature is that of the payload."""
        ...


class HmacKey:
    """HMAC-SHA256, in hex."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def accepts(self, payload: bytes, signature: str) -> bool:
        """Whether the signature is that of the payload; its hex digits may be of either case."""
        expected = hmac.new(self._secret, payload, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.lower().encode())


class Ed25519Key:
    """Ed25519, in base64."""

    def __init__(self, public_key_pem: str) -> None:
        try:
            key = load_pem_public_key(public_key_pem.encode())
        except ValueError as fault:
            raise ConfigurationError("public_key", "it is no public key in PEM") from fault
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigurationError("public_key", "it is no Ed25519 key")
        self._key = key

    def accepts(self, payload: bytes, signature: str) -> bool:
        """Whether the signature is that of the payload."""
        try:
            self._key.verify(b64decode(signature, validate=True), payload)
        except (InvalidSignature, ValueError):
            return False
        return True


def signed_request(query: str, body: str) -> SignedText:
    """The payload of a REST request, from the raw query string and the raw body."""
    found: list[str] = []
    parts = []
    for text in (query, body):
        pairs = text.split("&") if text else []
        found += [unquote_plus(pair[len(_SIGNATURE) :]) for pair in pairs if pair.startswith(_SIGNATURE)]
        parts.append("&".join(pair for pair in pairs if not pair.startswith(_SIGNATURE)))
    return SignedText("".join(parts).encode(), found[0] if found else None)


def signed_params(params: Mapping[str, str]) -> SignedText:
    """The payload of a request over the WebSocket API."""
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
    return SignedText(payload.encode(), params.get("signature"))
