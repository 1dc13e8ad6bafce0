"""What a round has found: how many fell of each module, what that says of all, and what stands."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Any, Final

NULL: Final = "null"
"""How a try is named that changes nothing."""
STANDS: Final = frozenset({"survived", "unreached", "broken"})
"""How a mutant ended that no test has noticed."""
_Z: Final = 1.959964
"""For 95 in 100 intervals to hold the true share."""


def standing(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each mutant's last try, by name."""
    return {row["mutant"]: row for row in rows if not row["mutant"].startswith(NULL)}


def interval(count: int, of: int, population: int) -> tuple[float, float]:
    """Wilson's interval for a share, from a sample without return out of so many."""
    if of >= population:
        return count / of, count / of
    narrowing = sqrt((population - of) / (population - 1))
    share, z = count / of, _Z * narrowing
    middle, width = share + z * z / (2 * of), z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - width) / (1 + z * z / of), (middle + width) / (1 + z * z / of)


def report(rows: Sequence[dict[str, Any]], population: int) -> str:
    """The round in lines: the survivors, a table of the modules, and the whole."""
    tried = standing(rows)
    stand = sorted((row for row in tried.values() if row["how"] in STANDS), key=lambda row: (row["mutant"], row["line"]))
    lines = [f"{row['mutant']} ({row['how']}, line {row['line']}, {row['tests']} tests)\n{_indented(row)}" for row in stand]
    all_of = Counter(module_of(row) for row in tried.values())
    fell_of = Counter(module_of(row) for row in tried.values() if row["how"] not in STANDS)
    lines += [f"{module:45} {all_of[module]:5} tried {fell_of[module]:5} killed" for module in sorted(all_of)]
    nulls = [row for row in rows if row["mutant"].startswith(NULL)]
    fallen = sum(row["how"] not in STANDS for row in nulls)
    killed, total = fell_of.total(), all_of.total()
    if total:
        low, high = interval(killed, total, population)
        lines.append(
            f"{killed} of {total} killed ({killed / total:.1%}), of {population} that there are;"
            f" of all {low:.1%} to {high:.1%}; of {len(nulls)} tries without a change {fallen} fell"
        )
    return "\n".join(lines)


def module_of(row: Mapping[str, Any]) -> str:
    """The module that a mutant is in."""
    module: str = row["mutant"].rpartition(".")[0]
    return module


def _indented(row: Mapping[str, Any]) -> str:
    return "\n".join(f"    {line}" for line in row["change"].splitlines())
