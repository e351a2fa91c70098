"""Computed torque that finds an unmodelled payload, compiled; importing this loads numba.

At each call the motion between the last two measurements is compared with the torque that caused it, which is older
than the torque applied last by the latency:

    y = (τ_applied - τ_nominal)(then) - (rnea(q, v, a) + friction(v) - rnea(ref) - friction(ref))(then) = Y(q, v, a) θ

All are differences from the reference: an exact model leaves y = 0, whatever sensors and latency do. θ is the payload.
A payload that falls freely weighs nothing, so Y is taken along the motion that was measured; but noise of a in both y
and Y would bias θ. Hence both pass the same low-pass, which leaves y = Y θ true, and Y takes from a - a_ref only what
stands out of the noise.

The feedback takes the payload found as part of the arm, within bounds; the rest of θ is but torque along the
reference.

Rows of gains: kp, kd, ki dt, prediction 3, variance, friction 3, CONSTANTS. Rows of memory: those of kernels.steer,
those below, then the commands of the past and the torques of the past, both newest first.
"""

from robocalc.control.friction import friction
from robocalc.control.kernels import Q_HAT, V_HAT, WANTED, A, steer
from robocalc.control.payload import PARAMETERS, least_squares, payload_columns
from robocalc.control.signature import LAW_SIGNATURE
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import rnea
from robocalc.dynamics.kernels_rigid import collect, forces_alone, motion
from robocalc.jit import njit

VARIANCE, VISCOUS, COULOMB, STOP, CONSTANTS = 6, 7, 8, 9, 10  # rows of gains after those of kernels.steer
# gains[CONSTANTS]: age of a measurement [whole periods, the rest], number of past commands, body, point 3, period [s],
# weight of a new sample in the low-pass, drift 4, lightest and heaviest payload [kg] that acts on the feedback, and the
# acceleration [rad/s²] that stands out of the noise once smoothed; most rotational inertia to be taken off [kg m²]
DELAY, LATE, COMMANDS, BODY, POINT, PERIOD, FRESH, DRIFT, LIGHTEST, HEAVIEST, CLEAR = 0, 1, 2, 3, 4, 7, 8, 9, 13, 14, 15
SPIN = 16
BALL = 1.54e-3  # [kg m²] of a ball of 1 kg and 1000 kg/m³, which a payload is taken for: m^(5/3) of it
REACH = 0.1  # [m] of a payload's centre from the tool, along each axis
DOUBT = 0.2  # [kg] of a mass: of a lighter one, the centre found is not believed
WIDTH = 17  # columns of gains and memory, at least
# rows of memory after those of kernels.steer
NOMINAL, Q_LAST, V_LAST, V_BEFORE, R_LAST, QR_LAST, VR_LAST, VR_BEFORE, RR_LAST = range(5, 14)
OTHER, SPARE, SMOOTH, DEVIATION, THETA, COUNT, CENTRE, COVARIANCE, HEAD = 14, 15, 16, 17, 18, 19, 20, 21, 25
BLOCKS = 2  # of n rows from HEAD on: Y (n, 5), smoothed Y (n, 5)


@njit
def explained(model, q, v, a, tau):
    """rnea, compiled once for its uses."""
    rnea(model, q, v, a, tau)


@njit
def once_more(model, v, a, tau):
    """rnea at the q of the one before, whose frames are there."""
    motion(model, v, a)
    forces_alone(model, len(v))
    collect(model, tau)


@njit
def resisted(gains, i, v, last, before, r):
    """Friction of joint i over the period that begins at velocity v[last]; rows of the memory, r is its torque."""
    x, x_last = v[last, i], v[before, i]
    v[r, i] = friction(gains[VISCOUS, i], gains[COULOMB, i], gains[STOP, i], x, x_last, v[r, i])
    return v[r, i]


@njit
def unexplained(model, gains, memory, torques, v, ref, y):
    """y (n,) of the last period measured; in memory[A] is left its acceleration, as far as it is sure."""
    n, delay, T = len(v), int(gains[CONSTANTS, DELAY]), gains[CONSTANTS, PERIOD]
    a, reference, late = memory[A][:n], memory[OTHER][:n], gains[CONSTANTS, LATE]
    for i in range(n):
        a[i] = (ref[1, i] - memory[VR_LAST, i]) / T
    explained(model, memory[QR_LAST][:n], memory[VR_LAST][:n], a, reference)
    for i in range(n):
        a[i] = (v[i] - memory[V_LAST, i]) / T
    explained(model, memory[Q_LAST][:n], memory[V_LAST][:n], a, y)
    for i in range(n):
        r = resisted(gains, i, memory, V_LAST, V_BEFORE, R_LAST)
        r_ref = resisted(gains, i, memory, VR_LAST, VR_BEFORE, RR_LAST)
        given = (1.0 - late) * torques[delay, i] + late * torques[delay + 1, i]
        y[i] = given - (y[i] - reference[i]) - (r - r_ref)
        deviation = a[i] - (ref[1, i] - memory[VR_LAST, i]) / T
        memory[DEVIATION, i] += gains[CONSTANTS, FRESH] * (deviation - memory[DEVIATION, i])
        x = memory[DEVIATION, i] / gains[CONSTANTS, CLEAR]
        a[i] -= deviation / (1.0 + x * x)


