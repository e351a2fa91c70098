"""Kernels on SO(3), SE(3) and vectors side by side: exponential, the equation in canonical coordinates, the loop.

Around a point Y the equation Ẏ = Y ξ^ (body) or ξ^ Y (world) is, in Y exp(u) or exp(u) Y,

    u̇ = dexp⁻¹(∓u) ξ,   dexp⁻¹(u) = Σ Bₖ/k! ad_uᵏ = 1 - ad_u/2 + ad_u²/12 - ad_u⁴/720 + …      (Munthe-Kaas 1999)

which any Runge-Kutta step solves from u = 0. A block is (kind, size of u): 0 vector, 1 SO(3) as 9 numbers row by row,
2 SE(3) as 16 numbers row by row with u = (linear, angular).
"""

from robocalc.jit import njit
from robocalc.ode.eventscan import polynomial
from robocalc.ode.groups import act, lift, magnitudes, project
from robocalc.ode.kernels import interpolant
from robocalc.ode.layout import (
    ABORT,
    ABORTED,
    ACCEPTED,
    BAD,
    DONE,
    FIXED,
    FIXED_INDEX,
    FULL,
    HI,
    KNOWN,
    LO,
    MAX_STEPS,
    MIN_STEP,
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
    T_BAD,
    T_END,
    TOO_MANY,
    TOO_SMALL,
    H,
    N,
    T,
)
from robocalc.ode.native import PTR, at, call_rhs, call_step, data, f8, get, i8, pointer, put, types
from robocalc.ode.stepcontrol import control, error_norm, find_bad, propose

ENDING = 6  # last numbers of p: m, size of the base, address of f, scratch, number of blocks, side


@njit(types.void(i8, f8, PTR, i8, PTR, PTR), nogil=True)
def chart(n, t, u, M, p, out):
    """u̇; p = (user's p, base, blocks, m, size of base, address of f, scratch, number of blocks, side), M its length."""
    end = at(p, M - ENDING)
    m, size, count, side = int(get(end, 0)), int(get(end, 1)), int(get(end, 4)), int(get(end, 5))
    x = pointer(int(get(end, 3)))
    xi, tmp = at(x, size), at(x, size + n)
    act(count, at(p, m + size), side, at(p, m), u, x, tmp)
    call_rhs(int(get(end, 2)), size, t, x, m, p, xi)
    lift(count, at(p, m + size), side, u, xi, out, tmp)


@njit(nogil=True)
def save_lie(cnt, t, base, size, TS, YS):
    TS[cnt[ROW]] = t
    for i in range(size):
        YS[cnt[ROW], i] = get(base, i)
    cnt[ROW] += 1


