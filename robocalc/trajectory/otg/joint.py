"""One joint: the earliest time at which a displacement can be had, and a motion that lasts a given time.

A joint J is (v0, a0, v1, a1, vmin, vmax, amin, amax, k1, k2, rounding of d), after its brake. A profile is six numbers
(a1, t2, am, t4, a2, t6): three accelerations and how long each is held; ramps of full jerk join them.
"""

import math

from robocalc.jit import njit
from robocalc.trajectory.otg.extremal import (
    BOTH,
    EARLY,
    LATE,
    NONE,
    bounds,
    crossing,
    family,
    locate,
    measure,
    shape,
)
from robocalc.trajectory.otg.stretch import cruise, find_cruise

MISSING, BEYOND, FOUND = range(3)  # answers of `search`
CLOSE = 1e-12  # of a displacement: rounding, with that of the motion before
SAME = 1e-13  # of a velocity
NEAR = 3e-6  # above the root of SAME


@njit
def side(J, up):
    """Family of the motions that go farthest up or down."""
    v0, a0, v1, a1, vmin, vmax, amin, amax, k1, k2, _ = J
    if up:
        return family(v0, a0, v1, a1, vmax, amax, -amin, k1, k2)
    return family(-v0, -a0, -v1, -a1, -vmin, -amin, amax, k2, k1)


@njit
def profile(F, up, a1, t2, a2, t6, t4):
    """The six numbers of a shape, in the joint's own direction of time and motion."""
    if F[12] > 0.0:
        a1, t2, a2, t6 = -a2, t6, -a1, t2
    am = 0.0 if t4 > 0.0 else max(min(0.0, a1), a2)
    if up:
        return a1, t2, am, t4, a2, t6
    return -a1, t2, -am, t4, -a2, t6


@njit
def begin(F, B):
    """(regime, x) of the shortest motion of a piece."""
    if B[0] >= F[4] + F[5]:
        return BOTH, B[5]
    if B[0] >= B[3]:
        return B[7], B[0]
    return (EARLY if B[0] < B[1] else NONE if B[0] < B[2] else LATE), B[0]


@njit
def end_time(F, B):
    """Longest duration of an island."""
    a1, t2, a2, t6, t4 = shape(F, B, EARLY if B[1] >= B[3] else NONE, B[3])
    return measure(F, a1, t2, a2, t6, t4)[0]


@njit
def rounding(J, T, d):
    """How far a displacement may be off; without it a state on its fastest way might have to take a detour.

    Such states are the rule where a motion is planned again on the way: ruckig's issues 97 and 204.
    """
    return J[10] + CLOSE * (abs(d) + (abs(J[0]) + abs(J[2])) * T) if d < math.inf and d > -math.inf else 0.0


@njit
def search(J, up, island, T0, d):
    """(answer, T, profile, |d - P|) for the first T >= T0 at which the side's extreme displacement P is d or beyond.

    MISSING: the piece ends before; BEYOND: it is so at once, at T = max(T0, beginning); FOUND: P is d at T.
    """
    F = side(J, up)
    B = bounds(F, island)
    d = d if up else -d
    none = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if B[0] > B[3]:
        return MISSING, math.nan, none, math.inf
    regime, x = begin(F, B)
    a1, t2, a2, t6, t4 = shape(F, B, regime, x)
    T, P, _ = measure(F, a1, t2, a2, t6, t4)
    if T0 > T:
        if island and end_time(F, B) < T0:
            return MISSING, math.nan, none, math.inf
        regime, x = locate(F, B, T0)
        a1, t2, a2, t6, t4 = shape(F, B, regime, x)
        _, P, _ = measure(F, a1, t2, a2, t6, t4)
        T = T0
    gap, slack = d - P, rounding(J, T, d)
    if gap <= slack:
        return FOUND if gap >= -slack else BEYOND, T, profile(F, up, a1, t2, a2, t6, t4), abs(gap)
    regime, x = crossing(F, B, island, regime, x, d, slack)
    if regime < 0:
        return MISSING, math.nan, none, gap
    a1, t2, a2, t6, t4 = shape(F, B, regime, x)
    return FOUND, measure(F, a1, t2, a2, t6, t4)[0], profile(F, up, a1, t2, a2, t6, t4), gap


