"""Arguments become rows of finite numbers, or an error that names the joint."""

import numpy as np

from robocalc.errors import InvalidInput


def joint_rows(joints, **given):
    """(rows, single): each argument as (N, n) contiguous floats; `single` where all were (n,).

    An argument (n,) beside a batch holds for every row.
    raises    InvalidInput   not numbers, not (n,) or (N, n), batches of different length, NaN or infinite
    """
    n, arrays = len(joints), {}
    for name, value in given.items():
        try:
            x = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise InvalidInput(f"{name} must be numbers of shape ({n},) or (N, {n}), got {value!r}") from None
        if x.ndim not in (1, 2) or x.shape[-1] != n:
            told = f"one value a joint ({', '.join(joints)})"
            raise InvalidInput(f"{name} must have shape ({n},) or (N, {n}), {told}; got {x.shape}")
        if not np.isfinite(x).all():
            _name_bad(name, x, joints)
        arrays[name] = x
    sizes = {name: len(x) for name, x in arrays.items() if x.ndim == 2}
    if len(set(sizes.values())) > 1:
        raise InvalidInput(f"batches differ in length: {', '.join(f'{k} {v}' for k, v in sizes.items())}")
    N = next(iter(sizes.values()), 1)
    rows = [np.ascontiguousarray(np.broadcast_to(x, (N, n))) for x in arrays.values()]
    return rows, not sizes


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
    if not np.allclose(R @ R.T, np.eye(3), atol=1e-6) or np.linalg.det(R) < 0:
        raise InvalidInput(f"{name} is no rotation: R Rᵀ differs from 1, or det R is not +1")
    return R


def pose_matrix(name, value) -> np.ndarray:
    """(4, 4) homogeneous pose, or InvalidInput."""
    try:
        T = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        T = np.empty(0)
    if T.shape != (4, 4) or not np.isfinite(T).all() or not np.allclose(T[3], [0, 0, 0, 1], atol=1e-9):
        raise InvalidInput(f"{name} must be a homogeneous pose (4, 4) with last row 0 0 0 1, got {value!r}")
    rotation(f"{name}[:3, :3]", T[:3, :3])
    return T
