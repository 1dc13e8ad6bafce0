"""The journal's chain: whatever is changed, left out, added or put elsewhere is named."""

import pytest

from s1mpletrader.domain.hash_chain import GENESIS, chain_faults, seal
from s1mpletrader.domain.ids import FillId, OrderId
from s1mpletrader.domain.reasons import EntryKind, EntryRef, SealedEntry

ORDER = OrderId("ORD_20220101_000000_0000000000000001")
FILL = FillId("FIL_20220101_000000_0000000000000001")


def chain(length: int = 4) -> list[SealedEntry]:
    entries: list[SealedEntry] = []
    for seq in range(length):
        entries.append(
            seal(
                entries[-1].hash if entries else GENESIS,
                run="r",
                seq=seq,
                kind=EntryKind.FILLED,
                parent_run="q" if seq == 1 else None,
                parent_seq=seq - 1 if seq else None,
                order_id=ORDER,
                fill_id=FILL,
                at=seq,
                payload=f"{seq}".encode(),
            )
        )
    return entries


def test_a_hash_is_what_it_was_in_every_earlier_version() -> None:
    first, second, *_ = chain()
    assert first.hash.hex() == "40822be16488a54adde4f1148d11e0a13bb9a0b2684387147d3d9a08db428908"
    assert second.hash.hex() == "786b9fc2404f933fc77bd100c37d6f4b18027652d5fdd06ca5fd4e8df251f56c"
    assert second[:-1] == ("r", 1, EntryKind.FILLED, "q", 0, ORDER, FILL, 1, b"1")
    assert second.parent == EntryRef("q", 0)


def test_a_whole_chain_has_no_fault() -> None:
    assert list(chain_faults(chain())) == []
    assert list(chain_faults([])) == []


@pytest.mark.parametrize(
    "field",
    [{"kind": EntryKind.EXPIRED}, {"parent_run": None}, {"parent_seq": 7}, {"order_id": None}, {"fill_id": None}, {"at": 9}],
)
def test_a_changed_field_does_not_match_the_hash(field: dict[str, object]) -> None:
    entries = chain()
    entries[1] = entries[1]._replace(**field)  # type: ignore[arg-type]
    assert list(chain_faults(entries)) == ["r: entry 1 does not match its hash"]


def test_a_changed_payload_is_named_and_what_follows_is_held_against_the_hash_that_is_stored() -> None:
    entries = chain()
    entries[1] = entries[1]._replace(payload=b"other")
    entries[3] = entries[3]._replace(payload=b"other")
    assert list(chain_faults(entries)) == ["r: entry 1 does not match its hash", "r: entry 3 does not match its hash"]


def test_a_missing_entry_is_named_once_and_the_chain_goes_on_behind_it() -> None:
    entries = chain(6)
    del entries[2]
    assert list(chain_faults(entries)) == ["r: sequence 2 is missing, found 3"]
    entries[-1] = entries[-1]._replace(at=0)
    assert list(chain_faults(entries)) == ["r: sequence 2 is missing, found 3", "r: entry 5 does not match its hash"]


def test_entries_in_another_order_are_named() -> None:
    first, second, third, fourth = chain()
    assert list(chain_faults([first, third, second, fourth])) == [
        "r: sequence 1 is missing, found 2",
        "r: sequence 3 is missing, found 1",
        "r: sequence 2 is missing, found 3",
    ]
