"""What laws that command accelerations through the model share, compiled; importing this loads numba.

    carried    the joint error now, from one measured a while ago and the accelerations commanded since
    commanded  τ = rnea(q̂, v̂, a_ref + u) + τ_ff, u kept for the next prediction

gains   row HEAD: J, dt, then what each law puts there; TABLE, TABLE + 1: robocalc.control.prediction; OWN: a law's own
memory  rows below, then the law's own, then J rows of past u, newest first
"""

from robocalc.dynamics.kernels import rnea
from robocalc.jit import njit

HEAD, TABLE, OWN = 0, 1, 3  # rows of gains
PASTS, PERIOD, FREE = 0, 1, 2  # columns of HEAD
Q_HAT, V_HAT, E, E_V, U, MINE = range(6)  # rows of memory


@njit
def carried(gains, memory, q, v, ref):
    """ê and its rate into E and E_V, and q̂ = q_ref - ê, v̂ = v_ref - ê' into Q_HAT and V_HAT of the memory."""
    J = int(gains[HEAD, PASTS])
    past = memory[len(memory) - J :]
    for i in range(len(q)):
        e, e_v = ref[0, i] - q[i], ref[1, i] - v[i]
        now, now_v = e + gains[TABLE, 1] * e_v, e_v
        for j in range(J):
            now += gains[TABLE, 2 + j] * past[j, i]
            now_v += gains[TABLE + 1, 2 + j] * past[j, i]
        if e == 0.0 and e_v == 0.0:  # tracked exactly, or a joint in force mode, whose commands move nothing
            now = now_v = 0.0
        memory[E, i], memory[E_V, i] = now, now_v
        memory[Q_HAT, i], memory[V_HAT, i] = ref[2, i] - now, ref[3, i] - now_v


@njit
def remember(gains, memory, n):
    """The past gains u of memory[U]."""
    J = int(gains[HEAD, PASTS])
    past = memory[len(memory) - J :]
    for j in range(J - 1, 0, -1):
        for i in range(n):
            past[j, i] = past[j - 1, i]
    if J > 0:
        for i in range(n):
            past[0, i] = memory[U, i]


@njit
def commanded(model, gains, memory, ref, tau):
    """Torque of the model at q̂, v̂ for a_ref + u; memory[U] then holds that sum."""
    n = len(tau)
    remember(gains, memory, n)
    for i in range(n):
        memory[U, i] += ref[4, i]
    rnea(model, memory[Q_HAT][:n], memory[V_HAT][:n], memory[U][:n], tau)
    for i in range(n):
        tau[i] += ref[5, i]
