"""The farthest motion of one joint in a given time, from (v0, a0) to (v1, a1) under limits: the curve P(T).

For fixed T all feasible motions form a convex set, so the displacements that can be reached are an interval
[P_down(T), P_up(T)]. The minimum time for displacement d is the first T that has d in its interval, and the times that
cannot be had ("blocked") are those that have not. P_up is the displacement of one family of profiles,

    a0 /U a1 -hold t2- \\D (cruise t4 at vmax) \\D a2 -hold t6- /U a1_end

(U, D: jerk at its upper, lower bound), which has one parameter. Unsaturated, a1² - a2² = c is fixed by the velocities,
so with u = a1 - a2:  a1 = (u + c/u)/2,  T = Tc + 2 h u,  and along the whole family

    dP/dT = w = v(D begins) + a1 (duration of D)/2      (the Hamiltonian over the costate of position)

In each regime w = 0 is a quadratic equation: P splits into monotone pieces, and a bracketed Newton iteration cannot
fail. Nothing here has an absolute tolerance, so lengths of 1e-9 and 1e9 are solved alike.

k1, k2 are 1/jerk up and 1/|jerk| down; A1, A2 are the bounds on acceleration and deceleration, positive.
A family F is canonical: c >= 0, which reversal of time (v0, v1, a0, a1 -> v1, v0, -a1, -a0; A1 <-> A2) makes true;
the family of P_down is that of the mirrored joint.

Source: profiles, blocked durations: Berscheid & Kröger (2021), arXiv 2105.04830; the derivation above is our own.
"""

import math

from robocalc.jit import njit

EARLY, NONE, LATE, BOTH, CRUISE = range(5)  # regimes in the order of T: which acceleration bound is touched
ITERATIONS = 100
CLOSE = 1e-13  # of x: Newton squares it


@njit
def family(v0, a0, v1, a1, vmax, A1, A2, k1, k2):
    """Canonical family (va, vb, a0, a1, A1, A2, k1, k2, h, hc, c, vmax, reversed) of the motions that go up."""
    h = 0.5 * (k1 + k2)
    va = v0 - 0.5 * k1 * a0 * a0  # velocity where the line of constant jerk through the start meets a = 0
    vb = v1 - 0.5 * k1 * a1 * a1
    hc = vb - va
    if hc < 0.0:
        return (vb, va, -a1, -a0, A2, A1, k1, k2, h, -hc, -hc / h, vmax, 1.0)
    return (va, vb, a0, a1, A1, A2, k1, k2, h, hc, hc / h if hc > 0.0 else 0.0, vmax, 0.0)


@njit
def bounds(F, island):
    """Regime bounds (b0, b1, b2, b3, late0, t2 at the beginning and end of BOTH, regime at b3) of the family's piece.

    u is in [b0, b1] EARLY (A1 held), [b1, b2] NONE, [b2, b3] LATE (A1 held if late0, else A2). The island is the
    piece of short durations that exists when both end accelerations have one sign; b0 > b3 says it does not.
    """
    va, vb, a0, a1, A1, A2, _, _, h, hc, c, vmax, _ = F
    full = A1 + A2
    E1 = (vmax - va) / h if vmax > va else 0.0
    E2 = (vmax - vb) / h if vmax > vb else 0.0
    b3 = min(math.sqrt(E1), A1) + min(math.sqrt(E2), A2)
    b0 = min(math.sqrt(c + a1 * a1), A1) - a1
    if c + a1 * a1 < A1 * A1 and a1 > 0.0:
        b0 = c / (math.sqrt(c + a1 * a1) + a1)
    blocked = a0 > 0.0 and a0 * a0 > c  # then a1 >= a0 leaves two pieces: a2 >= r, and a2 <= -r
    r = math.sqrt(a0 * a0 - c) if blocked else 0.0
    if island:
        b3 = c / (a0 + r) if blocked and a1 > r else -1.0
    elif blocked and a1 > -r:
        b0 = a0 + min(r, A2)
    b3 = max(b3, b0) if not island else b3
    b1, b2, late0, last = b3, b3, True, LATE
    if c < A1 * A1:
        root = math.sqrt(A1 * A1 - c)
        late0 = root < A2
        low, high = c / (A1 + root), A1 + root if late0 else A2 + math.sqrt(A2 * A2 + c)
        b1, b2 = min(max(low, b0), b3), min(max(high, b0), b3)
        last = NONE if low <= b3 <= high else LATE
    t_begin = t_end = 0.0
    if b3 >= full and not island:
        t_begin = max((hc - h * (A1 - A2) * (A1 + A2)) / A1, 0.0)
        t_end = max((vmax - va - h * A1 * A1) / A1, t_begin)
    return b0, b1, b2, b3, late0, t_begin, t_end, last


