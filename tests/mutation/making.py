"""The mutants of a module, as code objects that a process can put in the place of a function's own."""

import ast
import difflib
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

from mutmut.mutation.file_mutation import mutate_file_contents


class Mutant(NamedTuple):
    """One small change of one function."""

    name: str
    """Module, mangled function and number, as mutmut names it."""
    module: str
    function: str
    """The function's qualified name within its module."""
    line: int
    lines: frozenset[int]
    """The lines of the module whose execution may meet the change."""
    change: str
    """The lines that go (-) and those that come (+)."""
    code: CodeType
    defaults: str
    """The signature's defaults, as text, where the change is in one; otherwise empty."""


def mutants_of(path: Path, module: str) -> list[Mutant]:
    """Every mutant of the module at ``path``, in the order of the file."""
    source = path.read_text()
    mutated = mutate_file_contents(str(path), source)
    combined = mutated.code.splitlines()
    codes = dict(_codes(compile(mutated.code, str(path), "exec")))
    places = dict(_functions(ast.parse(source)))
    statements = _statements(ast.parse(source))
    spans = mutated.line_span_by_function_name
    texts = {name: combined[span.start - 1 : span.end] for name, span in spans.items()}
    found = []
    for name in mutated.mutant_names:
        stem = name.rpartition("_")[0]
        function = _qualified(stem)
        before, after = texts[f"{stem}_orig"], texts[name]
        first = places[function].lineno - next(i for i, line in enumerate(before) if f"{stem}_orig" in line)
        before = [line.replace(f"{stem}_orig", function.rpartition(".")[2]) for line in before]
        after = [line.replace(name, function.rpartition(".")[2]) for line in after]
        touched = _touched(before, after, first)
        found.append(
            Mutant(
                f"{module}.{name}",
                module,
                function,
                min(touched),
                _reached(touched, statements),
                "\n".join(line for line in difflib.ndiff(before, after) if line[:1] in "+-"),
                codes[name],
                _defaults(before, after),
            )
        )
    return found


def put(mutant: Mutant) -> None:
    """Let the function run the mutant's code from now on, wherever it is already bound."""
    module = importlib.import_module(mutant.module)
    function = _found(module, mutant.function)
    own = function.__code__
    function.__code__ = mutant.code.replace(co_name=own.co_name, co_qualname=own.co_qualname)
    if mutant.defaults:
        positional, named = eval(mutant.defaults, vars(module))
        function.__defaults__, function.__kwdefaults__ = positional or None, named or None


def _found(module: ModuleType, qualified: str) -> FunctionType:
    owner, _, name = qualified.rpartition(".")
    found = vars(getattr(module, owner) if owner else module)[name]
    found = getattr(found, "__func__", found)
    assert isinstance(found, FunctionType), qualified
    return found


def _qualified(stem: str) -> str:
    mangled = stem.removesuffix("__mutmut")
    return mangled.removeprefix("xǁ").replace("ǁ", ".") if mangled.startswith("xǁ") else mangled.removeprefix("x_")


def _codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant.co_name, constant
            yield from _codes(constant)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{member.name}", member


def _statements(tree: ast.Module) -> Mapping[int, frozenset[int]]:
    """By line, the lines of the innermost statement that it belongs to; of a compound one those of its head.

    A function's head runs before any test does: what is changed in it is met by whoever runs anything of the function.
    """
    by_line: dict[int, frozenset[int]] = {}
    for node in ast.walk(tree):  # outer ones first, so that inner ones win
        if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            start = node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno
            body, end = getattr(node, "body", None), getattr(node, "end_lineno", start)
            head = range(start, (max(start, body[0].lineno - 1) if body else end) + 1)
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            by_line.update(dict.fromkeys(head, frozenset(range(start, end + 1) if is_function else head)))
    return by_line


def _touched(before: list[str], after: list[str], first: int) -> list[int]:
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [first + line for tag, start, stop, _, _ in blocks if tag != "equal" for line in (range(start, stop) or [start])]


def _reached(touched: list[int], statements: Mapping[int, frozenset[int]]) -> frozenset[int]:
    return frozenset().union(*(statements.get(line, frozenset([line])) for line in touched))


def _defaults(before: list[str], after: list[str]) -> str:
    was, is_now = _signature(before), _signature(after)
    return "" if was == is_now else is_now


def _signature(lines: list[str]) -> str:
    start = next(i for i, line in enumerate(lines) if line.strip())
    indent = len(lines[start]) - len(lines[start].lstrip())
    text = "\n".join(line[indent:] if line[:indent].isspace() else line for line in lines)
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    positional = "".join(f"{ast.unparse(default)}, " for default in node.args.defaults)
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    named = ", ".join(f"{argument.arg!r}: {ast.unparse(default)}" for argument, default in pairs if default is not None)
    return f"(({positional}), {{{named}}})"
