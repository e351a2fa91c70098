"""Members of an ensemble in blocks of lanes, from wanted time to wanted time."""

import numpy as np

from robocalc.ode.lanes import LANES, LARGEST_ANGLE, lane_march
from robocalc.ode.methods import METHODS


def run_lanes(job, Y, P):
    """The chunk's Ensemble, or None where f resists lanes or a value grew too large for them."""
    from robocalc.ode.ensembles import Ensemble

    (count, n), m = Y.shape, P.shape[1]
    march = lane_march(job.f, job.made.form, job.name, n, m)
    if march is None:
        return None
    tab = METHODS[job.name]
    K, W = np.empty(tab.stages * n * LANES), np.empty(n * LANES)
    marks = np.append(job.times, job.t1) - job.t0
    counts = np.round(np.abs(marks) / job.step).astype(np.int64)
    h = np.copysign(job.step, job.t1 - job.t0)
    EV, out = np.empty((count, len(job.times), n)), np.empty_like(Y)
    for start in range(0, count, LANES):
        rows = np.minimum(np.arange(start, start + LANES), count - 1)  # the last block repeats its last member
        y = np.ascontiguousarray(Y[rows].T).reshape(-1)
        p = np.ascontiguousarray((P[rows] if len(P) > 1 else np.repeat(P, LANES, axis=0)).T).reshape(-1)
        done, kept = 0, min(LANES, count - start)
        for k, goal in enumerate(counts):
            march(job.t0 + done * h, h, goal - done, y, p, K, W)
            done = goal
            if not np.abs(y).max(initial=0.0) < LARGEST_ANGLE:
                return None
            state = y.reshape(n, LANES)[:, :kept].T
            if k < len(job.times):
                EV[start : start + kept, k] = state
            else:
                out[start : start + kept] = state
    calls = np.full(count, counts[-1] * tab.stages)
    times = (job.times, EV) if job.wants_times else (np.array([job.t1]), out[:, None, :])
    codes, rejected = np.zeros(count, dtype=np.int8), np.zeros(count, dtype=np.int64)
    return Ensemble(np.full(count, job.t1), out, codes, calls, np.full(count, counts[-1]), rejected, *times)
