"""From a raw table to a model; the first mistake becomes one sentence at its place.

Values are validated as strict JSON, which is what TOML means: nothing is guessed from text (``"true"`` is no boolean, ``"14"`` no
number), but an exact number may be written in quotes and a list may become a tuple.
"""

import json
import re
from collections.abc import Collection, Mapping
from types import UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from s1mpletrader.configuration.document import Document, KeyPath
from s1mpletrader.configuration.nearest import nearest
from s1mpletrader.domain.errors import ConfigurationError

M = TypeVar("M", bound=BaseModel)

_SENTENCES: Final = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number without quotes",
    "bool_type": "must be true or false, without quotes",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "dataclass_type": "must be a table",
    "finite_number": "must be a finite number",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} item(s)",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} character(s)",
    "string_pattern_mismatch": "must match {pattern}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
    "assertion_error": "{error}",
}
_SECRET: Final = re.compile(r"secret|password|passphrase|token|api_?key|private|url", re.IGNORECASE)
_SHOWN_MAX: Final = 60


def validated(model: type[M], raw: Mapping[str, Any], document: Document, path: KeyPath, other_keys: Collection[str] = ()) -> M:
    """The model of a raw table at a path. ``other_keys`` may stand in the same table, and are offered as the nearest."""
    try:
        return model.model_validate_json(json.dumps(raw, default=_text), strict=True)
    except ValidationError as fault:
        raise explained(fault, model, document, path, raw, other_keys) from None


def explained(
    fault: ValidationError,
    model: type[BaseModel],
    document: Document,
    path: KeyPath,
    raw: Mapping[str, Any],
    other_keys: Collection[str] = (),
) -> ConfigurationError:
    """A model's first complaint as a mistake in the table. A misspelt key comes before what is missing because of it."""
    error = min(fault.errors(include_url=False), key=lambda error: error["type"] != "extra_forbidden")
    at = _in_table(error["loc"], raw)
    kind = error["type"]
    if kind == "extra_forbidden":
        at = tuple(error["loc"])
        return document.error((*path, *at), "unknown key", nearest(str(at[-1]), _siblings(model, at, other_keys)))
    if kind == "missing":
        return document.error((*path, *at, error["loc"][-1]), "this key is required")
    problem = _sentence(error)
    if not at:
        return document.error(path, problem)
    if isinstance(error["input"], str) and repr(error["input"]) in problem:
        return document.error((*path, *at), problem)
    expected = re.findall(r"'([^']*)'", error.get("ctx", {}).get("expected", ""))
    hint = nearest(str(error["input"]), expected) if expected else None
    return document.error((*path, *at), f"{problem}, found {shown(at, error['input'])}", hint)


def shown(path: KeyPath, value: object) -> str:
    """A value as an error shows it: as written in TOML, cut where it is long, and withheld where it may be a secret."""
    if any(isinstance(part, str) and _SECRET.search(part) for part in path):
        return "a value that is not shown here"
    text = json.dumps(value, default=_text, ensure_ascii=False)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def _sentence(error: ErrorDetails) -> str:
    template = _SENTENCES.get(error["type"])
    if template is None:
        return error["msg"][:1].lower() + error["msg"][1:]
    return template.format(**error.get("ctx", {}))


def _in_table(loc: tuple[int | str, ...], raw: Any) -> KeyPath:
    """The part of a complaint's location that the user wrote; the rest are the model's own marks, such as a union's branch."""
    path: KeyPath = ()
    for part in loc:
        held = raw.keys() if isinstance(raw, Mapping) else range(len(raw)) if isinstance(raw, list) else ()
        if part not in held:
            break
        raw = raw[part]
        path = (*path, part)
    return path


def _siblings(model: type[BaseModel], at: KeyPath, other_keys: Collection[str]) -> Collection[str]:
    """The keys that are valid beside an unknown one, in the table itself or in one within it."""
    if len(at) == 1:
        return {*field_names(model), *other_keys}
    within: Any = model
    for part in at[:-1]:
        if _is_model(within):
            field = within.model_fields.get(part)
            within = field.annotation if field is not None else None
        else:
            within = get_args(within)[-1] if get_args(within) else None
        within = next(filter(_is_model, get_args(within)), within) if get_origin(within) in (Union, UnionType) else within
    return field_names(within) if _is_model(within) else ()


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, BaseModel)


def field_names(model: type[BaseModel]) -> frozenset[str]:
    """The keys of a model as a TOML file writes them."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def _text(value: Any) -> str:
    return str(value.isoformat())
