"""Derived ids: ``PREFIX_YYYYMMDD_HHMMSS_hash``.

No id is drawn. Its hash is a function of the namespace, the strategy, the flow's anchor, the kind and the ordinal of that kind in
the flow, so that the same run gives the same ids, and adding a strategy to an account changes none of another's.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NewType, Protocol

from s1mpletrader.domain.instant import Instant, instant_from_stamp, stamp

OriginId = NewType("OriginId", str)
SignalId = NewType("SignalId", str)
RiskId = NewType("RiskId", str)
DirectiveId = NewType("DirectiveId", str)
RefusalId = NewType("RefusalId", str)
PlanId = NewType("PlanId", str)
TradeId = NewType("TradeId", str)
GroupId = NewType("GroupId", str)
OrderId = NewType("OrderId", str)
FillId = NewType("FillId", str)


class IdKind(StrEnum):
    """What an id names, by its prefix."""

    TICK = "TCK"
    NEWS = "NWS"
    SCHEDULE = "SCH"
    EXTERNAL = "XTN"
    SIGNAL = "SIG"
    RISK = "RSK"
    STRATEGY_DIRECTIVE = "STR"
    REFUSAL = "REF"
    ENTRY_PLAN = "ENT"
    SIZE_PLAN = "SIZ"
    EXIT_PLAN = "EXT"
    EXECUTION_PLAN = "EXP"
    EXECUTION_DIRECTIVE = "EXD"
    TRADE = "TRD"
    GROUP = "EXG"
    ORDER = "ORD"
    FILL = "FIL"

    # By its text, as it compares; the hash of an enumeration's member is a call into Python.
    __hash__ = str.__hash__


_FIRST: Final = {kind: f"{kind}\x1f0".encode() for kind in IdKind}
"""What the first id of each kind in a flow adds to the hash; few flows have a second."""

_SHAPE: Final = re.compile(rf"({'|'.join(IdKind)})_([0-9]{{8}}_[0-9]{{6}})_[0-9a-f]{{16}}")


def id_kind(text: str) -> IdKind:
    """The kind of an id; ``ValueError`` where the text is not a well-formed id."""
    return IdKind(_match(text)[1])


def id_second(text: str) -> Instant:
    """The first instant of the second in which the id was made; ``ValueError`` where the text is not a well-formed id."""
    return instant_from_stamp(_match(text)[2])


def check_id(text: str, *kinds: IdKind) -> None:
    """Raise ``ValueError`` unless the text begins with the prefix of one of the kinds."""
    if not text.startswith(kinds):
        raise ValueError(f"{text!r} is no {' or '.join(kind.name for kind in kinds)} id")


def _match(text: str) -> re.Match[str]:
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no id; an id reads like ORD_20220101_120000_0123456789abcdef")
    return match


class FlowIds:
    """The ids of one flow: each call gives the next ordinal of its kind."""

    __slots__ = ("_ordinals", "_seeded", "_stamp")

    def __init__(self, seeded: "blake2b", stamp: str) -> None:
        self._seeded = seeded
        self._stamp = stamp
        self._ordinals: dict[IdKind, int] = {}

    def make(self, kind: IdKind) -> str:
        """The next id of this kind in this flow."""
        ordinal = self._ordinals.get(kind, 0)
        self._ordinals[kind] = ordinal + 1
        digest = self._seeded.copy()
        digest.update(f"{kind}\x1f{ordinal}".encode() if ordinal else _FIRST[kind])
        return f"{kind._value_}_{self._stamp}_{digest.hexdigest()}"


class IdSpace:
    """All ids of one run: the place where its namespace lives."""

    __slots__ = ("_seeded",)

    def __init__(self, namespace: str) -> None:
        self._seeded = blake2b(f"{namespace}\x1f".encode(), digest_size=8)

    def flow(self, strategy: str, anchor: str, at: Instant) -> FlowIds:
        """The ids of the flow that this anchor (what started it) identifies within its strategy."""
        seeded = self._seeded.copy()
        seeded.update(f"{strategy}\x1f{anchor}\x1f".encode())
        return FlowIds(seeded, stamp(at))


class IdSpaces:
    """The ids of several strategies, each in a namespace of its own: adding a strategy changes no id of another."""

    __slots__ = ("_other", "_spaces")

    def __init__(self, namespaces: Mapping[str, str], other: str) -> None:
        self._spaces = {strategy: IdSpace(namespace) for strategy, namespace in namespaces.items()}
        self._other = IdSpace(other)

    def flow(self, strategy: str, anchor: str, at: Instant) -> FlowIds:
        """The ids of a flow of this strategy, or of none of them."""
        return self._spaces.get(strategy, self._other).flow(strategy, anchor, at)


class MakesIds(Protocol):
    """Where a flow's ids come from."""

    def flow(self, strategy: str, anchor: str, at: Instant) -> FlowIds:
        """The ids of the flow that this anchor identifies within its strategy."""
        ...


def fill_id(venue: str, account: str, symbol: str, trade_id: str, venue_at: Instant) -> FillId:
    """The id of a venue's trade, the same however often and on whatever way it is learnt."""
    digest = blake2b("\x1f".join((venue, account, symbol, trade_id)).encode(), digest_size=8)
    return FillId(IdKind.FILL + f"_{stamp(venue_at)}_{digest.hexdigest()}")
