"""State: versions and compare-and-set."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from s1mpletrader.api import IState, StateConflict, Unavailable

from .conftest import Stores


def test_a_value_comes_back_with_the_number_of_its_writes(stores: Stores) -> None:
    state = stores.state()
    assert state.get("gate") is None
    assert state.put("gate", b"\x00open", expected_version=0) == 1
    assert state.put("gate", b"", expected_version=1) == 2
    assert state.get("gate") == (b"", 2)


@pytest.mark.parametrize("version", [0, 1, 3])
def test_whoever_has_read_another_version_changes_nothing(stores: Stores, version: int) -> None:
    state = stores.state()
    state.put("lease", b"a", expected_version=0)
    state.put("lease", b"b", expected_version=1)
    with pytest.raises(StateConflict):
        state.put("lease", b"mine", expected_version=version)
    with pytest.raises(StateConflict):
        state.delete("lease", expected_version=version)
    assert state.get("lease") == (b"b", 2)


def test_versions_rise_over_a_removal(stores: Stores) -> None:
    state = stores.state()
    state.put("lease", b"a", expected_version=0)
    state.delete("lease", expected_version=1)
    assert state.get("lease") is None
    assert state.keys() == ()
    for act in (lambda: state.delete("lease", expected_version=1), lambda: state.put("lease", b"x", expected_version=1)):
        with pytest.raises(StateConflict):
            act()
    assert state.put("lease", b"b", expected_version=0) == 2
    assert state.get("lease") == (b"b", 2)


def test_a_key_that_is_not_there_cannot_be_removed_or_changed(stores: Stores) -> None:
    state = stores.state()
    for version in (0, 1):
        with pytest.raises(StateConflict):
            state.delete("nothing", expected_version=version)
    with pytest.raises(StateConflict):
        state.put("nothing", b"", expected_version=1)


def test_keys_are_sorted_and_chosen_by_their_beginning(stores: Stores) -> None:
    state = stores.state()
    for key in ("b/2", "a%x", "a/2", "a/10", "B/1", "ä"):
        state.put(key, key.encode(), expected_version=0)
    assert state.keys() == ("B/1", "a%x", "a/10", "a/2", "b/2", "ä")
    assert state.keys("a/") == ("a/10", "a/2")
    assert state.keys("a%") == ("a%x",)


def test_of_many_that_want_the_same_version_one_gets_it(database_stores: Stores) -> None:
    def take(state: IState) -> bool:
        try:
            return state.put("lease", b"", expected_version=0) == 1
        except (StateConflict, Unavailable):
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, [database_stores.state() for _ in range(4)])) == 1
