"""A small log that no engine made, and what belongs to it: for the tests of records and reports."""

import numpy as np

from sims.log import CHANNEL_INDEX, CHANNELS, Log

JOINTS = ("shoulder", "slide")


class TwoJoints:
    """What write_run asks of a robot."""

    joints = JOINTS
    digest = "robot-hash"

    def model(self):
        class Model:
            tree = np.array([[-1, 0], [0, 1]])

        return Model


def small_log(rows=101, dt=0.01, n=2, seed=0):
    """Smooth positions with some noise, an object that is looked at every tenth step."""
    rng = np.random.default_rng(seed)
    t = np.arange(rows) * dt
    joint = rng.standard_normal((rows, len(CHANNELS), n)) * 1e-3
    joint[:, CHANNEL_INDEX["q"]] += np.sin(t)[:, None]
    joint[:, CHANNEL_INDEX["q_ref"]] = np.sin(t)[:, None]
    seen = t[::10]
    poses = np.tile([0.5, 0.0, 0.1, 0.0, 0.0, 0.0, 1.0], (len(seen), 1))
    poses[:, 0] += 0.01 * seen
    pairs = tuple(("hand", "post") for _ in seen)
    return Log(dt, joint, seen, {"cube": poses}, 0.05 + 0.01 * seen, pairs, 2.0 * seen)


METRICS = {
    "tracking.joint_rms_rad": (1.25e-3, "rad", None),
    "clearance.min_mm": (50.0, "mm", 0.0),
    "settling.time_s": (float("nan"), "s", None),
}
ACCEPTANCE = (
    {"metric": "clearance.min_mm", "value": 50.0, "unit": "mm", "min": 20.0, "max": None, "ok": True, "time": 0.0},
)
