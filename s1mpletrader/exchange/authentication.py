"""Who asks: the key, the time and the signature of a request."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from s1mpletrader.domain.instant import Instant
from s1mpletrader.exchange.account import Account
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.config import AccountConfig, KeyConfig
from s1mpletrader.exchange.errors import ApiError, missing
from s1mpletrader.exchange.params import Params
from s1mpletrader.exchange.signing import ChecksSignatures, Ed25519Key, HmacKey, SignedText

_UNAUTHORIZED: Final = 401
_AHEAD_MS_MAX: Final = 1_000
_RECV_WINDOW_DEFAULT_MS: Final = Decimal(5_000)
_RECV_WINDOW_MAX_MS: Final = Decimal(60_000)


class ApiKey(NamedTuple):
    """A key, whose it is, and how it signs."""

    key: str
    account: Account
    signer: ChecksSignatures

    @property
    def may_log_on(self) -> bool:
        """Whether a session can be opened with it: only Ed25519 keys can."""
        return isinstance(self.signer, Ed25519Key)


class Authenticator:
    """Knows every key."""

    def __init__(self, configs: Iterable[AccountConfig], accounts: Mapping[str, Account], *, checks_timestamps: bool) -> None:
        self._keys = {key.key: ApiKey(key.key, accounts[config.name], _signer(key)) for config in configs for key in config.keys}
        self._checks_timestamps = checks_timestamps

    def account_of(self, key: str | None) -> str | None:
        """The name of a key's account, without any check; None for an unknown one."""
        found = self._keys.get(key or "")
        return None if found is None else found.account.name

    def find(self, key: str | None, revoked: frozenset[str]) -> ApiKey:
        """The key; ``ApiError`` where it is missing, unknown, or revoked (an empty name among these revokes every one)."""
        if not key:
            raise ApiError(-2014, "API-key format invalid.", status=_UNAUTHORIZED)
        found = self._keys.get(key)
        if found is None or key in revoked or "" in revoked:
            raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=_UNAUTHORIZED)
        return found

    def check(self, key: ApiKey, signed: SignedText, params: Params, told_at: Instant) -> None:
        """``ApiError`` where the time or the signature is wrong; ``told_at`` is what the exchange's clock shows."""
        self.check_time(params, told_at)
        if signed.signature is None:
            raise missing("signature")
        if not key.signer.accepts(signed.payload, signed.signature):
            raise ApiError(-1022, "Signature for this request is not valid.")

    def check_time(self, params: Params, told_at: Instant) -> None:
        """``ApiError`` unless ``timestamp < server + 1000 and server - timestamp <= recvWindow``."""
        timestamp, window = params.integer("timestamp"), params.number("recvWindow")
        if timestamp is None:
            raise missing("timestamp")
        window = _RECV_WINDOW_DEFAULT_MS if window is None else window
        if window > _RECV_WINDOW_MAX_MS:
            raise ApiError(-1131, "recvWindow must be less than 60000.")
        if not self._checks_timestamps:
            return
        now = milliseconds(told_at)
        if timestamp >= now + _AHEAD_MS_MAX:
            raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if now - timestamp > window:
            raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def _signer(key: KeyConfig) -> ChecksSignatures:
    if key.secret is not None:
        return HmacKey(key.secret.get_secret_value())
    return Ed25519Key(key.public_key or "")
