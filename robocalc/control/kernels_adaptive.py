"""Slotine and Li's adaptive law for a payload at the tool, compiled; importing this loads numba.

Rows of gains and memory are those of kernels_payload; then, of gains, PRIOR: variance of θ at the start (5) and what
it gains a period (5), and SURFACE: Λ (n). At the end of the memory is the covariance (5, 5).

θ is of the tool, and its torque linear in it but for m c cᵀ. So the columns are those of a point that follows the
centre found, where that inertia is m's own: Y θ = m Y₀ + (m c - m ĉ) Y₁₂₃ + J Y₄, with nothing left out as ĉ nears c.
"""

from robocalc.control.kernels import Q_HAT, V_HAT, WANTED, A, steer
from robocalc.control.kernels_payload import (
    BALL,
    BLOCKS,
    CENTRE,
    COMMANDS,
    CONSTANTS,
    COULOMB,
    COUNT,
    DOUBT,
    FRESH,
    HEAD,
    NOMINAL,
    OTHER,
    PERIOD,
    POINT,
    REACH,
    SMOOTH,
    SPARE,
    SPIN,
    THETA,
    V_LAST,
    VARIANCE,
    VR_LAST,
    believable,
    columns,
    explained,
    keep,
    known,
    note,
    once_more,
    unexplained,
)
from robocalc.control.payload import SIZE
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels_rigid import motion
from robocalc.dynamics.model import Model
from robocalc.jit import njit

PRIOR, SURFACE = CONSTANTS + 1, CONSTANTS + 2  # rows of gains

FOUND = 10  # column of memory[CENTRE]: ĉ, and the point of the body there; before it are columns of zeros
STUCK, CRAWL = 30.0, 0.02  # a joint slower than CRAWL [rad/s | m/s] may stick: its torque is that of anything


@njit
def least_squares(Y, y, variance, drift, theta, P):
    """One step of recursive least squares: θ (5,) and its covariance P (5, 5), from y = Y θ + noise, in place."""
    for k in range(SIZE):
        P[k, k] += drift[k]
    for i in range(len(y)):
        h, s, e = Y[i], variance[i], y[i]
        x0 = x1 = x2 = x3 = x4 = 0.0
        for k in range(SIZE):
            x0 += P[0, k] * h[k]
            x1 += P[1, k] * h[k]
            x2 += P[2, k] * h[k]
            x3 += P[3, k] * h[k]
            x4 += P[4, k] * h[k]
            e -= h[k] * theta[k]
        x = (x0, x1, x2, x3, x4)
        for k in range(SIZE):
            s += h[k] * x[k]
        share = 1.0 / s
        for k in range(SIZE):
            gain = x[k] * share
            theta[k] += gain * e
            for j in range(k + 1):  # to the bit symmetric: what is not grows
                P[k, j] -= gain * x[j]
                P[j, k] = P[k, j]


@njit
def follow_centre(gains, memory):
    """ĉ (3,) [m] from the tool into memory[FOUND], and the point (3,) there of the body behind it."""
    theta, found = memory[THETA], memory[CENTRE][FOUND:]
    share = theta[0] / (theta[0] * theta[0] + DOUBT * DOUBT)
    for k in range(3):
        found[k] = min(max(share * theta[1 + k], -REACH), REACH)
        found[3 + k] = gains[CONSTANTS, POINT + k] + found[k]
    return found


