"""Generalised forces of inputs, and the inputs that give a wanted one; importing this loads numba.

actuation        B(q) of drives and thrusters
allocate         inputs within their limits for wanted generalised forces
tyre_force       sideways friction of a tyre as generalised force
many_actuations  B(q) of N rows
"""

from robocalc.dynamics.actuation import AXIS, BODY, DRAG, GRIP, HIGH, LOW, POINT, SHARE, VISCOUS
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels_frames import chain_jacobian, frames
from robocalc.dynamics.kernels_ldl import factor, substitute
from robocalc.jit import njit

DAMPING = 1e-9  # of the trace of BᵀB: among inputs that do the same, the least ones
REFINED = 3  # residual solves, which take the damping out again
ROUNDING = 1e-10  # of what the inputs add up to: what comes this near to the wanted force is the wanted force


@njit
def actuation(model, q, inputs, J, B):
    """B (n, m) of the inputs (m, 11), see Actors; J (6, n) scratch."""
    frames(model, q)
    n = len(q)
    for k in range(len(inputs)):
        row, body = inputs[k], int(inputs[k, BODY])
        for i in range(n):
            B[i, k] = 0.0
        if body < 0:
            B[-1 - body, k] = 1.0
        else:
            chain_jacobian(model, body, row[POINT : POINT + 3], J)
            turn = model.work[body + 1]
            for axis in range(3):
                e = turn[3 * axis] * row[AXIS] + turn[3 * axis + 1] * row[AXIS + 1] + turn[3 * axis + 2] * row[AXIS + 2]
                for i in range(n):
                    B[i, k] += e * (J[axis, i] + row[DRAG] * J[3 + axis, i])


@njit
def least_squares(B, tau, G, r, x, u):
    """u (m,) of least |B u - tau| and least norm: (BᵀB + ε) x = Bᵀ (tau - B u), u += x; G (m, m), r (n,), x (m,)."""
    n, m = B.shape
    trace = 0.0
    for k in range(m):
        u[k] = 0.0
        for j in range(m):
            s = 0.0
            for i in range(n):
                s += B[i, k] * B[i, j]
            G[k, j] = s
        trace += G[k, k]
    for k in range(m):
        G[k, k] += DAMPING * trace
    factor(G)
    for _ in range(REFINED):
        for i in range(n):
            r[i] = tau[i]
            for k in range(m):
                r[i] -= B[i, k] * u[k]
        for k in range(m):
            x[k] = 0.0
            for i in range(n):
                x[k] += B[i, k] * r[i]
        substitute(G, x)
        for k in range(m):
            u[k] += x[k]


@njit
def limit(inputs, u):
    """u within its limits: the collective thrust gives way first, as it turns nothing; what is left is clipped.

    u + s share lies within the limits for s from `least` to `most`; the s nearest to 0, or the middle where none does.
    """
    least, most = -1e300, 1e300
    for k in range(len(u)):
        share = inputs[k, SHARE]
        if share > 0.0:
            least = max(least, (inputs[k, LOW] - u[k]) / share)
            most = min(most, (inputs[k, HIGH] - u[k]) / share)
    s = min(max(0.0, least), most) if least <= most else 0.5 * (least + most)
    for k in range(len(u)):
        x = u[k] + s * inputs[k, SHARE]
        u[k] = inputs[k, HIGH] if x > inputs[k, HIGH] else inputs[k, LOW] if x < inputs[k, LOW] else x


@njit
def allocate(B, inputs, tau, work, u):
    """tau (n,) becomes B u, u (m,) the inputs within their limits nearest to it; work (m + 2, max(n, m)) scratch.

    To the bit where nothing limits it: laws ask whether they got what they wanted.
    """
    n, m = B.shape
    least_squares(B, tau, work[:m, :m], work[m, :n], work[m + 1, :m], u)
    limit(inputs, u)
    for i in range(n):
        given = size = 0.0
        for k in range(m):
            given += B[i, k] * u[k]
            size += abs(B[i, k] * u[k])
        if not abs(given - tau[i]) <= ROUNDING * size:
            tau[i] = given


@njit
def tyre_force(model, q, v, tyre, J, tau):
    """τ -= Jₚᵀ e f of one tyre (9,), e its axis: f = c s up to the grip, s = e · Jₚ v its slip; the frames are q's."""
    body, n = int(tyre[BODY]), len(q)
    chain_jacobian(model, body, tyre[POINT : POINT + 3], J)
    turn, slip = model.work[body + 1], 0.0
    for i in range(n):
        side = 0.0
        for axis in range(3):
            e = turn[3 * axis] * tyre[AXIS] + turn[3 * axis + 1] * tyre[AXIS + 1] + turn[3 * axis + 2] * tyre[AXIS + 2]
            side += e * J[axis, i]
        J[3, i] = side
        slip += side * v[i]
    force = max(-tyre[GRIP], min(tyre[GRIP], tyre[VISCOUS] * slip))
    for i in range(n):
        tau[i] -= J[3, i] * force


@njit
def many_actuations(model, Q, inputs, J, B):
    """B (N, n, m) of N rows; J (6, n) scratch."""
    model, Q, inputs, J, B = borrowed((model, Q, inputs, J, B))
    for k in range(len(Q)):
        actuation(model, Q[k], inputs, J, B[k])
