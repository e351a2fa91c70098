"""A planned motion as the engines step it: what the believed robot does, with the torque that makes it do so.

The twin follows the plan under its own time-varying LQR, step by step; states and torques of that run are what the loop
tracks and feeds forward. So an exact model tracks to rounding, whatever the step.

    rolling   roll(dt) of a Plan, for Mover.add(tracked=)
    sampled   the plan itself at steps of dt
"""

from functools import cache

import numpy as np

from sims.planners.base import Failed

ENDING = 1e8  # weight of the last state over that of the others
ROUNDS = 6  # of corrections until the last state is the planned one
INTO = 1e-6  # of a step: inputs that are held are asked for after they begin, not before
EXACT = 1e-10  # [rad | m, and per s]


def rolling(mover, plan, goal):
    """roll(dt) -> (reference (M + 1, 3, n), torque (M + 1, n)) of the plan at steps of dt [s], to rest at goal (n,)."""
    scenario, robot, period = mover.scenario, mover.robot, mover.period
    limits = {"torque_limits": mover.limits.torque, "thrust_scale": scenario.robot.limits.effort_scale}
    end = np.concatenate([goal, np.zeros(robot.n)])

    @cache
    def roll(dt):
        from sims.effects import make_effects

        every = max(1, round(period / dt))
        reference, torque = sampled(robot, plan, dt, every)
        effects = make_effects(robot, dt, len(reference) - 1, control_every=every, **limits)
        best = None
        for _ in range(ROUNDS):
            follower = Follower(robot, reference, dt, every)
            reference, torque = follower.run(torque, effects)
            missed = end - reference[-1, :2].ravel()
            if best is None or np.abs(missed).max() < best[0]:
                best = np.abs(missed).max(), reference, torque
            if best[0] < EXACT:
                break
            torque = torque + follower.shift(missed)
        return best[1:]

    return roll


class Follower:
    """Least Σ |δq|²/ρ² + ... of deviations from a reference: gains along it, and torques that move its end.

    Weights 100 / rad², 1 s² / rad², (1 / limit)² of inputs, and ENDING times those of the state at the end.
    """

    def __init__(self, robot, reference, dt, every):
        from robocalc.control import tvlqr
        from robocalc.control.along import along

        n = robot.n
        self.robot, self.reference, self.dt, self.every = robot, reference, dt, every
        self.model = along(robot, reference, dt, every)
        size = np.abs(robot.input_limits).max(axis=0)
        self.R = np.diag(np.where(np.isfinite(size), np.maximum(size, 1e-9), 1.0) ** -2.0)
        self.Q = np.diag(np.repeat([100.0, 1.0], n))
        self.K, self.S = tvlqr(self.model.A[:-1], self.model.B[:-1], self.Q, self.R, ENDING * self.Q)

    def run(self, torque, effects):
        """(reference (N + 1, 3, n), torque (N + 1, n)) of the robot that follows, fed forward with torque."""
        from robocalc.control import Law, kernels_along
        from sims.engines.loop import simulate
        from sims.engines.twin import Twin

        n, dt = self.robot.n, self.dt
        K = self.model.torques(np.concatenate([self.K, self.K[-1:]]))
        tables = kernels_along.tables(K, np.zeros((len(K), 0, n, n)), self.every * dt)
        law = Law(kernels_along.feedback_along, *tables, self.every * dt, "none", self.robot)
        start = tuple(self.reference[0, :2])
        log = simulate(Twin(self.robot, dt), law, self.reference, effects, start=start, feedforward=torque).log
        if len(log.q) < len(self.reference) or not np.isfinite(log.joint).all():
            raise Failed(f"the planned motion cannot be followed at steps of {dt:g} s: make sim.timestep shorter")
        given = log.tau_wanted if self.robot.tree.thrusters else log.tau  # within limits; thrusts turn in a held period
        return np.stack([log.q, log.v, slope(log.v, dt)], axis=1), given

    def shift(self, missed):
        """(N + 1, n) torque that moves the end by `missed` (2n,), at least cost:

        λ_N = S_N missed,  δu_k = (R + BᵀS₊B)⁻¹ Bᵀ λ_k+1,  λ_k = (A - B K)ᵀ λ_k+1
        """
        A, B, U = self.model.A, self.model.B, self.model.U
        lam, torque = self.S[-1] @ missed, np.zeros((len(self.reference), self.robot.n))
        for k in reversed(range(len(self.K))):
            step = np.linalg.solve(self.R + B[k].T @ self.S[k + 1] @ B[k], B[k].T @ lam)
            torque[k * self.every : (k + 1) * self.every] = U[k] @ step
            lam = (A[k] - B[k] @ self.K[k]).T @ lam
        return torque


def sampled(robot, plan, dt, every):
    """(reference (N + 1, 3, n), torque (N + 1, n)) of the plan itself, with the friction that the robot has.

    A semi-implicit step is a leapfrog: its velocity is that of half a step ago, its torque that of the moment, or, held
    over a control period, of the middle of its steps.
    """
    from robocalc.control import Law

    n, N = robot.n, round(plan.duration / dt)
    first, last = plan.states.start, plan.states.end
    t = first + np.arange(N + 1) * (plan.duration / N)
    x, back = plan.states(t), plan.states(np.clip(t - dt / 2 + lateness(robot, plan), first, last))
    v = np.concatenate([x[:1, n:], back[1:-1, n:], x[-1:, n:]])
    reference = np.stack([x[:, :n], v, slope(v, dt)], axis=1)
    begins = np.arange(N + 1) // every * every
    middle = np.clip(first + (begins + (every - 1) / 2 + INTO) * dt, first, last)
    torque = (robot.actuation(plan.states(middle)[:, :n]) @ plan.inputs(middle)[:, :, None])[:, :, 0]
    if np.any(robot.friction):
        torque += Law(None, np.zeros((1, 1)), np.zeros((1, 1)), dt, "friction", robot).torque_along(reference, dt)
    return reference, torque


def lateness(robot, plan) -> float:
    """[s] how old the velocities of a plan's states are: half a step where ddp took semi-implicit steps itself."""
    stepped = plan.gains is not None and robot.m == robot.n and not robot.tree.thrusters
    return plan.duration / len(plan.gains) / 2 if stepped else 0.0


def slope(v, dt):
    """(N + 1, n) rates of v over the coming step, 0 after the last."""
    return np.concatenate([np.diff(v, axis=0) / dt, np.zeros((1, v.shape[1]))])
