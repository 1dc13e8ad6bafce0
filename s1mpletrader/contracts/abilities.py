"""Abilities: what an adapter's harness can do beyond the minimum, and what happens to a law whose ability is missing."""

from typing import TypeVar

import pytest

T = TypeVar("T")


def need(ability: T | None, name: str) -> T:
    """The ability; where the harness does not declare it, the law is skipped, and the report says why by this name."""
    if ability is None:
        pytest.skip(f"not declared: {name}")
    return ability
