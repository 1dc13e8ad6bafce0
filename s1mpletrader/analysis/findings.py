"""What an audit finds."""

from collections import Counter
from typing import Any, Final

from msgspec import Struct, to_builtins

INVARIANTS: Final = {
    "02": "02_accepted_once",
    "03": "03_filled_quantity_is_the_sum_of_fills",
    "04": "04_filled_notional_is_the_sum_of_fills",
    "05": "05_fill_keys_are_unique_and_owned",
    "06": "06_changes_follow_the_graph",
    "07": "07_state_is_the_fold_of_events",
    "09": "09_balances_add_up",
    "10": "10_positions_add_up",
    "12": "12_chain_and_parents_hold",
    "13": "13_each_change_has_one_entry",
    "14": "14_orders_trace_to_a_decision",
    "15": "15_fills_trace_to_an_origin",
    "16": "16_orders_obey_their_filters",
}


class Violation(Struct, frozen=True, kw_only=True):
    """A broken invariant: which, of what, and in one sentence."""

    invariant: str
    subject: str
    sentence: str


class AuditReport(Struct, frozen=True, kw_only=True):
    """How often each invariant was checked, and every place where one is broken."""

    checked: dict[str, int]
    violations: tuple[Violation, ...]

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        content: dict[str, Any] = to_builtins(self)
        return content


class Findings:
    """Counts checks and collects violations."""

    def __init__(self) -> None:
        self._checked: Counter[str] = Counter()
        self._violations: list[Violation] = []

    def check(self, invariant: str, subject: str, sentence: str | None) -> None:
        """One check of an invariant, by its number; a sentence says how it is broken."""
        name = INVARIANTS[invariant]
        self._checked[name] += 1
        if sentence is not None:
            self._violations.append(Violation(invariant=name, subject=subject, sentence=sentence))

    def report(self) -> AuditReport:
        """Everything that was found."""
        checked = {name: self._checked[name] for name in INVARIANTS.values()}
        return AuditReport(checked=checked, violations=tuple(self._violations))
