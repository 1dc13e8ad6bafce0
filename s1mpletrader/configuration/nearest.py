"""The nearest valid choice, for the hint of an error."""

import difflib
from collections.abc import Iterable

_CHOICES_MAX = 20


def nearest(found: str, choices: Iterable[str]) -> str | None:
    """A hint: the choice that looks most like what was found, else all of them while they are few; None of nothing."""
    names = sorted({str(choice) for choice in choices})
    by_lower = {name.lower(): name for name in names}
    if near := difflib.get_close_matches(found.lower(), by_lower, n=1):
        return f"nearest: {by_lower[near[0]]!r}"
    if not names or len(names) > _CHOICES_MAX:
        return None
    return f"valid: {', '.join(names)}"