@njit
def learn(model, gains, memory, torques, P, q, v, ref, tau):
    """θ from the torque unexplained, and from the error of tracking: θ̂' = P (Wᵀ R⁻¹ (y - W θ̂) + Yᵀ s)."""
    n, c, theta = len(q), gains[CONSTANTS], memory[THETA]
    if memory[COUNT, 0] == 0.0:
        for k in range(SIZE):
            P[k, k] = gains[PRIOR, k]
    note(memory, torques, tau)
    if known(gains, memory):
        y, smooth = memory[SPARE][:n], memory[HEAD + n : HEAD + 2 * n]
        unexplained(model, gains, memory, torques, v, ref, y)
        motion(model, memory[V_LAST][:n], memory[A][:n])  # the frames are those of the last measurement
        at = follow_centre(gains, memory)
        Y = columns(model, gains, memory, at[3:])
        for i in range(n):
            for k in range(3):
                Y[i, 0] -= at[k] * Y[i, 1 + k]
            memory[SMOOTH, i] += c[FRESH] * (y[i] - memory[SMOOTH, i])
            for k in range(SIZE):
                smooth[i, k] += c[FRESH] * (Y[i, k] - smooth[i, k])
            slow = STUCK * gains[COULOMB, i] / (1.0 + (memory[VR_LAST, i] / CRAWL) ** 2)
            y[i] = gains[VARIANCE, i] + slow * slow
        least_squares(smooth, memory[SMOOTH][:n], y, gains[PRIOR, SIZE:], theta, P)
        for k in range(SIZE):
            pull = 0.0
            for i in range(n):
                pull += smooth[i, k] * (ref[1, i] - v[i] + gains[SURFACE, i] * (ref[0, i] - q[i]))
            memory[OTHER, k] = c[PERIOD] * pull
        for k in range(SIZE):
            for j in range(SIZE):
                theta[k] += P[k, j] * memory[OTHER, j]
    keep(memory, q, v, ref)


@njit
def acting(gains, memory):
    """Mass of the payload that acts on the feedback; its centre in memory[CENTRE], its spin in memory[CENTRE, 6]."""
    m = believable(gains, memory)
    most = 2.0 * BALL * max(m, 0.0) ** (5.0 / 3.0)
    memory[CENTRE, 6] = min(max(memory[THETA, 4], -gains[CONSTANTS, SPIN]), most)
    return m


@njit
def adaptive(model, gains, memory, t, q, v, ref, tau):
    """τ = M a_r + C(q̂, v̂) v_r + g + λ M s + Y(q̂, v̂, v_r, ..) θ̂ + τ_ff,  s = ê' + Λ ê, v_r = v_ref + Λ ê.

    C(v) w of Christoffel's symbols is h(½(v + w)) - h(½(v - w)), h the terms quadratic in velocity. Of θ̂ what is
    believable acts so; the rest is torque along the reference.
    """
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    n, theta, centre = len(q), memory[THETA], memory[CENTRE]
    tail, commands, last = HEAD + BLOCKS * n, int(gains[CONSTANTS, COMMANDS]), len(memory) - SIZE
    learn(model, gains, memory, memory[tail + commands : last], memory[last:], q, v, ref, tau)
    steer(gains, memory, memory[tail : tail + commands], q, v, ref, tau)
    q_hat, a, nominal = memory[Q_HAT][:n], memory[A][:n], memory[NOMINAL][:n]
    between, half = memory[V_HAT][:n], memory[SPARE][:n]
    for i in range(n):
        half[i] = 0.5 * (ref[3, i] - between[i] + gains[SURFACE, i] * (ref[2, i] - q_hat[i]))
        between[i] += half[i]
        memory[OTHER, i] = 0.0
    m = acting(gains, memory)
    still, zero = memory[OTHER][:n], centre[7:10]  # the last is never written: no gravity
    explained(Model(model.tree, model.bodies, zero, model.work, model.square), q_hat, half, still, nominal)
    once_more(model, between, a, tau)
    Y = columns(model, gains, memory, centre[3:])
    for i in range(n):
        tau[i] += ref[5, i] + m * Y[i, 0] + centre[6] * Y[i, 4] - nominal[i]
    explained(model, ref[2], ref[3], ref[4], nominal)
    if theta[0] < 0.0:  # feedback takes off at the tool
        Y = columns(model, gains, memory, centre[3:])
        for i in range(n):
            tau[i] -= m * Y[i, 0]
        m = 0.0
    at = follow_centre(gains, memory)
    Y = columns(model, gains, memory, at[3:])
    for i in range(n):
        tau[i] += Y[i, 0] * (theta[0] - m) + Y[i, 4] * (theta[4] - centre[6])
        for k in range(3):
            tau[i] += Y[i, 1 + k] * (theta[1 + k] - theta[0] * at[k])
        nominal[i] += ref[5, i]
        memory[WANTED, i] = tau[i]
