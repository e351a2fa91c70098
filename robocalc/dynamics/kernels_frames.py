"""Poses of bodies and frames, and how they move with the joints.

frames           rotation, position and r of every body, into model.work: what every other kernel starts from
fk               body frames into the caller's buffer
frame_pose       pose of a frame fixed in a body
point_jacobian   velocity of a point of a body; chain_jacobian where the frames are known
"""

from robocalc.dynamics.kernels_trig import sincos
from robocalc.jit import njit

# A kernel that calls another which is not inlined pays a dozen atomic reference counts for the Model: 0.1 us.
inlined = njit(inline="always")

T = 9  # column of Model.bodies: translation
P, D = 9, 12  # columns of Model.work: position of the body's origin, and r = p - p_parent


@inlined
def frames(model, q):
    """Rotation, position and r of every body into model.work."""
    tree, bodies, work = model.tree, model.bodies, model.work
    base = work[0]
    for k in range(P + 3):
        base[k] = 0.0
    base[0] = base[4] = base[8] = 1.0
    for i in range(len(q)):
        b, u, x = bodies[i], work[tree[i, 0] + 1], work[i + 1]
        d0, d1, d2 = b[T], b[T + 1], b[T + 2]
        s, c = 0.0, 1.0
        if tree[i, 1] == 0:
            s, c = sincos(q[i])
        else:
            d0, d1, d2 = d0 + q[i] * b[2], d1 + q[i] * b[5], d2 + q[i] * b[8]
        for k in range(0, 9, 3):
            u0, u1, u2 = u[k], u[k + 1], u[k + 2]
            e0 = u0 * b[0] + u1 * b[3] + u2 * b[6]
            e1 = u0 * b[1] + u1 * b[4] + u2 * b[7]
            x[k] = c * e0 + s * e1
            x[k + 1] = c * e1 - s * e0
            x[k + 2] = u0 * b[2] + u1 * b[5] + u2 * b[8]
            r = u0 * d0 + u1 * d1 + u2 * d2
            x[D + k // 3] = r
            x[P + k // 3] = u[P + k // 3] + r


@njit
def fk(model, q, X):
    """Body frames in world for q (n,) into X (n, 12): R row by row, p [m]."""
    frames(model, q)
    work = model.work
    for i in range(len(q)):
        for k in range(12):
            X[i, k] = work[i + 1, k]


@inlined
def chain_jacobian(model, body, offset, J):
    """`point_jacobian` where the frames are already those of q."""
    tree, work = model.tree, model.work
    for k in range(6):
        for i in range(J.shape[1]):
            J[k, i] = 0.0
    if body < 0:
        return
    x = work[body + 1]
    o0, o1, o2 = offset[0], offset[1], offset[2]
    p0 = x[P] + x[0] * o0 + x[1] * o1 + x[2] * o2
    p1 = x[P + 1] + x[3] * o0 + x[4] * o1 + x[5] * o2
    p2 = x[P + 2] + x[6] * o0 + x[7] * o1 + x[8] * o2
    i = body
    while i >= 0:
        x = work[i + 1]
        z0, z1, z2 = x[2], x[5], x[8]
        if tree[i, 1] == 0:
            s0, s1, s2 = p0 - x[P], p1 - x[P + 1], p2 - x[P + 2]
            J[0, i], J[1, i], J[2, i] = z1 * s2 - z2 * s1, z2 * s0 - z0 * s2, z0 * s1 - z1 * s0
            J[3, i], J[4, i], J[5, i] = z0, z1, z2
        else:
            J[0, i], J[1, i], J[2, i] = z0, z1, z2
        i = tree[i, 0]


@njit
def point_jacobian(model, q, body, offset, J):
    """Velocity per joint of the point fixed in `body` at `offset` (3,) in the body's frame, into J (6, n).

    Rows 0:3 linear, 3:6 angular, world axes. body = -1 is the world: J = 0.
    """
    frames(model, q)
    chain_jacobian(model, body, offset, J)


@inlined
def frame_pose(model, body, offset, X):
    """Pose in world, into X (12,), of the frame at `offset` (12,) in `body`, from the frames of the last q."""
    if body < 0:
        for k in range(12):
            X[k] = offset[k]
        return
    x = model.work[body + 1]
    for k in range(3):
        a, b, c = x[3 * k], x[3 * k + 1], x[3 * k + 2]
        for j in range(3):
            X[3 * k + j] = a * offset[j] + b * offset[3 + j] + c * offset[6 + j]
        X[9 + k] = x[P + k] + a * offset[9] + b * offset[10] + c * offset[11]
