"""What stands in a class's own source: the fields of a value, the members of an enumeration, and what is said of each."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

OF_CLASSES: Final = frozenset({"model_config", "contract_port", "drafts"})
"""What is a class's own business and no field."""


class WrittenField(NamedTuple):
    """A field, or an enumeration's member, as it is written."""

    name: str
    type: str
    """Empty for an enumeration's member."""
    default: str
    """Empty where there is none."""
    text: str
    """The docstring below it."""


def written_fields(value: type) -> Iterator[WrittenField]:
    """The public fields that a class declares itself, in the order of the file."""
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    body = found.body if isinstance(found, ast.ClassDef) else []
    for statement, following in pairwise([*body, None]):
        name, annotation = _name_and_type(statement)
        if name and not name.startswith("_") and name not in OF_CLASSES:
            default = getattr(statement, "value", None)
            yield WrittenField(name, annotation, ast.unparse(default) if default is not None else "", _docstring(following))


def _name_and_type(statement: ast.stmt | None) -> tuple[str, str]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        annotation = ast.unparse(statement.annotation)
        return statement.target.id, annotation[9:-1] if annotation.startswith("ClassVar[") else annotation
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id, ""
    return "", ""


def _docstring(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return " ".join(str(statement.value.value).split())
    return ""
