"""Kalman filters of a robot's whole state, compiled; importing this loads numba.

    ekf, ukf    x = (q, v) or (q, v, d): d (n,) [N m] a disturbance torque that wanders
    Signature and rows: robocalc.control.kernels_estimate

A physics step moves the estimate as it moves the twin, under the applied torque, believed friction and d̂. Its
covariance gains Q = G (σ²/h) Gᵀ, G = (h² M⁻¹, h M⁻¹) at the estimate, for torque of density σ [N m/√Hz]; d gains h δ².
Sensors are independent, so that measurements are taken in one by one, which is exact.

gains      rows SIGMA, DRIFT and the variances at the start; HEAD: SIZE = nx, SPREAD = α²(nx + κ), WEIGHT of the mean
memory     rows X, RUB, WORK, then COV and TEMP (nx²), BLOCKS (3, n²), COLUMN; ukf: POINTS on, 2 nx + 1
"""

import math

from robocalc.control.friction import friction
from robocalc.control.kernels_estimate import (
    COULOMB,
    DT,
    HEAD,
    OWN,
    PIECE,
    R_Q,
    R_V,
    RUB,
    RUBS,
    STARTED,
    STOP,
    VISCOUS,
    WORK,
    X,
    deviation,
    given,
    judged,
    piece,
    reference_now,
    rubbed,
    share_of,
    stamps,
)
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import acceleration, substitute
from robocalc.dynamics.kernels_derivatives import acceleration_derivatives
from robocalc.jit import njit

SIZE, SPREAD, WEIGHT = 4, 5, 6  # columns of gains[HEAD]
SIGMA, DRIFT, START_Q, START_V, START_D = range(OWN, OWN + 5)  # rows of gains; the last three variances
COV, TEMP, BLOCKS, COLUMN, POINTS = 4, 5, 6, 9, 10  # rows of memory


@njit
def square(memory, row, n):
    """Row `row` of memory as an (n, n) array."""
    return memory[row, : n * n].reshape(n, n)


@njit
def start(gains, memory, q, ref, P):
    """Positions as measured, velocities as wanted, no disturbance; where a joint has no encoder, its reference."""
    n = len(q)
    x, rub = memory[X], memory[RUB]
    P[:] = 0.0
    for i in range(n):
        seen = gains[R_Q, i] >= 0.0
        x[i], x[n + i] = q[i] if seen else ref[0, i], ref[1, i]
        P[i, i] = gains[R_Q, i] if seen else gains[START_Q, i]
        P[n + i, n + i] = gains[START_V, i]
        rub[i], rub[n + i] = ref[1, i], 0.0
    for i in range(2 * n, len(P)):
        x[i], P[i, i] = 0.0, gains[START_D, i - 2 * n]


@njit
def scalar_update(P, x, s, e, variance, column):
    """State s was measured e beyond x[s]: Kalman's update in place; returns e² in units of its variance.

    The caller has e of the state as it is now, after the updates before.
    """
    n = len(P)
    S = P[s, s] + variance
    if not S > 0.0:
        x[s] = math.nan
        return 0.0
    for i in range(n):
        column[i] = P[i, s]
    for i in range(n):
        gain = column[i] / S
        x[i] += gain * e
        for j in range(n):
            P[i, j] -= gain * column[j]
    return e * e / S


@njit
def corrected(k, gains, memory, q, v, P, first):
    """Take the measurement in; at the first one positions are the state already."""
    n, x, rub, column = len(q), memory[X], memory[RUB], memory[COLUMN]
    nis, count = 0.0, 0
    for i in range(n):
        rub[i] -= x[n + i]
    for i in range(n):
        if gains[R_Q, i] >= 0.0 and not first:
            nis += scalar_update(P, x, i, q[i] - x[i], gains[R_Q, i], column)
            count += 1
    for i in range(n):
        if gains[R_V, i] >= 0.0:
            nis += scalar_update(P, x, n + i, v[i] - x[n + i], gains[R_V, i], column)
            count += 1
    for i in range(n):
        rub[i] += x[n + i]
    for i in range(len(P)):
        for j in range(i):
            P[i, j] = P[j, i] = 0.5 * (P[i, j] + P[j, i])
    judged(k, memory, nis, count)


