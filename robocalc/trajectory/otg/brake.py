"""Brings a state outside of its limits back inside; and the table of phases that a joint's motion is written to.

A table (5, PHASES) holds for each phase its start time, and position, velocity, acceleration and jerk there; unused
columns start at inf. The last phase is the target state, which goes on with its acceleration.

Limits of one joint are (6,): vmin, vmax, amin, amax, jmin, jmax. k1 = 1/jmax, k2 = 1/|jmin|.
Source: which states brake, and how: Berscheid & Kröger (2021), arXiv 2105.04830, section III-A, and ruckig 0.19.
"""

import math

from robocalc.jit import njit

OVER = 1.0 + 1e-14  # velocities beyond a limit by rounding are inside
PHASES = 18  # brake 2, two blended profiles of up to 7 phases, target, one spare


@njit
def push(out, m, t, p, v, a, j, dt):
    """Append a phase that lasts dt (nothing if dt <= 0); returns (m, t, p, v) at its end."""
    if not dt > 0.0:
        return m, t, p, v
    out[0, m], out[1, m], out[2, m], out[3, m], out[4, m] = t, p, v, a, j
    return m + 1, t + dt, p + dt * (v + dt * (0.5 * a + dt * j / 6.0)), v + dt * (a + 0.5 * dt * j)


@njit
def finish(out, m, t, p, v, a):
    """Close the table with the target state from time t on."""
    while m > 0 and out[0, m - 1] >= t:  # a phase of rounding
        m -= 1
    out[0, m], out[1, m], out[2, m], out[3, m], out[4, m] = t, p, v, a, 0.0
    for i in range(m + 1, PHASES):
        out[0, i] = math.inf


@njit
def speed_brake(v, a, vmin, vmax, amin, k1, k2):
    """(ramp, hold, acceleration held): jerk down until v is below vmax; never so long that vmin must be passed."""
    h = 0.5 * (k1 + k2)
    full = k2 * (a - amin)
    if k2 > 0.0:
        over = math.sqrt(max(a * a + 2.0 * (v - vmax) / k2, 0.0))
        under = math.sqrt(max((v - vmin + 0.5 * k2 * a * a) / h, 0.0))
        ramp = k2 * (a + min(over, under))  # until v = vmax, or until raising a to zero would end at vmin
        if not full < ramp:
            return max(ramp, 0.0), 0.0, a - max(ramp, 0.0) / k2
        v += full * 0.5 * (a + amin)
    return full, max(min((v - vmax) / -amin, (v - vmin) / -amin + 0.5 * k1 * amin), 0.0), amin


@njit
def acceleration_brake(v, a, vmin, vmax, amin, amax, k1, k2):
    """(ramp, hold, acceleration held): jerk down until a is below amax, or as `speed_brake` if v will be too high."""
    if v + 0.5 * k2 * a * a > vmax:
        return speed_brake(v, a, vmin, vmax, amin, k1, k2)
    ramp = k2 * (a - amax)
    v += ramp * 0.5 * (a + amax)
    return ramp, max(min((vmin - v) / amax, (vmax - v) / amax - 0.5 * k2 * amax), 0.0), amax


@njit
def brake(out, p, v, a, lim, k1, k2, guard_velocity):
    """Write the brake of a joint into `out`; returns (phases, t, p, v, a) at its end."""
    vmin, vmax, amin, amax = lim[0], lim[1], lim[2], lim[3]
    if not guard_velocity:
        vmin, vmax = -math.inf, math.inf
    low, high, sign = vmin * OVER, vmax * OVER, 1.0
    if a > amax:
        ramp, hold, held = acceleration_brake(v, a, vmin, vmax, amin, amax, k1, k2)
    elif a < amin:
        ramp, hold, held = acceleration_brake(-v, -a, -vmax, -vmin, -amax, -amin, k2, k1)
        sign = -1.0
    elif (v > high and v - 0.5 * k1 * a * a > vmin) or (a > 0.0 and v + 0.5 * k2 * a * a > high):
        ramp, hold, held = speed_brake(v, a, vmin, vmax, amin, k1, k2)
    elif (v < low and v + 0.5 * k2 * a * a < vmax) or (a < 0.0 and v - 0.5 * k1 * a * a < low):
        ramp, hold, held = speed_brake(-v, -a, -vmax, -vmin, -amax, k2, k1)
        sign = -1.0
    else:
        return 0, 0.0, p, v, a
    held *= sign
    m, t, p, v = push(out, 0, 0.0, p, v, a, -1.0 / k2 if sign > 0.0 else 1.0 / k1, ramp)
    m, t, p, v = push(out, m, t, p, v, held, 0.0, hold)
    return m, t, p, v, held
