"""Inverse dynamics is linear in the inertial parameters: τ = Y(q, v, a) π, without friction.

π of a body, about the origin of a frame and in its axes: m, m c (3), inertia about the origin (xx xy xz yy yz zz).

    regressor         Y (n, 10 n) of a robot, body by body
    frame_regressor   Y (n, 10) of what is fixed to a frame: a payload
    parameters        π (n, 10) of a robot's bodies
    log_cholesky      coordinates x (10,) of a π that a body of positive mass can have; `physical` the way back
    physical_slopes   ∂π/∂x

Source: Atkeson, An & Hollerbach (1986); Wensing, Kim & Slotine (2018) for the pseudo-inertia; Rucker & Wensing (2022)
for log-Cholesky coordinates.
"""

import numpy as np

from robocalc.dynamics.check import joint_rows
from robocalc.dynamics.model import COM, INERTIA, MASS
from robocalc.errors import InvalidInput

ROWS, COLUMNS = [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]  # xx xy xz yy yz zz
UPPER = ((0, 1), (0, 2), (1, 2))  # entries of U after its diagonal


def regressor(robot, q, v, a) -> np.ndarray:
    """Y with τ = Y π for π = parameters(robot).ravel().

    q, v, a   (n,) or a batch (N, n)              [rad | m], then per s, s²
    returns   (n, 10 n) or (N, n, 10 n)
    raises    InvalidInput                        a shape does not match n joints, a value is not finite
    """
    identity = np.concatenate([np.eye(3).ravel(), np.zeros(3)])
    return _regress(robot, q, v, a, np.arange(robot.n), np.tile(identity, (robot.n, 1)))


def frame_regressor(robot, q, v, a, frame=None) -> np.ndarray:
    """Y (n, 10) or (N, n, 10): torque of a body fixed to a frame (the tool where None), π in the frame's axes.

    raises   InvalidInput   as `regressor`, and for a frame that no joint moves
    """
    body, offset = robot.frame(frame)
    if body < 0:
        raise InvalidInput(f"{frame or robot.tool} is fixed to the base of {robot.name}: no joint feels a load there")
    return _regress(robot, q, v, a, np.array([body]), np.ascontiguousarray(offset[None]))


def _regress(robot, q, v, a, bodies, offsets):
    from robocalc.dynamics.kernels_regressor import PARAMETERS, many_regress

    (q, v, a), single = joint_rows(robot.joints, q=q, v=v, a=a)
    Y = np.empty((*q.shape, PARAMETERS * len(bodies)))
    many_regress(robot.model(), q, v, a, bodies, offsets, Y)
    return Y[0] if single else Y


def parameters(robot) -> np.ndarray:
    """π (n, 10) of the bodies, fixed links lumped, about each body's origin and in its axes (z is the joint's)."""
    return np.array(
        [pi_of(row[MASS], row[COM : COM + 3], unpacked(row[INERTIA : INERTIA + 6])) for row in robot.model().bodies]
    )


def pi_of(mass, com, inertia) -> np.ndarray:
    """π (10,) of a mass [kg], its centre (3,) [m] and its inertia (3, 3) about that [kg m²]."""
    c = np.asarray(com, float)
    about = inertia + mass * (c @ c * np.eye(3) - np.outer(c, c))
    return np.concatenate([[mass], mass * c, about[ROWS, COLUMNS]])


def body_of(pi):
    """(mass, com (3,), inertia (3, 3) about com) of π with a positive mass: the inverse of `pi_of`."""
    mass, c = pi[0], pi[1:4] / pi[0]
    return float(mass), c, unpacked(pi[4:]) - mass * (c @ c * np.eye(3) - np.outer(c, c))


def unpacked(six) -> np.ndarray:
    """(3, 3) of xx xy xz yy yz zz."""
    xx, xy, xz, yy, yz, zz = six
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def pseudo_inertia(pi) -> np.ndarray:
    """(4, 4) ∫ (r, 1) (r, 1)ᵀ dm: positive definite for what a body can be, and only for that."""
    J = unpacked(pi[4:])
    P = np.empty((4, 4))
    P[:3, :3] = 0.5 * np.trace(J) * np.eye(3) - J
    P[:3, 3] = P[3, :3] = pi[1:4]
    P[3, 3] = pi[0]
    return P


def log_cholesky(pi, least=0.0) -> np.ndarray:
    """x (10,): α, d1, d2, d3, s12, s13, s23, t1, t2, t3 with P = U Uᵀ, U = e^α [[diag e^d + s, t], [0, 1]].

    e^2α is the mass and t the centre of mass. `least` [m] widens a body that has no extent, such as a point mass.
    raises   InvalidInput   no body has these parameters
    """
    P = pseudo_inertia(np.asarray(pi, float))
    if not P[3, 3] > 0:
        raise InvalidInput(f"a body needs a positive mass, got {P[3, 3]:g} kg")
    t = P[:3, 3] / P[3, 3]
    spread = P[:3, :3] / P[3, 3] - np.outer(t, t)
    values, vectors = np.linalg.eigh(spread)
    if least:
        spread = vectors @ np.diag(np.maximum(values, least**2)) @ vectors.T
    elif values[0] <= 0:
        raise InvalidInput(
            f"no body has these parameters: its mean square extent would be {values[0]:.3g} m² somewhere"
        )
    U = np.linalg.cholesky(spread[::-1, ::-1])[::-1, ::-1]
    return np.concatenate([[0.5 * np.log(P[3, 3])], np.log(np.diag(U)), [U[i] for i in UPPER], t])


def physical(x) -> np.ndarray:
    """π (10,) of log-Cholesky coordinates: any ten numbers are a body that can exist."""
    U = _root(x)
    return _pi(U @ U.T)


def physical_slopes(x) -> np.ndarray:
    """∂π/∂x (10, 10)."""
    U = _root(x)
    slopes = np.empty((10, 10))
    for k in range(10):
        D = np.zeros((4, 4))
        if k == 0:
            D = U
        elif k < 4:
            D[k - 1, k - 1] = U[k - 1, k - 1]
        elif k < 7:
            D[UPPER[k - 4]] = np.exp(x[0])
        else:
            D[k - 7, 3] = np.exp(x[0])
        half = D @ U.T
        slopes[:, k] = _pi(half + half.T)
    return slopes


def _root(x):
    U = np.diag([*np.exp(x[1:4]), 1.0])
    for value, at in zip(x[4:7], UPPER, strict=True):
        U[at] = value
    U[:3, 3] = x[7:10]
    return np.exp(x[0]) * U


def _pi(P):
    S = P[:3, :3]
    return np.concatenate([[P[3, 3]], P[:3, 3], (np.trace(S) * np.eye(3) - S)[ROWS, COLUMNS]])
