"""Poses as seven numbers, position [m] then unit quaternion x y z w; batches (..., 7). World z is up.

rpy_quaternion        URDF angles (roll, pitch, yaw about fixed x, y, z) to a quaternion
compose, inverse      T₁ T₂ and T⁻¹
between               shortest way from one orientation to another
quaternions           of rotation matrices, in batches
mean_twist            the constant velocity that carries one pose into another in dt
"""

import numpy as np

IDENTITY = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def rpy_quaternion(rpy):
    """R = Rz(yaw) Ry(pitch) Rx(roll), rpy (..., 3) [rad] -> (..., 4) x y z w."""
    half = np.asarray(rpy, float) / 2
    (cr, cp, cy), (sr, sp, sy) = np.moveaxis(np.cos(half), -1, 0), np.moveaxis(np.sin(half), -1, 0)
    return np.stack(
        [
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ],
        axis=-1,
    )


def multiply(a, b):
    """Quaternion product a ⊗ b, (..., 4) each."""
    (ax, ay, az, aw), (bx, by, bz, bw) = np.moveaxis(np.asarray(a), -1, 0), np.moveaxis(np.asarray(b), -1, 0)
    return np.stack(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ],
        axis=-1,
    )


def conjugate(a):
    """The inverse rotation of a unit quaternion (..., 4)."""
    return np.asarray(a) * np.array([-1.0, -1.0, -1.0, 1.0])


def rotate(a, p):
    """R(a) p for a (..., 4) and p (..., 3): p + 2w (u × p) + 2 u × (u × p), u the vector part."""
    u, w = np.asarray(a)[..., :3], np.asarray(a)[..., 3:]
    t = 2 * np.cross(u, p)
    return p + w * t + np.cross(u, t)


def compose(first, second):
    """T₁ T₂, (..., 7) each."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    p = first[..., :3] + rotate(first[..., 3:], second[..., :3])
    return np.concatenate([p, multiply(first[..., 3:], second[..., 3:])], axis=-1)


def inverse(pose):
    """T⁻¹ of (..., 7)."""
    pose = np.asarray(pose, float)
    back = conjugate(pose[..., 3:])
    return np.concatenate([-rotate(back, pose[..., :3]), back], axis=-1)


def rotation_vector(a):
    """Axis times angle in [0, π] of unit quaternions (..., 4) -> (..., 3) [rad]: the shortest rotation."""
    a = np.where(np.asarray(a)[..., 3:] < 0, -np.asarray(a), a)
    s = np.linalg.norm(a[..., :3], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(s, a[..., 3:])
    return a[..., :3] * np.where(s > 1e-12, angle / np.where(s > 1e-12, s, 1.0), 2.0)


def from_rotation_vector(r):
    """Inverse of `rotation_vector`, (..., 3) -> (..., 4)."""
    r = np.asarray(r, float)
    half = np.linalg.norm(r, axis=-1, keepdims=True) / 2
    return np.concatenate([r / 2 * np.sinc(half / np.pi), np.cos(half)], axis=-1)


def between(a, b, s):
    """Orientation a share s of the shortest way from a to b; a, b (..., 4), s (..., 1)."""
    return multiply(a, from_rotation_vector(s * rotation_vector(multiply(conjugate(a), b))))


def mean_twist(pose, following, dt):
    """Constant linear and angular velocity, world axes, (..., 6) [m/s, rad/s], that carry pose into following in dt."""
    turn = rotation_vector(multiply(following[..., 3:], conjugate(pose[..., 3:])))
    return np.concatenate([following[..., :3] - pose[..., :3], turn], axis=-1) / dt


def matrix(quaternion):
    """R (3, 3) of one unit quaternion x y z w."""
    x, y, z, w = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def from_matrix(R):
    """Unit quaternion x y z w of a rotation matrix (3, 3), by the largest component (Shepperd 1978): no digits lost."""
    R = np.asarray(R, float)
    d = np.array([R[0, 0], R[1, 1], R[2, 2], R.trace()])
    i = int(np.argmax(d))
    if i == 3:
        q = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1], 1 + d[3]])
    else:
        j, k = (i + 1) % 3, (i + 2) % 3
        q = np.empty(4)
        q[i], q[j], q[k] = 1 + 2 * R[i, i] - d[3], R[j, i] + R[i, j], R[k, i] + R[i, k]
        q[3] = R[k, j] - R[j, k]
    return q / np.linalg.norm(q)


def quaternions(R):
    """Unit quaternions xyzw (..., 4) of rotations (..., 3, 3), by the largest component (Shepperd 1978)."""
    R = np.asarray(R, float)
    trace = np.einsum("...ii->...", R)
    diagonal = np.stack([R[..., 0, 0], R[..., 1, 1], R[..., 2, 2], trace], axis=-1)
    # rows of 4 q qᵀ; the row of the largest component, normalised, is the quaternion to full precision
    K = np.empty((*R.shape[:-2], 4, 4))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        K[..., i, i] = 1 + R[..., i, i] - R[..., j, j] - R[..., k, k]
        K[..., i, j] = K[..., j, i] = R[..., j, i] + R[..., i, j]
        K[..., i, 3] = K[..., 3, i] = R[..., k, j] - R[..., j, k]
    K[..., 3, 3] = 1 + trace
    largest = np.argmax(diagonal, axis=-1)
    row = np.take_along_axis(K, largest[..., None, None], axis=-2)[..., 0, :]
    return row / np.maximum(np.linalg.norm(row, axis=-1, keepdims=True), 1e-30)