@njit
def earliest(J, d, T0):
    """(T, profile, gap) of the first feasible duration T >= T0; the profile is valid if T was raised or T0 = 0.

    d     nan asks for a velocity only, the position being free
    gap   how near d was to the displacement at the beginning of a piece, where both sides meet
    """
    both_ways = J[1] * J[3] > 0.0  # only then can there be an island of short durations
    gap = math.inf
    for island in range(1 if both_ways else 0, -1, -1):
        answer, T, p, near = search(J, True, island == 1, T0, -math.inf if math.isnan(d) else d)
        gap = min(gap, near)
        if answer == BEYOND and not math.isnan(d):
            answer, T, p, near = search(J, False, island == 1, T0, d)
            gap = min(gap, near)
        if answer != MISSING:
            break
    return T, p, gap


@njit
def fastest(J, d):
    """(T, profile, v0) of the fastest motion; v0 may differ from J's by rounding.

    A motion planned again on its way has little left, often one ramp. There a rounding error e of the velocity is a
    detour of sqrt(e): a final acceleration of 0 is missed on the other side. So ramps are recognised, and where d is
    that near, velocities next to v0 are tried.
    """
    v0, a0, v1, a1, vmin, vmax, amin, amax, k1, k2, slack = J
    V = abs(v0) + abs(v1)
    k, s = (k1, 1.0) if a1 > a0 else (k2, -1.0)
    T, v = k * abs(a1 - a0), v1 - 0.5 * s * k * (a1 - a0) * (a1 + a0)
    off = 0.0 if math.isnan(d) else abs(T * (v + T * (2.0 * a0 + a1) / 6.0) - d)
    if abs(v - v0) <= SAME * V and off <= rounding(J, T, d):
        return T, (a0, 0.0, a0, 0.0, a0, 0.0), v
    T, p, gap = earliest(J, d, 0.0)
    v = v0
    if gap <= NEAR * V * math.sqrt(V * (k1 + k2)):
        for e in range(-1, 2, 2):
            w = v0 + e * SAME * V
            Tw, pw, _ = earliest((w, a0, v1, a1, vmin, vmax, amin, amax, k1, k2, slack), d, 0.0)
            if Tw < T:
                T, p, v = Tw, pw, w
    return T, p, v


@njit
def edge(J, up, T):
    """(exists, displacement, profile) of the farthest motion of duration T on one side."""
    F = side(J, up)
    for island in range(0, 2):
        B = bounds(F, island == 1)
        if B[0] > B[3]:
            continue
        regime, x = begin(F, B)
        a1, t2, a2, t6, t4 = shape(F, B, regime, x)
        if measure(F, a1, t2, a2, t6, t4)[0] <= T and (island == 0 or end_time(F, B) >= T):
            regime, x = locate(F, B, T)
            a1, t2, a2, t6, t4 = shape(F, B, regime, x)
            P = measure(F, a1, t2, a2, t6, t4)[1]
            return True, P if up else -P, profile(F, up, a1, t2, a2, t6, t4)
    return False, 0.0, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@njit
def cruise_profile(c):
    """The six numbers of a result of `cruise`."""
    return c[3], c[4], 0.0, max(c[0], 0.0), c[5], c[6]


@njit
def top_speed(J, p, up):
    """Velocity where the acceleration of a farthest profile passes zero."""
    s, k1, k2 = (1.0, J[8], J[9]) if up else (-1.0, J[9], J[8])
    a = s * p[0]
    return J[0] + s * (0.5 * k1 * (a * a - J[1] * J[1]) + a * p[1] + 0.5 * k2 * a * a)


