"""How stiff a sampled loop may be: bounds on the inertia that a single joint shows.

inertia_bound    d (n,) with diag(d) ≼ M for given mass matrices
lightest         such a bound over the robot's whole range
tool_inertia     the least mass and rotational inertia that the robot shows at its tool
stopping         lightest / dt: torque that stops a joint within one step, per velocity
damping_limit    the greatest damping that a loop sampled at dt can hold
"""

from functools import lru_cache

import numpy as np

SAMPLES = 64  # configurations that stand for the robot's range
SEED = 0


def inertia_bound(M) -> np.ndarray:
    """Diagonal d (n,) [kg m² | kg] with diag(d) ≼ M for every mass matrix M (n, n) or (N, n, n).

    dᵢ = α / (M⁻¹)ᵢᵢ, the inertia that joint i shows while the others are free, with the greatest α ≤ 1 that makes all
    eigenvalues of D^½ M⁻¹ D^½ at most 1; the smallest over the batch.
    """
    W = np.linalg.inv(np.reshape(M, (-1, *np.shape(M)[-2:])))
    d = 1.0 / np.diagonal(W, axis1=1, axis2=2)  # (N, n)
    root = np.sqrt(d)
    top = np.linalg.eigvalsh(root[:, :, None] * W * root[:, None, :])[:, -1]
    return (d / np.maximum(top, 1.0)[:, None]).min(axis=0)


@lru_cache(maxsize=32)  # a run asks for it several times
def lightest(robot) -> np.ndarray:
    """inertia_bound over the robot's range: its home and seeded random configurations within the position limits.

    Of a Team that of each member, so that a robot behaves in company as it does alone.
    """
    members = () if robot.edits else getattr(robot, "members", ())
    if members:
        return np.concatenate([lightest(member.robot) for member in members])
    bound = inertia_bound(robot.mass_matrix(samples(robot)))
    bound.flags.writeable = False
    return bound


def samples(robot) -> np.ndarray:
    """(SAMPLES, n): the robot's home, then seeded random configurations within its position limits."""
    low, high = np.clip(robot.limits.bounds("position", robot.n), -np.pi, np.pi)
    q = np.random.default_rng(SEED).uniform(low, high, (SAMPLES, robot.n))
    q[0] = robot.home
    return q


def tool_inertia(robot) -> tuple[float, float]:
    """Smallest mass [kg] and smallest rotational inertia [kg m²] that the robot shows at its tool, over its range.

    The greatest μ with μ Jᵀ J ≼ M, J (3, n) the tool's linear or angular Jacobian: 1 / λ_max(M⁻¹ Jᵀ J).
    """
    q = samples(robot)
    J, M = robot.jacobian(q), robot.mass_matrix(q)
    seen = [np.linalg.eigvals(np.linalg.solve(M, x.transpose(0, 2, 1) @ x)).real for x in (J[:, :3], J[:, 3:])]
    return tuple(1.0 / x.max() if x.max() > 0 else np.inf for x in seen)


def stopping(robot, dt) -> np.ndarray:
    """(n,) [N m s/rad]: torque per velocity that stops a joint within one step dt, and never throws it back."""
    return lightest(robot) / dt


def damping_limit(robot, q, dt) -> np.ndarray:
    """Greatest damping kd (n,) [N m s/rad] at configuration q for which v₊ = v - dt M⁻¹ kd v does not grow.

    All eigenvalues of M⁻¹ diag(kd) must stay below 2 / dt; kd ≤ 2 d / dt with diag(d) ≼ M is enough for all joints at
    once. Half of it stops a joint in one step; a quarter is a good upper bound in practice.
    """
    return 2.0 * inertia_bound(robot.mass_matrix(np.asarray(q, float))) / dt
