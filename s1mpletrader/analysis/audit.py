"""The audit: every invariant of the stores that needs no exchange, checked by a second, naive reading.

Nothing here trusts a projection. Orders are folded again from the changes as they were written, balances are added up again from
fills and fees, and every entry is hashed again.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from s1mpletrader.analysis.audit_journal import JournalAudit
from s1mpletrader.analysis.audit_ledger import LedgerAudit, imposed_groups
from s1mpletrader.analysis.findings import AuditReport, Findings
from s1mpletrader.domain.reality import Fill, OrderChanged, OrderIntended
from s1mpletrader.domain.reasons import EntryKind
from s1mpletrader.ports.journal import IJournalReader
from s1mpletrader.ports.ledger import ILedgerReader


def audit_store(ledgers: Iterable[ILedgerReader], journal: IJournalReader) -> AuditReport:
    """Audit every book, every run, and that each change and each entry have one another."""
    findings = Findings()
    reasons = JournalAudit(findings)
    for run in journal.runs():
        reasons.read(run, journal.entries(run))
    for ledger in ledgers:
        reality = LedgerAudit(ledger, findings, reasons.instruments(ledger.book))
        changes = reality.read()
        _match(changes, reasons, findings)
        _trace(changes, reasons, findings)
    _match_entries(reasons, findings)
    return findings.report()


def _match(changes: Sequence[object], reasons: JournalAudit, findings: Findings) -> None:
    """Every intent, event and fill of the ledger has exactly one entry."""
    for change in changes:
        match change:
            case OrderIntended():
                kind, subject = EntryKind.INTENDED, str(change.order_id)
            case OrderChanged():
                kind, subject = _ENTRY_OF[change.kind], str(change.order_id)
            case Fill():
                kind, subject = EntryKind.FILLED, str(change.fill_id)
            case _:
                continue
        told = reasons.take(kind, subject)
        findings.check("13", subject, None if told else f"no {kind} entry tells of a change of {subject}")


def _match_entries(reasons: JournalAudit, findings: Findings) -> None:
    """No entry tells of a change that no ledger has."""
    for kind, subject in reasons.untaken():
        findings.check("13", subject, f"a {kind} entry tells of {subject}, and no ledger has that change")


def _trace(changes: Sequence[object], reasons: JournalAudit, findings: Findings) -> None:
    imposed = imposed_groups(changes)
    for change in changes:
        if isinstance(change, OrderIntended):
            fault = reasons.imposed_fault if change.group_id in imposed else reasons.decision_fault
            findings.check("14", change.order_id, fault(change.order_id))
        elif isinstance(change, Fill):
            findings.check("15", change.fill_id, reasons.origin_fault(change.fill_id))


_ENTRY_OF: Final = {
    "SUBMITTED": EntryKind.RECORDED,
    "ACCEPTED": EntryKind.RECORDED,
    "REJECTED": EntryKind.REJECTED,
    "CANCELLED": EntryKind.CANCELLED,
    "EXPIRED": EntryKind.EXPIRED,
    "UNKNOWN": EntryKind.UNKNOWN,
    "NOT_PLACED": EntryKind.NOT_PLACED,
    "AMENDED": EntryKind.AMENDED,
    "REPLACED": EntryKind.REPLACED,
    "REOPENED": EntryKind.REOPENED,
}
