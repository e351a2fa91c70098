"""Figures of an estimator: how far off it was, and whether it knew.

    errors   (M, 2, n) estimated less true position and velocity at the control instants, and the deviations believed
    figures  name, value, unit

Errors are those of now: what an estimate lacks because it is late counts.
"""

import numpy as np

INSIDE = 1.959963984540054  # deviations: the middle 95 % of a Gaussian


def errors(log):
    """(t (M,), e (M, 2, n), deviations (M, 2, n)) of the rows that are finite, as far as the log goes."""
    rows = np.round(np.asarray(log.t_estimate) / log.dt).astype(int)
    keep = rows < len(log.joint)
    found, rows = np.asarray(log.estimate)[keep], rows[keep]
    e = found[:, :2] - log.joint[rows][:, :2]
    good = np.isfinite(found).all(axis=(1, 2)) & np.isfinite(e).all(axis=(1, 2))
    return np.asarray(log.t_estimate)[keep][good], e[good], found[good, 2:]


def figures(e, deviation):
    """e, deviation (M, 2, n): position and velocity.

        rms             sqrt(mean over instants and joints of e²)
        inside 95 %     share of all e with |e| ≤ 1.96 σ; 0.95 where the band is honest, more where it is too wide
        NEES            mean of (e/σ)² over positions and velocities, each by itself: 1 where the band is honest

    Source: Bar-Shalom, Li & Kirubarajan (2001), Estimation with applications to tracking and navigation, section 5.4.
    """
    rms = np.sqrt(np.mean(np.square(e), axis=(0, 2)))
    yield "estimate.position_rms_rad", float(rms[0]), "rad"
    yield "estimate.velocity_rms", float(rms[1]), "rad/s"
    yield "estimate.inside_95_fraction", float(np.mean(np.abs(e) <= INSIDE * deviation)), "-"
    if (deviation > 0).all():
        yield "estimate.nees", float(np.mean(np.square(e / deviation))), "-"
