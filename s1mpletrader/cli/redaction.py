"""Keeping secrets out of what is logged."""

import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence, Set
from typing import Any, Final

HIDDEN: Final = "**********"
LENGTH_MIN: Final = 6
"""A shorter value is no secret that could be told apart from other text."""

_SECRET_NAME: Final = re.compile(
    r"secret|passw|passphrase|token|api_?key|private_?key|signature|credential|authorization|listen_?key|notify_urls",
    re.IGNORECASE,
)
_USER_IN_URL: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_NAMED_IN_TEXT: Final = re.compile(
    r"(?P<name>\b(?:api[-_]?key|apiKey|X-MBX-APIKEY|\w*secret|signature|\w*token|password|passphrase|listenKey|authorization)"
    r"[\"']?\s*[=:]\s*[\"']?(?:bearer\s+)?)(?P<value>[^\s\"'&,;)}\]]+)",
    re.IGNORECASE,
)


def secrets_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the variables that are named like secrets; the longest first, so that none is cut by a part of it."""
    words = {word for name, value in environment.items() if _SECRET_NAME.search(name) for word in value.split()}
    return tuple(sorted((word for word in words if len(word) >= LENGTH_MIN), key=lambda word: (-len(word), word)))


class Redaction:
    """A processor of log events: hides what stands behind a secret's name, and the given secrets anywhere.

    Secret types hide themselves: nothing is made of a value but its ``repr``.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(secrets)

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The event without secrets."""
        for key, value in event.items():
            event[key] = self._value(key, value)
        return event

    def text(self, text: str) -> str:
        """A text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = _USER_IN_URL.sub(HIDDEN, text)
        return _NAMED_IN_TEXT.sub(rf"\g<name>{HIDDEN}", text)

    def _value(self, key: str, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if _SECRET_NAME.search(key):
            return HIDDEN
        match value:
            case int() | float():
                return value
            case str():
                return self.text(value)
            case Mapping():
                return {self.text(str(name)): self._value(str(name), item) for name, item in value.items()}
            case bytes() | bytearray():
                return self.text(value.decode(errors="replace"))
            case Sequence() | Set():
                return [self._value(key, item) for item in value]
            case _:
                return self.text(repr(value))
