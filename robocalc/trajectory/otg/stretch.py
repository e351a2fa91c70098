"""A motion of one joint that lasts exactly T: cruise at a velocity between the limits, or blend two motions.

With cruise velocity vc the fastest ramps (v0, a0) -> (vc, 0) and (vc, 0) -> (v1, a1) leave t4(vc) = T - T1 - T2 for
the cruise, and the displacement increases with vc: dP/dvc = t4 + (D1 + D2)/2, D the duration of the ramp's phase that
touches the cruise. Where that finds no profile (t4 < 0), two motions of duration T, one too short and one too far, are
blended: limits are convex and the dynamics linear, so any mean of feasible motions is feasible. No search is needed.
"""

import math

from robocalc.jit import njit
from robocalc.trajectory.otg.brake import PHASES, push

ITERATIONS = 100
CLOSE = 1e-13  # of the velocity: Newton squares it


@njit
def rise(v, a, vc, A, k1, k2):
    """Fastest ramp up (v, a) -> (vc, 0), jerk up, hold, down: (T, displacement, last phase, peak a, hold)."""
    h = 0.5 * (k1 + k2)
    va = v - 0.5 * k1 * a * a
    gain = max(vc - va, 0.0)
    peak, hold = A, 0.0
    if gain < h * A * A:
        peak = max(math.sqrt(gain / h), a)
    else:
        hold = (gain - h * A * A) / A
    vu = va + 0.5 * k1 * peak * peak
    x = k1 * (peak - a) * (va + k1 * (peak * (peak + a) + a * a) / 6.0) + hold * (vu + 0.5 * peak * hold)
    x += k2 * peak * (vu + peak * hold + k2 * peak * peak / 3.0)
    return k1 * (peak - a) + hold + k2 * peak, x, k2 * peak, peak, hold


@njit
def ramp(v, a, vc, amin, amax, k1, k2):
    """Fastest ramp (v, a) -> (vc, 0), up or down."""
    if vc >= v + 0.5 * (k2 if a > 0.0 else -k1) * a * a:
        return rise(v, a, vc, amax, k1, k2)
    T, x, D, peak, hold = rise(-v, -a, -vc, -amin, k2, k1)
    return T, -x, D, -peak, hold


@njit
def cruise(J, T, vc):
    """(t4, displacement, dP/dvc, a1, t2, a2, t6) of the motion that cruises at vc; t4 < 0: it does not fit in T."""
    v0, a0, v1, a1, amin, amax, k1, k2 = J
    T1, x1, D1, p1, t2 = ramp(v0, a0, vc, amin, amax, k1, k2)
    T2, x2, D2, p2, t6 = ramp(v1, -a1, vc, -amax, -amin, k1, k2)  # the end reversed in time
    t4 = T - T1 - T2
    return t4, x1 + x2 + vc * t4, t4 + 0.5 * (D1 + D2), p1, t2, -p2, t6


@njit
def find_cruise(J, T, d, lo, hi):
    """Cruise velocity in [lo, hi] with displacement d, which lies in [P(lo), P(hi)]."""
    x = min(max(d / T, lo), hi)
    for _ in range(ITERATIONS):
        _, P, slope, _, _, _, _ = cruise(J, T, x)
        f = P - d
        if f >= 0.0:
            hi = x
        else:
            lo = x
        y = x - f / slope
        if not lo <= y <= hi:
            y = 0.5 * (lo + hi)
        if abs(y - x) <= CLOSE * abs(x):
            return y
        x = y
    return x


@njit
def emit(out, m, t, p, v, a0, levels, a_end, k1, k2):
    """Append the profile a0, then each (acceleration, seconds held) of levels, then a_end.

    returns   (phases in the table, position at the end)
    """
    for i in range(4):
        a = levels[i][0] if i < 3 else a_end
        j = 1.0 / k1 if a > a0 else -1.0 / k2
        m, t, p, v = push(out, m, t, p, v, a0, j, (a - a0) / j if a != a0 else 0.0)
        if i < 3:
            m, t, p, v = push(out, m, t, p, v, a, 0.0, levels[i][1])
        a0 = a
    return m, p


@njit
def state(table, m, i, t):
    """(p, v, a, j) of phase i < m of a table at time t."""
    s = t - table[0, i]
    p, v, a, j = table[1, i], table[2, i], table[3, i], table[4, i]
    return p + s * (v + s * (0.5 * a + s * j / 6.0)), v + s * (a + 0.5 * s * j), a + s * j, j


@njit
def blend(out, m, A, mA, B, mB, theta):
    """Append (1 - theta) A + theta B, tables of mA and mB phases over the same time; returns m."""
    ia = ib = 0
    t = A[0, 0]
    while m < PHASES - 1:
        pa, va, aa, ja = state(A, mA, ia, t)
        pb, vb, ab, jb = state(B, mB, ib, t)
        out[0, m] = t
        out[1, m] = pa + theta * (pb - pa)
        out[2, m] = va + theta * (vb - va)
        out[3, m] = aa + theta * (ab - aa)
        out[4, m] = ja + theta * (jb - ja)
        m += 1
        ta = A[0, ia + 1] if ia + 1 < mA else math.inf
        tb = B[0, ib + 1] if ib + 1 < mB else math.inf
        t = min(ta, tb)
        if t == math.inf:
            break
        ia += ta == t
        ib += tb == t
    return m
