"""Laws that estimate a disturbance torque, compiled; importing this loads numba.

The torque that the model does not explain (robocalc.control.kernels_payload), through a low-pass, is the estimate d̂ of
what must be given in addition: an exact model leaves it at 0, whatever the latency. What the world does to the joints
is -d̂.

Rows of gains and memory are those of kernels_payload; admittance has rows of its own after them.
"""

from robocalc.control.kernels import Q_HAT, V_HAT, A, steer
from robocalc.control.kernels_payload import (
    BLOCKS,
    CENTRE,
    COMMANDS,
    CONSTANTS,
    FRESH,
    HEAD,
    NOMINAL,
    PERIOD,
    SMOOTH,
    SPARE,
    THETA,
    WANTED,
    explained,
    keep,
    known,
    note,
    unexplained,
)
from robocalc.dynamics.borrow import borrowed
from robocalc.jit import njit

CARRY, DRIVE, STIFF, IDLE = range(CONSTANTS + 1, CONSTANTS + 5)  # rows of gains of the virtual mass, see admittance
LATE_BY = 16  # column of gains[CONSTANTS]: latency [s], in admittance
OFFSET, SPEED = THETA, CENTRE  # rows of memory: where the virtual mass is, and how fast
ROWS = 6  # rows of memory at its end: the reference moved by the virtual mass


@njit
def estimate(model, gains, memory, torques, q, v, ref, tau):
    """d̂ into memory[SMOOTH]."""
    n, fresh = len(q), gains[CONSTANTS, FRESH]
    note(memory, torques, tau)
    if known(gains, memory):
        y = memory[SPARE][:n]
        unexplained(model, gains, memory, torques, v, ref, y)
        for i in range(n):
            held = ref[0, i] == q[i] and ref[1, i] == v[i]  # a joint in force mode, or nothing to tell
            memory[SMOOTH, i] += fresh * ((0.0 if held else y[i]) - memory[SMOOTH, i])
    keep(memory, q, v, ref)


@njit
def with_estimate(model, memory, ref, tau):
    """Torque of the model at q̂, v̂, â with d̂; that of the reference is kept for the next call."""
    n = len(tau)
    explained(model, memory[Q_HAT][:n], memory[V_HAT][:n], memory[A][:n], tau)
    for i in range(n):
        tau[i] += ref[5, i] + memory[SMOOTH, i]
        memory[WANTED, i] = tau[i]
    nominal = memory[NOMINAL][:n]
    explained(model, ref[2], ref[3], ref[4], nominal)
    for i in range(n):
        nominal[i] += ref[5, i]


@njit
def disturbance_observer(model, gains, memory, t, q, v, ref, tau):
    """τ = rnea(q̂, v̂, a_ref + kp ê + kd ê') + τ_ff + d̂."""
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    tail, commands = HEAD + BLOCKS * len(q), int(gains[CONSTANTS, COMMANDS])
    estimate(model, gains, memory, memory[tail + commands :], q, v, ref, tau)
    steer(gains, memory, memory[tail : tail + commands], q, v, ref, tau)
    with_estimate(model, memory, ref, tau)


@njit
def give_way(gains, memory, ref, own):
    """The virtual mass takes one step under what touches the robot; own (6, n or more) is the reference moved by it.

    m δ̈ + D δ̇ + K δ = f, implicitly: δ̇₊ = (m δ̇ + h (f - K δ)) / (m + h D + h² K), δ₊ = δ + h δ̇₊
    """
    h, late = gains[CONSTANTS, PERIOD], gains[CONSTANTS, LATE_BY]
    for i in range(ref.shape[1]):
        f = -memory[SMOOTH, i]
        f = f - gains[IDLE, i] if f > gains[IDLE, i] else f + gains[IDLE, i] if f < -gains[IDLE, i] else 0.0
        speed = gains[CARRY, i] * memory[SPEED, i] + gains[DRIVE, i] * (f - gains[STIFF, i] * memory[OFFSET, i])
        rate = (speed - memory[SPEED, i]) / h
        own[0, i] = ref[0, i] + memory[OFFSET, i] - late * memory[SPEED, i]
        own[1, i] = ref[1, i] + memory[SPEED, i] - late * rate
        own[2, i], own[3, i] = ref[2, i] + memory[OFFSET, i], ref[3, i] + memory[SPEED, i]
        own[4, i], own[5, i] = ref[4, i] + rate, ref[5, i]
        memory[SPEED, i] = speed
        memory[OFFSET, i] += h * speed


@njit
def admittance(model, gains, memory, t, q, v, ref, tau):
    """disturbance_observer about the reference plus δ, m δ̈ + D δ̇ + K δ = -d̂ beyond a dead band."""
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    tail, commands = HEAD + BLOCKS * len(q), int(gains[CONSTANTS, COMMANDS])
    own = memory[len(memory) - ROWS :]
    estimate(model, gains, memory, memory[tail + commands : len(memory) - ROWS], q, v, ref, tau)
    give_way(gains, memory, ref, own)
    steer(gains, memory, memory[tail : tail + commands], q, v, own, tau)
    with_estimate(model, memory, ref, tau)
