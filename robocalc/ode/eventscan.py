"""Zeros of event functions inside one step, on the step's interpolant: crossings, several of them, and touches.

Each function is taken at SAMPLES + 1 points of the step. A change of sign brackets a root. Where |g| has a smallest
value between samples (also next to an end of the step, told by the slope there) that value is sought: beyond zero it
splits into two roots, at zero (to TOUCH of the step's largest |g|) it is one touch.
"""

import numpy as np

from robocalc.jit import njit
from robocalc.ode.layout import AT_START, E_COUNT, E_DIRECTION, E_LIMIT, E_MUTE, HITS, MOST_HITS, PROBE, RTOL, SAMPLES
from robocalc.ode.native import at, call_rhs, get, put

ROOT_TOLERANCE = 8.9e-16  # 4 ulp of the step
TOUCH = 1e-6  # of the largest |g| in the step; 10 rtol where that is smaller
GOLDEN = 0.3819660112501051


@njit(nogil=True)
def polynomial(n, theta, y, new, R, degree, out):
    """y(θ) = (1 - θ) y + θ y₊ + θ (1 - θ) Σ_d θᵈ R_d, into out."""
    for i in range(n):
        r = 0.0
        for d in range(degree - 1, -1, -1):
            r = r * theta + get(R, d * n + i)
        put(out, i, (1.0 - theta) * get(y, i) + theta * get(new, i) + theta * (1.0 - theta) * r)


@njit(nogil=True)
def value(g, e, n, m, t, h, theta, y, new, R, degree, p, point, out):
    """Event e at θ; `out` holds all events there."""
    polynomial(n, theta, y, new, R, degree, point)
    call_rhs(g, n, t + theta * h, point, m, p, out)
    return get(out, e)


@njit(nogil=True)
def root(g, e, n, m, t, h, y, new, R, degree, p, point, out, a, fa, b, fb):
    """Brent's method between a and b, where g changes sign; returns θ."""
    c, fc, d, width = a, fa, b - a, b - a
    for _ in range(100):
        if (fb > 0.0) == (fc > 0.0):
            c, fc = a, fa
            d = width = b - a
        if abs(fc) < abs(fb):
            a, b, c = b, c, b
            fa, fb, fc = fb, fc, fb
        middle = 0.5 * (c - b)
        if abs(middle) <= ROOT_TOLERANCE * 0.5 or fb == 0.0:
            break
        if abs(width) >= ROOT_TOLERANCE and abs(fa) > abs(fb):
            s = fb / fa
            if a == c:
                u, v = 2.0 * middle * s, 1.0 - s
            else:
                v, w = fa / fc, fb / fc
                u = s * (2.0 * middle * v * (v - w) - (b - a) * (w - 1.0))
                v = (v - 1.0) * (w - 1.0) * (s - 1.0)
            if u > 0.0:
                v = -v
            u = abs(u)
            if 2.0 * u < min(3.0 * middle * v - abs(ROOT_TOLERANCE * v), abs(width * v)):
                width, d = d, u / v
            else:
                d = width = middle
        else:
            d = width = middle
        a, fa = b, fb
        b += d if abs(d) > ROOT_TOLERANCE * 0.5 else np.copysign(ROOT_TOLERANCE * 0.5, middle)
        fb = value(g, e, n, m, t, h, b, y, new, R, degree, p, point, out)
    return b


@njit(nogil=True)
def smallest(g, e, n, m, t, h, y, new, R, degree, p, point, out, a, b, sign):
    """(θ, sign g(θ)) where sign · g is smallest in [a, b] by golden section; stops early below zero."""
    x1, x2 = a + GOLDEN * (b - a), b - GOLDEN * (b - a)
    f1 = sign * value(g, e, n, m, t, h, x1, y, new, R, degree, p, point, out)
    f2 = sign * value(g, e, n, m, t, h, x2, y, new, R, degree, p, point, out)
    for _ in range(42):
        if f1 < 0.0 or f2 < 0.0 or b - a < 1e-9:
            break
        if f1 < f2:
            b, x2, f2 = x2, x1, f1
            x1 = a + GOLDEN * (b - a)
            f1 = sign * value(g, e, n, m, t, h, x1, y, new, R, degree, p, point, out)
        else:
            a, x1, f1 = x1, x2, f2
            x2 = b - GOLDEN * (b - a)
            f2 = sign * value(g, e, n, m, t, h, x2, y, new, R, degree, p, point, out)
    return (x1, f1) if f1 < f2 else (x2, f2)


@njit(nogil=True)
def note(hits, count, theta, e, towards, direction):
    """Append a root at θ, if g goes the way that is asked for (towards: sign of the change; direction 0: any)."""
    if (direction == 0.0 or direction * towards > 0.0) and count < MOST_HITS:
        hits[count, 0] = theta
        hits[count, 1] = e
        return count + 1
    return count


@njit(nogil=True)
def may_reach_zero(left, here, right):
    """Whether the parabola through three values in a row (same sign, the middle smallest) comes near zero."""
    curve, slope = left - 2.0 * here + right, 0.5 * (right - left)
    return curve <= 0.0 or here - 0.5 * slope * slope / curve < 0.6 * here


