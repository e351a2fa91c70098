"""What `check` says of a controller without loading compiled code: whether one control period can damp what it asks.

first_look   sentences on the loop of a pd or pid at rest at the start; `check --analysis` knows all laws and delays
"""

import numpy as np

from robocalc.control.stability import inertia_bound
from robocalc.dynamics.plain import mass_matrix

GROWTH = 1e3  # of a deviation in a second: from there on a run is refused (sims.forecast)
SHOWN = 3  # poles


def first_look(scenario, arm) -> tuple:
    """Warnings on a scenario's loop; arm: its robot's sims.scenario.arms.Arm."""
    law = scenario.controller
    if law.type not in ("pd", "pid") or arm.tree.thrusters or getattr(scenario, "partners", ()):
        return ()
    M, period = inertia(scenario, arm), scenario.sim.timestep * scenario.sim.control_every
    kp, kd = (np.broadcast_to(getattr(law, name), arm.n) for name in ("kp", "kd"))
    limit = f"times the largest that a {1e3 * period:g} ms step can damp"
    found = [
        f"kd of joint {i + 1} ({arm.joints[i]}) is {ratio:.2g} {limit}"
        for i, ratio in enumerate(kd * period / (2.0 * inertia_bound(M)))
        if ratio > 1.0
    ]
    edge = GROWTH**period
    wild = [p for p in poles(M, kp, kd, scenario) if np.abs(p) > edge and p.imag >= 0]
    if wild:
        shown = ", ".join(f"{p.real:.4g}" if p.imag == 0 else f"{p:.4g}" for p in wild[:SHOWN])
        forced = "is forced to run" if scenario.sim.force_unstable else "is refused by `run` unless forced (--force)"
        found.append(f"controller: the loop is unstable, poles {shown} outside the unit circle: it {forced}")
    return tuple(found)


def poles(M, kp, kd, scenario) -> np.ndarray:
    """(2n,) of one control period, the greatest first, of M q̈ = -kp q - kd q̇ with the torque held over its steps."""
    n, h = len(M), scenario.sim.timestep
    W, one, none = h * np.linalg.inv(M), np.eye(len(M)), np.zeros((len(M), len(M)))
    A, B = np.block([[one, h * one], [none, one]]), np.vstack([h * W, W])  # semi-implicit: q₊ = q + h v₊
    moves, given = np.eye(2 * n), np.zeros((2 * n, n))
    for _ in range(scenario.sim.control_every):
        moves, given = A @ moves, A @ given + B
    found = np.linalg.eigvals(moves - given @ np.hstack([np.diag(kp), np.diag(kd)]))
    return found[np.argsort(-np.abs(found))]


def inertia(scenario, arm) -> np.ndarray:
    """M (n, n) at the start, with the payload that the controller knows of."""
    spec, tree = scenario.robot, arm.tree
    if spec.payload.mass > 0:
        from robocalc.dynamics import ROBOTS
        from robocalc.dynamics.edit import add_payload

        own = ROBOTS[spec.model].tool if spec.model in ROBOTS else tree.links[-1].name
        tree = add_payload(tree, spec.payload.link or own, spec.payload.mass, spec.payload.com, None)
    return mass_matrix(tree, spec.start or spec.home or arm.home or (0.0,) * arm.n)
