"""Kernels on SO(3), SE(3) and vectors side by side: exponential, the equation in canonical coordinates, the loop.

Around a point Y the equation Ẏ = Y ξ^ (body) or ξ^ Y (world) is, in Y exp(u) or exp(u) Y,

    u̇ = dexp⁻¹(∓u) ξ,   dexp⁻¹(u) = Σ Bₖ/k! ad_uᵏ = 1 - ad_u/2 + ad_u²/12 - ad_u⁴/720 + …      (Munthe-Kaas 1999)

which any Runge-Kutta step solves from u = 0. A block is (kind, size of u): 0 vector, 1 SO(3) as 9 numbers row by row,
2 SE(3) as 16 numbers row by row with u = (linear, angular).
"""

import numpy as np

from robocalc.jit import njit
from robocalc.ode.eventscan import polynomial
from robocalc.ode.kernels import control, error_norm, find_bad, interpolant, propose
from robocalc.ode.layout import (
    ACCEPTED,
    BAD,
    DONE,
    FIXED,
    FIXED_INDEX,
    FULL,
    KNOWN,
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
    ABORT,
    ABORTED,
    HI,
    LO,
    MAX_STEPS,
    H,
    N,
    T,
)
from robocalc.ode.native import PTR, at, call_rhs, call_step, data, f8, get, i8, pointer, put, types

VECTOR, SO3, SE3 = 0, 1, 2
ENDING = 6  # last numbers of p: m, size of the base, address of f, scratch, number of blocks, side
ROOM = 40  # scratch of `act`, `lift` and `orthonormal`


@njit(nogil=True)
def rotation(u, E, V):
    """E = exp(u^) and V = Σ (u^)ᵏ / (k + 1)!, both (9), row by row."""
    x, y, z = get(u, 0), get(u, 1), get(u, 2)
    s2 = x * x + y * y + z * z
    s = np.sqrt(s2)
    if s < 1e-2:
        a = 1.0 - s2 / 6.0 * (1.0 - s2 / 20.0 * (1.0 - s2 / 42.0))
        b = 0.5 - s2 / 24.0 * (1.0 - s2 / 30.0 * (1.0 - s2 / 56.0))
        c = 1.0 / 6.0 - s2 / 120.0 * (1.0 - s2 / 42.0 * (1.0 - s2 / 72.0))
    else:
        a, c = np.sin(s) / s, (s - np.sin(s)) / (s * s2)
        b = 2.0 * np.sin(0.5 * s) ** 2 / s2
    w = (x, y, z)
    for i in range(3):
        for j in range(3):
            square = w[i] * w[j] - (s2 if i == j else 0.0)
            put(E, 3 * i + j, b * square + (1.0 if i == j else 0.0))
            put(V, 3 * i + j, c * square + (1.0 if i == j else 0.0))
    for i, j, sign, k in ((0, 1, -1.0, 2), (0, 2, 1.0, 1), (1, 2, -1.0, 0)):
        put(E, 3 * i + j, get(E, 3 * i + j) + sign * a * w[k])
        put(E, 3 * j + i, get(E, 3 * j + i) - sign * a * w[k])
        put(V, 3 * i + j, get(V, 3 * i + j) + sign * b * w[k])
        put(V, 3 * j + i, get(V, 3 * j + i) - sign * b * w[k])


@njit(nogil=True)
def product(A, la, B, lb, out, lo):
    """out = A B of 3x3 matrices whose rows are la, lb, lo numbers apart; out may not be A or B."""
    for i in range(3):
        for j in range(3):
            total = 0.0
            for k in range(3):
                total += get(A, la * i + k) * get(B, lb * k + j)
            put(out, lo * i + j, total)


@njit(nogil=True)
def orthonormal(R, stride, tmp):
    """One Newton step towards the nearest rotation, R ← R (3 - RᵀR) / 2: rounding does not add up."""
    for i in range(3):
        for j in range(3):
            total = 3.0 if i == j else 0.0
            for k in range(3):
                total -= get(R, stride * k + i) * get(R, stride * k + j)
            put(tmp, 3 * i + j, 0.5 * total)
    product(R, stride, tmp, 3, at(tmp, 9), 3)
    for i in range(3):
        for j in range(3):
            put(R, stride * i + j, get(tmp, 9 + 3 * i + j))


