"""The error now from one measured a while ago, and from what was commanded since.

    prediction   table (3, 2 + J) of weights; no numba here

With an exact model the error of a joint moves as a unit mass under the commands u that the law gave, ë = -u. So the
error of the stamp t - L is carried to t by the commands of the last L seconds:

    ê(t) = e(t - L) + L ė(t - L) - ∫ (t - s) u(s) ds,   dê/dt = ė(t - L) - ∫ u(s) ds,   ∫ from t - L to t

and likewise the integral of e. Feedback of these in place of the measured ones puts the poles of the delayed loop where
the same gains put those without delay; the rest are at infinity (sampled: at 0). What the model does not know of, such
as a push, is not predicted, but seen L later; integral action takes measured errors, and so leaves no error behind.

Source: Manitius & Olbrot (1979), Finite spectrum assignment problem for systems with delays, IEEE TAC 24(4); Artstein
(1982), Linear systems with delayed controls: a reduction, IEEE TAC 27(4).
"""

from math import ceil, floor

import numpy as np

WHOLE = 1e-9  # [steps] nearer than this to a whole step is that step


def in_steps(latency, dt) -> float:
    """Latency [s] in steps of dt [s], whole where it is so but for rounding."""
    steps = latency / dt
    return float(round(steps)) if abs(steps - round(steps)) < WHOLE * max(1.0, steps) else steps


def prediction(latency, dt, substeps=1) -> np.ndarray:
    """Weights (3, 2 + J) of (e, ė) measured and of the last J commands, newest first: e and ė now, and Σ e yet to come.

    latency   age of the measurement [s], whole steps or not: between steps the sensors interpolate
    dt        control period [s] of `substeps` steps of semi-implicit Euler, over which a command is held

    The last row is what the sum of e over control instants lacks when its terms are as old as the measurement. Exact;
    but that where a latency is no multiple of a period of several steps, this sum takes e between instants as linear.
    """
    h, age = dt / substeps, in_steps(latency, dt / substeps)
    whole, part = floor(age), age - floor(age)
    periods, late = floor(age / substeps), age / substeps - floor(age / substeps)
    unit = np.eye(2 + ceil(age / substeps))
    e, e_v = unit[0], unit[1]  # of the instant `step`, blended with the one before as the sensor does

    def command(step):
        return unit[1 + ceil(-step / substeps)]

    def unblended(step):
        now = e_v - part * h * command(step - 1) if part else e_v
        return e + part * h * now, now

    ahead = np.zeros(len(unit))
    for step in range(-whole, 1):
        if step % substeps == 0 and -step <= periods * substeps:
            ahead = ahead + (late if -step == periods * substeps else 1.0) * unblended(step)[0]
        if step < 0:
            u = (1.0 - part) * command(step) + (part * command(step - 1) if part else 0.0)
            e_v = e_v - h * u
            e = e + h * e_v
    return np.array([*unblended(0), ahead])
