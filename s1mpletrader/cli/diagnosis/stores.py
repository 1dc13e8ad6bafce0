"""Ledger, journal and state: reachable, whole, of this version, and the account's own."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from msgspec import DecodeError, json

from s1mpletrader.assembly.live import lasting_book
from s1mpletrader.cli.diagnosis.findings import Finding, Severity, ok, problem, skipped, warning
from s1mpletrader.configuration import Mode, Portfolio, StoreTable
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.tenure import PIN_KEY, Lease, Pin
from s1mpletrader.domain.errors import S1mpleTraderError
from s1mpletrader.domain.hash_chain import chain_faults
from s1mpletrader.domain.instant import Instant, iso
from s1mpletrader.domain.reasons import EntryKind
from s1mpletrader.plugins.planners.gates.halts import standing_halts
from s1mpletrader.plugins.stores import books, open_existing_state, open_journal_reader
from s1mpletrader.plugins.stores.integrity import damage, revisions, shown_url, store_exists
from s1mpletrader.ports.journal import IJournalReader
from s1mpletrader.ports.state import IState

SQL: Final = "sql"


def examine_stores(portfolio: Portfolio, venue: str | None, now: Instant) -> Iterator[Finding]:
    """Everything about the stores; ``venue`` is the connector's, where it is known."""
    ledger = list(_examine(portfolio, "ledger", portfolio.ledger))
    yield from ledger
    journal = list(_examine(portfolio, "journal", portfolio.journal))
    yield from journal
    if all(finding.severity is Severity.OK for finding in journal):
        yield from _chain(portfolio)
    if all(finding.severity is Severity.OK for finding in ledger):
        yield from _account(portfolio, venue, now)


def has_book(portfolio: Portfolio) -> bool:
    """Whether a run of this account has begun before."""
    if portfolio.ledger.table.plugin.name != SQL:
        return False
    try:
        return lasting_book(portfolio) in {info.book for info in books(portfolio.ledger.url)}
    except (ValueError, S1mpleTraderError):
        return False


def _examine(portfolio: Portfolio, name: str, store: StoreTable) -> Iterator[Finding]:
    """A store: of a kind that can be looked at, there, whole, and at its head."""
    plugin = store.table.plugin.name
    if plugin != SQL:
        if plugin == "memory" and portfolio.environment.mode is not Mode.BACKTEST:
            yield problem(name, "it ends with the process, and real orders would lose their reasons", 'use plugin = "sql"')
        else:
            yield skipped(name, f"a store of the plugin {plugin!r} is not looked into")
        return
    try:
        shown = shown_url(store.url)
        if not store_exists(store.url):
            yield skipped(name, f"{shown} is not there yet; the first run makes it")
            return
        yield from _whole(name, store.url, shown)
    except ValueError as mistake:
        yield problem(name, str(mistake), f"correct [{name}] url")
    except S1mpleTraderError as fault:
        yield problem(name, str(fault), "is the database there, and may this user read it?")


def _whole(name: str, url: str, shown: str) -> Iterator[Finding]:
    faults = damage(url)
    if faults:
        yield problem(name, f"{shown} is damaged: {'; '.join(faults)}", "restore a copy; trade on nothing that is damaged")
        return
    found = next(one for one in revisions(url) if one.lineage == name)
    if found.found is None:
        yield skipped(name, f"{shown} holds no {name} yet; the first run makes it")
    elif found.found != found.head:
        text = f"{shown} is at {found.found}, this version reads {found.head}"
        yield problem(name, text, "make a copy, then run: the store is migrated when it is opened for writing")
    else:
        yield ok(name, f"{shown} is whole, at {found.head}")