@njit
def apply_step(P, out, h, A, B, W, n):
    """Rows of F P for one step: v: P_v + h (A P_q + B P_v + W P_d), q: P_q + h v's, d: P_d."""
    m = P.shape[1]
    wanders = P.shape[0] > 2 * n
    for i in range(n):
        row, position = out[n + i], out[i]
        for c in range(m):
            row[c] = 0.0
        for j in range(n):
            a, b = A[i, j], B[i, j]
            for c in range(m):
                row[c] += a * P[j, c] + b * P[n + j, c]
        if wanders:
            for j in range(n):
                w = W[i, j]
                for c in range(m):
                    row[c] += w * P[2 * n + j, c]
        for c in range(m):
            row[c] = P[n + i, c] + h * row[c]
            position[c] = P[i, c] + h * row[c]
    for i in range(2 * n, P.shape[0]):
        for c in range(m):
            out[i, c] = P[i, c]


@njit
def moved_covariance(P, T, h, A, B, W, n):
    """P = F P Fᵀ in place, T (nx, nx) scratch."""
    apply_step(P, T, h, A, B, W, n)
    for i in range(len(P)):
        for j in range(len(P)):
            P[j, i] = T[i, j]
    apply_step(P, T, h, A, B, W, n)
    for i in range(len(P)):
        for j in range(len(P)):
            P[i, j] = 0.5 * (T[i, j] + T[j, i])


@njit
def shaken(gains, P, h, W, n):
    """P += Q of a step of h [s]."""
    for i in range(n):
        for j in range(i + 1):
            s = 0.0
            for m in range(n):
                s += W[i, m] * gains[SIGMA, m] * gains[SIGMA, m] * W[j, m]
            s *= h
            P[n + i, n + j] += s
            P[i, n + j] += h * s
            P[n + i, j] += h * s
            P[i, j] += h * h * s
            if i != j:
                P[n + j, n + i] += s
                P[j, n + i] += h * s
                P[n + j, i] += h * s
                P[j, i] += h * h * s
    for i in range(2 * n, len(P)):
        P[i, i] += h * gains[DRIFT, i - 2 * n] ** 2


@njit
def rub_slope(gains, i, rub, n):
    """∂r/∂v of the friction that `rubbed` has just found."""
    viscous, stop = gains[VISCOUS, i], gains[STOP, i]
    return stop if abs(rub[n + i]) < gains[COULOMB, i] else stop * viscous / (stop + viscous)


@njit
def linearised(model, gains, x, rub, share, tau, acc, A, B, W):
    """acc, ∂acc/∂q, ∂acc/∂v and M⁻¹ at x under tau (n,), from which friction and to which d̂ is still to come."""
    n = len(tau)
    q, v = x[:n], x[n : 2 * n]
    if gains[HEAD, RUBS] > 0.0:
        rubbed(gains, v, rub, tau, share)
    if gains[HEAD, SIZE] > 2.5 * n:
        for i in range(n):
            tau[i] += x[2 * n + i]
    acceleration_derivatives(model, q, v, tau, acc, A, B, W)
    if gains[HEAD, RUBS] > 0.0:
        for j in range(n):
            slope = rub_slope(gains, j, rub, n)
            for i in range(n):
                B[i, j] -= W[i, j] * slope


@njit
def moved(x, acc, h):
    n = len(acc)
    for i in range(n):
        x[n + i] += h * acc[i]
        x[i] += h * x[n + i]


@njit
def ekf_step(model, gains, memory, tau, h, P):
    """One step of h [s] of estimate and covariance."""
    n = len(tau)
    A, B, W = square(memory, BLOCKS, n), square(memory, BLOCKS + 1, n), square(memory, BLOCKS + 2, n)
    T = square(memory, TEMP, len(P))
    x, acc = memory[X], memory[WORK, n : 2 * n]
    linearised(model, gains, x, memory[RUB], 1.0, tau, acc, A, B, W)
    moved(x, acc, h)
    moved_covariance(P, T, h, A, B, W, n)
    shaken(gains, P, h, W, n)


