"""Controllers of the gym's tasks: each is made for a task and a start, and gives inputs at every control period.

CONTROLLERS   name -> function (task, x0) -> act(k, x) -> u (m,), not limited yet
lqr           one gain about rest; thrusts that meet a limit keep their moments
optimal       the task's best motion by DDP, kept to by its TVLQR gains
mpc           the same over a horizon, anew every period from the state as it is
pid           cascaded: position -> thrust and lean -> moments (quadrotors)
"""

from dataclasses import replace

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.bench.gym_free import plant_of, rewards, stepper
from sims.bench.gym_plan import HeldPasses, cost_of, plan
from sims.bench.gym_task import G

HORIZON = {15: 30, 50: 50}  # periods that mpc looks ahead, by control rate [1/s]
EFFORTS = (1.0, 2.0)  # of the task's weight of the inputs, that lqr chooses from
REPLANS = 2  # iterations of mpc a period


def controller(name, task, x0):
    """act(k, x) of that name; raises UnknownName, InvalidInput where it is not for the task."""
    if name not in CONTROLLERS:
        raise UnknownName("controller", name, CONTROLLERS)
    return CONTROLLERS[name](task, x0)


def known(task) -> list:
    """Names of the controllers that can do the task."""
    return [name for name in CONTROLLERS if name != "pid" or task.robot.thrusters]


def rest(task):
    """(A (2n, 2n), B (2n, m)) of a control period about rest, inputs held."""
    n, m = task.robot.n, task.robot.m
    X, U, AB = np.zeros((2, 2 * n)), task.hover[None].copy(), np.zeros((1, 2 * n, 2 * n + m))
    lz, lzz = np.zeros((2, 2 * n + m)), np.zeros((2, 2 * n + m, 2 * n + m))
    HeldPasses(task, cost_of(task, 0, 1), fresh=False).derive(None, X, U, AB, lz, lzz, None, None, None)
    return AB[0, :, : 2 * n].copy(), AB[0, :, 2 * n :].copy()


def euler(task):
    """(A, B) about rest by Euler's rule over a control period, without damping, as the gym's controllers take it."""
    n, T = task.robot.n, task.period
    A, B = rest(replace(task, damping=0.0, rates=(task.rates[1], task.rates[1])))
    A, B = (A - np.eye(2 * n)) / task.dt, B / task.dt
    A[:n], B[:n] = np.eye(n, 2 * n, n), 0.0
    return np.eye(2 * n) + T * A, T * B


def gains(task, A, B, effort=1.0):
    """(K, S) of the task's weights, that of the inputs times `effort`."""
    from robocalc.control import dlqr

    return dlqr(A, B, np.diag(task.diagonal), effort * task.effort * np.eye(task.robot.m))


def lqr(task, x0):
    """The linear-quadratic tracker: u = u₀ - K y - (R + BᵀSB)⁻¹ Bᵀ b_{k+1}, the best for the linear model.

        b_k = (A - BK)ᵀ b_{k+1} - Q r_k,    b_N = -S r_N
    Far from rest no linear model is the robot: of the exact sampled one and Euler's, the latter with EFFORTS R, it
    takes what returns most on the task's own equations from x0. Source: Anderson & Moore (1990), section 4.2.
    """
    coarse = euler(task)
    laws = [_tracker(task, *rest(task)), *(_tracker(task, *coarse, effort) for effort in EFFORTS)]
    return max(laws, key=lambda law: _tried(task, law, x0))


def _tracker(task, A, B, effort=1.0):
    K, S = gains(task, A, B, effort)
    R = effort * task.effort * np.eye(B.shape[1])
    r, F = task.targets, np.linalg.solve(R + B.T @ S @ B, B.T)
    b = np.empty_like(r)
    b[-1] = -S @ r[-1]
    for k in range(len(r) - 2, -1, -1):
        b[k] = (A - B @ K).T @ b[k + 1] - task.diagonal * r[k]
    return lambda k, x: within(task, task.hover - K @ task.measured(x) - F @ b[k + 1])


def within(task, u):
    """Thrusts within their limits that keep the moments of u, at the price of their sum, where that can be."""
    if not task.robot.thrusters:
        return u
    low, high = task.limits
    shift_low, shift_high = (low - u).max(), (high - u).min()
    return u if shift_low > shift_high else u + min(max(0.0, shift_low), shift_high)


