"""The keys of every test's account: in the environment, where a user would put them."""

import pytest

from tests.binance.samples import KEY, SECRET


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_API_KEY", KEY)
    monkeypatch.setenv("LOCAL_API_SECRET", SECRET)