@njit(nogil=True)
def scan_one(g, e, ne, n, m, t, h, y, new, R, degree, p, point, room, events, fresh, count, start, rtol):
    """Roots of event e from its samples in `room`, appended to fresh (rows θ, e); returns their number."""
    out = at(room, (SAMPLES + 3) * ne)
    direction = events[e, E_DIRECTION]
    largest = 0.0
    for j in range(SAMPLES + 1):
        largest = max(largest, abs(get(room, j * ne + e)))
    touch = min(TOUCH, 10.0 * rtol) * largest
    before = get(room, (SAMPLES + 1) * ne + e)  # at θ = PROBE
    after = get(room, (SAMPLES + 2) * ne + e)  # at θ = 1 - PROBE
    for j in range(SAMPLES):
        a, b = j / SAMPLES, (j + 1) / SAMPLES
        fa, fb = get(room, j * ne + e), get(room, (j + 1) * ne + e)
        if j == 0 and fa == 0.0:
            if start:
                count = note(fresh, count, 0.0, e, before, direction)
            a, fa = PROBE, before
        if fa == 0.0:
            continue
        sign = 1.0 if fa > 0.0 else -1.0
        if fb == 0.0:
            count = note(fresh, count, b, e, -sign, direction)
        elif fa * fb < 0.0:
            theta = root(g, e, n, m, t, h, y, new, R, degree, p, point, out, a, fa, b, fb)
            count = note(fresh, count, theta, e, -sign, direction)
        else:
            if j == 0:
                dips = sign * before < sign * fa and sign * fb >= sign * before
            elif j == SAMPLES - 1:
                dips = sign * after < sign * fb and sign * fa >= sign * after
            else:
                dips = False
            left, right = a, b
            if j > 0:  # the smallest sample is a: the dip lies between its neighbours
                fz = get(room, (j - 1) * ne + e)
                if sign * fz > sign * fa and sign * fb >= sign * fa and may_reach_zero(sign * fz, sign * fa, sign * fb):
                    dips, left = True, (j - 1) / SAMPLES
            if dips:
                theta, lowest = smallest(g, e, n, m, t, h, y, new, R, degree, p, point, out, left, right, sign)
                if lowest < 0.0:
                    fl = value(g, e, n, m, t, h, left, y, new, R, degree, p, point, out)
                    fr = value(g, e, n, m, t, h, right, y, new, R, degree, p, point, out)
                    low = sign * lowest
                    theta1 = root(g, e, n, m, t, h, y, new, R, degree, p, point, out, left, fl, theta, low)
                    theta2 = root(g, e, n, m, t, h, y, new, R, degree, p, point, out, theta, low, right, fr)
                    count = note(fresh, count, theta1, e, -sign, direction)
                    count = note(fresh, count, theta2, e, sign, direction)
                elif lowest <= touch and theta > 0.0 and theta < 1.0:
                    count = note(fresh, count, theta, e, -sign, direction)
    return count


@njit(nogil=True)
def sort_rows(fresh, count):
    """Rows in order of θ, then of the event (insertion sort: few rows)."""
    for i in range(1, count):
        theta, e = fresh[i, 0], fresh[i, 1]
        j = i - 1
        while j >= 0 and (fresh[j, 0] > theta or (fresh[j, 0] == theta and fresh[j, 1] > e)):
            fresh[j + 1, 0], fresh[j + 1, 1] = fresh[j, 0], fresh[j, 1]
            j -= 1
        fresh[j + 1, 0], fresh[j + 1, 1] = theta, e


@njit(nogil=True)
def scan(g, n, m, t, h, t_new, y, new, R, degree, p, point, room, events, hits, cnt, ctl):
    """Find this step's events in time order and append them to hits; (θ of the stop, whether one stops)."""
    ne, start = events.shape[0], cnt[AT_START] == 1
    cnt[AT_START] = 0
    for j in range(SAMPLES + 3):
        theta = j / SAMPLES if j <= SAMPLES else (PROBE if j == SAMPLES + 1 else 1.0 - PROBE)
        polynomial(n, theta, y, new, R, degree, point)
        call_rhs(g, n, t_new if j == SAMPLES else t + theta * h, point, m, p, at(room, j * ne))
    fresh = hits[cnt[HITS] :]
    count = 0
    for e in range(ne):
        if events[e, E_MUTE] == 1.0:  # this event has just happened here: its zero is known
            put(room, e, 0.0)
            events[e, E_MUTE] = 0.0
        count = scan_one(
            g, e, ne, n, m, t, h, y, new, R, degree, p, point, room, events, fresh, count, start, ctl[RTOL]
        )
    sort_rows(fresh, count)
    stop, used = -1.0, 0
    for r in range(count):
        theta, e = fresh[r, 0], int(fresh[r, 1])
        if stop >= 0.0 and theta > stop + ROOT_TOLERANCE:
            break
        events[e, E_COUNT] += 1.0
        if events[e, E_LIMIT] > 0.0 and events[e, E_COUNT] >= events[e, E_LIMIT] and stop < 0.0:
            stop = theta
        used += 1
    for r in range(used):
        theta, e = fresh[r, 0], fresh[r, 1]
        polynomial(n, theta, y, new, R, degree, point)
        fresh[r, 0] = t_new if theta == 1.0 else t + theta * h
        for i in range(n):
            fresh[r, 2 + i] = get(point, i)
        if stop >= 0.0 and theta >= stop - ROOT_TOLERANCE:
            events[int(e), E_MUTE] = 1.0
    cnt[HITS] += used
    return (stop if stop >= 0.0 else 1.0), stop >= 0.0
