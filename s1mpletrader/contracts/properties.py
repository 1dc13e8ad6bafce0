"""Properties checked on generated examples: Hypothesis, set up so that a law gives the same verdict every time."""

from collections.abc import Callable
from typing import Any, Final

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError as missing:  # pragma: no cover - Hypothesis is there wherever this project is tested
    raise ImportError(
        "the contract kit checks some laws on generated examples and needs Hypothesis: pip install 's1mpletrader[test]'"
    ) from missing

EXAMPLES: Final = 25
"""Examples per property: each may be a transaction of a real database."""


def holds(*generated: st.SearchStrategy[Any], examples: int = EXAMPLES) -> Callable[[Callable[..., None]], None]:
    """Check the decorated function on generated arguments, at once."""

    def check(law: Callable[..., None]) -> None:
        configured = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        configured(given(*generated)(law))()

    return check


__all__ = ["EXAMPLES", "holds", "st"]