@njit
def outward(J, C, T, d, v, up):
    """(fits, profile): cruise beyond v, the outer one of the two coasting velocities, to reach d."""
    limit = J[5] if up else J[4]
    sign = 1.0 if up else -1.0
    P, p, t4 = 0.0, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), -1.0
    if abs(limit) < math.inf:
        c = cruise(C, T, limit)
        t4, P, p = c[0], c[1], cruise_profile(c)
    if t4 < 0.0:
        exists, P, p = edge(J, up, T)
        limit = top_speed(J, p, up)
        if not exists:
            return False, p
    if sign * P < sign * d - rounding(J, T, d):
        return False, p
    return True, cruise_profile(cruise(C, T, find_cruise(C, T, d, min(v, limit), max(v, limit))))


@njit
def fit(J, T, d):
    """(fits, share, profile, profile): a motion of duration T; if share is in (0, 1), blend the two profiles."""
    v0, a0, v1, a1, _, _, amin, amax, k1, k2, _ = J
    C = (v0, a0, v1, a1, amin, amax, k1, k2)
    vA = v0 + 0.5 * (k2 if a0 > 0.0 else -k1) * a0 * a0  # coasting velocities: acceleration to zero, and no more
    vB = v1 + 0.5 * (k2 if a1 < 0.0 else -k1) * a1 * a1
    lo, hi = cruise(C, T, min(vA, vB)), cruise(C, T, max(vA, vB))
    if lo[0] >= 0.0 and d == lo[1]:
        return True, 0.0, cruise_profile(lo), cruise_profile(lo)
    if hi[0] >= 0.0 and d >= hi[1]:
        fits, p = outward(J, C, T, d, max(vA, vB), True)
        return fits, 0.0, p, p
    if lo[0] >= 0.0 and d <= lo[1]:
        fits, p = outward(J, C, T, d, min(vA, vB), False)
        return fits, 0.0, p, p
    if lo[0] >= 0.0 and hi[0] >= 0.0:
        c = cruise(C, T, find_cruise(C, T, d, min(vA, vB), max(vA, vB)))
        if c[0] >= 0.0:
            return True, 0.0, cruise_profile(c), cruise_profile(c)
    return between(J, T, d, lo, hi)


@njit
def between(J, T, d, lo, hi):
    """(fits, share, profile, profile): a blend of the nearest motions that fall short and go too far.

    lo, hi   results of `cruise`, used where they fit in T; else the farthest motions
    """
    below, P, p = True, lo[1], cruise_profile(lo)
    if lo[0] < 0.0 or d < P:
        below, P, p = edge(J, False, T)
    above, Q, q = True, hi[1], cruise_profile(hi)
    if hi[0] < 0.0 or d > Q:
        above, Q, q = edge(J, True, T)
    slack = rounding(J, T, d)
    if not (below and above and P - slack <= d <= Q + slack):
        return False, 0.0, p, q
    return True, min(max((d - P) / (Q - P), 0.0), 1.0) if Q > P else 0.0, p, q


@njit
def fit_velocity(J, T):
    """Profile that reaches (v1, a1) after exactly T, by one acceleration held between two ramps."""
    v0, a0, v1, a1, _, _, _, _, k1, k2, _ = J
    high, low = max(a0, a1), min(a0, a1)
    rest = T - (k1 if a1 > a0 else k2) * (high - low)  # left when ramping straight to a1
    gain = v1 - v0 - 0.5 * (k1 if a1 > a0 else -k2) * (a1 - a0) * (a1 + a0)
    a = gain / rest if rest > 0.0 else low
    if a > high or a < low:
        s = 1.0 if a > high else -1.0
        kr, kf = (k1, k2) if a > high else (k2, k1)
        b = T + s * (kr * a0 + kf * a1)
        g = s * (v1 - v0) + 0.5 * (kr * a0 * a0 + kf * a1 * a1)
        disc = math.sqrt(max(b * b - 2.0 * (k1 + k2) * g, 0.0))
        a = s * (2.0 * g / (b + disc) if b >= 0.0 else (b - disc) / (k1 + k2))
        rest = disc  # = T less the ramps
    return a, max(rest, 0.0), a, 0.0, a, 0.0
