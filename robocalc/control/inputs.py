"""What moves a robot, as linear designs take it: inputs u (m,), joint drives or thrusters, and the torques they are.

inputs_of     number of inputs m, and B(q) with τ = B(q) u
turning       ∂(B(q) u)/∂q: thrust turns with the body that it pushes
about_rest    the sampled dynamics by u about rest at one configuration, and gains of u as gains of torque
per_input     a weight as (m,)
"""

import numpy as np

from robocalc.control.law import undriven
from robocalc.errors import InvalidInput


def actuation(robot, q) -> np.ndarray:
    """B(q) (n, m) or (N, n, m); raises InvalidInput for a robot that nothing moves."""
    q = np.asarray(q, float)
    if hasattr(robot, "actuation"):
        B = robot.actuation(q)
    else:
        B = np.zeros((*q.shape, 1)) + np.eye(robot.n)[:, ~undriven(robot)]
    if not B.shape[-1]:
        raise InvalidInput(f"robot {robot.name} has no drive: all its torque limits are zero")
    return B


def has_thrusters(robot) -> bool:
    """Whether inputs are more than drives of joints: then B depends on q."""
    return bool(getattr(robot.tree, "thrusters", ()))


def input_limits(robot) -> np.ndarray:
    """(2, m) [N m | N]."""
    if hasattr(robot, "input_limits"):
        return np.asarray(robot.input_limits, float)
    return robot.limits.bounds("torque", robot.n)[:, ~undriven(robot)]


def turning(robot, q, tau, step=1e-3) -> np.ndarray:
    """C = ∂(B(q) u)/∂q (..., n, n) at the inputs u that give tau best; by differences, to about 1e-10, 0 for drives."""
    q, tau = np.asarray(q, float), np.asarray(tau, float)
    if not has_thrusters(robot):
        return np.zeros((*q.shape, robot.n))
    u = np.linalg.pinv(actuation(robot, q)) @ tau[..., None]

    def force(e):
        return (actuation(robot, q + e) @ u)[..., 0]

    columns = []
    for e in step * np.eye(robot.n):
        near, far = force(e) - force(-e), force(2 * e) - force(-2 * e)
        columns.append((8 * near - far) / (12 * step))
    return np.stack(columns, axis=-1)


def about_rest(robot, q, dt, substeps):
    """(A (2n, 2n), B (2n, m), torques): δx₊ = A δx + B δu about rest at q; torques(K (m, 2n)) are the gains (n, 2n)
    of the torque with which the inputs are u = -K δx."""
    from robocalc.control.linear import linearise

    A, B = linearise(robot, q, dt / substeps)
    U, C = actuation(robot, q), turning(robot, q, robot.gravity(q))
    A[:, : robot.n] += B @ C
    B = B @ U
    A_all, B_all = A, B
    for _ in range(substeps - 1):
        A_all, B_all = A @ A_all, A @ B_all + B
    return A_all, B_all, lambda K: as_torques(K, U, C)


def as_torques(K, U, C) -> np.ndarray:
    """Gains of torque (..., n, 2n) for gains K of inputs: τ = -(U K - [C 0]) δx; U = B(q), C = ∂(B u)/∂q."""
    K_tau = U @ K
    K_tau[..., : C.shape[-1]] -= C
    return K_tau


def per_input(name, value, robot) -> np.ndarray:
    """The weight for each input (m,): one number, one a joint (those of joints without a drive do not count), or one an
    input; None: (10 / limit)², so that a tenth of the limit weighs as much as 1, and 0.01 where there is no limit.

    raises    InvalidInput when the number of entries does not fit
    """
    limits = np.abs(input_limits(robot)).max(axis=0)
    m = len(limits)
    if value is None:
        return np.where(np.isfinite(limits), (10.0 / np.where(limits > 0, limits, 1.0)) ** 2, 1e-2)
    if not isinstance(value, tuple) or len(value) == m:
        return np.broadcast_to(np.asarray(value, float), (m,)).copy()
    if has_thrusters(robot):
        raise InvalidInput(f"{name} has {len(value)} values, robot {robot.name} has {m} inputs")
    from robocalc.control.gains import per_joint

    return per_joint(name, value, robot)[~undriven(robot)]


def state_names(robot) -> list:
    """Names of x = (q, v), for messages."""
    return [f"{what} of {joint}" for what in ("position", "velocity") for joint in robot.joints]
