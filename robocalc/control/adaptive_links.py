"""Adaptation of links: what `Adaptive(links=...)` makes, and what it found.

links_law     the law
links_found   the links of a run: name of the link that a joint carries -> (mass, centre, inertia)
"""

from functools import partial

import numpy as np

from robocalc.control.computed_torque import ComputedTorque, error_gains
from robocalc.control.gains import per_joint
from robocalc.control.law import Law
from robocalc.control.prediction import prediction
from robocalc.dynamics.regressor import parameters, pseudo_inertia
from robocalc.errors import InvalidInput, UnknownName

TOLD = 0.05  # of a link's mass: less than this is no news


def links_law(design, robot, dt, substeps, latency) -> Law:
    """The law of an Adaptive design with `links`.

    raises   UnknownName: links; InvalidInput: one that no joint carries
    """
    from robocalc.control import kernels_links as k

    n, predict, bodies = robot.n, prediction(latency, dt, substeps), chosen(robot, design.links)
    commands = predict.shape[1] - 2
    gains = np.zeros((k.LINKS + n, max(k.WIDTH, n, predict.shape[1])))
    gains[:2, :n] = error_gains(ComputedTorque(design.wn, 1.0)._poles(robot), dt, substeps)
    gains[k.PREDICT : k.SURFACE, : predict.shape[1]] = predict
    gains[k.SURFACE, :n] = per_joint("wn", design.wn, robot)
    gains[k.AT, [k.SHARE, k.COMMANDS]] = design.rate * dt, commands
    for i, pi in enumerate(parameters(robot)):
        values, vectors = np.linalg.eigh(pseudo_inertia(pi))
        gains[k.LINKS + i, 0] = i in bodies
        gains[k.LINKS + i, 1:17] = (vectors * np.sqrt(np.maximum(values, 0.0))).T.ravel()
    memory = np.zeros((k.OF_LINKS + k.BLOCKS * n + commands, max(k.WIDTH, n + 1)))
    return Law(k.adaptive_links, gains, memory, dt, "friction", robot, tell=partial(told, robot, memory.shape))


def chosen(robot, names) -> set:
    """Indices of the bodies that adapt."""
    if names == "all":
        return set(range(robot.n))
    found = set()
    for name in names.split():
        if name not in robot.links:
            raise UnknownName("link", name, (*robot.links, "all", "payload"))
        body = robot.frame(name)[0]
        if body < 0:
            raise InvalidInput(f"links: no joint of {robot.name} moves {name}, so nothing tells what it weighs")
        found.add(body)
    return found


def links_found(law, memory) -> dict:
    """What a run of an `adaptive` law with `links` has come to: {joint: (mass [kg], centre (3,) [m] in the axes of the
    joint's body, inertia (3, 3) about it [kg m²])}; memory of any shape."""
    from robocalc.control import kernels_links as k

    if law.step is not k.adaptive_links:
        raise InvalidInput(f"only an adaptive law with `links` adapts links, not {law.step.__name__}")
    rows = _rows(law.robot.n, np.reshape(memory, law.memory.shape))
    return {
        joint: (row[k.MASS], row[k.COM : k.COM + 3].copy(), _tensor(row[k.INERTIA : k.INERTIA + 6]))
        for joint, row in zip(law.robot.joints, rows, strict=True)
    }


def _rows(n, memory):
    from robocalc.control import kernels_links as k

    first = k.OF_LINKS + k.BODIES * n
    return memory[first : first + n]


def _tensor(six):
    xx, xy, xz, yy, yz, zz = six
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def told(robot, shape, memory) -> list:
    """Which links weigh something else by now, and that this need not be true."""
    from robocalc.control import kernels_links as k

    before, after = robot.model().bodies[:, k.MASS], _rows(robot.n, np.reshape(memory, shape))[:, k.MASS]
    change = [(x, joint) for x, m, joint in zip(after - before, before, robot.joints, strict=True) if abs(x) > TOLD * m]
    if not after.any() or not change:
        return []
    parts = ", ".join(f"{x:+.3g} kg behind {joint}" for x, joint in sorted(change, key=lambda c: -abs(c[0]))[:3])
    return [f"adapted: {parts}; that is what tracking needed, and need not be what each link weighs"]
