"""A law: one compiled function with its gains and its memory, and the torque that is known before the run.

    Law    step(model, gains, memory, t, q, v, ref, tau), see robocalc.control.signature

ref (6, n) is q_ref, v_ref when the measurement was taken (its stamp), then q_ref, v_ref, a_ref, tau_ff now. With a
control period of several physics steps, `now` is the mean over the coming period. tau holds on entry the torque applied
over the last period, within its limits; on exit the torque wanted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from robocalc.control.gains import FEEDFORWARD, check_period
from robocalc.errors import InvalidInput, UnknownName


@dataclass(frozen=True, eq=False)
class Law:
    """step         njit function of the signature above
    gains        (any, any) float, what step reads
    memory       (any, any) float as at the start; a run works on a copy
    dt           [s] control period
    feedforward  what `ref`'s tau_ff holds: none | gravity | inverse_dynamics | friction
    robot        the robot as the law believes it to be
    tell         memory after a run -> sentences on what a user should know of it, or None
    find         memory after a run -> {figure: (value, unit)} of what the law has identified, or None
    """

    step: Any
    gains: np.ndarray
    memory: np.ndarray
    dt: float
    feedforward: str = "none"
    robot: Any = None
    tell: Any = None
    find: Any = None

    def notes(self, memory) -> tuple:
        """What the law has to say of a run that left this memory: sentences."""
        return () if self.tell is None else tuple(self.tell(np.ravel(memory)))

    def found(self, memory) -> dict:
        """What the law has identified in a run that left this memory: {figure: (value, unit)}."""
        return {} if self.find is None else dict(self.find(np.ravel(memory)))

    def __post_init__(self):
        check_period(self.dt)
        if self.feedforward not in FEEDFORWARD:
            raise UnknownName("feedforward", self.feedforward, FEEDFORWARD)
        for name in ("gains", "memory"):
            x = np.ascontiguousarray(getattr(self, name), dtype=float)
            if x.ndim != 2:
                raise InvalidInput(f"a law's {name} must have two dimensions, got shape {x.shape}")
            object.__setattr__(self, name, x)

    def besides(self, planned, reference) -> np.ndarray:
        """What of the torques `planned` (N + 1, n) [N m | N] along reference (N + 1, 3, n) is left to the feed-forward:
        a law that adds the dynamics itself (feedforward `friction`) takes them off."""
        if self.feedforward != "friction":
            return planned
        return planned - self.robot.inverse_dynamics(*np.moveaxis(reference, 1, 0))

    def torque_along(self, reference, dt, before=None) -> np.ndarray:
        """Feed-forward torque (N + 1, n) [N m] along reference (N + 1, 3, n) sampled at the physics step dt [s].

        inverse_dynamics is τ = M(q) a + h(q, v) + friction(v), gravity g(q), friction the joints' friction alone; 0 for
        joints that no drive moves, and of a robot with thrusters what these can give. The friction is that of the
        physics step by step (robocalc.control.friction), so that an exact model leaves nothing to correct.

        before   (2, n) velocity and friction of the step before the first, of a reference that goes on; else it begins
        """
        q, v, a = reference[:, 0], reference[:, 1], reference[:, 2]
        if self.feedforward == "none":
            return np.zeros(q.shape)
        if self.feedforward == "gravity":
            tau = self.robot.gravity(q)
        else:
            tau = self.friction_along(reference, dt, before)
            if self.feedforward == "inverse_dynamics":
                tau += self.robot.inverse_dynamics(q, v, a)
        if getattr(self.robot.tree, "thrusters", ()):
            return self.robot.reachable(q, tau)
        return np.where(undriven(self.robot), 0.0, tau)

    def friction_along(self, reference, dt, before=None) -> np.ndarray:
        """The part of torque_along (N + 1, n) [N m] that is for friction."""
        if self.feedforward in ("none", "gravity"):
            return np.zeros(reference[:, 0].shape)
        return _friction(self.robot, reference[:, 1], dt, before)


def undriven(robot) -> np.ndarray:
    """(n,) bool: joints without a drive, which are those whose torque limits are zero."""
    return (robot.limits.bounds("torque", robot.n) == 0).all(axis=0)


def _friction(robot, v, dt, before):
    from robocalc.control.friction import friction_on
    from robocalc.control.stability import stopping

    out = np.zeros(v.shape)
    if np.any(robot.friction):
        viscous, coulomb = np.ascontiguousarray(robot.friction, dtype=float)
        v = np.ascontiguousarray(v)
        since = np.stack([v[0], np.zeros(robot.n)]) if before is None else np.ascontiguousarray(before, dtype=float)
        friction_on(viscous, coulomb, stopping(robot, dt), v, since[0], since[1], out)
    return out