@njit
def outlook(model, gains, memory, k, stamp, applied, P, out):
    """q̂, v̂ carried to step k by the torque given since, and deviations there: the covariance moves in one step."""
    n = out.shape[1]
    work = memory[WORK]
    tau, acc, ahead, rub = work[:n], work[n : 2 * n], work[2 * n : 5 * n], work[5 * n : 7 * n]
    for i in range(len(P)):
        ahead[i] = memory[X, i]
    for i in range(2 * n):
        rub[i] = memory[RUB, i]
    a, late = stamp, (k - stamp) * gains[HEAD, DT]
    if late > PIECE * gains[HEAD, DT]:
        A, B, W = square(memory, BLOCKS, n), square(memory, BLOCKS + 1, n), square(memory, BLOCKS + 2, n)
        T = square(memory, TEMP, len(P))
        h = piece(a, float(k))
        given(applied, a, h, tau)
        linearised(model, gains, ahead, rub, share_of(a, h), tau, acc, A, B, W)
        moved(ahead, acc, h * gains[HEAD, DT])
        a += h
        for i in range(len(P)):
            for j in range(len(P)):
                T[i, j] = P[i, j]
        deviations_later(gains, T, late, A, B, W, out, work[7 * n :])
    else:
        for i in range(n):
            out[2, i], out[3, i] = deviation(P[i, i]), deviation(P[n + i, n + i])
    wanders = gains[HEAD, SIZE] > 2.5 * n
    while k - a > PIECE:
        h = piece(a, float(k))
        given(applied, a, h, tau)
        if gains[HEAD, RUBS] > 0.0:
            rubbed(gains, ahead[n : 2 * n], rub, tau, share_of(a, h))
        if wanders:
            for i in range(n):
                tau[i] += ahead[2 * n + i]
        acceleration(model, ahead[:n], ahead[n : 2 * n], tau, acc)
        moved(ahead, acc, h * gains[HEAD, DT])
        a += h
    for i in range(n):
        out[0, i], out[1, i] = ahead[i], ahead[n + i]


@njit
def deviations_later(gains, P, h, A, B, W, out, row):
    """Deviations of q and v after one step of h [s] from covariance P: those of the diagonal of F P Fᵀ + Q alone.

    row (2 nx,) scratch: rows of F for v and q of a joint.
    """
    n, m = out.shape[1], len(P)
    for i in range(n):
        fast, slow = row[:m], row[m : 2 * m]
        shake = 0.0
        for j in range(n):
            fast[j], fast[n + j] = h * A[i, j], h * B[i, j]
            if m > 2 * n:
                fast[2 * n + j] = h * W[i, j]
            shake += (W[i, j] * gains[SIGMA, j]) ** 2
        fast[n + i] += 1.0
        for j in range(m):
            slow[j] = h * fast[j]
        slow[i] += 1.0
        var_v, var_q = h * shake, h * h * h * shake
        for a in range(m):
            s = t = 0.0
            for b in range(m):
                s += P[a, b] * fast[b]
                t += P[a, b] * slow[b]
            var_v += fast[a] * s
            var_q += slow[a] * t
        out[2, i], out[3, i] = deviation(var_q), deviation(var_v)


@njit
def ekf(model, gains, memory, k, applied, reference, q, v, ref, out):
    """The extended Kalman filter."""
    model, gains, memory, applied, reference = borrowed((model, gains, memory, applied, reference))
    q, v, ref, out = borrowed((q, v, ref, out))
    P, tau = square(memory, COV, int(gains[HEAD, SIZE])), memory[WORK, : len(q)]
    now, at = stamps(k, gains)
    first = memory[HEAD, STARTED] == 0.0
    if first:
        memory[HEAD, STARTED] = 1.0
        start(gains, memory, q, ref, P)
    else:
        while now - at > PIECE:
            h = piece(at, now)
            given(applied, at, h, tau)
            ekf_step(model, gains, memory, tau, h * gains[HEAD, DT], P)
            at += h
    corrected(k, gains, memory, q, v, P, first)
    outlook(model, gains, memory, k, now, applied, P, out)
    reference_now(k, reference, ref)


@njit
def cholesky(P, L, scale):
    """L Lᵀ = scale P into the lower triangle of L; what is not positive gives NaN, what is known exactly 0."""
    for j in range(len(P)):
        d = scale * P[j, j]
        for m in range(j):
            d -= L[j, m] * L[j, m]
        L[j, j] = math.sqrt(d) if d >= 0.0 else math.nan
        for i in range(j + 1, len(P)):
            s = scale * P[i, j]
            for m in range(j):
                s -= L[i, m] * L[j, m]
            L[i, j] = s / L[j, j] if L[j, j] > 0.0 or not d >= 0.0 else 0.0