@njit(
    i8(
        i8[::1],
        f8[::1],
        i8[::1],
        f8[::1],
        f8[::1],
        f8[:, ::1],
        f8[:, ::1],
        i8,
        f8[::1],
        f8[:, ::1],
        f8[::1],
        f8[:, ::1],
    ),
    nogil=True,
)
def march(addr, ctl, cnt, work, p, tol, W, estimates, TS, YS, t_eval, EV):
    """As `kernels.advance`, for a state on a group: each step starts at u = 0 around the base that stands in p."""
    n, s, M, degree = cnt[N], cnt[STAGES], len(p), W.shape[1]
    chart_at = addr[2]
    params = data(p)
    end = at(params, M - ENDING)
    m, size, count, side = int(get(end, 0)), int(get(end, 1)), int(get(end, 4)), int(get(end, 5))
    base, blocks = at(params, m), at(params, m + size)
    zero = data(work)
    new, tmp, err, mag = at(zero, n), at(zero, 2 * n), at(zero, 3 * n), at(zero, 5 * n)
    k = at(zero, 6 * n)
    R = at(k, cnt[ROWS] * n)
    x = at(R, degree * n)
    room = at(x, size)
    for i in range(n):
        put(zero, i, 0.0)
    while ctl[T] != ctl[T_END]:
        if cnt[SAVE] and cnt[ROW] >= len(TS):
            return FULL
        if cnt[ACCEPTED] + cnt[REJECTED] >= cnt[MAX_STEPS]:
            return TOO_MANY
        t = ctl[T]
        if cnt[KNOWN] == 0:
            call_rhs(chart_at, n, t, zero, M, params, k)
            cnt[NFEV] += 1
            cnt[KNOWN] = 1
            if cnt[ABORT]:
                return ABORTED
            if find_bad(cnt, k, 1) >= 0:
                cnt[BAD], ctl[T_BAD] = find_bad(cnt, k, 1), t
                return NONFINITE
        magnitudes(count, blocks, base, mag)
        if ctl[H] <= 0.0 and ctl[FIXED] <= 0.0:
            largest = 1e-300
            for i in range(n):
                largest = max(largest, abs(get(k, i)) / (tol[1, i] + tol[0, i] * abs(get(mag, i))))
            ctl[H] = min(abs(ctl[T_END] - t), 0.1 / largest ** (1.0 / (s + 1.0)) / max(1.0, largest * 1e-9))
        h, last = propose(ctl, cnt)
        t_new = ctl[T_END] if last else t + h
        if ctl[FIXED] <= 0.0 and (abs(h) < ctl[MIN_STEP] or t_new == t or abs(h) < 4e-16 * abs(t)) and not last:
            ctl[T_BAD] = t
            return NONFINITE if cnt[NONFINITE_LAST] else TOO_SMALL
        call_step(addr[0], chart_at, n, M, t, h, ctl[LO], ctl[HI], zero, params, k, new, tmp, err)
        cnt[NFEV] += s - 1 + cnt[NEW_RHS_IN_STEP]
        if cnt[ABORT]:
            return ABORTED
        error = error_norm(n, n, mag, new, err, max(estimates, 1), tol, h) if estimates > 0 else 0.0
        if ctl[FIXED] > 0.0:
            total = 0.0
            for i in range(n):
                total += get(new, i) - get(new, i)
            if total != 0.0:  # also nan
                cnt[BAD], ctl[T_BAD] = max(find_bad(cnt, k, s), 0), t
                return NONFINITE
        elif not control(ctl, cnt, h, error):
            cnt[REJECTED] += 1
            cnt[REJECTED_LAST] = 1
            if last and t + ctl[H] == t:
                ctl[T_BAD] = t
                return NONFINITE if cnt[NONFINITE_LAST] else TOO_SMALL
            continue
        cnt[ACCEPTED] += 1
        cnt[FIXED_INDEX] += 1
        direction = 1.0 if h >= 0.0 else -1.0
        if cnt[NEXT_EVAL] < len(t_eval) and (t_eval[cnt[NEXT_EVAL]] - t_new) * direction <= 0.0:
            if cnt[NEW_RHS_IN_STEP] == 0:
                call_rhs(chart_at, n, t_new, new, M, params, at(k, s * n))
                cnt[NFEV] += 1
            if addr[1] != 0:
                call_step(addr[1], chart_at, n, M, t, h, ctl[LO], ctl[HI], zero, params, k, new, tmp, err)
                cnt[NFEV] += cnt[ROWS] - s - 1
            interpolant(cnt, W, k, h, R)
            while cnt[NEXT_EVAL] < len(t_eval) and (t_eval[cnt[NEXT_EVAL]] - t_new) * direction <= 0.0:
                wanted = t_eval[cnt[NEXT_EVAL]]
                polynomial(n, 1.0 if wanted == t_new else (wanted - t) / h, zero, new, R, degree, tmp)
                act(count, blocks, side, base, tmp, x, room)
                project(count, blocks, x, room)
                for i in range(size):
                    EV[cnt[NEXT_EVAL], i] = get(x, i)
                cnt[NEXT_EVAL] += 1
        act(count, blocks, side, base, new, x, room)
        project(count, blocks, x, room)
        for i in range(size):
            put(base, i, get(x, i))
        if cnt[SAVE]:
            save_lie(cnt, t_new, base, size, TS, YS)
        ctl[T] = t_new
        cnt[KNOWN] = 0
    return DONE
