"""A store that several open for the first time at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from s1mpletrader.plugins.stores import open_journal, open_ledger

OPENERS = 8


@pytest.mark.parametrize("attempt", range(5))
def test_everybody_who_opens_a_new_store_gets_it(attempt: int, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.sqlite"
    together = Barrier(OPENERS)

    def opened(number: int) -> int:
        together.wait()
        ledger = open_ledger(url, f"book {number}", lasting=False)
        open_journal(url, lasting=False)
        return len(list(ledger.changes()))

    with ThreadPoolExecutor(OPENERS) as pool:
        assert list(pool.map(opened, range(OPENERS))) == [0] * OPENERS
