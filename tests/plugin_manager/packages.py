"""Packages with plugins, written to disk as an installer leaves them."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

PRELUDE = "from s1mpletrader.api import NoConfig, Plugin, PluginConfig, hookimpl\n"


def plugin(name: str, hook: str = "s1mple_risk_gates") -> str:
    """A module whose hook gives one plugin."""
    return f"""
    @hookimpl
    def {hook}():
        return [Plugin(name={name!r}, config=NoConfig, build=lambda config, provision: {name!r}, summary="A test's.")]
    """


class Installer:
    """Puts packages on the interpreter's path, and takes their modules away again."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        monkeypatch.syspath_prepend(str(directory))

    def __call__(self, package: str, *bodies: str, entry_points: str | None = None, version: str = "1.2") -> None:
        """A distribution with one module and one entry point, ``PACKAGE`` or ``PACKAGE1``..., for each body."""
        names = [package.replace("-", "_").lower() + (str(index) if index else "") for index in range(len(bodies))]
        for name, body in zip(names, bodies, strict=True):
            (self._directory / f"pkg_{name}.py").write_text(PRELUDE + dedent(body))
        if entry_points is None:
            entry_points = "[s1mpletrader]\n" + "".join(f"{name} = pkg_{name}\n" for name in names)
        metadata = self._directory / f"{package.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        (metadata / "entry_points.txt").write_text(entry_points)

    def metadata_of(self, package: str) -> list[Path]:
        """The metadata files of a distribution, of each version that is installed."""
        return list(self._directory.glob(f"{package.replace('-', '_')}-*.dist-info/METADATA"))

    def is_imported(self, name: str) -> bool:
        """Whether the module of an entry point has been imported."""
        return f"pkg_{name}" in sys.modules

    def forget(self) -> None:
        """Take all modules of these packages away, as if nothing had imported them."""
        for name in [name for name in sys.modules if name.startswith("pkg_")]:
            del sys.modules[name]
