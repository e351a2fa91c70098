"""What Kalman filters of a robot's whole state share, compiled; importing this loads numba.

    x = (q, v) or (q, v, d): d (n,) [N m] a disturbance torque that wanders
    begun, told   a call: the first state; the measurement taken in, and the estimate carried to now
    Filters: robocalc.control.kernels_ekf, kernels_ukf; signature and rows: robocalc.control.kernels_estimate

A physics step moves the estimate as it moves the twin, under the applied torque, believed friction and d̂. Its
covariance gains Q = G (σ²/h) Gᵀ, G = (h² M⁻¹, h M⁻¹) at the estimate, for torque of density σ [N m/√Hz]; d gains h δ².
Sensors are independent, so that measurements are taken in one by one, which is exact.

gains      rows SIGMA, DRIFT and the variances at the start; HEAD: SIZE = nx, SPREAD = α²(nx + κ), WEIGHT of the mean
memory     rows X, RUB, WORK, then COV and TEMP (nx²), BLOCKS (3, n²), COLUMN; ukf: POINTS on, 2 nx + 1
"""

import math

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
)
from robocalc.dynamics.kernels import acceleration
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
def begun(gains, memory, q, ref, P):
    """Whether this is the first call of a run, which makes the state; the others carry it here by steps of a filter."""
    first = memory[HEAD, STARTED] == 0.0
    if first:
        memory[HEAD, STARTED] = 1.0
        start(gains, memory, q, ref, P)
    return first


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
def told(model, gains, memory, k, now, applied, reference, q, v, ref, P, first, out):
    """With the state at the stamp `now` of the measurement: takes that in, and tells of step k."""
    corrected(k, gains, memory, q, v, P, first)
    outlook(model, gains, memory, k, now, applied, P, out)
    reference_now(k, reference, ref)


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
