"""Halts as they lie in the state store: who halted which account, when and why."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import DecodeError, Struct, json

from s1mpletrader.api import Instant, IState, StateConflict, VersionedValue

EVERY_ACCOUNT: Final = "*"
"""Stands for all accounts of a store, where an account's name would stand."""

_PREFIX: Final = "halt/"
_TRIES_MAX: Final = 10


class Halt(Struct, frozen=True, kw_only=True):
    """Why an account is halted. The account's trades are closed as before; nothing new is opened."""

    reason: str = ""
    at: Instant | None = None
    by: str = ""


class Change(NamedTuple):
    """What stands, or stood until now, and whether this call changed it."""

    halt: Halt
    changed: bool


def halt(state: IState, account: str, wanted: Halt) -> Change:
    """Halt an account, or every one. A halt that stands already is left as it is: the first reason is the one to look into."""
    for _ in range(_TRIES_MAX):
        standing = state.get(_PREFIX + account)
        if standing is not None:
            return Change(_decoded(standing), changed=False)
        try:
            state.put(_PREFIX + account, json.encode(wanted), expected_version=0)
        except StateConflict:
            continue
        return Change(wanted, changed=True)
    raise StateConflict(f"others keep changing the halt of {account}")


def resume(state: IState, account: str) -> Halt | None:
    """Lift the halt that stands; None where there is none. One that somebody sets anew meanwhile is not lifted unseen."""
    standing = state.get(_PREFIX + account)
    if standing is None:
        return None
    state.delete(_PREFIX + account, expected_version=standing.version)
    return _decoded(standing)


def halted_accounts(state: IState) -> tuple[str, ...]:
    """The accounts that are halted, ``EVERY_ACCOUNT`` first where it is one of them."""
    return tuple(key.removeprefix(_PREFIX) for key in state.keys(_PREFIX))


def standing_halts(state: IState, account: str) -> Iterator[Halt]:
    """The halts that bind an account: its own, and that of every account."""
    for name in (account, EVERY_ACCOUNT):
        standing = state.get(_PREFIX + name)
        if standing is not None:
            yield _decoded(standing)


def _decoded(standing: VersionedValue) -> Halt:
    """The halt; whatever lies there halts, also what cannot be read."""
    try:
        return json.decode(standing.value, type=Halt)
    except DecodeError:
        return Halt(reason="the halt's record cannot be read")
