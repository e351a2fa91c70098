"""All joints together: brake, minimum times, the common duration, and the table of phases of each joint.

state (6, n)     q0, v0, a0, q1, v1, a1
limits (6, n)    vmin, vmax, amin, amax, jmin, jmax
buffer (n, ROWS, PHASES)   rows 0:5 the joint's table (see brake.py), 5:10 and 10:15 room for blends, 15:18 notes
"""

import math

from robocalc.jit import njit
from robocalc.trajectory.otg.brake import brake, finish, push
from robocalc.trajectory.otg.joint import between, earliest, fastest, fit, fit_velocity
from robocalc.trajectory.otg.stretch import blend, emit

ROWS = 18
NONE, TIME, PHASE = range(3)  # synchronisation
OVER = 1.0 + 1e-15  # a target on its limit may be beyond it by rounding
SAME = 4e-16  # of a duration: rounding
ROUNDING = 4e-16  # of the positions, in their difference
ROUNDS = 200


@njit
def usable(state, limits, by_velocity):
    """Whether every number is finite, every limit has its sign, and the target state is within limits."""
    if state.shape != limits.shape:
        return False
    for i in range(state.shape[1]):
        vmin, vmax, amin = limits[0, i], limits[1, i], limits[2, i]
        amax, jmin, jmax = limits[3, i], limits[4, i], limits[5, i]
        v1, a1 = state[4, i], state[5, i]
        if not (vmin < 0.0 < vmax and amin < 0.0 < amax and jmin < 0.0 < jmax):
            return False
        for r in range(6):
            if not (math.isfinite(state[r, i]) or (r == 3 and by_velocity)):
                return False
        if math.isinf(amin) != math.isinf(amax) and (math.isinf(jmin) or math.isinf(jmax)):
            return False
        if not amin * OVER <= a1 <= amax * OVER:
            return False
        before = v1 - 0.5 * a1 * abs(a1) / (jmax if a1 > 0.0 else -jmin)  # where the acceleration began
        low, high = vmin * OVER, vmax * OVER
        if not (by_velocity or (low <= v1 <= high and low <= before <= high)):
            return False
    return True


@njit
def keep(note, T, p):
    """Write duration and profile to a joint's notes."""
    note[0] = T
    for i in range(6):
        note[1 + i] = p[i]


@njit
def prepare(state, limits, buffer, i, by_velocity):
    """Brake of joint i and its minimum time, noted; returns that time."""
    lim = limits[:, i]
    table, note, after = buffer[i, 0:5], buffer[i, 15], buffer[i, 16]
    k1, k2 = 1.0 / lim[5], -1.0 / lim[4]
    p, v, a = 0.0, state[1, i], state[2, i]
    a1 = state[5, i]
    if k1 == 0.0 and k2 == 0.0:
        a = a1 = 0.0  # accelerations jump: those given mean nothing
    d = math.nan if by_velocity else state[3, i] - state[0, i]
    free = k1 == 0.0 and k2 == 0.0 and math.isinf(lim[3])  # velocities jump as well
    m = 0
    t = 0.0
    if free:
        T = 0.0 if by_velocity else d / (lim[1] if d > 0.0 else lim[0])
        keep(note, T if T > 0.0 else 0.0, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    else:
        m, t, p, v, a = brake(table, p, v, a, lim, k1, k2, not by_velocity)
        vmin, vmax = (-math.inf, math.inf) if by_velocity else (lim[0], lim[1])
        J = (
            v,
            a,
            state[4, i],
            a1,
            vmin,
            vmax,
            lim[2],
            lim[3],
            k1,
            k2,
            ROUNDING * (abs(state[0, i]) + abs(state[3, i])),
        )
        T, profile, v = fastest(J, d - p)
        keep(note, t + T, profile)
        for r in range(11):
            after[r] = J[r]
        after[0] = v
    after[11], after[12], after[13], after[14], after[15] = d - p, t, p, m, free
    note[7] = 0.0
    return note[0]


@njit
def joint_of(after):
    """The tuple J of a joint's notes."""
    a = after
    return (a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10])