@njit
def note(memory, torques, tau):
    """What was applied over the last period beyond the reference's torque, into the torques of the past."""
    for j in range(len(torques) - 1, 0, -1):
        torques[j] = torques[j - 1]
    for i in range(len(tau)):
        torques[0, i] = 0.0 if memory[COUNT, 0] == 0.0 else tau[i] - memory[NOMINAL, i]


@njit
def known(gains, memory):
    """Whether there are two measurements, and torques as old as they are."""
    return memory[COUNT, 0] > gains[CONSTANTS, DELAY] + gains[CONSTANTS, LATE]


@njit
def keep(memory, q, v, ref):
    """This measurement, for the next call."""
    first = memory[COUNT, 0] == 0.0
    memory[COUNT, 0] += 1.0
    for i in range(len(q)):
        memory[V_BEFORE, i] = v[i] if first else memory[V_LAST, i]
        memory[VR_BEFORE, i] = ref[1, i] if first else memory[VR_LAST, i]
        memory[Q_LAST, i], memory[V_LAST, i], memory[QR_LAST, i], memory[VR_LAST, i] = q[i], v[i], ref[0, i], ref[1, i]


@njit
def observe(model, gains, memory, torques, q, v, ref, tau):
    """θ from the motion since the last measurement."""
    n, c = len(q), gains[CONSTANTS]
    note(memory, torques, tau)
    if known(gains, memory):
        y, smooth = memory[SPARE][:n], memory[HEAD + n : HEAD + 2 * n]
        unexplained(model, gains, memory, torques, v, ref, y)
        motion(model, memory[V_LAST][:n], memory[A][:n])  # the frames are those of the last measurement
        Y = columns(model, gains, memory, c[POINT:])
        for i in range(n):
            memory[SMOOTH, i] += c[FRESH] * (y[i] - memory[SMOOTH, i])
            for k in range(PARAMETERS):
                smooth[i, k] += c[FRESH] * (Y[i, k] - smooth[i, k])
        least_squares(smooth, memory[SMOOTH][:n], gains[VARIANCE], c[DRIFT:], memory[THETA], memory[COVARIANCE:HEAD])
    keep(memory, q, v, ref)


@njit
def believable(gains, memory):
    """The part of θ that may act on the feedback: returns its mass [kg]; its centre is left in memory[CENTRE].

    A mass within bounds that leave the sign of the arm's inertia alone, its centre within reach; what the arm has less
    than believed is taken off at the tool. A feedback that takes the arm for too light is safe, one that takes it for
    too heavy is not: so a payload that is not there takes the inertia of a ball with it, in memory[CENTRE, 6], but one
    that is there brings none. The rest of θ is but torque along the reference.
    """
    theta, c, centre = memory[THETA], gains[CONSTANTS], memory[CENTRE]
    share = max(theta[0], 0.0) / (theta[0] * theta[0] + DOUBT * DOUBT)
    for k in range(3):
        centre[k] = min(max(share * theta[1 + k], -REACH), REACH)
        centre[3 + k] = c[POINT + k] + centre[k]
    m = min(max(theta[0], c[LIGHTEST]), c[HEAVIEST])
    centre[6] = -min(BALL * max(-m, 0.0) ** (5.0 / 3.0), c[SPIN])
    return m


@njit
def columns(model, gains, memory, point):
    """Y (n, 5 or more) of a payload at `point` (3,) of its body, for the motion of the rnea before; in the memory."""
    Y = memory[HEAD : HEAD + len(model.tree)]
    payload_columns(model, int(gains[CONSTANTS, BODY]), point, Y)
    return Y


@njit(LAW_SIGNATURE)
def computed_torque_payload(model, gains, memory, t, q, v, ref, tau):
    """τ = rnea(q̂, v̂, â) + m y(q̂, v̂, â) + Y(reference) (θ - m (1, c)) + τ_ff.

    y (n,) is the torque of a unit mass at c, the believable centre; m the believable mass, which may turn as a ball.
    Otherwise as computed_torque_delayed.
    """
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    n, theta, centre, constants = len(q), memory[THETA], memory[CENTRE], gains[CONSTANTS]
    tail, commands = HEAD + BLOCKS * n, int(constants[COMMANDS])
    observe(model, gains, memory, memory[tail + commands :], q, v, ref, tau)
    steer(gains, memory, memory[tail : tail + commands], q, v, ref, tau)
    q_hat, v_hat, a, nominal = memory[Q_HAT][:n], memory[V_HAT][:n], memory[A][:n], memory[NOMINAL][:n]
    m = believable(gains, memory)
    explained(model, q_hat, v_hat, a, tau)
    Y = columns(model, gains, memory, centre[3:])
    for i in range(n):
        tau[i] += ref[5, i] + m * Y[i, 0] + centre[6] * Y[i, PARAMETERS]
    explained(model, ref[2], ref[3], ref[4], nominal)
    Y = columns(model, gains, memory, constants[POINT:])
    for i in range(n):
        tau[i] += Y[i, 0] * (theta[0] - m)
        for k in range(1, PARAMETERS):
            tau[i] += Y[i, k] * (theta[k] - m * centre[k - 1])
        nominal[i] += ref[5, i]
        memory[WANTED, i] = tau[i]
