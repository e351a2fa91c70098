"""How close a motion comes to what stops an arm: singular configurations and the ends of joint ranges.

path_report   -> PathReport: both over time, and a sentence about the worst of each
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.motion import pose_of
from robocalc.trajectory.trajectory import Trajectory


@dataclass(frozen=True)
class PathReport:
    """Along a motion: smallest singular value of the tool's Jacobian, and room to the nearest position limit.

    t         (N,) [s]
    singular  (N,) [m | rad per rad]: 0 where the tool loses a direction
    room      (N, n) to the nearer end of the range [rad | m]; inf where nothing bounds
    meets     sentences: the closest to a singularity, the closest to a limit
    """

    t: np.ndarray
    singular: np.ndarray
    room: np.ndarray
    meets: tuple


def path_report(robot, motion: Trajectory, *, frame=None, limits=None, samples=400) -> PathReport:
    """Where `motion` comes closest to a singularity and to a joint limit; arguments as in `line_motion`.

    raises    InvalidInput: fewer than 2 samples
    """
    if not isinstance(samples, (int, np.integer)) or samples < 2:
        raise InvalidInput(f"samples must be at least 2, got {samples!r}")
    limits = getattr(robot, "limits", None) if limits is None else limits
    t = np.linspace(motion.start, motion.end, int(samples))
    q = motion(t)
    words = () if frame is None else (frame,)
    singular = np.array([np.linalg.svd(robot.jacobian(x, *words), compute_uv=False)[-1] for x in q])
    low, high = (np.full(motion.n, -np.inf), np.full(motion.n, np.inf)) if limits is None else limits.bounds("position")
    room = np.minimum(q - low, high - q)
    k = int(np.argmin(singular))
    p = pose_of(robot, q[k], frame)[:3, 3]
    place = f"tool at ({p[0]:.3f}, {p[1]:.3f}, {p[2]:.3f}) m"
    meets = [f"closest to singular at t = {t[k]:.4g} s, {place}: smallest singular value {singular[k]:.3g}"]
    if np.isfinite(room).any():
        k, i = np.unravel_index(np.argmin(room), room.shape)
        names = tuple(getattr(robot, "joints", ()) or ())
        name = f"joint {i}" + (f" ({names[i]})" if i < len(names) else "")
        meets.append(
            f"closest to a limit at t = {t[k]:.4g} s: {name} at {q[k, i]:.4g}, range [{low[i]:.4g}, {high[i]:.4g}]"
        )
    return PathReport(t, singular, room, tuple(meets))
