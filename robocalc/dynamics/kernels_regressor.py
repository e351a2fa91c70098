"""Joint torque per inertial parameter of a body, compiled; importing this loads numba.

Ten parameters of a rigid body about the origin of a frame fixed in it, in the frame's axes: mass m, first moment
m c (3), inertia about the origin (xx xy xz yy yz zz). With w and l the body's angular velocity and acceleration and u
the frame's acceleration less gravity, the force and the moment about the frame's origin are

    f = m u + l × mc + w × (w × mc),    moment = J l + w × J w + mc × u

Source: Atkeson, An & Hollerbach (1986).
"""

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels_frames import P, frames, inlined
from robocalc.dynamics.kernels_rigid import AC, AL, W, motion
from robocalc.jit import njit

PARAMETERS = 10


@inlined
def cross3(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@inlined
def swing3(al, w, r):
    """l × r + w × (w × r)."""
    x, y = cross3(al, r), cross3(w, cross3(w, r))
    return x[0] + y[0], x[1] + y[1], x[2] + y[2]


@njit
def press(model, body, p, f, moment, Y, column):
    """Joint torques of a force f at p with a moment, on the joints that carry `body`, into Y[:, column]."""
    i = body
    while i >= 0:
        x = model.work[i + 1]
        if model.tree[i, 1] == 0:
            arm = cross3((p[0] - x[P], p[1] - x[P + 1], p[2] - x[P + 2]), f)
            Y[i, column] = x[2] * (moment[0] + arm[0]) + x[5] * (moment[1] + arm[1]) + x[8] * (moment[2] + arm[2])
        else:
            Y[i, column] = x[2] * f[0] + x[5] * f[1] + x[8] * f[2]
        i = model.tree[i, 0]


@njit
def body_regressor(model, body, offset, Y, at):
    """Columns `at` to `at` + 9 of Y (n, ...) for the frame `offset` (12,) of a body, after `frames` and `motion`."""
    for i in range(len(Y)):
        for k in range(PARAMETERS):
            Y[i, at + k] = 0.0
    x, o = model.work[body + 1], offset
    w, al = (x[W], x[W + 1], x[W + 2]), (x[AL], x[AL + 1], x[AL + 2])
    r = (
        x[0] * o[9] + x[1] * o[10] + x[2] * o[11],
        x[3] * o[9] + x[4] * o[10] + x[5] * o[11],
        x[6] * o[9] + x[7] * o[10] + x[8] * o[11],
    )
    p, s, zero = (x[P] + r[0], x[P + 1] + r[1], x[P + 2] + r[2]), swing3(al, w, r), (0.0, 0.0, 0.0)
    u = (x[AC] + s[0], x[AC + 1] + s[1], x[AC + 2] + s[2])
    press(model, body, p, u, zero, Y, at)
    column = at + 4
    for j in range(3):
        e = axis_of(x, o, j)
        press(model, body, p, swing3(al, w, e), cross3(e, u), Y, at + 1 + j)
        for k in range(j, 3):
            press(model, body, p, zero, turning(e, axis_of(x, o, k), w, al, 0.5 if j == k else 1.0), Y, column)
            column += 1


@inlined
def axis_of(x, o, j):
    """Axis j of the frame in world."""
    return (
        x[0] * o[j] + x[1] * o[3 + j] + x[2] * o[6 + j],
        x[3] * o[j] + x[4] * o[3 + j] + x[5] * o[6 + j],
        x[6] * o[j] + x[7] * o[3 + j] + x[8] * o[6 + j],
    )


@inlined
def turning(e, d, w, al, share):
    """J l + w × J w for J = share (e dᵀ + d eᵀ)."""
    la, lb = d[0] * al[0] + d[1] * al[1] + d[2] * al[2], e[0] * al[0] + e[1] * al[1] + e[2] * al[2]
    wa, wb = d[0] * w[0] + d[1] * w[1] + d[2] * w[2], e[0] * w[0] + e[1] * w[1] + e[2] * w[2]
    t = cross3(w, (e[0] * wa + d[0] * wb, e[1] * wa + d[1] * wb, e[2] * wa + d[2] * wb))
    return (
        share * (e[0] * la + d[0] * lb + t[0]),
        share * (e[1] * la + d[1] * lb + t[1]),
        share * (e[2] * la + d[2] * lb + t[2]),
    )


@njit
def regress(model, q, v, a, places, offsets, Y):
    """Regressors of the frames `offsets` (B, 12) of bodies `places` (B,) into Y (n, 10 B)."""
    frames(model, q)
    motion(model, v, a)
    for b in range(len(places)):
        body_regressor(model, places[b], offsets[b], Y, PARAMETERS * b)


@njit
def many_regress(model, Q, V, A, places, offsets, Y):
    """`regress` of N rows into Y (N, n, 10 B)."""
    model, Q, V, A, places, offsets, Y = borrowed((model, Q, V, A, places, offsets, Y))
    for k in range(len(Q)):
        regress(model, Q[k], V[k], A[k], places, offsets, Y[k])
