"""What a payload at the tool asks of the joints, and how much of it there is; importing this loads numba.

A payload of mass m with first moment m c (3) from a point of a body, in the body's axes, that turns like a ball of
rotational inertia J, adds the joint torque Y (m, m c, J), linear but for m c cᵀ, its inertia about that point, which is
left out. With u the point's acceleration less gravity, ω and α the body's rotation, and R its axes,

    force   f = m u + α × R mc + ω × (ω × R mc),   moment   R mc × u + J α,   Y θ = Jacobianᵀ (f, moment)

The parameters are found from the torque that the model does not explain, by recursive least squares.
Source: Siciliano et al. (2009), Robotics, section 7.2.2 (linearity in the parameters); Ljung (1999), section 11.2.
"""

from robocalc.dynamics.kernels_frames import P, inlined
from robocalc.dynamics.kernels_regressor import cross3, swing3
from robocalc.dynamics.kernels_rigid import AC, AL, W
from robocalc.jit import njit

PARAMETERS, SIZE = 4, 5  # m, m c; with J


@inlined
def dot3(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def payload_columns(model, body, point, Y):
    """Torque per m, m c_x, m c_y, m c_z and J of a payload at `point` (3,) of `body` into Y (n, 5 or more).

    The motion is that of the rnea before, or of `frames` and `motion`: nothing of it is worked out again. A joint's
    share of a force f at d from it is z · (d × f) = (z × d) · f, with z × d the same for all columns.
    """
    x = model.work[body + 1]
    w, al = (x[W], x[W + 1], x[W + 2]), (x[AL], x[AL + 1], x[AL + 2])
    e0, e1, e2 = (x[0], x[3], x[6]), (x[1], x[4], x[7]), (x[2], x[5], x[8])
    r0 = x[0] * point[0] + x[1] * point[1] + x[2] * point[2]
    r1 = x[3] * point[0] + x[4] * point[1] + x[5] * point[2]
    r2 = x[6] * point[0] + x[7] * point[1] + x[8] * point[2]
    d, p0, p1, p2 = swing3(al, w, (r0, r1, r2)), x[P] + r0, x[P + 1] + r1, x[P + 2] + r2
    u = (x[AC] + d[0], x[AC + 1] + d[1], x[AC + 2] + d[2])
    f0, f1, f2 = swing3(al, w, e0), swing3(al, w, e1), swing3(al, w, e2)
    m0, m1, m2 = cross3(e0, u), cross3(e1, u), cross3(e2, u)
    for i in range(len(model.tree)):
        for k in range(SIZE):
            Y[i, k] = 0.0
    i = body
    while i >= 0:
        b = model.work[i + 1]
        z = (b[2], b[5], b[8])
        if model.tree[i, 1] == 0:
            c = cross3(z, (p0 - b[P], p1 - b[P + 1], p2 - b[P + 2]))
            Y[i, 0] = dot3(c, u)
            Y[i, 1] = dot3(c, f0) + dot3(z, m0)
            Y[i, 2] = dot3(c, f1) + dot3(z, m1)
            Y[i, 3] = dot3(c, f2) + dot3(z, m2)
            Y[i, 4] = dot3(z, al)
        else:
            Y[i, 0], Y[i, 1], Y[i, 2], Y[i, 3] = dot3(z, u), dot3(z, f0), dot3(z, f1), dot3(z, f2)
        i = model.tree[i, 0]


@njit
def least_squares(Y, y, variance, drift, theta, P):
    """One step of recursive least squares: θ (4,) and its covariance P (4, 4), from y = Y θ + noise, in place.

    variance   (n,) of each y
    drift      (4,) variance that θ gains before the step
    """
    for k in range(PARAMETERS):
        P[k, k] += drift[k]
    for i in range(len(y)):
        h, s, e = Y[i], variance[i], y[i]
        x0 = P[0, 0] * h[0] + P[0, 1] * h[1] + P[0, 2] * h[2] + P[0, 3] * h[3]
        x1 = P[1, 0] * h[0] + P[1, 1] * h[1] + P[1, 2] * h[2] + P[1, 3] * h[3]
        x2 = P[2, 0] * h[0] + P[2, 1] * h[1] + P[2, 2] * h[2] + P[2, 3] * h[3]
        x3 = P[3, 0] * h[0] + P[3, 1] * h[1] + P[3, 2] * h[2] + P[3, 3] * h[3]
        x = (x0, x1, x2, x3)
        for k in range(PARAMETERS):
            s += h[k] * x[k]
            e -= h[k] * theta[k]
        share = 1.0 / s
        for k in range(PARAMETERS):
            gain = x[k] * share
            theta[k] += gain * e
            for j in range(k + 1):  # to the bit symmetric: what is not grows
                P[k, j] -= gain * x[j]
                P[j, k] = P[k, j]
