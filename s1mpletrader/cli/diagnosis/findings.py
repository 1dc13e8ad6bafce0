"""What a doctor finds."""

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"
    SKIPPED = "skipped"
    """It does not apply, or cannot be told: the text says why."""
    WARNING = "warning"
    """The run can begin; somebody should know."""
    PROBLEM = "problem"
    """The run cannot begin, or must not."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at, what was found, and what to do about it."""

    check: str
    severity: Severity
    text: str
    advice: str | None = None


def ok(check: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(check=check, severity=Severity.OK, text=text)


def skipped(check: str, text: str) -> Finding:
    """It was not looked at."""
    return Finding(check=check, severity=Severity.SKIPPED, text=text)


def warning(check: str, text: str, advice: str | None = None) -> Finding:
    """Somebody should know."""
    return Finding(check=check, severity=Severity.WARNING, text=text, advice=advice)


def problem(check: str, text: str, advice: str | None = None) -> Finding:
    """The run must not begin."""
    return Finding(check=check, severity=Severity.PROBLEM, text=text, advice=advice)
