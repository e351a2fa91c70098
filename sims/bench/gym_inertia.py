"""Inertias of the gym's robots that its task files give or draw.

    PROPERTIES   what can be given, in the order in which the gym draws
    given        `inertial_prop` -> {property: value}
    drawn        the same with what a seed adds to it
    changed      the robot of a URDF with such values

The gym draws what is added to a value, not the value: its quadrotors, whose ranges are those of the values, weigh about
twice their 27 g, and that is kept. Source: cartpole.py, quadrotor.py and benchmark_env.py of its envs at e39a569.
"""

import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from robocalc.errors import InvalidInput, UnknownName
from sims.bench.gym_constraints import array

POLE_SIDE = 0.05  # [m] of its collision box, of which PyBullet makes its inertia
PROPERTIES = {4: ("pole_length", "cart_mass", "pole_mass"), 6: ("M", "Iyy"), 12: ("M", "Ixx", "Iyy", "Izz")}
ADDED = {  # what the gym adds by default, and to quadrotors whatever a file says
    "pole_length": {"distrib": "choice", "args": [[1, 5, 10]]},
    "cart_mass": {"distrib": "uniform", "low": 0.5, "high": 1.5},
    "pole_mass": {"distrib": "uniform", "low": 0.05, "high": 0.15},
    "M": {"distrib": "uniform", "low": 0.022, "high": 0.032},
    "Ixx": {"distrib": "uniform", "low": 1.3e-5, "high": 1.5e-5},
    "Iyy": {"distrib": "uniform", "low": 1.3e-5, "high": 1.5e-5},
    "Izz": {"distrib": "uniform", "low": 2.07e-5, "high": 2.27e-5},
}
DISTRIBUTIONS = ("uniform", "normal", "choice", "triangular", "exponential")  # methods of numpy's Generator


def given(task, value) -> dict:
    """{property: value [kg, kg m², m]} of an `inertial_prop`; raises UnknownName, InvalidInput."""
    names = PROPERTIES[len(task.order)]
    if isinstance(value, list | tuple) and task.robot.thrusters:
        if len(value) != len(names):
            raise InvalidInput(f"inertial_prop of {task.name} must be {', '.join(names)}, got {value!r}")
        value = dict(zip(names, value, strict=True))
    if not isinstance(value, dict):
        raise InvalidInput(f"inertial_prop of {task.name} must map {', '.join(names)} to numbers, got {value!r}")
    return {name: _positive(task, name, value[name]) for name in _known("inertial_prop", value, names)}


def drawn(task, info, rng) -> dict:
    """{property: value} of the robot of an episode, drawn by numpy's generator `rng` as the gym draws them."""
    names = PROPERTIES[len(task.order)]
    if info is not None and not isinstance(info, dict):
        raise InvalidInput(f"inertial_prop_randomization_info must map {', '.join(names)}, got {info!r}")
    _known("inertial_prop_randomization_info", info or {}, ADDED)
    rules = ADDED if info is None or task.robot.thrusters else info
    now = {**nominal(task), **dict(task.inertia)}
    return {name: _positive(task, name, now[name] + _draw(name, rules[name], rng)) for name in names if name in rules}


def nominal(task) -> dict:
    """{property: value} of the task's URDF."""
    if task.robot.thrusters:
        mass, (x, y, z) = task.flying
        return {"M": mass, "Ixx": x, "Iyy": y, "Izz": z}
    masses = {link.name: link.inertial for link in task.robot.tree.links if link.inertial}
    return {
        "pole_length": task.half_pole,
        "cart_mass": masses["cart"].mass,
        "pole_mass": masses["pole"].mass,
    }


def changed(path, inertia):
    """Robot of the URDF with {property: value} in place of its own."""
    from robocalc.dynamics import Robot

    root = ET.parse(path).getroot()
    for name, value in inertia.items():
        _put(root, name, value)
    if "pole_length" in inertia or "pole_mass" in inertia:
        _rod(root)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / path.name
        ET.ElementTree(root).write(file)
        return Robot.from_urdf(file)


def _put(root, name, value):
    if name == "pole_length":
        root.find("link[@name='pole']/inertial/origin").set("xyz", f"0 0 {value!r}")
    elif name in ("Ixx", "Iyy", "Izz"):
        root.find("link[@name='body']/inertial/inertia").set(name.lower(), repr(value))
    else:
        link = {"cart_mass": "cart", "pole_mass": "pole", "M": "body"}[name]
        root.find(f"link[@name='{link}']/inertial/mass").set("value", repr(value))


def _rod(root):
    """The pole's inertia: that of its box."""
    inertial = root.find("link[@name='pole']/inertial")
    mass, half = float(inertial.find("mass").get("value")), float(inertial.find("origin").get("xyz").split()[2])
    across = mass / 12.0 * (POLE_SIDE**2 + (2.0 * half) ** 2)
    inertia = inertial.find("inertia")
    inertia.set("ixx", repr(across))
    inertia.set("iyy", repr(across))
    inertia.set("izz", repr(mass / 6.0 * POLE_SIDE**2))


def _known(where, names, known):
    for name in names:
        if name not in known:
            raise UnknownName(f"entry of {where}", str(name), known)
    return names


def _positive(task, name, value):
    x = array(task.name, name, value)
    if x.shape != () or not x > 0:
        raise InvalidInput(f"{name} of {task.name} must be a positive number, got {value!r}")
    return float(x)


def _draw(name, rule, rng):
    rule = dict(rule) if isinstance(rule, dict) else {}
    kind, args = rule.pop("distrib", None), rule.pop("args", [])
    if kind not in DISTRIBUTIONS:
        raise UnknownName(f"distrib of {name}", str(kind), DISTRIBUTIONS)
    try:
        return float(getattr(rng, kind)(*args, **rule))
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name} cannot be drawn from {kind} with {args or rule}: {error}") from None