@njit
def shape(F, B, regime, x):
    """(a1, t2, a2, t6, t4) at parameter x of a regime: u, or t2 (BOTH), or t4 (CRUISE)."""
    _, _, _, _, A1, A2, _, _, h, hc, c, _, _ = F
    t4 = 0.0
    if regime == CRUISE:
        t4 = x
        if B[3] >= A1 + A2:
            regime, x = BOTH, B[6]
        else:
            regime, x = B[7], B[3]
    if regime == BOTH:
        return A1, x, -A2, max((h * (A1 - A2) * (A1 + A2) - hc + A1 * x) / A2, 0.0), t4
    if regime == NONE:
        q = c / x if x > 0.0 else 0.0
        return 0.5 * (q + x), 0.0, 0.5 * (q - x), 0.0, t4
    if regime == EARLY or B[4]:
        a2 = A1 - x
        return A1, max((hc - h * (A1 - a2) * (A1 + a2)) / A1, 0.0), a2, 0.0, t4
    a1 = x - A2
    return a1, 0.0, -A2, max((h * (a1 - A2) * (a1 + A2) - hc) / A2, 0.0), t4


@njit
def measure(F, a1, t2, a2, t6, t4):
    """(duration T, displacement P, w = dP/dT without cruise) of a profile."""
    va, vb, a0, a3, _, _, k1, k2, _, _, _, _, _ = F
    u = a1 - a2
    vu = va + 0.5 * k1 * a1 * a1
    vh = vu + a1 * t2
    vp = vh + 0.5 * k2 * a1 * a1
    T = k1 * (u + a3 - a0) + k2 * u + t2 + t6 + t4
    P = k1 * (a1 - a0) * (va + k1 * (a1 * (a1 + a0) + a0 * a0) / 6.0) + t2 * (vu + 0.5 * a1 * t2)
    P += k2 * u * (vp - k2 * (a1 * (a1 + a2) + a2 * a2) / 6.0) + t4 * vp
    P += t6 * (vp - 0.5 * k2 * a2 * a2 + 0.5 * a2 * t6)
    P += k1 * (a3 - a2) * (vb + k1 * (a3 * (a3 + a2) + a2 * a2) / 6.0)
    return T, P, vh + 0.5 * k2 * a1 * u


@njit
def interval(B, regime, A):
    """Parameter range of a regime; A = A1 + A2."""
    if regime == BOTH:
        return (B[5], B[6]) if B[3] >= A else (0.0, -1.0)
    if regime == CRUISE:
        return 0.0, math.inf
    if regime == EARLY:
        return B[0], B[1]
    return (B[1], B[2]) if regime == NONE else (B[2], B[3])


@njit
def stationary(F, late0, regime):
    """Parameters x1 <= x2 where w = 0 (w < 0 between them); (inf, -inf): w >= 0 throughout."""
    va, vb, _, _, A1, A2, k1, k2, h, _, c, _, _ = F
    if regime == CRUISE:
        return math.inf, -math.inf
    if regime == BOTH:
        return -math.inf, -(va + 0.5 * k1 * A1 * A1) / A1 - 0.5 * k2 * (A1 + A2)
    if regime == NONE:  # in u²: u² times w
        p, q, r = 0.125 * k1 + 0.25 * k2, va + 0.5 * h * c, 0.125 * k1 * c * c
    elif regime == EARLY or late0:
        p, q, r = h, -(k1 + 0.5 * k2) * A1, vb + 0.5 * k1 * A1 * A1
    else:
        p, q, r = h, -(k1 + 0.5 * k2) * A2, va + 0.5 * k1 * A2 * A2
    disc = q * q - 4.0 * p * r
    if disc <= 0.0 or q >= 0.0 or p == 0.0:
        return math.inf, -math.inf
    s = 0.5 * (-q + math.sqrt(disc))
    if regime == NONE:
        return math.sqrt(r / s), math.sqrt(s / p)
    return r / s, s / p


