"""Motion behind noisy encoders: zero-phase low-pass filters and central differences.

Source: Gautier (1997): positions filtered forward and backward and differentiated, torque and regressor filtered alike.
"""

import numpy as np

CUTOFF = 12.0  # [Hz]
ORDER = 3
EDGE = 0.1  # [s] of both ends, where filters guess


def low_pass(x, dt, hz=CUTOFF) -> np.ndarray:
    """x (N, ...) filtered forward and backward along time; unchanged where hz is above what dt resolves."""
    from scipy.signal import butter, sosfiltfilt

    share = 2 * hz * dt
    if share >= 0.9:
        return np.asarray(x, float)
    sections = butter(ORDER, share, output="sos")
    return sosfiltfilt(sections, x, axis=0, padlen=min(len(x) - 1, int(3 / share * 2)))


def motion(q, dt, hz=CUTOFF):
    """(q, v, a) (N, n) each, smoothed."""
    q = low_pass(q, dt, hz)
    v = np.gradient(q, dt, axis=0)
    a = np.empty_like(q)
    a[1:-1] = (q[2:] - 2 * q[1:-1] + q[:-2]) / dt**2
    a[0], a[-1] = a[1], a[-2]
    return q, v, a


def shifted(tau, steps) -> np.ndarray:
    """Mean torque over the steps k - steps ... k + 1 - steps of a torque held over each step: (N, n)."""
    whole = int(np.floor(steps))
    share = steps - whole
    rows = np.arange(len(tau)) - whole
    at = lambda k: tau[np.clip(k, 0, len(tau) - 1)]  # noqa: E731
    return at(rows) if share == 0 else (1 - share) * at(rows) + share * at(rows - 1)
