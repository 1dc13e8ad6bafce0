"""Texts that carry a key: usable as they are, but not shown by a representation, such as one in a traceback with variables."""

from typing import Final

SEAL: Final = "<sealed>"


class Sealed(str):
    """A text whose representation shows nothing of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return SEAL


class SealedHeaders(dict[str, str]):
    """Headers whose representation shows their names alone."""

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: {SEAL}" for name in self) + "}"

    def __str__(self) -> str:
        return repr(self)
