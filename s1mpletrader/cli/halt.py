"""``s1mpletrader halt`` and ``s1mpletrader resume``: the kill switch of strategies that are running."""

import getpass
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from s1mpletrader.cli.options import JsonOption, LedgerOption, StoreOption, store_urls
from s1mpletrader.cli.output import escaped, out, print_json
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.instant import iso
from s1mpletrader.plugins.planners.gates import halts
from s1mpletrader.plugins.planners.gates.halts import EVERY_ACCOUNT, Halt
from s1mpletrader.plugins.stores import open_existing_state
from s1mpletrader.ports.state import IState, StateConflict

AccountOption = Annotated[
    str | None, typer.Option("--account", metavar="NAME", help="One account, by its name in [account]; every one if left out.")
]


def halt(
    store: StoreOption = None,
    ledger: LedgerOption = None,
    account: AccountOption = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the refusals and for who resumes.")] = "",
    json_: JsonOption = False,
) -> None:
    """Let strategies with the gate kill_switch open nothing new, from their next decision on. Closing goes on."""
    with _state(store, ledger) as state:
        change = halts.halt(state, _name(account), Halt(reason=reason, at=time.time_ns(), by=_who()))
    if json_:
        print_json({"account": account, "halted": True, "changed": change.changed, **_told(change.halt)})
        return
    begun = "is halted" if change.changed else "was halted before"
    out.print(f"[bold red]{escaped(_called(account))} {begun}[/]  {escaped(_sentence(change.halt))}")


def resume(
    store: StoreOption = None, ledger: LedgerOption = None, account: AccountOption = None, json_: JsonOption = False
) -> None:
    """Lift a halt. One of every account and one of a single account are lifted apart."""
    with _state(store, ledger) as state:
        lifted = halts.resume(state, _name(account))
        left = [None if name == EVERY_ACCOUNT else name for name in halts.halted_accounts(state)]
    still = ", ".join(_called(name) for name in left)
    if lifted is None:
        raise ConfigurationError("--account", f"no halt of {_called(account)} stands", f"halted: {still}" if left else None)
    if json_:
        print_json({"account": account, "halted": None in left, "still_halted": left, **_told(lifted)})
        return
    out.print(f"[bold]the halt of {escaped(_called(account))} is lifted[/]  it stood {escaped(_sentence(lifted))}")
    if left:
        out.print(f"still halted: {escaped(still)}")


@contextmanager
def _state(store: str | None, ledger: str | None) -> Iterator[IState]:
    """The state store beside the ledger; the ledger has to be there, since a halt of a mistyped store would stop nobody."""
    try:
        state = open_existing_state(store_urls(store, ledger, None).ledger)
    except ValueError as fault:
        raise ConfigurationError("--store", str(fault), "name the store of the strategy that runs") from fault
    try:
        yield state
    except StateConflict as conflict:
        raise ConfigurationError("--account", f"somebody else has just changed this halt: {conflict}", "try again") from conflict
    finally:
        state.close()


def _name(account: str | None) -> str:
    if account is None:
        return EVERY_ACCOUNT
    if not account or account == EVERY_ACCOUNT:
        raise ConfigurationError("--account", f"{account!r} is no account's name", "leave it out for every account")
    return account


def _called(account: str | None) -> str:
    return "every account" if account is None else f"the account {account!r}"


def _told(halt: Halt) -> dict[str, Any]:
    return {"reason": halt.reason, "at_iso": iso(halt.at) if halt.at is not None else None, "by": halt.by}


def _sentence(halt: Halt) -> str:
    since = f"since {iso(halt.at)}" if halt.at is not None else ""
    return " ".join(part for part in (since, f"by {halt.by}" if halt.by else "", halt.reason) if part)


def _who() -> str:
    """The user and the machine, as far as the machine knows them."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
