"""Funding: what long positions pay to short ones, or the other way round, at certain instants."""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from s1mpletrader.api import Instant, instant_from_datetime, timeframe_ns
from s1mpletrader.plugins.simulated_exchange.config import FUNDING_INTERVAL, SimulatedExchangeConfig

_MILLISECOND_NS: Final = 1_000_000


class Due(NamedTuple):
    """When funding is due, and its rate: the fraction of its notional that a long position pays."""

    at: Instant
    rate: Decimal


class Funding(Protocol):
    """The rates of all symbols."""

    def due_after(self, symbol: str, at: Instant) -> Due | None:
        """The first rate of a symbol that is due later than an instant; None where there is none."""
        ...


class ConstantFunding:
    """One rate at every multiple of an interval since midnight UTC of 1970-01-01."""

    def __init__(self, rate: Decimal, interval_ns: int) -> None:
        self._rate, self._interval_ns = rate, interval_ns

    def due_after(self, symbol: str, at: Instant) -> Due:
        """The next multiple of the interval."""
        return Due((at // self._interval_ns + 1) * self._interval_ns, self._rate)


class ListedFunding:
    """Rates with their instants; those without a symbol are every symbol's that has none of its own."""

    def __init__(self, rates: Mapping[str, Sequence[Due]]) -> None:
        self._rates = {symbol: sorted(listed) for symbol, listed in rates.items()}
        self._instants = {symbol: [due.at for due in listed] for symbol, listed in self._rates.items()}

    def due_after(self, symbol: str, at: Instant) -> Due | None:
        """The next line of the symbol's list."""
        listed = symbol if symbol in self._rates else ""
        place = bisect_right(self._instants.get(listed, ()), at)
        return self._rates[listed][place] if place < len(self._rates.get(listed, ())) else None


def funding_of(config: SimulatedExchangeConfig, directory: str) -> Funding | None:
    """The funding that a configuration asks for; ``ValueError`` for a file that cannot be read."""
    if config.funding_rate:
        return ConstantFunding(config.funding_rate, timeframe_ns(config.funding_interval or FUNDING_INTERVAL))
    return read_rates(_found(config.funding_rates, directory)) if config.funding_rates is not None else None


def read_rates(file: Path) -> ListedFunding:
    """The rates of a CSV file; ``ValueError`` names the line that is none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise ValueError(f"funding_rates: {file} cannot be read: {fault}") from fault
    reader = csv.DictReader(lines)
    if not {"at", "rate"} <= set(reader.fieldnames or ()):
        raise ValueError(f"funding_rates: {file} needs the columns at and rate, found {', '.join(reader.fieldnames or ['none'])}")
    return ListedFunding(_by_symbol(reader, file))


def _by_symbol(rows: Iterable[Mapping[str, str | None]], file: Path) -> dict[str, list[Due]]:
    found: dict[str, dict[Instant, Due]] = {}
    for line, row in enumerate(rows, start=2):
        try:
            due = Due(_instant(row["at"] or ""), _rate(row["rate"] or ""))
        except ValueError as fault:
            raise ValueError(f"funding_rates: {file}, line {line}: {fault}") from fault
        listed = found.setdefault(row.get("symbol") or "", {})
        if due.at in listed:
            raise ValueError(f"funding_rates: {file}, line {line}: the second rate of one instant")
        listed[due.at] = due
    return {symbol: list(listed.values()) for symbol, listed in found.items()}


def _instant(text: str) -> Instant:
    """ISO 8601 with its zone, or milliseconds since 1970."""
    return int(text) * _MILLISECOND_NS if text.isdecimal() else instant_from_datetime(datetime.fromisoformat(text))


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation as fault:
        raise ValueError(f"{text!r} is no rate") from fault
    if not rate.is_finite():
        raise ValueError(f"{text!r} is no rate")
    return rate


def _found(text: str, directory: str) -> Path:
    """From the TOML file's directory, or else the working directory."""
    beside = Path(directory, text)
    return beside if beside.exists() else Path(text)
