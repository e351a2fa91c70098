"""What a payload at the tool asks of the joints, and how much of it there is; importing this loads numba.

A point mass m at c (3,) from a point of a body, in the body's axes, adds the joint torque Y (m, m c), linear but for
m c cᵀ, its inertia about that point, which is left out. With u the point's acceleration less gravity, ω and α the
body's rotation, and R its axes,

    force   f = m u + α × R mc + ω × (ω × R mc),   moment   R mc × u,   Y θ = Jᵀ (f, moment)

The parameters are found from the torque that the model does not explain, by recursive least squares.
Source: Siciliano et al. (2009), Robotics, section 7.2.2 (linearity in the parameters); Ljung (1999), section 11.2.
"""

from robocalc.dynamics.kernels_frames import fk
from robocalc.jit import njit

PARAMETERS = 4


@njit
def cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@njit
def swing(al, w, r):
    """α × r + ω × (ω × r)."""
    x, y = cross(al, r), cross(w, cross(w, r))
    return x[0] + y[0], x[1] + y[1], x[2] + y[2]


@njit
def body_motion(model, body, v, a, X, S):
    """Angular velocity, angular and linear acceleration of bodies 0 ... `body` into S (n, 9 or more), from frames X."""
    for i in range(body + 1):
        up = model.tree[i, 0]
        w = al = ac = r = (0.0, 0.0, 0.0)
        if up >= 0:
            w, al = (S[up, 0], S[up, 1], S[up, 2]), (S[up, 3], S[up, 4], S[up, 5])
            ac, r = (S[up, 6], S[up, 7], S[up, 8]), (X[i, 9] - X[up, 9], X[i, 10] - X[up, 10], X[i, 11] - X[up, 11])
        d, z = swing(al, w, r), (X[i, 2], X[i, 5], X[i, 8])
        c = cross(w, z)
        turns = 1.0 if model.tree[i, 1] == 0 else 0.0
        for k in range(3):
            S[i, k] = w[k] + turns * z[k] * v[i]
            S[i, 3 + k] = al[k] + turns * (z[k] * a[i] + c[k] * v[i])
            S[i, 6 + k] = ac[k] + d[k] + (1.0 - turns) * (z[k] * a[i] + 2.0 * c[k] * v[i])


@njit
def project(model, body, p, f, moment, X, Y, column):
    """Joint torques of a force f at p with a moment, on the joints that carry `body`, into Y[:, column]."""
    i = body
    while i >= 0:
        arm = cross((p[0] - X[i, 9], p[1] - X[i, 10], p[2] - X[i, 11]), f)
        y = 0.0
        for k in range(3):
            y += X[i, 3 * k + 2] * (moment[k] + arm[k] if model.tree[i, 1] == 0 else f[k])
        Y[i, column] = y
        i = model.tree[i, 0]


@njit
def payload_torque(model, body, point, q, v, a, X, S, Y):
    """Torque per m, m c_x, m c_y, m c_z of a payload at `point` (3,) of `body` into Y (n, 4 or more).

    X and S (n, 12) are scratch.
    """
    fk(model, q, X)
    body_motion(model, body, v, a, X, S)
    x, w, al = X[body], (S[body, 0], S[body, 1], S[body, 2]), (S[body, 3], S[body, 4], S[body, 5])
    r = (
        x[0] * point[0] + x[1] * point[1] + x[2] * point[2],
        x[3] * point[0] + x[4] * point[1] + x[5] * point[2],
        x[6] * point[0] + x[7] * point[1] + x[8] * point[2],
    )
    d, g = swing(al, w, r), model.gravity
    p = (x[9] + r[0], x[10] + r[1], x[11] + r[2])
    u = (S[body, 6] + d[0] - g[0], S[body, 7] + d[1] - g[1], S[body, 8] + d[2] - g[2])
    for i in range(len(q)):
        for k in range(PARAMETERS):
            Y[i, k] = 0.0
    project(model, body, p, u, (0.0, 0.0, 0.0), X, Y, 0)
    for k in range(3):
        e = (x[k], x[3 + k], x[6 + k])
        project(model, body, p, swing(al, w, e), cross(e, u), X, Y, 1 + k)


@njit
def least_squares(Y, y, noise, drift, theta, P):
    """One step of recursive least squares: θ (4,) and its covariance P (4, 4), from y = Y θ + noise, in place.

    noise   (n,) standard deviation of each y
    drift   (4,) variance that θ gains before the step
    """
    for k in range(PARAMETERS):
        P[k, k] += drift[k]
    for i in range(len(y)):
        h, s, e = Y[i], noise[i] * noise[i], y[i]
        x0 = P[0, 0] * h[0] + P[0, 1] * h[1] + P[0, 2] * h[2] + P[0, 3] * h[3]
        x1 = P[1, 0] * h[0] + P[1, 1] * h[1] + P[1, 2] * h[2] + P[1, 3] * h[3]
        x2 = P[2, 0] * h[0] + P[2, 1] * h[1] + P[2, 2] * h[2] + P[2, 3] * h[3]
        x3 = P[3, 0] * h[0] + P[3, 1] * h[1] + P[3, 2] * h[2] + P[3, 3] * h[3]
        x = (x0, x1, x2, x3)
        for k in range(PARAMETERS):
            s += h[k] * x[k]
            e -= h[k] * theta[k]
        for k in range(PARAMETERS):
            theta[k] += x[k] * e / s
            for j in range(PARAMETERS):
                P[k, j] -= x[k] * x[j] / s
