"""Files of planning problems for the Panda, in the format of MotionBenchMaker's problems as JSON.

    {"families": {NAME: [{"id", "start": [7], "goal": [7], "fingers": [2], "obstacles": [...]}]}} or {"problems": [...]}
    obstacles: {"name", "type": "box" | "cylinder" | ..., "position": [3], "quat_xyzw": [4], "size" | ...}

Problem         one of them
read_problems   all of a file, gzipped or not, by family
"""

import gzip
import json
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robocalc.dynamics.collision import read_obstacle
from robocalc.errors import InvalidInput, RobocalcError, UnknownName

JOINTS, FINGERS = 7, 2


class Problem(NamedTuple):
    """key: family/id, made unique by its place where ids repeat; fingers [m] as asked; obstacles as in the file."""

    key: str
    family: str
    start: tuple
    goal: tuple
    fingers: tuple
    obstacles: tuple


def read_problems(path, families=(), limit=None) -> list:
    """The problems of the wanted families (all where none is named), at most `limit` of each.

    raises   InvalidInput: no such file, no JSON, or a problem that cannot be posed, by place and reason; UnknownName: a
             family that the file has not
    """
    data = _json(Path(path))
    known = _families(path, data)
    for name in families:
        if name not in known:
            raise UnknownName(f"family in {path}", name, known)
    found, seen = [], set()
    for family in families or known:
        rows = known[family]
        if not isinstance(rows, list):
            raise InvalidInput(f"{path}: family {family!r} must be a list of problems, got {type(rows).__name__}")
        for i, row in enumerate(rows if limit is None else rows[:limit]):
            problem = _problem(f"{path}: {family}[{i}]", family, i, row)
            if problem.key in seen:
                problem = problem._replace(key=f"{problem.key}#{i}")
            seen.add(problem.key)
            found.append(problem)
    if not found:
        raise InvalidInput(f"{path}: no problems in it")
    return found


def _json(path):
    try:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        return json.loads(text)
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror or error}") from None
    except (EOFError, zlib.error) as error:
        raise InvalidInput(f"{path}: broken gzip file ({error})") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InvalidInput(f"{path}: no JSON ({error})") from None


def _families(path, data) -> dict:
    if isinstance(data, dict) and isinstance(data.get("families"), dict):
        return data["families"]
    if isinstance(data, dict) and isinstance(data.get("problems"), list):
        return {"problems": data["problems"]}
    raise InvalidInput(f"{path}: no planning problems: a mapping with `families` or `problems` is wanted")


def _problem(where, family, i, row) -> Problem:
    if not isinstance(row, dict):
        raise InvalidInput(f"{where}: a problem must be a mapping, got {type(row).__name__}")
    name = str(row.get("id", i))
    obstacles = row.get("obstacles", [])
    if not isinstance(obstacles, list):
        raise InvalidInput(f"{where}.obstacles must be a list, got {type(obstacles).__name__}")
    for k, obstacle in enumerate(obstacles):
        try:
            read_obstacle(obstacle)
        except (RobocalcError, TypeError, ValueError) as error:
            raise InvalidInput(f"{where}.obstacles[{k}]: {error}") from None
    start, goal = (_numbers(where, key, row, JOINTS) for key in ("start", "goal"))
    fingers = _numbers(where, "fingers", {"fingers": (0.04, 0.04)} | row, FINGERS)
    key = name if name.startswith(f"{family}/") else f"{family}/{name}"
    return Problem(key, family, start, goal, fingers, tuple(obstacles))


def _numbers(where, key, row, count) -> tuple:
    if key not in row:
        raise InvalidInput(f"{where} has no {key}")
    try:
        x = np.array(row[key], float)
    except (TypeError, ValueError):
        x = np.empty(0)
    if x.shape != (count,) or not np.isfinite(x).all():
        raise InvalidInput(f"{where}.{key} must be {count} finite numbers, got {row[key]!r}")
    return tuple(x.tolist())
