"""The best motion of a task on its own discrete model, and the gains that keep to it.

    plan        differential dynamic programming over held inputs -> Motion
    Motion      states, inputs, gains of every control period; what it costs

The model is that of the physics, step by step (kernels_gym), so that the motion is what the engine does, and the cost
is the task's own. Gains are those of the last backward pass: TVLQR of the task's cost along the motion, none where an
input is at its limit.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput

TOLERANCE = 1e-5  # of the cost, relative: what a further step may promise
MOST = 60  # iterations


@dataclass(frozen=True)
class Motion:
    """X (N + 1, 2n), U (N, m), K (N, m, 2n): u = U_k + K_k (x - X_k); cost of the task, iterations, how it ended."""

    X: np.ndarray
    U: np.ndarray
    K: np.ndarray
    cost: float
    iterations: int
    ended: str


class HeldPasses:
    """What robocalc.optimize.ddp.descent asks of a problem: inputs held over the physics steps of a period."""

    costly, curved = False, False

    def __init__(self, task, cost, fresh=True):
        self.model, self.cost, self.plant = task.robot.model(), cost, task.plant(fresh)

    def gaps(self, X, U, gap):
        """Largest gap of a given motion, all in `gap`."""
        from sims.bench.kernels_gym_cost import gaps_held

        return gaps_held(self.model, self.plant, X, U, gap)

    def roll(self, rows, gap, bounds, alpha, X, U, k, K, d0, Xn, Un):
        """(cost, penalty) of the new motion in Xn, Un."""
        from sims.bench.kernels_gym_cost import roll_held

        found = roll_held(self.model, self.plant, self.cost, bounds, gap, alpha, X, U, k, K, d0, Xn, Un)
        return found, 0.0

    def accept(self):
        """Nothing to keep."""

    def derive(self, rows, X, U, AB, lz, lzz, full, G, J):
        """Jacobians and cost derivatives at every node."""
        from sims.bench.kernels_gym_cost import derive_held

        derive_held(self.model, self.plant, self.cost, X, U, AB, lz, lzz)


def plan(task, x0=None, *, first=0, periods=None, guess=None, end=None, most=MOST, tolerance=TOLERANCE) -> Motion:
    """The motion of least cost from x0 (the task's own start where None).

    first, periods   control periods that count: all of the task unless given
    guess            (X, U) to start from; None: the reference, hovering, with a gap at every period
    end              (2n, 2n) weight of the last state beside the task's own, about its target; None: none
    raises           InvalidInput where no motion of finite cost is found
    """
    from robocalc.optimize.ddp.descent import Descent

    N = task.periods - first if periods is None else periods
    x0 = task.start() if x0 is None else np.asarray(x0, float)
    X, U = _guess(task, first, N) if guess is None else (np.array(x, float) for x in guess)
    X[0] = x0
    passes = HeldPasses(task, cost_of(task, first, N, end), fresh=first == 0)
    descent = Descent(passes, _no_rows(X), X, np.clip(U, *task.limits), task.limits, np.stack([x0, x0]))
    ended = descent.run(tolerance, most)
    if not np.isfinite(descent.cost):
        raise InvalidInput(f"{task.name}: no motion of finite cost was found from {x0.tolist()}")
    return Motion(descent.X, descent.U, descent.K, descent.cost, descent.iterations, ended)


def cost_of(task, first, N, end=None):
    """The kernels' Cost of N periods from `first` on; row 0, which no input changes, weighs nothing."""
    from sims.bench.kernels_gym_cost import Cost

    rows = np.minimum(np.arange(first, first + N + 1), task.periods)
    W = np.tile(task.diagonal, (N + 1, 1))
    W[0] = 0.0
    end = np.zeros((W.shape[1], W.shape[1])) if end is None else np.ascontiguousarray(end)
    return Cost(W, np.ascontiguousarray(task.targets[rows]), np.full(task.robot.m, task.effort), task.hover, end)


def _guess(task, first, N):
    rows = np.minimum(np.arange(first, first + N + 1), task.periods)
    return task.reference[rows].copy(), np.tile(task.hover, (N, 1))


def _no_rows(X):
    """Constraints for Descent: none."""
    from robocalc.optimize.ddp.penalties import Rows

    N, nx = len(X) - 1, X.shape[1]
    x = np.stack([np.full((N + 1, nx), v) for v in (-np.inf, np.inf, 0.0, 1.0)])
    return Rows(x, np.zeros((4, N, 0)), np.zeros((4, 0)))
