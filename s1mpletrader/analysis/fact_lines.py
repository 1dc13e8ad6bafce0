"""The facts of a decision for the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

GAP: Final = 2


class _Fact(NamedTuple):
    name: str
    value: str

    @property
    def width(self) -> int:
        return max(len(self.name), len(self.value))


class FactLines:
    """Facts side by side, name over value; on as many pairs of lines as the width asks for, and never cut."""

    def __init__(self, facts: Mapping[str, float]) -> None:
        self._facts = [_Fact(name.rsplit(" ", 1)[-1], _shown(value)) for name, value in facts.items()]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A pair of lines for as many facts as fit, then the next."""
        for row in _rows(self._facts, options.max_width):
            yield Text((" " * GAP).join(fact.name.rjust(fact.width) for fact in row), style="dim")
            yield Text((" " * GAP).join(fact.value.rjust(fact.width) for fact in row))


def _shown(value: float) -> str:
    return f"{value:,.6g}" if abs(value) < 1 else f"{value:,.2f}"


def _rows(facts: Sequence[_Fact], width: int) -> Iterator[Sequence[_Fact]]:
    row: list[_Fact] = []
    for fact in facts:
        if row and sum(each.width + GAP for each in row) + fact.width > width:
            yield row
            row = []
        row.append(fact)
    if row:
        yield row
