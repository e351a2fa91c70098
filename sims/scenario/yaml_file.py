"""YAML text to plain data, with the line and column of every key and item, and all its traps named at once.

PyYAML reads YAML 1.1. Here plain scalars are read as YAML 1.2 does, because a robot file should not depend on it:
`1e-3` is a number, `on`, `yes` and dates are text, `12:30` is text and so no number; `010` (8 or 10?) is refused.

    parse       text -> Source
    Source      data, marks {path: (line, column)}, problems [(path, message, mark)]
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

MOST_NODES = 100_000  # aliases can make a small file huge
DEEPEST = 60

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_QUOTED = ("'", '"', "|", ">")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_WORDS |= {word.upper(): value for word, value in _WORDS.items()} | {w.title(): v for w, v in _WORDS.items()}
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)")
_KINDS = ("null", "bool", "int", "float", "str", "map", "seq", "timestamp", "merge", "value")
_PLAIN_TAGS = tuple(f"tag:yaml.org,2002:{kind}" for kind in _KINDS)


@dataclass
class Source:
    """What a text says, and where."""

    data: Any = None
    marks: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    nodes: int = 0


class Unreadable(Exception):
    """The text is no YAML: message and (line, column)."""


def parse(text: str) -> Source:
    """Read one YAML document; problems (duplicate keys, traps) are collected, broken syntax raises Unreadable."""
    _refuse_deep(text)
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise Unreadable(*_syntax(error, text)) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        mark = (before.count("\n") + 1, error.position - before.rfind("\n"))
        raise Unreadable(f"character {text[error.position]!r} is not allowed in YAML", mark) from None
    except RecursionError:
        raise Unreadable("nested too deeply", (1, 1)) from None
    source = Source()
    source.data = None if node is None else _value(node, (), source, ())
    return source


def scalar(text: str) -> Any:
    """The value of `--set key=TEXT`: YAML where it is, else the text itself."""
    try:
        source = parse(text)
    except Unreadable:
        return text
    return text if source.problems else source.data


def _refuse_deep(text: str):
    """libyaml recurses in C: thousands of brackets would end the process, not raise."""
    depth = 0
    for match in re.finditer(r"[\[\]{}]|\n", text):
        if match[0] in "[{":
            depth += 1
            if depth > 1000:
                line = text.count("\n", 0, match.start()) + 1
                raise Unreadable("nested too deeply", (line, match.start() - text.rfind("\n", 0, match.start())))
        elif match[0] in "]}":
            depth = max(0, depth - 1)
    indent = max((len(m[0]) for m in re.finditer(r"^(?:[ ]*(?:-[ ]+)+)", text, re.M)), default=0)
    if indent > 2000:
        raise Unreadable("nested too deeply", (1, 1))


def _syntax(error: yaml.MarkedYAMLError, text: str):
    mark = error.problem_mark or error.context_mark
    line, column = mark.line, mark.column
    lines = text.splitlines()
    here = lines[line][column : column + 1] if line < len(lines) else ""
    if here == "\t" or (line < len(lines) and lines[line][:column].strip() == "" and "\t" in lines[line][: column + 1]):
        return "a tab cannot indent YAML; use spaces", (line + 1, column + 1)
    what = (error.problem or error.context or "broken syntax").replace("\n", " ")
    if error.context and error.problem and error.context_mark:
        what += f" ({error.context} that began at line {error.context_mark.line + 1})"
    return f"not valid YAML: {what}", (line + 1, column + 1)


def _mark(node):
    return node.start_mark.line + 1, node.start_mark.column + 1


def _value(node, path, source, inside):
    source.nodes += 1
    if node in inside:
        source.problems.append((path, "an alias that contains itself", _mark(node)))
        return None
    if len(path) > DEEPEST or source.nodes > MOST_NODES:
        raise Unreadable("nested too deeply" if len(path) > DEEPEST else "too many values", _mark(node))
    source.marks.setdefault(path, _mark(node))
    if not node.tag.startswith(_PLAIN_TAGS):
        source.problems.append(
            (path, f"tag {node.tag.removeprefix('tag:yaml.org,2002:')!r} has no meaning here", _mark(node))
        )
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, source, (*inside, node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, i), source, (*inside, node)) for i, item in enumerate(node.value)]
    return _scalar(node, path, source)


def _mapping(node, path, source, inside):
    data, first, merged = {}, {}, []
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            source.problems.append((path, "a key must be plain text", _mark(key_node)))
            continue
        key = key_node.value
        if key == "<<" and key_node.style not in _QUOTED:
            merged.append(value_node)
            continue
        if key in first:
            message = f"key {key!r} given twice (first at line {first[key]})"
            source.problems.append((path, message, _mark(key_node)))
            continue
        first[key] = key_node.start_mark.line + 1
        source.marks.setdefault((*path, key), _mark(key_node))
        data[key] = _value(value_node, (*path, key), source, inside)
    for value_node in merged:
        for other in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
            given = _value(other, path, source, inside)
            if isinstance(given, dict):
                data = {**given, **data}
            else:
                source.problems.append((path, "<< merges mappings only", _mark(other)))
    return data


def _scalar(node, path, source):
    text = node.value
    if node.style in _QUOTED:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text) if len(text) < 400 else float(text)
    if _OCTAL.fullmatch(text):
        plain = text.replace("_", "").lstrip("-+0") or "0"
        message = f"{text} is 8-based to some YAML readers and 10-based to others; write {plain}, or quote it as text"
        source.problems.append((path, message, _mark(node)))
        return None
    if _FLOAT.fullmatch(text):
        return float(text)
    if match := _SPECIAL.fullmatch(text):
        return float(match[1] + match[2].lower())
    return text