@njit(nogil=True)
def act(count, blocks, side, base, u, out, tmp):
    """out = base ∘ exp(u) (side 0, body) or exp(u) ∘ base (side 1, world), block by block."""
    b, o = base, out
    for block in range(count):
        kind, size = int(get(blocks, 2 * block)), int(get(blocks, 2 * block + 1))
        if kind == VECTOR:
            for i in range(size):
                put(o, i, get(b, i) + get(u, i))
            b, o, u = at(b, size), at(o, size), at(u, size)
            continue
        E, V, R, stride = tmp, at(tmp, 9), at(tmp, 18), 3 if kind == SO3 else 4
        rotation(u if kind == SO3 else at(u, 3), E, V)
        if side == 0:
            product(b, stride, E, 3, R, 3)
        else:
            product(E, 3, b, stride, R, 3)
        if kind == SE3:
            for i in range(3):
                moved = get(b, 4 * i + 3) if side == 0 else 0.0
                for j in range(3):
                    step = 0.0
                    for k in range(3):
                        step += get(V, 3 * j + k) * get(u, k)
                    if side == 0:
                        moved += get(b, 4 * i + j) * step
                    else:
                        moved += get(E, 3 * i + j) * get(b, 4 * j + 3) + (step if i == j else 0.0)
                put(o, 4 * i + 3, moved)
                put(o, 12 + i, 0.0)
            put(o, 15, 1.0)
        for i in range(3):
            for j in range(3):
                put(o, stride * i + j, get(R, 3 * i + j))
        width = 9 if kind == SO3 else 16
        b, o, u = at(b, width), at(o, width), at(u, size)


@njit(nogil=True)
def cross(a, b, out):
    x = get(a, 1) * get(b, 2) - get(a, 2) * get(b, 1)
    y = get(a, 2) * get(b, 0) - get(a, 0) * get(b, 2)
    z = get(a, 0) * get(b, 1) - get(a, 1) * get(b, 0)
    put(out, 0, x)
    put(out, 1, y)
    put(out, 2, z)


@njit(nogil=True)
def bracket(kind, u, v, out, tmp):
    """out = [u, v]: ω × w, and on SE(3) linear part ω_u × v_lin - ω_v × u_lin."""
    if kind == SO3:
        cross(u, v, out)
        return
    cross(at(u, 3), v, tmp)
    cross(at(v, 3), u, at(tmp, 3))
    cross(at(u, 3), at(v, 3), at(out, 3))
    for i in range(3):
        put(out, i, get(tmp, i) - get(tmp, 3 + i))


SERIES = (1.0 / 12.0, -1.0 / 720.0, 1.0 / 30240.0, -1.0 / 1209600.0, 1.0 / 47900160.0)


@njit(nogil=True)
def lift(count, blocks, side, u, xi, out, tmp):
    """out = dexp⁻¹(∓u) ξ, block by block."""
    for block in range(count):
        kind, size = int(get(blocks, 2 * block)), int(get(blocks, 2 * block + 1))
        for i in range(size):
            put(out, i, get(xi, i))
        if kind != VECTOR:
            power, after = tmp, at(tmp, 6)
            bracket(kind, u, xi, power, at(tmp, 12))
            for i in range(size):
                put(out, i, get(out, i) + (0.5 if side == 0 else -0.5) * get(power, i))
            for term in SERIES:
                bracket(kind, u, power, after, at(tmp, 12))
                for i in range(size):
                    put(out, i, get(out, i) + term * get(after, i))
                bracket(kind, u, after, power, at(tmp, 12))
        u, xi, out = at(u, size), at(xi, size), at(out, size)


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


@njit(nogil=True)
def project(count, blocks, base, tmp):
    """Every rotation of the base back onto the group, against rounding."""
    for block in range(count):
        kind, size = int(get(blocks, 2 * block)), int(get(blocks, 2 * block + 1))
        if kind != VECTOR:
            orthonormal(base, 3 if kind == SO3 else 4, tmp)
        base = at(base, size if kind == VECTOR else 9 if kind == SO3 else 16)


@njit(nogil=True)
def magnitudes(count, blocks, base, out):
    """What a relative tolerance refers to, for each component of u: |y| of vectors and translations, 1 of rotations."""
    i = 0
    for block in range(count):
        kind, size = int(get(blocks, 2 * block)), int(get(blocks, 2 * block + 1))
        for j in range(size):
            if kind == VECTOR:
                put(out, i, get(base, j))
            elif kind == SE3 and j < 3:
                put(out, i, get(base, 4 * j + 3))
            else:
                put(out, i, 1.0)
            i += 1
        base = at(base, size if kind == VECTOR else 9 if kind == SO3 else 16)


@njit(
    i8(
        i8[::1], f8[::1], i8[::1], f8[::1], f8[::1], f8[:, ::1], f8[:, ::1], i8, f8[::1], f8[:, ::1], f8[::1], f8[:, ::1]
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
            if not total == 0.0:
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
