"""A fresh virtual environment with the project in it, made without the network."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""For pip this means: no index, no dependencies, and no isolation of builds (it reads the 0 as the value of "isolation")."""
LEFT_OUT = {"PYTHONPATH", "PYTEST_ADDOPTS", "VIRTUAL_ENV", "PYTHONHOME", "COLUMNS"}


class Environment:
    """It borrows this environment's libraries; the packages that are installed into it are its own."""

    def __init__(self, directory: Path, *packages: Path) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.home.mkdir()
        self._bin = directory / "venv" / ("Scripts" if os.name == "nt" else "bin")
        _run([sys.executable, "-m", "venv", str(directory / "venv")], self.home, dict(os.environ))
        purelib = self("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        Path(purelib, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self("python", "-m", "pip", "install", "--quiet", str(ROOT), *map(str, packages))

    def __call__(self, program: str, *arguments: str, at: Path | None = None) -> str:
        """A program's output; a status that is not 0 fails the test with what it said."""
        variables = {name: value for name, value in os.environ.items() if name not in LEFT_OUT} | OFFLINE
        return _run([str(self._bin / program), *arguments], at or self.home, variables)


def _run(command: list[str], at: Path, variables: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=at, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