@njit
def slope(F, late0, regime, x):
    """dT/dx."""
    A1, A2, h = F[4], F[5], F[8]
    if regime == NONE:
        return 2.0 * h
    if regime == BOTH:
        return 1.0 + A1 / A2
    return 2.0 * h * x / (A1 if regime == EARLY or late0 else A2)


@njit
def root(F, B, regime, lo, hi, d):
    """x in [lo, hi] with P(x) = d, where P increases from below d to at least d: Newton kept inside the bracket."""
    x = hi
    if hi == math.inf:
        x = hi = 2.0 * lo if lo > 0.0 else 1.0
        while hi < 1e300:
            a1, t2, a2, t6, t4 = shape(F, B, regime, hi)
            if measure(F, a1, t2, a2, t6, t4)[1] >= d:
                break
            lo, hi = hi, 2.0 * hi
        x = hi
    for _ in range(ITERATIONS):
        a1, t2, a2, t6, t4 = shape(F, B, regime, x)
        _, P, w = measure(F, a1, t2, a2, t6, t4)
        f = P - d
        if f >= 0.0:
            hi = x
        else:
            lo = x
        step = f / (w * slope(F, B[4], regime, x))
        y = x - step
        if not lo <= y <= hi:
            y = 0.5 * (lo + hi)
        if y == x or abs(y - x) <= CLOSE * x:
            return y
        x = y
    return x


@njit
def crossing(F, B, island, regime, x, d, slack):
    """First (regime, x) from the given one on, where P reaches d from below; regime -1 if the piece ends before.

    A maximum of P that misses d by no more than slack counts as reaching it, as does the end of an island.
    """
    full, vmax = F[4] + F[5], F[11]
    while regime <= (NONE if island else CRUISE):
        lo, hi = interval(B, regime, full)
        lo = max(lo, x)
        if regime == CRUISE:
            a1, t2, a2, t6, _ = shape(F, B, CRUISE, 0.0)
            P = measure(F, a1, t2, a2, t6, 0.0)[1]
            return CRUISE, max((d - P) / vmax, 0.0)
        if lo < hi:
            x1, x2 = stationary(F, B[4], regime)
            if lo < x1 < math.inf:  # P increases up to x1
                top = min(x1, hi)
                a1, t2, a2, t6, t4 = shape(F, B, regime, top)
                if measure(F, a1, t2, a2, t6, t4)[1] >= d - (slack if top == x1 or (island and top == B[3]) else 0.0):
                    return regime, root(F, B, regime, lo, top, d)
            lo = max(lo, x2)  # and again from x2 on
            if lo < hi == math.inf:
                return regime, root(F, B, regime, lo, hi, d)
            if lo < hi:
                a1, t2, a2, t6, t4 = shape(F, B, regime, hi)
                if measure(F, a1, t2, a2, t6, t4)[1] >= d - (slack if island and hi == B[3] else 0.0):
                    return regime, root(F, B, regime, lo, hi, d)
        regime += 1
        x = -1.0
    return -1, 0.0


@njit
def locate(F, B, T):
    """(regime, x) of the profile of duration T in a piece that begins no later than T."""
    _, _, a0, a3, A1, A2, k1, _, h, hc, _, _, _ = F
    s = T - k1 * (a3 - a0)
    for regime in range(5):
        lo, hi = interval(B, regime, A1 + A2)
        if regime == CRUISE:
            a1, t2, a2, t6, _ = shape(F, B, CRUISE, 0.0)
            return CRUISE, max(T - measure(F, a1, t2, a2, t6, 0.0)[0], 0.0)
        if lo >= hi:
            continue
        if regime == NONE:
            x = s / (2.0 * h)
        elif regime == BOTH:
            a1, t2, a2, t6, _ = shape(F, B, BOTH, lo)
            x = lo + (T - measure(F, a1, t2, a2, t6, 0.0)[0]) * A2 / (A1 + A2)
        elif regime == EARLY or B[4]:
            x = math.sqrt(max((A1 * s - hc) / h, 0.0))
        else:
            x = math.sqrt(max((A2 * s + hc) / h, 0.0))
        if x <= hi:
            return regime, max(x, lo)
    return CRUISE, 0.0