def _tried(task, law, x0):
    """Return of a law in the compiled model."""
    n = task.robot.n
    X, U = np.tile(x0, (task.periods + 1, 1)), np.empty((task.periods, task.robot.m))
    with plant_of(task, "twin") as plant:
        plant.reset(x0[:n], x0[n:])
        advance = stepper(task, plant)
        for k in range(task.periods):
            U[k] = np.clip(law(k, X[k]), *task.limits)
            advance(U[k], k == 0, X[k + 1])
    total = rewards(task, np.array([task.measured(x) for x in X]), U).sum()
    return total if np.isfinite(total) else -np.inf


def optimal(task, x0):
    """u = u*_k + K_k (x - x*_k)."""
    motion = plan(task, x0)
    return lambda k, x: motion.U[k] + motion.K[k] @ (x - motion.X[k])


def mpc(task, x0):
    """Real-time iterations: a few steps of DDP each period on the horizon from x, starting from the last solution; what
    lies beyond costs as under the LQR about rest."""
    _, S = gains(task, *rest(task))
    last = {}

    def act(k, x):
        N = min(HORIZON[task.rates[0]], task.periods - k)
        end = None if k + N == task.periods else S - np.diag(task.diagonal)
        guess = None
        if last:
            X, U = last["motion"].X[1:], last["motion"].U[1:]
            grown = N - len(U)
            if grown > 0:
                X, U = np.vstack([X, task.reference[k + N][None]]), np.vstack([U, task.hover[None]])
            guess = X, U
        most = 20 if not last else REPLANS
        last["motion"] = plan(task, x, first=k, periods=N, guess=guess, end=end, most=most)
        return last["motion"].U[0]

    return act


class Pid:
    """Cascaded PID with the reference's velocity and acceleration as feed-forward.

    force  F = m (g + a_r + kp (p_r - p) + ki ∫ (p_r - p) + kd (v_r - v)),  lean so that the thrust points along F
    moment μ = I (ka (lean wanted - lean) - kr rates)
    Gains [1/s², 1/s³, 1/s]: the height, which thrust moves at once, is followed more stiffly than what leaning moves.
    """

    SIDE, UP = (10.0, 1.0, 5.5), (40.0, 1.0, 13.0)  # kp, ki, kd
    KA, KR, STEEP = 300.0, 28.0, 0.6

    def __init__(self, task, x0):
        if not task.robot.thrusters:
            raise InvalidInput(f"pid is for quadrotors, {task.name} has none")
        self.task, self.sum = task, 0.0
        n = task.robot.n
        self.places = [0, 1] if n == 3 else [0, 1, 2]
        self.mass = float(task.drag[0] / task.damping)
        moments = task.drag[1:] / task.damping
        self.inertia = moments[[1]] if n == 3 else moments[::-1]
        self.kp, self.ki, self.kd = np.array([*[self.SIDE] * (len(self.places) - 1), self.UP]).T
        r = task.reference
        v = r[:, [n + i for i in self.places]]
        self.forward = np.gradient(v, task.period, axis=0) if task.path else np.zeros_like(v)
        self.velocity = np.gradient(r[:, self.places], task.period, axis=0)
        self.mix = np.linalg.pinv(task.robot.actuation(np.zeros(n))[len(self.places) - 1 :])

    def __call__(self, k, x):
        n, r = self.task.robot.n, self.task.reference[k]
        here = self.places
        e, e_v = r[here] - x[here], self.velocity[k] - x[[n + i for i in here]]
        self.sum = np.clip(self.sum + e * self.task.period, -0.5, 0.5)
        a = self.forward[k] + self.kp * e + self.ki * self.sum + self.kd * e_v
        a[-1] += G
        a[-1] = max(a[-1], 2.0)
        lean = self.wanted(a, x)
        angles, rates = x[len(here) : n], x[n + len(here) :]
        moment = self.inertia * (self.KA * (lean - angles) - self.KR * rates)
        up = np.cos(x[2]) if n == 3 else np.cos(x[4]) * np.cos(x[5])
        thrust = self.mass * a[-1] / max(up, 0.5)
        return self.mix @ np.concatenate([[thrust], moment])

    def wanted(self, a, x):
        """Angles in the order of the joints: (pitch,) or (yaw, pitch, roll) for yaw 0."""
        if len(a) == 2:
            return np.array([np.clip(np.arctan2(a[0], a[1]), -self.STEEP, self.STEEP)])
        pitch = np.clip(np.arctan2(a[0], a[2]), -self.STEEP, self.STEEP)
        roll = np.clip(np.arctan2(-a[1], np.hypot(a[0], a[2])), -self.STEEP, self.STEEP)
        return np.array([0.0, pitch, roll])


CONTROLLERS = {"lqr": lqr, "pid": Pid, "mpc": mpc, "optimal": optimal}
