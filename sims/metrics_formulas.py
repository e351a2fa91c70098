"""Formulas of a run's figures: functions of arrays, time first, each of which can be worked by hand.

Tracking: rms, rotation_angle, settling_time, overshoot; effort: effort, torque_rate, squared_jerk, saturated_fraction,
mechanical_energy; limits: limit_violations; replanning: reactions.
"""

import numpy as np

LIMIT_TOLERANCE = 1e-6  # relative: rounding is no violation


def rms(e):
    """sqrt(mean over all samples and joints of e²)."""
    return float(np.sqrt(np.mean(np.square(e)))) if np.size(e) else 0.0


def rotation_angle(A, B):
    """Angle of AᵀB [rad] for rotations (N, 3, 3): atan2(‖skew part‖, (trace - 1) / 2), exact near 0 and π."""
    R = np.swapaxes(A, 1, 2) @ B
    axis = np.stack([R[:, 2, 1] - R[:, 1, 2], R[:, 0, 2] - R[:, 2, 0], R[:, 1, 0] - R[:, 0, 1]], axis=1)
    return np.arctan2(np.linalg.norm(axis, axis=1) / 2, (np.trace(R, axis1=1, axis2=2) - 1) / 2)


def settling_time(t, e, band, end):
    """Seconds after `end` until |e_i| ≤ band_i for good: min{s ≥ 0 : |e_i| ≤ band_i from end + s on}; NaN if never."""
    outside = np.flatnonzero((np.abs(e) > band).any(axis=1))
    if not len(outside):
        return 0.0
    last = outside[-1]
    return float("nan") if last == len(t) - 1 else float(max(0.0, t[last + 1] - end))


def overshoot(q, q_ref):
    """Percent beyond the reference of one motion: max_i 100 (max_k σq_ik - max_k σq_ref,ik)⁺ / |Δ_i|, σ = sign Δ_i.

    Δ_i = q_ref,i(end) - q_ref,i(start); joints that move less than 1e-3 do not count. q, q_ref (N, n).
    """
    delta = q_ref[-1] - q_ref[0]
    moved = np.abs(delta) > 1e-3
    if not moved.any():
        return 0.0
    sign = np.sign(delta[moved])
    beyond = (sign * q[:, moved]).max(axis=0) - (sign * q_ref[:, moved]).max(axis=0)
    return float(100 * np.max(np.maximum(beyond, 0) / np.abs(delta[moved])))


def effort(tau, dt):
    """∫ Σ τ² dt [N² m² s], τ held over each step."""
    return float(np.sum(np.square(tau[:-1])) * dt)


def torque_rate(tau, dt):
    """sqrt(mean ((τ_k+1 - τ_k) / dt)²) [N m / s]."""
    return rms(np.diff(tau[:-1], axis=0) / dt) if len(tau) > 2 else 0.0


def squared_jerk(v, dt):
    """∫ Σ j² dt of the executed motion, j = (v_k+1 - 2 v_k + v_k-1) / dt² [rad² / s⁵]."""
    return float(np.sum(np.square(np.diff(v, 2, axis=0) / dt**2)) * dt)


def saturated_fraction(tau_wanted, tau):
    """Share of samples at which any joint's applied torque is not the wanted one."""
    return float(np.mean((np.abs(tau_wanted - tau) > 1e-12).any(axis=1)))


def mechanical_energy(tau, v, dt):
    """∫ Σ |τ v| dt [J], the work that joints do and absorb, with the step's end velocity (that is the displacement)."""
    return float(np.sum(np.abs(tau[:-1] * v[1:])) * dt)


def limit_violations(q, v, limits):
    """Number of (joint, kind) whose position or velocity leaves its bounds anywhere, beyond rounding; (N, n) arrays."""
    count = 0
    for value, bound in ((q, limits.position), (v, limits.velocity)):
        if bound is not None:
            lower, upper = bound if np.ndim(bound) == 2 else (-np.asarray(bound), np.asarray(bound))
            slack = LIMIT_TOLERANCE * np.maximum(1.0, np.abs(upper))
            count += int(((value < lower - slack) | (value > upper + slack)).any(axis=0).sum())
    return count


def reactions(t, e, tolerance, times):
    """Seconds for which an error e (N, n) was beyond the tolerance until each of the times, since the last."""
    far, dt, first, lasted = (e > tolerance).any(axis=1), t[1] - t[0], 0, []
    for time in times:
        k = min(round(time / dt), len(t))  # from this step on the reference is another one
        near = np.flatnonzero(~far[first:k])
        lasted.append((k - first - (near[-1] + 1 if len(near) else 0)) * dt)
        first = k
    return lasted
