"""Compiled step control: the error's norm, the first step, the next step, and whether this one stands."""

import numpy as np

from robocalc.jit import njit
from robocalc.ode.layout import (
    A_RHS,
    BETA,
    CONTROLLED,
    ERR_OLD,
    EXPO,
    FIXED,
    FIXED_INDEX,
    H_CAP,
    HI,
    LO,
    MAX_STEP,
    NFEV,
    NONFINITE_LAST,
    REJECTED_LAST,
    T_END,
    T_START,
    H,
    N,
    T,
)
from robocalc.ode.native import call_rhs, data, get, put

SAFETY, SHRINK, GROW = 0.9, 0.2, 10.0  # of the step; Hairer, Nørsett & Wanner I, section II.4
SMALLEST = -9.210340371976182  # log 1e-4: of the last error, as PI control sees it
NAN_SHRINK = 0.25  # a step that met a non-finite value
LAST_STRETCH = 1.01  # of the last step, rather than leave a sliver


@njit(nogil=True, forceinline=True)
def error_norm(n, stride, y, new, err, estimates, tol, h):
    """RMS of error / (atol + rtol max(|y|, |y₊|)); nan if y₊ is not finite. Two estimates, `stride` apart: DOP853."""
    total, second, finite = 0.0, 0.0, 0.0
    for i in range(n):
        z = get(new, i)
        finite += z - z
        scale = tol[1, i] + tol[0, i] * max(abs(get(y, i)), abs(z))
        e = get(err, i) / scale
        total += e * e
        if estimates == 2:
            e = get(err, stride + i) / scale
            second += e * e
    if estimates == 2 and total > 0.0:
        return total / np.sqrt((total + 0.01 * second) * n) + finite
    return np.sqrt(total / n) + finite


@njit(nogil=True)
def first_step(addr, ctl, cnt, p, y, f0, tmp, f1, tol):
    """Hairer's first step: from the sizes of y, f and an estimate of the second derivative (one more rhs)."""
    n = cnt[CONTROLLED]
    span = abs(ctl[T_END] - ctl[T])
    direction = 1.0 if ctl[T_END] >= ctl[T] else -1.0
    d0, d1 = 0.0, 0.0
    for i in range(n):
        scale = tol[1, i] + tol[0, i] * abs(get(y, i))
        d0 += (get(y, i) / scale) ** 2
        d1 += (get(f0, i) / scale) ** 2
    d0, d1 = np.sqrt(d0 / n), np.sqrt(d1 / n)
    h0 = 1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1
    h0 = min(h0, span, ctl[MAX_STEP])
    for i in range(cnt[N]):
        put(tmp, i, get(y, i) + direction * h0 * get(f0, i))
    t1 = min(max(ctl[T] + direction * h0, ctl[LO]), ctl[HI])
    call_rhs(addr[A_RHS], cnt[N], t1, tmp, len(p), data(p), f1)
    cnt[NFEV] += 1
    d2 = 0.0
    for i in range(n):
        scale = tol[1, i] + tol[0, i] * abs(get(y, i))
        d2 += ((get(f1, i) - get(f0, i)) / scale) ** 2
    d2 = np.sqrt(d2 / n) / h0
    if not np.isfinite(d2):
        return max(min(h0, ctl[MAX_STEP]), 1e-300)
    order = 1.0 / (ctl[EXPO] + 0.75 * ctl[BETA])
    largest = max(d1, d2)
    h1 = max(1e-6, h0 * 1e-3) if largest <= 1e-15 else (0.01 / largest) ** (1.0 / order)
    return min(100.0 * h0, h1, span, ctl[MAX_STEP])


@njit(nogil=True, forceinline=True)
def find_bad(cnt, k, rows):
    """The first non-finite component among the stages, or -1."""
    for r in range(rows):
        for i in range(cnt[N]):
            if not np.isfinite(get(k, r * cnt[N] + i)):
                return i
    return -1


@njit(nogil=True, forceinline=True)
def propose(ctl, cnt):
    """The next signed step: fixed or wanted, not longer than allowed, stretched to meet the end; and if it is last."""
    left = ctl[T_END] - ctl[T]
    direction = 1.0 if left >= 0.0 else -1.0
    if ctl[FIXED] > 0.0:
        end = ctl[T_START] + (cnt[FIXED_INDEX] + 1) * ctl[FIXED] * direction
        last = (ctl[T_END] - end) * direction <= 1e-9 * ctl[FIXED]
        return (left if last else end - ctl[T]), last
    h = min(ctl[H], ctl[MAX_STEP])
    if ctl[H_CAP] > 0.0:
        h = min(h, ctl[H_CAP])
    if h * LAST_STRETCH >= abs(left) and abs(left) <= ctl[MAX_STEP]:
        return left, True
    return h * direction, False


@njit(nogil=True, forceinline=True)
def control(ctl, cnt, h, error):
    """Accept or reject, and the next step: PI control (β > 0) or plain; no growth right after a rejection."""
    if not np.isfinite(error):
        ctl[H] = abs(h) * NAN_SHRINK
        cnt[NONFINITE_LAST] = 1
        return False
    size = np.log(max(error, 1e-10))
    if error <= 1.0:
        factor = SAFETY * np.exp(ctl[BETA] * ctl[ERR_OLD] - ctl[EXPO] * size)
        factor = min(GROW, max(SHRINK, factor))
        if cnt[REJECTED_LAST] == 1:
            factor = min(1.0, factor)
        ctl[ERR_OLD] = max(size, SMALLEST)
        ctl[H] = abs(h) * factor
        cnt[REJECTED_LAST] = 0
        cnt[NONFINITE_LAST] = 0
        return True
    ctl[H] = abs(h) * max(SHRINK, SAFETY * np.exp(-ctl[EXPO] * size))
    cnt[NONFINITE_LAST] = 0
    return False
