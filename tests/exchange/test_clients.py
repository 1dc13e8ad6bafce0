"""Real clients trade on the local exchange, each in a virtual environment of its own, and ask for nothing that is not served."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "clients"
CLIENTS = {
    "with_ccxt.py": "ccxt==4.5.90",
    "with_python_binance.py": "python-binance==1.0.37",
    "with_binance_sdk_spot.py": "binance-sdk-spot==13.2.0",
}
NO_NETWORK = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Could not connect",
    "ConnectTimeout",
)


def client_python(package: str) -> Path:
    """A Python that has the package; the environment is made once and kept beside the temporary files."""
    root = Path(os.environ.get("CLIENT_ENVIRONMENTS", Path(tempfile.gettempdir()) / f"exchange-clients-{os.getuid()}"))
    environment = root / hashlib.sha256(f"{package} {sys.version}".encode()).hexdigest()[:16]
    python, complete = environment / "bin" / "python", environment / "complete"
    if not complete.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True, timeout=120)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
        done = subprocess.run(install, capture_output=True, text=True, check=False, timeout=600)
        if done.returncode and any(sign in done.stderr for sign in NO_NETWORK):
            pytest.skip(f"{package} cannot be installed without a network")
        assert done.returncode == 0, done.stderr
        complete.touch()
    return python


@contextmanager
def exchange_process(report: dict[str, Any]) -> Iterator[str]:
    """The local exchange as its users start it; its request log is in ``report`` afterwards."""
    command = [str(Path(sysconfig.get_path("scripts")) / "s1mpletrader"), "exchange", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            opened = json.loads(process.stdout.readline())
            yield f"127.0.0.1:{opened['port']}"
        finally:
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr, stderr
    report |= json.loads(stdout)


@pytest.mark.parametrize("script", CLIENTS)
def test_a_client_trades_and_asks_for_nothing_that_is_not_served(script: str) -> None:
    python, report = client_python(CLIENTS[script]), dict[str, Any]()
    with exchange_process(report) as address:
        command = [str(python), str(SCRIPTS / script), address]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "traded\n"
    assert (report["unserved"], report["failures"]) == ([], [])
    assert report["requests"]["userDataStream.subscribe.signature"] == 1
    assert report["requests"]["POST /api/v3/orderList/oco"] == 1
