"""What estimators share, and those without a covariance of their own to carry, compiled; importing this loads numba.

    difference   filtered differences of the encoders' positions
    observer     the robot's model, corrected by constant gains: Luenberger's and the steady Kalman filter
    Signature: robocalc.control.signature.ESTIMATE_SIGNATURE

k counts physics steps; a measurement is of the stamp s = max(k - delay, 0), between steps linear. applied (N + 1, n) is
the torque that the drives gave over each step so far. q, v (n,) is the measurement, ref (6, n) as of a law, whose first
two rows an estimator sets to the reference at the time of its estimate; out (4, n): q̂, v̂ and their deviations.

Rows of gains: HEAD, then variances of position and velocity sensor (negative: none there), the robot's friction, own
ones from OWN on. Row HEAD of memory: STARTED; innovations OFF in a row; FIRST, the step at which they were too many,
from 1.
"""

import math

from robocalc.control.friction import friction
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import acceleration
from robocalc.jit import njit

HEAD, R_Q, R_V, VISCOUS, COULOMB, STOP, OWN = range(7)  # rows of gains
DT, EVERY, DELAY, RUBS = range(4)  # columns of gains[HEAD]; RUBS: whether any joint has friction
FRESH, WINDOW = 4, 5  # likewise, of difference
# rows of gains of observer; GATE: variance of an innovation, 0: none is judged
L_Q, L_V, L_D, S_Q, S_V, GATE = range(OWN, OWN + 6)
LV_Q, LV_V, LV_D = range(OWN + 6, OWN + 9)  # likewise, for the velocity sensor
STARTED, OFF, FIRST = range(3)  # columns of memory[HEAD]
X, RUB, WORK = 1, 2, 3  # rows of memory of estimators with a model; WORK: scratch
PIECE = 1e-9  # [steps] shorter pieces of a step are none
FAR, IN_A_ROW = 30.0, 10  # so many innovations in a row so many deviations off: diverged


@njit
def stamps(k, gains):
    """Stamps [steps] of the measurement of this control instant and of the one before."""
    delay = gains[HEAD, DELAY]
    return max(k - delay, 0.0), max(k - gains[HEAD, EVERY] - delay, 0.0)


@njit
def piece(a, b):
    """Length [steps] of the next piece of the way from a to b: a step, or what is left."""
    return 1.0 if b - a > 1.0 - PIECE else b - a


@njit
def given(applied, a, h, tau):
    """Mean of the applied torque over steps a to a + h, h <= 1, into tau (n,)."""
    j = int(a + PIECE)
    f = max(a - j, 0.0)
    more = f + h - 1.0
    for i in range(len(tau)):
        tau[i] = applied[j, i]
        if more > PIECE:
            tau[i] = ((h - more) * applied[j, i] + more * applied[j + 1, i]) / h


@njit
def share_of(a, h):
    """How much of the friction of the coming step acts over a piece of h steps from a; the rest is the last step's.

    A measurement between two steps is a blend of both, and so is the friction found there: over the piece from there to
    the end of the step, that of its beginning acts.
    """
    return h if a - int(a + PIECE) > PIECE else 1.0


@njit
def rubbed(gains, v, rub, tau, share):
    """tau less the believed friction at v; rub = v and friction of the last step (2n,), which is moved on."""
    n = len(v)
    for i in range(n):
        r = friction(gains[VISCOUS, i], gains[COULOMB, i], gains[STOP, i], v[i], rub[i], rub[n + i])
        tau[i] -= share * r + (1.0 - share) * rub[n + i]
        rub[i], rub[n + i] = v[i], r


@njit
def reference_now(k, reference, ref):
    """The estimate is of now: so is the reference that the law compares it with."""
    for i in range(ref.shape[1]):
        ref[0, i], ref[1, i] = reference[k, 0, i], reference[k, 1, i]


@njit
def judged(k, memory, nis, count):
    """Counts innovations that are too far off; nis: their sum of squares in units of their variances."""
    head = memory[HEAD]
    head[OFF] = head[OFF] + 1.0 if nis > FAR * FAR * count else 0.0
    if head[OFF] >= IN_A_ROW and head[FIRST] == 0.0:
        head[FIRST] = k + 1.0


