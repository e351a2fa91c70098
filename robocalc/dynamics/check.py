"""Arguments become rows of finite numbers, or an error that names the joint."""

from math import isfinite

import numpy as np

from robocalc.errors import InvalidInput

ROTATION_SLACK = 1e-6  # how far R Rᵀ may be from 1
FEW = 5000  # entries; OpenBLAS wakes its threads for the product of more, and they spin on after it
EYE, LAST = np.eye(3), np.array([0.0, 0.0, 0.0, 1.0])


def joint_rows(joints, **given):
    """(rows, single): each argument as (N, n) contiguous writable floats; `single` where all were (n,).

    An argument (n,) beside a batch holds for every row. Writable, as numba compiles anew for what is not.
    raises    InvalidInput   not numbers, not (n,) or (N, n), batches of different length, NaN or infinite
    """
    n, arrays, N = len(joints), [], 0
    for name, value in given.items():
        x = value if type(value) is np.ndarray and value.dtype == np.float64 else _floats(name, value, n)
        if x.ndim not in (1, 2) or x.shape[-1] != n:
            told = f"one value a joint ({', '.join(joints)})"
            raise InvalidInput(f"{name} must have shape ({n},) or (N, {n}), {told}; got {x.shape}")
        flat = x.ravel()
        total = flat @ flat if flat.size < FEW else flat.sum()  # one sum is quicker than n questions
        if not isfinite(total) and not np.isfinite(x).all():
            _name_bad(name, x, joints)
        if x.ndim == 2:
            N = max(N, len(x))
        arrays.append(x)
    single = not any(x.ndim == 2 for x in arrays)
    if any(x.ndim == 2 and len(x) != N for x in arrays):
        told = ", ".join(f"{k} {len(x)}" for k, x in zip(given, arrays, strict=True) if x.ndim == 2)
        raise InvalidInput(f"batches differ in length: {told}")
    return [_rows(x, 1 if single else N, n) for x in arrays], single


def _floats(name, value, n):
    try:
        return np.asarray(value).astype(np.float64, casting="safe" if np.iscomplexobj(value) else "unsafe")
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be real numbers of shape ({n},) or (N, {n}), got {value!r}") from None


def _rows(x, N, n):
    if x.ndim == 2 and x.flags.carray:
        return x
    rows = np.empty((N, n))
    rows[:] = x
    return rows


def _name_bad(name, x, joints):
    where = np.argwhere(~np.isfinite(x))[0]
    row = f" in row {where[0]}" if x.ndim == 2 else ""
    raise InvalidInput(f"{name} of joint {joints[where[-1]]}{row} is {x[tuple(where)]}; a finite number is needed")


def vector(name, value, size=3) -> np.ndarray:
    """(size,) finite floats, or InvalidInput."""
    try:
        x = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        x = np.empty(0)
    if x.shape != (size,) or not np.isfinite(x).all():
        raise InvalidInput(f"{name} must be {size} finite numbers, got {value!r}")
    return x


def rotation(name, value) -> np.ndarray:
    """(3, 3) rotation from a matrix or from roll, pitch, yaw (3,) [rad]."""
    from robocalc.dynamics.tree import rotation_rpy

    try:
        R = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        R = np.empty(0)
    if R.shape == (3,) and np.isfinite(R).all():
        return rotation_rpy(R)
    if R.shape != (3, 3) or not np.isfinite(R).all():
        raise InvalidInput(f"{name} must be a rotation (3, 3) or roll, pitch, yaw (3,) [rad], got {value!r}")
    if not _is_rotation(R):
        raise InvalidInput(f"{name} is no rotation: R Rᵀ differs from 1, or det R is not +1")
    return R


def _is_rotation(R) -> bool:
    (a, b, c), (d, e, f), (g, h, i) = R.tolist()
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return det > 0 and abs(R @ R.T - EYE).max() < ROTATION_SLACK


def pose_matrix(name, value) -> np.ndarray:
    """(4, 4) homogeneous pose, or InvalidInput."""
    try:
        T = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        T = np.empty(0)
    if T.shape != (4, 4) or not np.isfinite(T).all() or abs(T[3] - LAST).max() > 1e-9:
        raise InvalidInput(f"{name} must be a homogeneous pose (4, 4) with last row 0 0 0 1, got {value!r}")
    if not _is_rotation(T[:3, :3]):
        raise InvalidInput(f"the rotation of {name} is none: R Rᵀ differs from 1, or det R is not +1")
    return T
