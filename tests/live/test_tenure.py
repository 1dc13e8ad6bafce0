"""One process at a time trades on an account, and a store belongs to one environment and account."""

import pytest
from msgspec import json

from s1mpletrader.core.tenure import LEASE_NS, LeaseLost, LeaseTaken, Pin, Tenure, WrongStore, pin
from s1mpletrader.plugins.stores.state import MemoryState
from s1mpletrader.ports.state import IState, VersionedValue

BOOK = "live-main"


class Machine:
    """A time, and processes that are dead or alive."""

    def __init__(self) -> None:
        self.state: IState = MemoryState()
        self.now = 1_000
        self.dead: set[str] = set()

    def tenure(self, owner: str) -> Tenure:
        return Tenure(self.state, BOOK, owner, lambda: self.now, lambda name: name in self.dead)


def test_a_second_process_is_refused_while_the_first_holds_the_lease() -> None:
    machine = Machine()
    machine.tenure("here:1").begin()
    with pytest.raises(LeaseTaken, match="here:1"):
        machine.tenure("here:2").begin()


def test_a_lease_that_ran_out_or_whose_owner_is_dead_is_taken_over_at_once() -> None:
    machine = Machine()
    machine.tenure("here:1").begin()
    machine.dead.add("here:1")
    machine.tenure("here:2").begin()
    machine.now += LEASE_NS
    machine.tenure("there:3").begin()


def test_who_has_been_taken_over_learns_it_when_it_renews_and_gives_nothing_back() -> None:
    machine = Machine()
    first, second = machine.tenure("here:1"), machine.tenure("there:2")
    first.begin()
    first.renew()
    machine.now += LEASE_NS
    second.begin()
    with pytest.raises(LeaseLost):
        first.renew()
    first.end()
    with pytest.raises(LeaseTaken, match="there:2"):
        machine.tenure("here:3").begin()


def test_a_lease_that_is_renewed_lasts_and_one_that_is_given_back_is_free() -> None:
    machine = Machine()
    first = machine.tenure("here:1")
    first.begin()
    machine.now += LEASE_NS - 1
    first.renew()
    machine.now += LEASE_NS - 1
    with pytest.raises(LeaseTaken):
        machine.tenure("here:2").begin()
    first.end()
    machine.tenure("here:2").begin()


def test_a_store_is_tied_to_its_first_environment_and_account() -> None:
    state: IState = MemoryState()
    testnet = Pin(mode="live", venue="binance-testnet", account="main")
    pin(state, testnet)
    pin(state, testnet)
    with pytest.raises(WrongStore, match=r"'main' at binance-testnet, and not to the live account 'main' at binance$"):
        pin(state, Pin(mode="live", venue="binance", account="main"))
    with pytest.raises(WrongStore, match=r"the live account 'main' .* and not to the live account 'second'"):
        pin(state, Pin(mode="live", venue="binance-testnet", account="second"))
    with pytest.raises(WrongStore, match=r"and not to the paper account 'main' at simulated"):
        pin(state, Pin(mode="paper", venue="simulated", account="main"))


def test_of_two_that_come_at_once_one_finds_that_the_store_is_taken() -> None:
    class Overtaken(MemoryState):
        def put(self, key: str, value: bytes, *, expected_version: int) -> int:
            if self.get(key) is None:
                super().put(key, json.encode(Pin(mode="live", venue="binance", account="first")), expected_version=0)
            return super().put(key, value, expected_version=expected_version)

    with pytest.raises(WrongStore, match="belongs to the live account 'first'"):
        pin(Overtaken(), Pin(mode="live", venue="binance", account="second"))


def test_a_lease_is_certain_for_its_length_from_before_it_was_written() -> None:
    machine = Machine()
    first = machine.tenure("here:1")
    held = [first.is_held]
    first.begin()
    for later_ns in (LEASE_NS - 1, 1):
        machine.now += later_ns
        held.append(first.is_held)
    first.renew()
    assert [*held, first.is_held] == [False, True, False, True]


def test_of_two_that_take_a_lease_at_once_the_second_is_refused() -> None:
    machine = Machine()

    class Slow(MemoryState):
        """Between its reading and its writing another process takes the lease."""

        def get(self, key: str) -> VersionedValue | None:
            found = super().get(key)
            if not self.keys("lease/"):
                self.put(key, b"{}", expected_version=0)
            return found

    machine.state = Slow()
    with pytest.raises(LeaseTaken, match="another process has just taken this account"):
        machine.tenure("here:1").begin()
