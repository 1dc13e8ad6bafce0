"""An installer for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .packages import Installer


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    installer = Installer(tmp_path, monkeypatch)
    yield installer
    installer.forget()
