"""Ids are derived: the same flow gives the same ids, and any difference in what they derive from gives others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.domain.ids import IdKind, IdSpace, IdSpaces, check_id, fill_id, id_kind, id_second
from s1mpletrader.domain.instant import SECOND_NS, instant_from_stamp

NOON = instant_from_stamp("20220131_120000")


def make(namespace: str = "n", strategy: str = "s", anchor: str = "a", at: int = NOON, kind: IdKind = IdKind.ORDER) -> str:
    return IdSpace(namespace).flow(strategy, anchor, at).make(kind)


def test_an_id_has_its_prefix_its_second_and_sixteen_hex_digits() -> None:
    made = make()
    assert re.fullmatch(r"ORD_20220131_120000_[0-9a-f]{16}", made)
    assert len(made) == 36


def test_the_same_flow_gives_the_same_ids() -> None:
    assert make() == make()


@pytest.mark.parametrize("other", [{"namespace": "m"}, {"strategy": "t"}, {"anchor": "b"}])
def test_each_thing_an_id_derives_from_changes_it(other: dict[str, str]) -> None:
    assert make(**other) != make()  # type: ignore[arg-type]


def test_ordinals_count_within_a_kind_and_kinds_have_hashes_of_their_own() -> None:
    ids = IdSpace("n").flow("s", "a", NOON)
    made = [ids.make(IdKind.ORDER), ids.make(IdKind.ORDER), ids.make(IdKind.SIGNAL)]
    assert len({one[-16:] for one in made}) == 3
    again = IdSpace("n").flow("s", "a", NOON)
    assert [again.make(IdKind.ORDER), again.make(IdKind.ORDER)] == made[:2]


def test_neighbouring_parts_do_not_run_into_each_other() -> None:
    assert make(strategy="ab", anchor="c") != make(strategy="a", anchor="bc")


@given(st.sampled_from(list(IdKind)), st.integers(min_value=0, max_value=4_000_000_000 * SECOND_NS))
def test_kind_and_second_can_be_read_back(kind: IdKind, at: int) -> None:
    made = make(kind=kind, at=at)
    assert id_kind(made) is kind
    assert id_second(made) == at // SECOND_NS * SECOND_NS


def test_a_fill_has_one_id_however_it_is_learnt() -> None:
    one = fill_id("binance", "main", "BTC/USDT", "17", NOON)
    assert one == fill_id("binance", "main", "BTC/USDT", "17", NOON)
    others = {
        fill_id("okx", "main", "BTC/USDT", "17", NOON),
        fill_id("binance", "sub", "BTC/USDT", "17", NOON),
        fill_id("binance", "main", "ETH/USDT", "17", NOON),
        fill_id("binance", "main", "BTC/USDT", "18", NOON),
    }
    assert len(others) == 4
    assert one not in others


@pytest.mark.parametrize(
    "text",
    ["", "ORD", "ORD_20220131_120000_0123", "XXX_20220131_120000_0123456789abcdef", "ord_20220131_120000_0123456789abcdef"],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no id"):
        id_kind(text)


def test_an_id_of_another_kind_is_refused() -> None:
    check_id(make(), IdKind.ORDER, IdKind.FILL)
    with pytest.raises(ValueError, match="is no FILL id"):
        check_id(make(), IdKind.FILL)
    with pytest.raises(ValueError, match=r"is no FILL or TRADE id$"):
        check_id(make(), IdKind.FILL, IdKind.TRADE)


def test_ids_are_what_they_were_in_every_earlier_version() -> None:
    ids = IdSpace("n").flow("s", "a", NOON)
    assert [ids.make(kind) for kind in (IdKind.ORDER, IdKind.ORDER, IdKind.ORDER, IdKind.SIGNAL)] == [
        "ORD_20220131_120000_ab9d574a34bb0b3f",
        "ORD_20220131_120000_23f6d6aa5ce0c149",
        "ORD_20220131_120000_529b4e07f340bcb7",
        "SIG_20220131_120000_ea79453b52db9c5d",
    ]
    assert fill_id("binance", "main", "BTC/USDT", "17", NOON) == "FIL_20220131_120000_d621d39ffa145c2c"


def test_each_strategy_has_ids_of_its_own_namespace_and_the_rest_share_one() -> None:
    spaces = IdSpaces({"s": "n", "t": "m"}, other="o")
    for strategy, namespace in (("s", "n"), ("t", "m"), ("somebody", "o")):
        assert spaces.flow(strategy, "a", NOON).make(IdKind.ORDER) == make(namespace, strategy)
