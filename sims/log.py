"""What a run records, time first: one row a physics step, the state before the step and the torques applied over it.

CHANNELS   the joint channels, in the order of the recorded array (N + 1, channels, n)
ESTIMATES  likewise of Log.estimate (M, 4, n)
Log        that array, by name
"""

from dataclasses import dataclass, field

import numpy as np

# name: (unit of a revolute joint, meaning). Prismatic joints: m for rad, N for N m.
CHANNELS = {
    "q": ("rad", "joint position"),
    "v": ("rad/s", "joint velocity"),
    "q_measured": ("rad", "what the controller was told: delayed, noisy, quantised"),
    "v_measured": ("rad/s", "likewise; what no sensor tells is as estimated"),
    "q_ref": ("rad", "wanted position now"),
    "v_ref": ("rad/s", "wanted velocity now"),
    "a_ref": ("rad/s^2", "wanted acceleration over the coming step"),
    "tau_wanted": ("N m", "torque that the law asked for"),
    "tau": ("N m", "torque applied by the drive: wanted, within its limits"),
    "tau_world": ("N m", "torque by the world: friction, pushes"),
}
ESTIMATES = {  # of an estimator, one row a control instant: name -> (unit of a revolute joint, meaning)
    "q_estimate": ("rad", "joint position as estimated, which the controller runs on"),
    "v_estimate": ("rad/s", "joint velocity as estimated"),
    "q_deviation": ("rad", "standard deviation that the estimator believes its position to have"),
    "v_deviation": ("rad/s", "likewise of its velocity"),
}
CHANNEL_INDEX = {name: i for i, name in enumerate(CHANNELS)}


@dataclass(frozen=True)
class Log:
    """joint: (N + 1, channels, n); t = k dt (N + 1,). `log.q`, `log.tau`, ... are views (N + 1, n).

    objects     name -> (N_o, 7) position [m] and quaternion xyzw in world, at t_objects (N_o,)
    clearance   (N_o,) [m] smallest distance of robot to anything it must not touch, and `clearance_pair` its names
    witness     (N_o, 6) [m] the two points in world whose distance that is, NaN where nothing is near
    apart       (N_o,) [m] smallest distance between two robots, where there are several
    contacts    (N_o,) [N] sum of normal forces on the robot
    wrench      (N_w, 6) [N, N m] of the force-torque sensor in its axes: what the robot exerts on all beyond it
    t_wrench    (N_w,) [s] where the sensor has a rate of its own, else empty: read at t_objects
    estimate    (M, 4, n) of the estimator, if there is one, in the order of ESTIMATES, at t_estimate (M,)
    touches     (C, 5) each point of contact on the robot: t [s], x, y, z [m] in world, normal force [N]; t as t_objects
    """

    dt: float
    joint: np.ndarray
    t_objects: np.ndarray = field(default_factory=lambda: np.zeros(0))
    objects: dict = field(default_factory=dict)
    clearance: np.ndarray = field(default_factory=lambda: np.zeros(0))
    clearance_pair: tuple = ()
    contacts: np.ndarray = field(default_factory=lambda: np.zeros(0))
    touches: np.ndarray = field(default_factory=lambda: np.zeros((0, 5)))
    witness: np.ndarray = field(default_factory=lambda: np.zeros((0, 6)))
    apart: np.ndarray = field(default_factory=lambda: np.zeros(0))
    wrench: np.ndarray = field(default_factory=lambda: np.zeros((0, 6)))
    t_estimate: np.ndarray = field(default_factory=lambda: np.zeros(0))
    estimate: np.ndarray = field(default_factory=lambda: np.zeros((0, 4, 0)))
    t_wrench: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def t(self):
        return np.arange(len(self.joint)) * self.dt

    @property
    def wrench_times(self):
        """(N_w,) [s] at which the force-torque sensor was read."""
        return self.t_wrench if len(self.t_wrench) else self.t_objects

    def __getattr__(self, name):
        if name in CHANNEL_INDEX:
            return self.joint[:, CHANNEL_INDEX[name]]
        raise AttributeError(name)
