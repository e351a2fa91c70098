"""A cost that brings a robot's frame to a goal: compiled whole, with Gauss-Newton derivatives.

ReachCost   ½ (wx (x - x_ref)² + wu (u - u_ref)² + w r²), r the error of a frame; as running cost
EndCost     the same of states alone, as terminal cost: `ReachCost(...).end`
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from robocalc.dynamics.check import vector
from robocalc.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class ReachCost:
    """½ Σ state (x - x_ref)² + ½ Σ input (u - u_ref)² + ½ Σ weight r², per second as a running cost.

    robot          n joints; x = (q, v)
    goal           None; a position (3,) [m] in world: r = p - goal; or a pose (4, 4): r = log6(goal⁻¹ T), linear part
                   first. A row of them, (N + 1, 3) or (N + 1, 4, 4), is one goal a node
    weight         of r: a number, or one for each of its 3 or 6 entries
    frame          the tool where None
    state, input   weights: numbers, (2n,) and (n,)
    x_ref, u_ref   (2n,), (n,), or a row for each of the N + 1 nodes, or of the N steps; 0 where None
    raises         InvalidInput   shapes, negative weights, what is not finite
    """

    robot: object
    goal: object = None
    weight: object = 1.0
    frame: str | None = None
    state: object = 0.0
    input: object = 0.0
    x_ref: object = None
    u_ref: object = None

    def __post_init__(self):
        self.weights  # noqa: B018 - refuses what cannot be meant

    @property
    def end(self) -> "EndCost":
        """This cost, once, at the end of a motion."""
        return EndCost(self)

    @cached_property
    def weights(self):
        """(kind, offset, goal, w, wx, wu, xref, uref) of `reach_kernels.Weights`."""
        n = self.robot.n
        kind, goals = self._goals
        body, offset = self.robot.frame(self.frame)
        w = np.zeros(6)
        w[: 3 * kind] = _weights("weight", self.weight, max(3 * kind, 1))[: 3 * kind]
        return (
            np.array([kind, body]),
            np.array(offset, float),
            goals,
            w,
            _weights("state", self.state, 2 * n),
            _weights("input", self.input, n),
            _rows("x_ref", self.x_ref, 2 * n),
            _rows("u_ref", self.u_ref, n),
        )

    @cached_property
    def _goals(self):
        if self.goal is None:
            return 0, np.zeros((1, 12))
        goal = np.asarray(self.goal, float)
        if goal.shape[-2:] == (4, 4) and goal.ndim in (2, 3):
            T = goal.reshape(-1, 4, 4)
            R = T[:, :3, :3]
            if np.isfinite(T).all() and np.allclose(R @ R.transpose(0, 2, 1), np.eye(3), atol=1e-6):
                return 2, np.hstack([R.reshape(-1, 9), T[:, :3, 3]])
            raise InvalidInput("goal must be poses: rotation matrices and finite positions")
        if goal.shape[-1:] != (3,) or goal.ndim not in (1, 2):
            raise InvalidInput(f"goal must be a position (3,), a pose (4, 4), or a row of them; got shape {goal.shape}")
        if not np.isfinite(goal).all():
            raise InvalidInput("goal must be finite numbers")
        goal = goal.reshape(-1, 3)
        return 1, np.hstack([np.zeros((len(goal), 9)), goal])

    def __call__(self, t, x, u):
        """The cost of numbers or symbols, for collocation; positions and fixed references only."""
        kind, offset, goals, w, wx, wu, xref, uref = self.weights
        if kind[0] == 2 or max(len(goals), len(xref), len(uref)) > 1:
            raise InvalidInput("a ReachCost of a pose, or with a row for each node, needs method='ddp'")
        total = sum(c * (x[i] - xref[0, i]) ** 2 for i, c in enumerate(wx) if c)
        if u is not None:
            total = total + sum(c * (u[i] - uref[0, i]) ** 2 for i, c in enumerate(wu) if c)
        if kind[0] == 1:
            p = _position(self.robot, x, int(kind[1]), offset)
            total = total + sum(c * (p[i] - goals[0, 9 + i]) ** 2 for i, c in enumerate(w[:3]) if c)
        return 0.5 * total


@dataclass(frozen=True, eq=False)
class EndCost:
    """A ReachCost of the state at the end, without its inputs."""

    cost: ReachCost

    def __call__(self, T, x):
        return self.cost(T, x, None)


def _position(robot, q, body, offset):
    """Position in world of a frame, of numbers or symbols."""
    model, p = robot.model(), list(offset[9:])
    while body >= 0:
        row = model.bodies[body]
        R, at = row[:9].reshape(3, 3), row[9:12]
        if model.tree[body, 1] == 0:
            c, s = np.cos(q[body]), np.sin(q[body])
            p = [c * p[0] - s * p[1], s * p[0] + c * p[1], p[2]]
        else:
            p = [p[0], p[1], p[2] + q[body]]
        p = [sum(R[i, j] * p[j] for j in range(3)) + at[i] for i in range(3)]
        body = model.tree[body, 0]
    return p


def _weights(name, value, n):
    value = np.asarray(value, float)
    if value.ndim > 1 or value.size not in (1, n):
        raise InvalidInput(f"{name} must be a number or {n} numbers, got shape {value.shape}")
    if not np.isfinite(value).all() or (value < 0).any():
        raise InvalidInput(f"{name} must be finite numbers of at least 0, got {value}")
    return np.ascontiguousarray(np.broadcast_to(value, n))


def _rows(name, value, n):
    if value is None:
        return np.zeros((1, n))
    value = np.asarray(value, float)
    if value.ndim == 1:
        return vector(name, value, n)[None].copy()
    if value.ndim != 2 or value.shape[1] != n or not np.isfinite(value).all():
        raise InvalidInput(f"{name} must be ({n},) or rows of {n} finite numbers, got shape {value.shape}")
    return np.ascontiguousarray(value)
