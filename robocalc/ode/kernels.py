"""The compiled loop: one step after another until the end, a full buffer, an event that stops, or a failure.

    advance   moves (t, y) on, saving what is wanted; called again, it goes on where it stopped

All state lies in the caller's arrays (robocalc.ode.layout), so the loop can be left and entered again. A right-hand
side, a step and the events are addresses; Python functions come in the same way.
"""

from robocalc.jit import njit
from robocalc.ode.eventscan import polynomial, scan
from robocalc.ode.layout import (
    A_EVENT,
    A_EXTRA,
    A_RHS,
    A_STEP,
    ABORT,
    ABORTED,
    ACCEPTED,
    BAD,
    BUDGET,
    CONTROLLED,
    DENSE,
    DONE,
    FIXED,
    FIXED_INDEX,
    FULL,
    H_CAP,
    HI,
    HITS,
    KNOWN,
    LO,
    MAX_STEPS,
    MIN_STEP,
    MOST_HITS,
    NEW_RHS_IN_STEP,
    NEXT_EVAL,
    NFEV,
    NONFINITE,
    NONFINITE_LAST,
    REJECTED,
    REJECTED_LAST,
    ROW,
    ROWS,
    SAVE,
    STAGES,
    STOPPED,
    T_BAD,
    T_END,
    TOO_MANY,
    TOO_SMALL,
    H,
    N,
    T,
)
from robocalc.ode.native import at, call_rhs, call_step, data, f8, get, i8, put
from robocalc.ode.stepcontrol import control, error_norm, find_bad, first_step, propose


@njit(nogil=True)
def interpolant(cnt, W, k, h, R):
    """R (D - 1, n) = h Wᵀ k: what the dense output adds to the chord."""
    n = cnt[N]
    for d in range(W.shape[1]):
        for i in range(n):
            put(R, d * n + i, 0.0)
        for r in range(W.shape[0]):
            w = W[r, d] * h
            if w != 0.0:
                for i in range(n):
                    put(R, d * n + i, get(R, d * n + i) + w * get(k, r * n + i))


@njit(nogil=True, forceinline=True)
def save_row(cnt, t, y, TS, YS):
    """Append (t, y) to the saved steps."""
    row = cnt[ROW]
    TS[row] = t
    for i in range(cnt[N]):
        YS[row, i] = get(y, i)
    cnt[ROW] += 1


@njit(nogil=True)
def save_dense(cnt, h, y, new, R, HS, D):
    """Keep the interpolant of the step that ends in the row to be saved next: y, y₊, R."""
    n, row = cnt[N], cnt[ROW] - 1
    HS[row] = h
    for i in range(n):
        D[row, 0, i] = get(y, i)
        D[row, 1, i] = get(new, i)
    for d in range(D.shape[1] - 2):
        for i in range(n):
            D[row, 2 + d, i] = get(R, d * n + i)


@njit(nogil=True)
def save_wanted(cnt, t, h, t_to, theta_to, t_eval, y, new, R, degree, point, EV):
    """Rows of EV for the wanted times up to t_to, where θ = theta_to."""
    direction = 1.0 if h >= 0.0 else -1.0
    n = cnt[N]
    while cnt[NEXT_EVAL] < len(t_eval) and (t_eval[cnt[NEXT_EVAL]] - t_to) * direction <= 0.0:
        wanted = t_eval[cnt[NEXT_EVAL]]
        theta = theta_to if wanted == t_to else (wanted - t) / h
        polynomial(n, theta, y, new, R, degree, point)
        for i in range(n):
            EV[cnt[NEXT_EVAL], i] = get(point, i)
        cnt[NEXT_EVAL] += 1


@njit(nogil=True, forceinline=True)
def is_wanted(cnt, t_eval, t_new, h):
    """Whether a wanted time lies in the step."""
    return cnt[NEXT_EVAL] < len(t_eval) and (t_eval[cnt[NEXT_EVAL]] - t_new) * (1.0 if h >= 0.0 else -1.0) <= 0.0


@njit(nogil=True)
def settle(
    addr, ctl, cnt, t, h, t_new, y, new, R, degree, p, point, room, tmp, TS, YS, HS, D, t_eval, EV, events, hits
):
    """After an accepted step: look for events, save what is wanted, move on; (time reached, whether an event stops)."""
    n = cnt[N]
    theta, stopped = 1.0, False
    if events.shape[0] > 0:
        theta, stopped = scan(
            addr[A_EVENT], n, len(p), t, h, t_new, y, new, R, degree, data(p), point, room, events, hits, cnt, ctl
        )
        if cnt[ABORT]:
            return t_new, False
    if stopped:
        t_new = hits[cnt[HITS] - 1, 0]
    save_wanted(cnt, t, h, t_new, theta, t_eval, y, new, R, degree, tmp, EV)
    if cnt[DENSE]:
        save_dense(cnt, h, y, new, R, HS, D)
    if stopped:
        polynomial(n, theta, y, new, R, degree, point)
        for i in range(n):
            put(new, i, get(point, i))
    if cnt[SAVE]:
        save_row(cnt, t_new, new, TS, YS)
    ctl[T] = t_new
    for i in range(n):
        put(y, i, get(new, i))
    return t_new, stopped


ADVANCE = i8(
    i8[::1],  # addr
    f8[::1],  # ctl
    i8[::1],  # cnt
    f8[::1],  # work, y first
    f8[::1],  # p
    f8[:, ::1],  # tol (2, n): rtol, atol
    f8[:, ::1],  # W (rows, D - 1)
    i8,  # error estimates: 0, 1, 2
    f8[::1],  # TS, YS: saved steps
    f8[:, ::1],
    f8[::1],  # HS, D: their interpolants
    f8[:, :, ::1],
    f8[::1],  # t_eval, EV: wanted times
    f8[:, ::1],
    f8[:, ::1],  # events (ne, 4)
    f8[:, ::1],  # hits (H, 2 + n): t, event, y
)


