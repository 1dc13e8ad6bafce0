"""Work in a fork: it costs its own time alone, and what it leaves behind ends with it."""

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

SILENCE_S_MAX: Final = 120.0
"""A fork that has said nothing for so long is ended."""
MEMORY_MORE_BYTES_MAX: Final = 3 * 2**30
FELL: Final = 1
"""How a fork ends in which a test has failed."""
BROKE: Final = 2


def fork(work: Callable[[int], None], room: Path) -> tuple[str, int]:
    """What ``work`` writes to the descriptor that it is given, in a process of its own, and the status that ended it.

    ``room`` is a folder that is made for it, and is gone afterwards.
    """
    shutil.rmtree(room, ignore_errors=True)
    ear, mouth = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ear)
        _work(work, mouth, room)
    os.close(mouth)
    said = b""
    while select.select([ear], [], [], SILENCE_S_MAX)[0] and (part := os.read(ear, 1 << 16)):
        said += part
    os.close(ear)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    shutil.rmtree(room, ignore_errors=True)
    return said.decode(), status


def _work(work: Callable[[int], None], mouth: int, room: Path) -> None:
    code = BROKE
    try:
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_MORE_BYTES_MAX,) * 2)
        room.mkdir(parents=True)
        work(mouth)
        code = 0
    except BaseException as fault:  # noqa: BLE001 - whatever it is, the process ends with it
        os.write(mouth, "".join(traceback.format_exception(fault)).encode()[-2000:])
    finally:
        os._exit(code)


def limit(cpu_seconds: float, wall_seconds: float) -> None:
    """End this process by a signal if it takes longer from now on."""
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)


class Tests:
    """Runs tests of the session in this fork, and ends it as soon as one of them fails: its name is the last that is said."""

    def __init__(self, session: pytest.Session, mouth: int, room: Path) -> None:
        self._session = session
        self._mouth = mouth
        session.config.pluginmanager.register(self)
        session.config._tmp_path_factory._basetemp = room  # type: ignore[attr-defined]

    def run(self, item: pytest.Item, following: pytest.Item | None) -> float:
        """How many seconds of the processor a test takes; fixtures that ``following`` needs, too, stay."""
        start = time.process_time()
        self._session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return time.process_time() - start

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: "pytest.CallInfo[None]") -> None:
        """Look at how a part of a test has ended, before anybody makes a report of it."""
        if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
            words = f"{type(call.excinfo.value).__name__}: {call.excinfo.value}"
            os.write(self._mouth, json.dumps({"fell": item.nodeid, "words": words[:300]}).encode())
            os._exit(FELL)