def _chain(portfolio: Portfolio) -> Iterator[Finding]:
    """The chain of the journal's last run, and that it goes on from where the one before it ended."""
    with closing(open_journal_reader(portfolio.journal.url)) as journal:
        runs = journal.runs()
        if not runs:
            yield ok("chain", "the journal is empty")
            return
        last = runs[-1]
        faults = list(chain_faults(journal.entries(last)))
        fault = faults[0] if faults else _link_fault(journal, last)
        if fault is not None:
            yield problem("chain", fault, "somebody has changed the journal: s1mpletrader audit tells where")
            return
        head = journal.head(last)
        if head is None:
            yield ok("chain", f"{last} has no entry yet")
            return
        yield ok("chain", f"{last}: {head.seq + 1:,} entries hold together, head {head.hash.hex()[:16]}, of {len(runs)} runs")
        if portfolio.environment.mode is not Mode.BACKTEST and head.kind is not EntryKind.RUN_ENDED:
            advice = "where it is not running, the next run takes up what it left, and asks the venue about every open order"
            yield warning("chain", f"{last} has not ended", advice)


def _link_fault(journal: IJournalReader, run: str) -> str | None:
    first = next(iter(journal.entries(run)), None)
    identity = read_reasons(first).run if first is not None else None
    if identity is None or identity.previous_run is None:
        return None
    before = journal.head(identity.previous_run)
    found = before.hash.hex() if before is not None else None
    return None if found == identity.previous_head else f"{run} goes on from another end of {identity.previous_run} than is there"


def _account(portfolio: Portfolio, venue: str | None, now: Instant) -> Iterator[Finding]:
    """The book of the account: whose it is, who trades on it, and whether it is halted."""
    names = [info.book for info in books(portfolio.ledger.url)]
    book = lasting_book(portfolio)
    if portfolio.environment.mode is Mode.BACKTEST:
        yield ok("books", f"{len(names)} in the store; a backtest has its own")
    elif book in names:
        yield ok("books", f"{book} is there: the run goes on with it")
    else:
        yield ok("books", f"{book} is not there yet: the run begins with [account] funds")
    state_is_there = any(one.lineage == "state" and one.found == one.head for one in revisions(portfolio.ledger.url))
    if not state_is_there:
        yield skipped("state", "nothing is kept yet beside the ledger")
        return
    with closing(open_existing_state(portfolio.ledger.url)) as state:
        if portfolio.environment.mode is not Mode.BACKTEST:
            yield _pin(portfolio, state, venue)
            yield from _lease(state, book, now)
        for halt in standing_halts(state, portfolio.account.name):
            since = f" since {iso(halt.at)}" if halt.at is not None else ""
            text = f"halted{since}{f' by {halt.by}' if halt.by else ''}{f': {halt.reason}' if halt.reason else ''}"
            yield warning("halt", text, "s1mpletrader resume lifts it, once its reason is gone")


def _pin(portfolio: Portfolio, state: IState, venue: str | None) -> Finding:
    found = state.get(PIN_KEY)
    if found is None:
        return ok("pin", "the store is bound to no environment yet")
    try:
        pin = json.decode(found.value, type=Pin)
    except DecodeError:
        return problem("pin", "what binds the store to its environment cannot be read", "somebody has changed the store")
    wanted = Pin(mode=portfolio.environment.mode, venue=venue or pin.venue, account=portfolio.account.name)
    text = f"the store belongs to the {pin.mode} account {pin.account!r} at {pin.venue}"
    if pin != wanted:
        text += f", and not to the {wanted.mode} account {wanted.account!r} at {wanted.venue}"
        return problem("pin", text, "name another store, or correct [exchange]")
    return ok("pin", text)


def _lease(state: IState, book: str, now: Instant) -> Iterator[Finding]:
    found = state.get(f"lease/{book}")
    if found is None:
        return
    try:
        lease = json.decode(found.value, type=Lease)
    except DecodeError:
        yield problem("lease", "who trades on the account cannot be read", "somebody has changed the store")
        return
    if lease.until > now:
        yield warning("lease", f"{lease.owner} trades on this account now", "a second run is refused until that one has ended")