@njit(ADVANCE, nogil=True)
def advance(addr, ctl, cnt, work, p, tol, W, estimates, TS, YS, HS, D, t_eval, EV, events, hits):
    """Step from ctl[T], work[:n] towards ctl[T_END]; returns a status of robocalc.ode.layout."""
    n, m, s = cnt[N], len(p), cnt[STAGES]
    degree, ne = W.shape[1], events.shape[0]
    base, params = data(work), data(p)
    y, new, tmp, point, err = base, at(base, n), at(base, 2 * n), at(base, 3 * n), at(base, 4 * n)
    k = at(base, 6 * n)
    R = at(k, cnt[ROWS] * n)
    room = at(R, degree * n)
    lo, hi = ctl[LO], ctl[HI]
    if cnt[KNOWN] == 0:
        call_rhs(addr[A_RHS], n, min(max(ctl[T], lo), hi), y, m, params, k)
        cnt[NFEV] += 1
        cnt[KNOWN] = 1
        if find_bad(cnt, k, 1) >= 0:
            cnt[BAD] = find_bad(cnt, k, 1)
            ctl[T_BAD] = ctl[T]
            return ABORTED if cnt[ABORT] else NONFINITE
    if ctl[H] <= 0.0 and ctl[FIXED] <= 0.0:
        ctl[H] = first_step(addr, ctl, cnt, p, y, k, tmp, at(k, n), tol)
    while ctl[T] != ctl[T_END]:
        if (cnt[SAVE] and cnt[ROW] >= len(TS)) or (ne > 0 and cnt[HITS] + MOST_HITS > len(hits)) or cnt[BUDGET] == 0:
            return FULL
        if cnt[ACCEPTED] + cnt[REJECTED] >= cnt[MAX_STEPS]:
            return TOO_MANY
        cnt[BUDGET] -= 1
        t = ctl[T]
        h, last = propose(ctl, cnt)
        t_new = ctl[T_END] if last else t + h
        if ctl[FIXED] <= 0.0 and (abs(h) < ctl[MIN_STEP] or t_new == t or abs(h) < 4e-16 * abs(t)) and not last:
            cnt[BAD] = find_bad(cnt, k, s)
            ctl[T_BAD] = t
            return NONFINITE if cnt[NONFINITE_LAST] else TOO_SMALL
        call_step(addr[A_STEP], addr[A_RHS], n, m, t, h, lo, hi, y, params, k, new, tmp, err)
        cnt[NFEV] += int(get(err, 0)) if estimates < 0 else s - 1 + cnt[NEW_RHS_IN_STEP]
        if cnt[ABORT]:
            return ABORTED
        if ctl[FIXED] > 0.0:
            total = 0.0
            for i in range(n):
                total += get(new, i) - get(new, i)
            if total != 0.0:  # also nan
                cnt[BAD] = find_bad(cnt, k, s)
                if cnt[BAD] < 0:
                    cnt[BAD] = find_bad(cnt, new, 1)
                ctl[T_BAD] = t
                return NONFINITE
        elif not control(ctl, cnt, h, error_norm(cnt[CONTROLLED], n, y, new, err, estimates, tol, h)):
            cnt[REJECTED] += 1
            cnt[REJECTED_LAST] = 1
            if last and (ctl[H] < ctl[MIN_STEP] or t + ctl[H] == t):
                cnt[BAD] = find_bad(cnt, k, s)
                ctl[T_BAD] = t
                return NONFINITE if cnt[NONFINITE_LAST] else TOO_SMALL
            continue
        cnt[ACCEPTED] += 1
        cnt[FIXED_INDEX] += 1
        ctl[H_CAP] = 0.0
        if cnt[NEW_RHS_IN_STEP] == 0:
            call_rhs(addr[A_RHS], n, min(max(t_new, lo), hi), new, m, params, at(k, s * n))
            cnt[NFEV] += 1
        busy = cnt[DENSE] != 0 or ne > 0 or is_wanted(cnt, t_eval, t_new, h)
        if busy:
            if addr[A_EXTRA] != 0:
                call_step(addr[A_EXTRA], addr[A_RHS], n, m, t, h, lo, hi, y, params, k, new, tmp, err)
                cnt[NFEV] += cnt[ROWS] - s - 1
            interpolant(cnt, W, k, h, R)
        stopped, finite = False, 0.0
        if busy:
            t_new, stopped = settle(
                addr, ctl, cnt, t, h, t_new, y, new, R, degree, p, point, room, tmp,
                TS, YS, HS, D, t_eval, EV, events, hits,
            )  # fmt: skip
        else:  # the common case, without the cost of that call
            ctl[T] = t_new
            if cnt[SAVE]:
                save_row(cnt, t_new, new, TS, YS)
            for i in range(n):
                put(y, i, get(new, i))
        if cnt[ABORT]:
            return ABORTED
        for i in range(n):
            value = get(k, s * n + i)
            put(k, i, value)
            finite += value - value
        if stopped:
            cnt[KNOWN] = 0
            return STOPPED
        if finite != 0.0 and ctl[T] != ctl[T_END]:
            cnt[BAD] = find_bad(cnt, k, 1)
            ctl[T_BAD] = t_new
            return ABORTED if cnt[ABORT] else NONFINITE
    return DONE
