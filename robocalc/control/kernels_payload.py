"""Computed torque that finds an unmodelled payload, compiled; importing this loads numba.

At each call the motion between the last two measurements is compared with the torque that caused it, which is `delay`
periods older than the torque applied last:

    y = (τ_applied - τ_nominal)(then) - (rnea(q, v, a) - rnea(q_ref, v_ref, a_ref))(then)

All are differences from the reference: an exact model leaves y = 0, whatever sensors and latency do. y = Y θ gives θ,
the payload. Y is taken along the reference, since the noise of the measured motion is in y as well and would bias θ.

Rows of gains: kp, kd, ki dt, noise, then CONSTANTS. Rows of memory from TAIL on: the torques of the last periods.
"""

from robocalc.control.payload import PARAMETERS, least_squares, payload_torque
from robocalc.control.signature import LAW_SIGNATURE
from robocalc.dynamics.kernels import rnea
from robocalc.jit import njit

# gains[CONSTANTS]: delay [periods], body, point 3, period [s], drift 4, lightest and heaviest payload [kg]
NOISE, CONSTANTS, DELAY, BODY, POINT, PERIOD, DRIFT, LIGHTEST, HEAVIEST = 3, 4, 0, 1, 2, 5, 6, 10, 11
REACH = 0.1  # [m] of a payload's centre from the tool, along each axis
WIDTH = 12  # columns of gains and memory, at least
# rows of memory
Z, WANTED, Q_HAT, V_HAT, A, NOMINAL, Q_LAST, V_LAST, QR_LAST, VR_LAST, OTHER, SPARE, THETA, COUNT = range(14)
COVARIANCE, HEAD = 14, 18  # P (4, 4); then X (n, 12), S (n, 12), Y (n, 4) and the tail


@njit
def explained(model, q, v, a, tau):
    """rnea, compiled once for its three uses."""
    rnea(model, q, v, a, tau)


@njit
def observe(model, gains, memory, q, v, ref, tau):
    """θ from the motion since the last measurement, which the torque of `delay` periods before the last caused."""
    n, delay, T = len(q), int(gains[CONSTANTS, DELAY]), gains[CONSTANTS, PERIOD]
    calls, tail = int(memory[COUNT, 0]), HEAD + 3 * n
    a, reference, y = memory[A][:n], memory[OTHER][:n], memory[SPARE][:n]
    memory[COUNT, 0] += 1.0
    for i in range(n if calls > 0 else 0):
        memory[tail + (calls - 1) % (delay + 1), i] = tau[i] - memory[NOMINAL, i]
    if calls > delay:
        for i in range(n):
            a[i] = (ref[1, i] - memory[VR_LAST, i]) / T
        explained(model, memory[QR_LAST][:n], memory[VR_LAST][:n], a, reference)
        for i in range(n):
            a[i] = (v[i] - memory[V_LAST, i]) / T
        explained(model, memory[Q_LAST][:n], memory[V_LAST][:n], a, y)
        for i in range(n):
            y[i] = memory[tail + calls % (delay + 1), i] - (y[i] - reference[i])
            a[i] = (ref[1, i] - memory[VR_LAST, i]) / T
        Y = columns(model, gains, memory, memory[QR_LAST][:n], memory[VR_LAST][:n], a)
        least_squares(Y, y, gains[NOISE], gains[CONSTANTS, DRIFT:LIGHTEST], memory[THETA], memory[COVARIANCE:HEAD])
    for i in range(n):
        memory[Q_LAST, i], memory[V_LAST, i], memory[QR_LAST, i], memory[VR_LAST, i] = q[i], v[i], ref[0, i], ref[1, i]


@njit
def believable(gains, memory):
    """The part of θ that may act on the feedback: mass within bounds that leave its sign alone, centre within reach.

    The rest of θ is but torque along the reference.
    """
    theta = memory[THETA]
    m = min(max(theta[0], gains[CONSTANTS, LIGHTEST]), gains[CONSTANTS, HEAVIEST])
    if abs(m) < 1e-3:
        return 0.0, 0.0, 0.0, 0.0
    c1, c2, c3 = theta[1] / m, theta[2] / m, theta[3] / m
    return m, m * min(max(c1, -REACH), REACH), m * min(max(c2, -REACH), REACH), m * min(max(c3, -REACH), REACH)


@njit
def columns(model, gains, memory, q, v, a):
    """Y (n, 12 or more) of payload_torque, in the memory."""
    n, constants = len(q), gains[CONSTANTS]
    X, S, Y = memory[HEAD : HEAD + n], memory[HEAD + n : HEAD + 2 * n], memory[HEAD + 2 * n : HEAD + 3 * n]
    payload_torque(model, int(constants[BODY]), constants[POINT : POINT + 3], q, v, a, X, S, Y)
    return Y


@njit(LAW_SIGNATURE)
def computed_torque_payload(model, gains, memory, t, q, v, ref, tau):
    """τ = rnea(q̂, v̂, â) + Y(q̂, v̂, â) θ₁ + Y(reference) (θ - θ₁) + τ_ff, θ₁ the believable part of θ.

    Otherwise as computed_torque.
    """
    n, theta = len(q), memory[THETA]
    observe(model, gains, memory, q, v, ref, tau)
    q_hat, v_hat, a, nominal = memory[Q_HAT][:n], memory[V_HAT][:n], memory[A][:n], memory[NOMINAL][:n]
    for i in range(n):
        e, e_v = ref[0, i] - q[i], ref[1, i] - v[i]
        if (memory[WANTED, i] - tau[i]) * e <= 0.0:  # else more integral would only wind up
            memory[Z, i] += gains[2, i] * e
        q_hat[i] = ref[2, i] - e
        v_hat[i] = ref[3, i] - e_v
        a[i] = ref[4, i] + gains[0, i] * e + gains[1, i] * e_v + memory[Z, i]
    explained(model, q_hat, v_hat, a, tau)
    sure = believable(gains, memory)
    Y = columns(model, gains, memory, q_hat, v_hat, a)
    for i in range(n):
        tau[i] += ref[5, i] + Y[i, 0] * sure[0] + Y[i, 1] * sure[1] + Y[i, 2] * sure[2] + Y[i, 3] * sure[3]
    Y = columns(model, gains, memory, ref[2], ref[3], ref[4])
    explained(model, ref[2], ref[3], ref[4], nominal)
    for i in range(n):
        for k in range(PARAMETERS):
            tau[i] += Y[i, k] * (theta[k] - sure[k])
        nominal[i] += ref[5, i]
        memory[WANTED, i] = tau[i]
