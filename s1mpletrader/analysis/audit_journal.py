"""Reading the journal again: its chain, its parents, and what each entry tells of."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import DecodeError, Raw, Struct, ValidationError, json

from s1mpletrader.analysis.findings import Findings
from s1mpletrader.domain.hash_chain import chain_faults
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.domain.reasons import EntryKind, EntryRef, RunIdentity, SealedEntry

_WITHOUT_CHANGE: Final = frozenset(
    {
        EntryKind.RUN_STARTED,
        EntryKind.RUN_ENDED,
        EntryKind.REFUSED,
        EntryKind.OBSERVED,
        EntryKind.COMMANDED,
        EntryKind.CANCEL_REJECTED,
        EntryKind.ADVANCED,
        EntryKind.ABANDONED,
        EntryKind.EXTERNAL,
        EntryKind.FUNDS_MOVED,
        EntryKind.ALARM,
    }
)
"""Entries that tell of no change of an order."""


class OriginGlimpse(Struct):
    """What the audit looks at in an origin."""

    kind: str = ""


class Glimpse(Struct):
    """The parts of an entry's reasons that the audit looks at."""

    origin: OriginGlimpse | None = None
    directive: Raw = Raw()
    run: RunIdentity | None = None


class Reach(NamedTuple):
    """Whether the parents of an entry lead to an origin, and past a directive; and whether the origin is external."""

    origin: bool
    decision: bool
    external: bool


class JournalAudit:
    """Reads runs in their order, and remembers what the ledger's side is to be held against."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._decode = json.Decoder(Glimpse).decode
        self._reach: dict[EntryRef, Reach] = {}
        self._about: Counter[tuple[EntryKind, str]] = Counter()
        self._order_reach: dict[str, Reach] = {}
        self._fill_reach: dict[str, Reach] = {}
        self._identities: dict[str, RunIdentity] = {}
        self._heads: dict[str, str] = {}

    def read(self, run: str, entries: Iterable[SealedEntry]) -> None:
        """One run from its first entry to its last."""
        for fault in chain_faults(self._each(entries)):
            self._findings.check("12", run, fault)

    def _each(self, entries: Iterable[SealedEntry]) -> Iterator[SealedEntry]:
        """The entries on their way through the check of the chain, each read on the way."""
        for entry in entries:
            self._read(entry)
            yield entry

    def _read(self, entry: SealedEntry) -> None:
        try:
            glimpse = self._decode(entry.payload)
        except (DecodeError, ValidationError) as fault:
            self._findings.check("12", str(entry.ref), f"entry {entry.run}:{entry.seq} cannot be read: {fault}")
            glimpse = Glimpse()
        self._findings.check("12", f"{entry.run}:{entry.seq}", self._parent_fault(entry))
        above = self._reach.get(entry.parent) if entry.parent is not None else None
        reach = Reach(
            origin=glimpse.origin is not None or (above is not None and above.origin),
            decision=bool(bytes(glimpse.directive)) or (above is not None and above.decision),
            external=_is_external(glimpse.origin) or (above is not None and above.external),
        )
        self._reach[entry.ref] = reach
        if entry.fill_id is not None:
            self._fill_reach[entry.fill_id] = reach
        subject = entry.fill_id or entry.order_id
        if subject is not None and entry.kind not in _WITHOUT_CHANGE:
            self._about[entry.kind, subject] += 1
        if entry.kind is EntryKind.INTENDED and entry.order_id is not None:
            self._order_reach[entry.order_id] = reach
        if glimpse.run is not None:
            self._note_run(entry, glimpse.run)
        self._heads[entry.run] = entry.hash.hex()

    def _parent_fault(self, entry: SealedEntry) -> str | None:
        parent = entry.parent
        if parent is None or parent in self._reach:
            return None
        return f"entry {entry.run}:{entry.seq} names the parent {parent.run}:{parent.seq}, which is not before it"

    def _note_run(self, entry: SealedEntry, identity: RunIdentity) -> None:
        self._identities[entry.run] = identity
        if identity.previous_run is not None:
            head = self._heads.get(identity.previous_run)
            fault = None
            if head != identity.previous_head:
                fault = f"{entry.run} continues {identity.previous_run} from a head that is not its last entry"
            self._findings.check("12", entry.run, fault)

    def instruments(self, book: str) -> Mapping[str, Instrument]:
        """The venue's rules as the runs of a book found them."""
        return {
            instrument.symbol: instrument
            for identity in self._identities.values()
            if identity.book == book
            for instrument in identity.instruments
        }

    def take(self, kind: EntryKind, subject: str) -> bool:
        """Whether an entry of this kind tells of the order or the fill; each is taken once."""
        if self._about[kind, subject] < 1:
            return False
        self._about[kind, subject] -= 1
        return True

    def untaken(self) -> Iterator[tuple[EntryKind, str]]:
        """Entries that told of a change which no ledger has."""
        return (about for about, count in self._about.items() if count > 0)

    def decision_fault(self, order_id: str) -> str | None:
        """Why an order does not trace to a decision, its data, its configuration and its plugins; None where it does."""
        reach = self._order_reach.get(order_id)
        if reach is None:
            return f"no entry intended {order_id}"
        if not (reach.origin and reach.decision):
            return f"the entry that intended {order_id} leads to no decision with an origin"
        if not any(identity.configuration_hash and identity.plugins for identity in self._identities.values()):
            return f"no run tells the configuration and the plugins behind {order_id}"
        return None

    def imposed_fault(self, order_id: str) -> str | None:
        """Why an order that the venue made does not trace to what the venue did; None where it does."""
        reach = self._order_reach.get(order_id)
        if reach is not None and reach.external and not reach.decision:
            return None
        return f"{order_id} was made by the venue, and no entry tells of what it did"

    def origin_fault(self, fill_id: str) -> str | None:
        """Why a fill does not reach an origin; None where it does."""
        reach = self._fill_reach.get(fill_id)
        if reach is None:
            return f"no entry tells of {fill_id}"
        return None if reach.origin else f"the entry of {fill_id} leads to no origin"


def _is_external(origin: OriginGlimpse | None) -> bool:
    return origin is not None and origin.kind == OriginKind.EXTERNAL
