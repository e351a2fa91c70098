"""Input shaping: a motion that leaves no vibration behind in what hangs from the robot, or bends in it.

    shape      a Trajectory convolved with impulses, exactly: again a Trajectory, and a little longer
    impulses   their times and sizes
    residual   the vibration that a sequence leaves, as a share of that without it

A mode of frequency f that is excited by a motion rings on after it; the same motion given in two or three parts, half a
period apart, makes parts of the ringing that cancel.

Source: Singer & Seering (1990), Preshaping command inputs to reduce system vibration, J. Dyn. Sys. Meas. Control 112
(ZV, ZVD); Singhose, Seering & Singer (1994), Residual vibration reduction using vector diagrams (EI).
"""

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from robocalc.trajectory import Trajectory
from robocalc.trajectory.numbers_given import finite
from robocalc.trajectory.pieces import shifted

SHAPERS = {
    "zv": "two impulses: shortest, for a frequency known to about 3 %",
    "zvd": "three: the slope by the frequency is zero as well, for about 14 %",
    "ei": "three: `tolerance` of vibration is left at the frequency itself, for the widest range of frequencies",
}
SAME = 1e-12  # of the duration: knots nearer than this are one


def impulses(frequency, damping=0.0, kind="zvd", tolerance=0.05):
    """(times (k,) [s], sizes (k,) that sum to 1) for a mode of `frequency` [Hz], undamped, and damping ratio.

    tolerance   share of vibration that `ei` leaves, above 0 and below 1
    raises      InvalidInput: frequency, damping from 0 and below 1, tolerance. UnknownName: kind
    """
    frequency, damping = finite("frequency", frequency), finite("damping", damping)
    tolerance = finite("tolerance", tolerance)
    if kind not in SHAPERS:
        raise UnknownName("shaper", kind, SHAPERS)
    if not frequency > 0:
        raise InvalidInput(f"frequency must be greater than 0 Hz, got {frequency:g}")
    if not 0 <= damping < 1:
        raise InvalidInput(f"damping must be from 0 and below 1, got {damping:g}")
    if not 0 < tolerance < 1:
        raise InvalidInput(f"tolerance must be above 0 and below 1, got {tolerance:g}")
    root = np.sqrt(1.0 - damping**2)
    sizes = {
        "zv": [1.0, 1.0],
        "zvd": [1.0, 2.0, 1.0],
        "ei": [1.0 + tolerance, 2.0 - 2.0 * tolerance, 1.0 + tolerance],
    }[kind]
    steps = np.arange(len(sizes))
    sizes = np.array(sizes) * np.exp(-damping * np.pi / root) ** steps  # what came earlier has decayed by then
    return 0.5 * steps / (frequency * root), sizes / sizes.sum()


def residual(times, sizes, frequency, damping=0.0) -> float:
    """Vibration after the last impulse over that of one impulse of size 1 at time 0, seen then.

    V = e^(-ζω t_k) |Σ Aᵢ e^(ζω tᵢ) e^(i ω_d tᵢ)|
    """
    w = 2.0 * np.pi * frequency
    s = w * (damping + 1j * np.sqrt(1.0 - damping**2))
    return float(np.exp(-damping * w * times[-1]) * abs(np.sum(sizes * np.exp(s * np.asarray(times)))))


def shape(trajectory, frequency, damping=0.0, *, kind="zvd", tolerance=0.05) -> Trajectory:
    """The motion Σ Aᵢ q(t - tᵢ), which excites no mode of `frequency` [Hz]; longer by the last tᵢ, ends unchanged.

    Limits on velocity, acceleration and jerk that the motion keeps are kept, as the sizes are positive and sum to 1.
    Arguments and errors as for `impulses`.
    """
    if not isinstance(trajectory, Trajectory):
        raise InvalidInput(f"shape takes a Trajectory, got {type(trajectory).__name__}")
    times, sizes = impulses(frequency, damping, kind, tolerance)
    knots = np.unique((trajectory.knots[:, None] + times).ravel())
    knots = knots[np.concatenate([[True], np.diff(knots) > SAME * trajectory.duration])]
    coeffs = np.zeros((len(knots) - 1, *trajectory.coeffs.shape[1:]))
    for t, size in zip(times, sizes, strict=True):
        coeffs += size * pieces(trajectory, knots[:-1] - t, np.diff(knots))
    return Trajectory(knots, coeffs)


def pieces(trajectory, begin, length) -> np.ndarray:
    """Coefficients (K, order, n) of the motion from times begin (K,) on, over pieces that no knot divides; held at rest
    outside of it."""
    inside = begin + 0.5 * length
    k = np.clip(np.searchsorted(trajectory.knots, inside, side="right") - 1, 0, len(trajectory.coeffs) - 1)
    coeffs = shifted(trajectory.coeffs[k], begin - trajectory.knots[k])
    for held, end in ((inside < trajectory.start, 0), (inside > trajectory.end, -1)):
        coeffs[held] = 0.0
        coeffs[held, 0] = trajectory.waypoints[end]
    return coeffs