@njit
def lengthen(buffer, i, T, by_velocity):
    """Make joint i last T; returns T, or the next duration that the joint can have."""
    note, after = buffer[i, 15], buffer[i, 16]
    if T - note[0] <= SAME * T:
        return T
    if after[15] > 0.0:
        note[0] = T
        return T
    J, d, t = joint_of(after), after[11], after[12]
    note[7] = 0.0
    if by_velocity:
        later, p, _ = earliest(J, d, T - t)
        keep(note, max(later + t, T), fit_velocity(J, later))
        return note[0]
    fits, share, p, q = fit(J, T - t, d)
    if not fits:
        later, r, _ = earliest(J, d, T - t)
        if later > T - t:
            keep(note, later + t, r)
            return max(note[0], T)
        never = (-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # at odds by rounding: the farthest motions decide
        fits, share, p, q = between(J, T - t, d, never, never)
    if fits:
        keep(note, T, p)
        note[7] = share
        for r in range(6):
            note[8 + r] = q[r]
        return T
    return math.nan


@njit
def write(state, buffer, i, T, by_velocity):
    """Write joint i's table from its notes; T is its duration."""
    table, note, after = buffer[i, 0:5], buffer[i, 15], buffer[i, 16]
    m, t, p, end = int(after[14]), after[12], after[13], state[3, i]
    v, a, a1, k1, k2, share = after[0], after[1], after[3], after[8], after[9], note[7]
    levels = ((note[1], note[2]), (note[3], note[4]), (note[5], note[6]))
    if after[15] > 0.0:
        m, t, p, v = push(table, m, 0.0, 0.0, 0.0 if by_velocity else after[11] / T, 0.0, 0.0, T)
    elif share > 0.0:
        A, B = buffer[i, 5:10], buffer[i, 10:15]
        other = ((note[8], note[9]), (note[10], note[11]), (note[12], note[13]))
        mA, _ = emit(A, 0, t, p, v, a, levels, a1, k1, k2)
        mB, _ = emit(B, 0, t, p, v, a, other, a1, k1, k2)
        m = blend(table, m, A, mA, B, mB, share)
    else:
        m, p = emit(table, m, t, p, v, a, levels, a1, k1, k2)
    for r in range(m):
        table[1, r] += state[0, i]
    finish(table, m, T, state[0, i] + p if by_velocity else end, state[4, i], state[5, i])


@njit
def whole(T, cycle):
    """T rounded up to whole cycles; as it is if cycle is 0."""
    return math.ceil(T / cycle * (1.0 - SAME)) * cycle if cycle > 0.0 else T


@njit
def solve(state, limits, mode, by_velocity, shortest, cycle, buffer):
    """Fill the joints' tables; returns the duration, or nan if the input cannot be used.

    mode      NONE: each joint as fast as it can; TIME: all arrive together
    shortest  least duration [s]
    cycle     the duration is a multiple of it [s]; 0: any
    """
    if not (usable(state, limits, by_velocity) and 0.0 <= shortest < math.inf):
        return math.nan
    n = state.shape[1]
    T = shortest
    for i in range(n):
        Ti = prepare(state, limits, buffer, i, by_velocity)
        if math.isnan(Ti):
            return Ti
        T = max(T, Ti)
    T = whole(T, cycle)
    rounds, i = 0, 0
    while i < n and rounds < ROUNDS:
        want = T if mode == TIME else whole(max(shortest, buffer[i, 15, 0]), cycle)
        later = lengthen(buffer, i, want, by_velocity)
        if math.isnan(later):
            return later
        i += 1
        if later > want and (mode == TIME or cycle > 0.0):  # blocked: the others follow, or the next cycle is tried
            T, rounds = whole(later, cycle), rounds + 1
            i = 0 if mode == TIME else i - 1
    if rounds == ROUNDS:
        return math.nan
    for i in range(n):
        write(state, buffer, i, buffer[i, 15, 0] if mode == NONE else T, by_velocity)
        T = max(T, buffer[i, 15, 0])
    return T
