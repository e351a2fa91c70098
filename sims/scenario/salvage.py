"""A scenario from data of which some parts are wrong, so that the rest is checked in the same go.

salvage     wrong parts left out, or replaced by harmless ones; None when too much is wrong
"""

import copy
from typing import Any

from pydantic import ValidationError

from sims.scenario import say
from sims.scenario.schema import FORMAT, Scenario
from sims.scenario.schema_planner import MinJerk

_WAIT = {"do": "wait", "duration": 1.0}
_SPARE = {
    "format": FORMAT,
    "name": "unnamed",
    "task": [_WAIT],
    "planner": MinJerk(type="min_jerk").model_dump(),
    "controller": {"type": "pd", "kp": 1.0, "kd": 1.0},
}
_ROUNDS = 6  # leaving out a part can show the next


def salvage(data: dict, wrong: list[tuple]) -> Scenario | None:
    """`data` without the parts at the paths `wrong`, as a Scenario; for checks only."""
    if any(path[0] == "partners" and path[2:3] in ((), ("robot",), ("name",)) for path in wrong):
        return None  # without a robot, much else would be wrong
    data = copy.deepcopy(data)
    for _ in range(_ROUNDS):
        for path in wrong:
            _mend(data, path)
        try:
            return Scenario.model_validate(data)
        except ValidationError as error:
            wrong = [path[:-1] or path for path, _ in say.problems(error, Scenario)]
    return None


def _mend(data: dict, path: tuple):
    """Leave out what is at `path`; a step or thing of the world is replaced, to keep the count."""
    key = path[0]
    if len(path) == 1:
        data.pop(key, None)
        if key in _SPARE:
            data[key] = copy.deepcopy(_SPARE[key])
        return
    if key == "partners" and len(path) > 2 and isinstance(partner := _item(data.get(key), path[1]), dict):
        _mend(partner, path[2:])
        return
    if key in ("controller", "planner"):
        data[key] = copy.deepcopy(_SPARE[key])
        return
    if key in ("world", "task", "disturbances") and isinstance(data.get(key), list):
        items = data[key]
        if path[1] < len(items):
            items[path[1]] = _stand_in(key, items[path[1]], path[1])
        return
    parent = data
    for step in path[:-1]:
        parent = parent.get(step) if isinstance(parent, dict) else None
    if isinstance(parent, dict) and path[-1] in parent:
        parent.pop(path[-1])
    else:  # a missing key or an item of a list: its owner goes
        _mend(data, path[:-1])


def _item(items, index):
    return items[index] if isinstance(items, list) and isinstance(index, int) and index < len(items) else None


def _stand_in(key: str, item: Any, index: int) -> dict:
    name = item.get("name") if isinstance(item, dict) else None
    name = {"name": name} if isinstance(name, str) and name else {}
    if key == "task":
        return {**_WAIT, **name}
    if key == "world":
        return {"name": f"thing {index}", "shape": "sphere", "radius": 0.01, "mass": 1.0, **name}
    return {"type": "payload_error", "mass": 0.0}
