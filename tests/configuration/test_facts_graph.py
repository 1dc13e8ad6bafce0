"""Context workers run in the order of need."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.api import CANDLE_FIELDS, ConfigurationError, Key
from s1mpletrader.configuration import FactUser, check_needs, order_workers

CANDLES = frozenset(Key("BTC/USDT", "1m", field) for field in CANDLE_FIELDS)


def key(text: str) -> Key:
    return Key("BTC/USDT", "1m", text)


def worker(name: str, *needs: str, gives: tuple[str, ...] | None = None) -> FactUser[str]:
    return FactUser(
        place=f"f.toml: [[context]] {name}",
        name=name,
        needs=tuple(map(key, needs)),
        gives=tuple(map(key, (name,) if gives is None else gives)),
        worker=name,
    )


def names(*workers: FactUser[str]) -> list[str]:
    return [user.worker for user in order_workers(workers, CANDLES)]


def test_a_worker_comes_after_those_it_needs_and_otherwise_in_the_order_of_the_file() -> None:
    assert names(worker("z", "close"), worker("a", "close")) == ["z", "a"]
    assert names(worker("c", "b", "high"), worker("b", "a"), worker("a", "close"), worker("d", "low")) == ["a", "b", "c", "d"]
    assert names() == []


@given(st.data(), st.integers(1, 7))
def test_every_order_is_complete_respects_need_and_comes_out_the_same_again(data: st.DataObject, count: int) -> None:
    workers = [
        worker(
            f"w{i}",
            "close",
            *data.draw(st.lists(st.sampled_from([f"w{j}" for j in range(i)]), unique=True) if i else st.just([])),
        )
        for i in range(count)
    ]
    shuffled = data.draw(st.permutations(workers))
    order = order_workers(shuffled, CANDLES)
    assert sorted(user.name for user in order) == sorted(user.name for user in workers)
    known = set(CANDLES)
    for user in order:
        assert known.issuperset(user.needs)
        known.update(user.gives)
    assert order_workers(shuffled, CANDLES) == order


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        (
            (worker("a", "clse"),),
            "f.toml: [[context]] a: a needs the fact 'BTC/USDT 1m clse', which nobody gives (nearest: 'close')",
        ),
        ((worker("a", "b"), worker("ema_fast", "close"), worker("c", "ema_fats")), "which nobody gives"),
        ((worker("ema_fast", "close"), worker("c", "ema_fats")), "(nearest: 'ema_fast')"),
        ((worker("a", "a"),), "need each other's facts in a circle: a -> a"),
        ((worker("free", "close"), worker("a", "b"), worker("b", "c"), worker("c", "a")), "in a circle: a -> "),
        ((worker("a", "close"), worker("b", "close", gives=("a",))), "b gives 'BTC/USDT 1m a', as a does (give it another name)"),
        ((worker("close", "open"),), "close gives 'BTC/USDT 1m close', which the candles have"),
    ],
)
def test_a_mistake_names_the_worker_and_the_nearest_fact(workers: tuple[FactUser[str], ...], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        order_workers(workers, CANDLES)
    assert message in str(caught.value)


def test_a_circle_names_everybody_in_it_and_nobody_else() -> None:
    with pytest.raises(ConfigurationError) as caught:
        names(worker("free", "close"), worker("a", "b"), worker("b", "c"), worker("c", "a"), worker("after", "a"))
    circle = str(caught.value).rsplit(": ", 1)[1].split(" -> ")
    assert circle[0] == circle[-1]
    assert set(circle) == {"a", "b", "c"}


def test_a_fact_of_another_series_is_offered_in_full() -> None:
    user = FactUser(place="p", name="s", needs=(Key("BTC/USDT", "5m", "close"),), worker="s")
    with pytest.raises(ConfigurationError, match="nearest: 'BTC/USDT 1m close'"):
        check_needs([user], CANDLES)
    far = FactUser(place="p", name="s", needs=(Key("X", "1w", "q"),), worker="s")
    with pytest.raises(ConfigurationError, match=r"valid: BTC/USDT 1m close|there are facts of BTC/USDT 1m"):
        check_needs([far], CANDLES)
