"""pydantic's errors as one sentence each, with the key's path as a user writes it.

problems(error, data, model)   [(path, message)]
"""

import re
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

from sims.scenario.units import show

TARGET_KEYS = ("joints", "pose", "offset", "named")


def problems(error: ValidationError, model: type[BaseModel]) -> list[tuple[tuple, str]]:
    """Every error as (path of keys and indices, message)."""
    return [
        ((*path, *_key_at_fault(e, kind)), message(e, kind))
        for e in error.errors()
        for path, kind in [place(e["loc"], model)]
        if not _counts_only_right_items(e)
    ]


def place(loc: tuple, model: type) -> tuple[tuple, Any]:
    """(path, type of the value there): pydantic's loc also names the branches of unions, which no user wrote.

    For an unknown key the type is that of the mapping it stands in.
    """
    path, kind = [], model
    for step in loc:
        branches = _branches(kind)
        if step in branches:
            kind = branches[step]
            continue
        kind = _plain(kind)
        path.append(step)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if step not in kind.model_fields:
                break
            field = kind.model_fields[step]
            kind = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        elif get_origin(kind) is tuple:
            kind = get_args(kind)[0]
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
    return tuple(path), kind


def _plain(kind: Any) -> Any:
    """Without Annotated and `| None`."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind):
            rest = [k for k in get_args(kind) if k is not NoneType]
            kind = rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007
            if len(rest) > 1:
                return kind
        else:
            return kind


def _branches(kind: Any) -> dict:
    """{tag: member} of a tagged union, else {}."""
    kind = _plain(kind)
    if get_origin(kind) not in (Union, UnionType):
        return {}
    return {m.tag: k for k in get_args(kind) for m in getattr(k, "__metadata__", ()) if isinstance(m, Tag)}


def did_you_mean(name: Any, known) -> str:
    """'; did you mean 'x'?' or, when nothing is near, '; known: ...'."""
    known = [str(k) for k in known]
    near = get_close_matches(str(name), known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}"


def message(error: dict, kind: Any) -> str:
    """One error in our words."""
    given, context = error["input"], error.get("ctx", {})
    name, got = error["type"], show(given)
    if name == "extra_forbidden":
        return _unknown_key(error["loc"][-1], _plain(kind).model_fields)
    if name == "missing":
        return "missing"
    if name in ("union_tag_invalid", "union_tag_not_found"):
        return _tag_message(given, kind)
    if name == "literal_error":
        return _literal_message(given, context, kind)
    if name in _BOUNDS:
        words, key = _BOUNDS[name]
        return f"must be {words} {context[key]:g}, got {given:g}"
    if name in ("too_short", "too_long"):
        return _length_message(context, kind)
    if name in _WANTED:
        return f"expected {_WANTED[name]}, got {got}"
    if name == "bool_type":
        word = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
        hint = f"; write {word[given.lower()]}" if isinstance(given, str) and given.lower() in word else ""
        return f"expected true or false, got {got}{hint}"
    if name == "string_too_short":
        return "must not be empty"
    if name == "string_too_long":
        return f"at most {context['max_length']} characters, got {len(given)}"
    text = error["msg"]
    return text.removeprefix("Value error, ")


def _unknown_key(key: str, known) -> str:
    other = next((k for k in TARGET_KEYS if k in known), None)
    if other and key in TARGET_KEYS:
        return f"excludes {other!r}: give one of them"
    return f"unknown key{did_you_mean(key, known)}"


def _literal_message(given: Any, context: dict, kind: Any) -> str:
    known = [v for v in get_args(_plain(kind)) if isinstance(v, str)] or [context["expected"].strip("'")]
    if isinstance(given, str):
        return f"unknown value {show(given)}{did_you_mean(given, known)}"
    return f"expected one of {', '.join(known)}, got {show(given)}"


def _tag_message(given: Any, kind: Any) -> str:
    branches = _branches(kind)
    got = f"a mapping with {', '.join(map(str, given))}" if isinstance(given, dict) and given else show(given)
    if set(branches) == set(TARGET_KEYS):
        return f"expected joints, pose or offset, or a name such as home; got {got}"
    if not isinstance(given, dict):
        return f"expected a mapping, got {got}"
    key = _key_of(branches)
    if key not in given:
        return f"{key} is missing: one of {', '.join(branches)}"
    what = {"do": "step", "shape": "shape"}.get(key, "type")
    return f"unknown {what} {show(given[key])}{did_you_mean(given[key], branches)}"


def _counts_only_right_items(error: dict) -> bool:
    """Whether a list is short only because pydantic left out items that are wrong, which it tells of as well."""
    return error["type"] == "too_short" and len(error["input"]) > error["ctx"]["actual_length"]


def _key_at_fault(error: dict, kind: Any) -> tuple:
    """Where pydantic points at a mapping: its tag, or the gain that a design's message begins with."""
    given = error["input"]
    if error["type"].startswith("union_tag"):
        key = _key_of(_branches(kind))
        return (key,) if isinstance(given, dict) and key in given else ()
    if error["type"] == "value_error":
        key = re.match(r"Value error, (\w*)", error["msg"])[1]
        return (key,) if key in getattr(_plain(kind), "model_fields", ()) else ()
    return ()


def _key_of(branches: dict) -> str:
    return next((key for key in ("do", "shape", "type") if branches and _has_field(branches, key)), "type")


def _has_field(branches: dict, key: str) -> bool:
    return all(key in getattr(_plain(kind), "model_fields", ()) for kind in branches.values())


def _length_message(context: dict, kind: Any) -> str:
    sizes = {"min_length": context.get("min_length"), "max_length": context.get("max_length")}
    if get_origin(kind) in (Union, UnionType):  # a list, or left out
        kind = next(k for k in get_args(kind) if k is not NoneType)
    for about in getattr(kind, "__metadata__", ()):
        for rule in (about, *getattr(about, "metadata", ())):
            sizes |= {key: getattr(rule, key) for key in sizes if getattr(rule, key, None) is not None}
    least, most = sizes.values()
    wanted = f"{least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
    return (
        f"expected {wanted} item{'' if wanted.endswith(' 1') or wanted == '1' else 's'}, got {context['actual_length']}"
    )


_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