@njit
def difference(model, gains, memory, k, applied, reference, q, v, ref, out):
    """v̂ += α ((q_k - q_k-W) / (W T) - v̂), q̂ = q, of the measurement's stamp; the reference takes the same way.

    memory rows 1, 2: v̂ and that of the reference; from 3 on W positions and W references, W the window in periods.
    """
    n, window, alpha = len(q), int(gains[HEAD, WINDOW]), gains[HEAD, FRESH]
    span = window * gains[HEAD, EVERY] * gains[HEAD, DT]
    step = gains[HEAD, DT]
    calls = int(memory[HEAD, STARTED])
    at = 3 + calls % window
    for i in range(n):
        if calls == 0:
            memory[1, i] = memory[2, i] = ref[1, i]
            for w in range(window):  # as if it had moved like this before
                back = (window - w) * step * gains[HEAD, EVERY] * ref[1, i]
                memory[3 + w, i], memory[3 + window + w, i] = q[i] - back, ref[0, i] - back
        memory[1, i] += alpha * ((q[i] - memory[at, i]) / span - memory[1, i])
        memory[2, i] += alpha * ((ref[0, i] - memory[at + window, i]) / span - memory[2, i])
        memory[at, i], memory[at + window, i] = q[i], ref[0, i]
        ref[1, i] = memory[2, i]
        out[0, i], out[1, i] = q[i], memory[1, i]
        out[2, i], out[3, i] = gains[OWN, i], gains[OWN + 1, i]
    memory[HEAD, STARTED] += 1.0


@njit
def march(model, gains, applied, a, b, x, rub, tau, acc):
    """x (3n,) = q̂, v̂, d̂ from stamp a to b: v += h (M⁻¹(τ - r - h(q, v)) + d̂), q += h v; tau, acc (n,) scratch."""
    n, dt = len(tau), gains[HEAD, DT]
    q, v = x[:n], x[n : 2 * n]
    while b - a > PIECE:
        h = piece(a, b)
        given(applied, a, h, tau)
        if gains[HEAD, RUBS] > 0.0:
            rubbed(gains, v, rub, tau, share_of(a, h))
        acceleration(model, q, v, tau, acc)
        for i in range(n):
            v[i] += h * dt * (acc[i] + x[2 * n + i])
            q[i] += h * dt * v[i]
        a += h


@njit
def observer(model, gains, memory, k, applied, reference, q, v, ref, out):
    """x⁻ by the model with q̈ = M⁻¹(τ - h) + d̂, then q̂ += l₁ e, v̂ += l₂ e, d̂ += l₃ e with e = q - q⁻; where velocity
    is measured too and used, likewise by v - v⁻. Then by the torque given since the stamp to now.
    """
    n = len(q)
    model, gains, memory, applied, reference = borrowed((model, gains, memory, applied, reference))
    q, v, ref, out = borrowed((q, v, ref, out))
    x, rub, work = memory[X, : 3 * n], memory[RUB, : 2 * n], memory[WORK]
    tau, acc = work[:n], work[n : 2 * n]
    now, before = stamps(k, gains)
    nis = 0.0
    if memory[HEAD, STARTED] == 0.0:
        memory[HEAD, STARTED] = 1.0
        for i in range(n):
            x[i], x[n + i], x[2 * n + i] = q[i], ref[1, i], 0.0
            rub[i], rub[n + i] = ref[1, i], 0.0
    else:
        march(model, gains, applied, before, now, x, rub, tau, acc)
    for i in range(n):
        e = q[i] - x[i]
        e_v = v[i] - x[n + i] if gains[R_V, i] >= 0.0 else 0.0
        x[i] += gains[L_Q, i] * e + gains[LV_Q, i] * e_v
        change = gains[L_V, i] * e + gains[LV_V, i] * e_v
        x[n + i] += change
        rub[i] += change
        x[2 * n + i] += gains[L_D, i] * e + gains[LV_D, i] * e_v
        nis += e * e / gains[GATE, i] if gains[GATE, i] > 0.0 else 0.0
        out[2, i], out[3, i] = gains[S_Q, i], gains[S_V, i]
    judged(k, memory, nis, n)
    to_now(model, gains, memory, k, now, applied, tau, acc, out)
    reference_now(k, reference, ref)


@njit
def to_now(model, gains, memory, k, stamp, applied, tau, acc, out):
    """q̂, v̂ of memory[X] (d̂ there an acceleration), carried to step k, into out; memory[WORK] from 2n on is scratch."""
    n = len(tau)
    ahead, rub = memory[WORK, 2 * n : 5 * n], memory[WORK, 5 * n : 7 * n]
    for i in range(3 * n):
        ahead[i] = memory[X, i]
    for i in range(2 * n):
        rub[i] = memory[RUB, i]
    march(model, gains, applied, stamp, float(k), ahead, rub, tau, acc)
    for i in range(n):
        out[0, i], out[1, i] = ahead[i], ahead[n + i]


@njit
def deviation(variance):
    return math.sqrt(variance) if variance > 0.0 else 0.0