@njit
def pushed_point(model, gains, x, point, rub, tau, load, acc, h):
    """One sigma point moved by a step of h [s]; rub is left as it was. load, acc (n,) scratch."""
    n = len(tau)
    for i in range(n):
        load[i] = tau[i]
        if gains[HEAD, RUBS] > 0.0:  # it has moved like the mean until now
            v, v_last = point[n + i], rub[i] + point[n + i] - x[n + i]
            load[i] -= friction(gains[VISCOUS, i], gains[COULOMB, i], gains[STOP, i], v, v_last, rub[n + i])
        if len(x) > 2 * n:
            load[i] += point[2 * n + i]
    acceleration(model, point[:n], point[n : 2 * n], load, acc)
    moved(point, acc, h)


@njit
def ukf_step(model, gains, memory, tau, h, P):
    """One step of h [s] of 2 nx + 1 sigma points, drawn anew; their weighted mean and covariance, and Q."""
    n, m = len(tau), len(P)
    x, rub, work = memory[X, :m], memory[RUB], memory[WORK]
    acc, load, keep = work[n : 2 * n], work[2 * n : 3 * n], work[3 * n : 4 * n]
    L, W, spread = square(memory, TEMP, m), square(memory, BLOCKS + 2, n), gains[HEAD, SPREAD]
    cholesky(P, L, spread)
    for p in range(2 * m + 1):
        point = memory[POINTS + p]
        sign, c = (1.0 if p <= m else -1.0), (p - 1) % m
        for i in range(m):
            point[i] = x[i] + (sign * L[i, c] if p > 0 and i >= c else 0.0)
        pushed_point(model, gains, x, point, rub, tau, load, acc, h)
        if p == 0:
            inverse(model, n, load, W)
    if gains[HEAD, RUBS] > 0.0:
        for i in range(n):
            keep[i] = tau[i]
        rubbed(gains, x[n : 2 * n], rub, keep, 1.0)
    gather(gains, memory, x, P)
    shaken(gains, P, h, W, n)


@njit
def inverse(model, n, e, W):
    """M⁻¹ (n, n) from the factors that `acceleration` has left."""
    for j in range(n):
        for i in range(n):
            e[i] = 0.0
        e[j] = 1.0
        substitute(model.square, e)
        for i in range(n):
            W[i, j] = e[i]


@njit
def gather(gains, memory, x, P):
    """Weighted mean and covariance of the points into x and P."""
    m, spread = len(P), gains[HEAD, SPREAD]
    middle, each = 1.0 - m / spread, 0.5 / spread
    for i in range(m):
        s = middle * memory[POINTS, i]
        for p in range(1, 2 * m + 1):
            s += each * memory[POINTS + p, i]
        x[i] = s
    P[:] = 0.0
    for p in range(2 * m + 1):
        weight = each if p > 0 else gains[HEAD, WEIGHT]
        point = memory[POINTS + p]
        for i in range(m):
            point[i] -= x[i]
        for i in range(m):
            a = weight * point[i]
            for j in range(m):
                P[i, j] += a * point[j]


@njit
def ukf(model, gains, memory, k, applied, reference, q, v, ref, out):
    """The unscented Kalman filter."""
    model, gains, memory, applied, reference = borrowed((model, gains, memory, applied, reference))
    q, v, ref, out = borrowed((q, v, ref, out))
    P, tau = square(memory, COV, int(gains[HEAD, SIZE])), memory[WORK, : len(q)]
    now, at = stamps(k, gains)
    first = memory[HEAD, STARTED] == 0.0
    if first:
        memory[HEAD, STARTED] = 1.0
        start(gains, memory, q, ref, P)
    else:
        while now - at > PIECE:
            h = piece(at, now)
            given(applied, at, h, tau)
            ukf_step(model, gains, memory, tau, h * gains[HEAD, DT], P)
            at += h
    corrected(k, gains, memory, q, v, P, first)
    outlook(model, gains, memory, k, now, applied, P, out)
    reference_now(k, reference, ref)
