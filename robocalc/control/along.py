"""A robot's sampled dynamics along a reference, by its inputs, and what they carry an old measurement to.

    Along        A (P + 1, 2n, 2n), B (P + 1, 2n, m) of P control periods and of rest at the end
    along        Along of a reference
    delay        tables that carry a deviation measured a while ago to now

δx₊ = A δx + B δu over one control period, x = (q, v), inputs u (m,) of robocalc.control.inputs. Each physics step h is
that of the twin with viscous friction at the velocity to come:

    M (δv₊ - δv) / h = δτ - G δq - D δv - V δv₊,   δq₊ = δq + h δv₊,   δτ = U δu + C δq,  U = B(q), C = ∂(B u)/∂q
"""

from math import ceil, floor
from typing import NamedTuple

import numpy as np

from robocalc.control.inputs import actuation, as_torques, turning
from robocalc.control.prediction import in_steps
from robocalc.errors import InvalidInput


class Along(NamedTuple):
    """A (P + 1, 2n, 2n), B (P + 1, 2n, m): control periods of a motion, and rest at its end.

    step_a, step_b   (N + 1, 2n, 2n), (N + 1, 2n, n) each physics step by torque alone, the last at rest
    U, C             (P + 1, n, m), (P + 1, n, n) torques by inputs, and their turning with q, where periods begin
    """

    A: np.ndarray
    B: np.ndarray
    step_a: np.ndarray
    step_b: np.ndarray
    U: np.ndarray
    C: np.ndarray

    def torques(self, K) -> np.ndarray:
        """Gains (P + 1, n, 2n) of torque for gains (P + 1, m, 2n) of inputs."""
        return as_torques(K, self.U, self.C)


def along(robot, reference, step, every=1) -> Along:
    """The dynamics about reference (N + 1, 3, n) = q, v, a at physics steps of `step` [s], `every` of them a period.

    raises    InvalidInput: shape, values that are not finite, or a robot without drives
    """
    reference = checked_reference(robot, reference)
    n, P = robot.n, ceil((len(reference) - 1) / every)
    q, v, a = (np.ascontiguousarray(reference[:, i]) for i in range(3))
    v[-1] = a[-1] = 0.0  # what it is held at afterwards
    tau = robot.inverse_dynamics(q, v, a)
    step_a, step_b = steps(robot, q, v, tau, step)
    U, C = actuation(robot, q), turning(robot, q, tau)
    A, B = step_a.copy(), step_b @ U
    A[..., :n] += step_b @ C
    first = np.minimum(np.arange(P + 1) * every, len(q) - 1)
    first[P] = len(q) - 1
    A_all, B_all = A[first], B[first]
    for s in range(1, every):
        k = np.minimum(first + s, len(q) - 1)
        A_all, B_all = A[k] @ A_all, A[k] @ B_all + B[k]
    return Along(A_all, B_all, step_a, step_b, U[first], C[first])


def steps(robot, q, v, tau, h):
    """(A (N, 2n, 2n), B (N, 2n, n)) of single physics steps of h [s] by torque, viscous friction included."""
    n, V = robot.n, robot.friction[0]
    A, B = robot.step_derivatives(q, v, tau, h)
    if V.any():
        slowed = np.linalg.inv(np.eye(n) + B[:, n:] * V)  # (1 + h M⁻¹ V)⁻¹
        A[:, n:], B[:, n:] = slowed @ A[:, n:], slowed @ B[:, n:]
        A[:, :n], B[:, :n] = h * A[:, n:], h * B[:, n:]
        A[:, range(n), range(n)] += 1.0
    return A, B


def checked_reference(robot, reference) -> np.ndarray:
    """(N + 1, 3, n), a copy."""
    if reference is None:
        raise InvalidInput("this law is made for one motion: give it the reference (N + 1, 3, n) at the physics step")
    x = np.array(reference, dtype=float)
    if x.ndim != 3 or len(x) < 2 or x.shape[1:] != (3, robot.n):
        raise InvalidInput(f"a reference must have shape (N + 1, 3, {robot.n}) with N from 1, got {x.shape}")
    if not np.isfinite(x).all():
        raise InvalidInput(f"the reference is not finite at step {int(np.argwhere(~np.isfinite(x))[0, 0])}")
    return x


def delay(model: Along, latency, dt, every):
    """(Φ (P + 1, 2n, 2n), Γ (P + 1, J, 2n, n)): a deviation δx measured `latency` [s] ago and the deviations δτ of the
    last J periods' torques, newest first, are now δx̂ = Φ δx + Σⱼ Γⱼ δτⱼ. dt [s]: control period of `every` steps.

    Between steps a sensor interpolates; undone exactly, δx_meas = ((1 - f) A + f) δx + (1 - f) B δτ.
    Before the start, and once at rest, the dynamics are those of the first step, and of the last.
    """
    A, B, P = model.step_a, model.step_b, len(model.A) - 1
    n, age, last = A.shape[1] // 2, in_steps(latency, dt / every), len(A) - 1
    whole, part = floor(age), age - floor(age)
    oldest = whole + (part > 0)
    now = np.arange(P + 1) * every
    at = lambda ago: np.where(now - ago >= last, last, np.maximum(now - ago, 0))  # noqa: E731
    Phi = np.tile(np.eye(2 * n), (P + 1, 1, 1))
    Gamma = np.zeros((P + 1, ceil(oldest / every), 2 * n, n))
    if part:
        k, j = at(oldest), ceil(oldest / every) - 1
        back = np.linalg.inv((1 - part) * A[k] + part * np.eye(2 * n))
        Phi, Gamma[:, j] = A[k] @ back, B[k] - A[k] @ back @ ((1 - part) * B[k])
    for ago in range(whole, 0, -1):
        k = at(ago)
        Phi, Gamma = A[k] @ Phi, A[k][:, None] @ Gamma
        Gamma[:, ceil(ago / every) - 1] += B[k]
    return Phi, Gamma
