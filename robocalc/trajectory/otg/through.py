"""Jerk-limited motion through waypoints without stopping, offline."""

import numpy as np

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory.otg.checks import explain, state_of
from robocalc.trajectory.otg.motion import request
from robocalc.trajectory.trajectory import Trajectory

SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)  # of the speed at waypoints, until the motion stays in range


def jerk_limited_through(waypoints, limits, *, start=(0.0, 0.0), end=(0.0, 0.0), stop=None, sweeps=100) -> Trajectory:
    """Fast motion through waypoints within limits on velocity, acceleration and jerk.

    waypoints   (W, n), W >= 2 [rad | m]; visited in this order, all joints at the same time
    limits      Limits, as for `jerk_limited`; position ranges are kept by slowing down at waypoints
    start, end  (v, a) of the first and the last waypoint, each (n,) or a number
    stop        (W,) bool: waypoints at which the motion rests; None: none but the ends
    sweeps      most passes of each stage of the search; 0 stops at every waypoint
    returns     Trajectory; never longer than the motion that stops at each waypoint
    raises      InvalidInput as `jerk_limited`; Infeasible: no motion found between states given for the ends

    Velocities and accelerations at the waypoints are searched for, starting from a stop at each: a local optimum of
    the total time, the same for the same input. Between waypoints each joint's motion is the fastest, or one of equal
    duration (see `jerk_limited`).
    """
    from robocalc.trajectory.otg.waypoints import assemble, improve

    Q = _waypoints(waypoints)
    W, n = Q.shape
    state, rows = request((Q[0], *_ends("start", start)), (Q[-1], *_ends("end", end)), limits, False)
    state, n = (state, n) if state.shape[1] == n else (state_of(Q[0], Q[-1], limits), n)
    if not isinstance(sweeps, (int, np.integer)) or sweeps < 0:
        raise InvalidInput(f"sweeps must be 0, 1, 2, ..., got {sweeps!r}")
    V, A = np.zeros((W, n)), np.zeros((W, n))
    (V[0], V[-1]), (A[0], A[-1]) = (state[1], state[4]), (state[2], state[5])
    free = ~_mask(stop, W)
    total, knots, coeffs = assemble(Q, V, A, rows)
    if total != total:
        explain(state, rows, False)
    if sweeps and W > 2:
        improve(Q, V, A, free, rows, int(sweeps))
        total, knots, coeffs = assemble(Q, V, A, rows)
    if limits.position is None:
        return Trajectory.trusted(knots, coeffs)
    return _in_range(Q, V, A, rows, limits.bounds("position"), state)


def _in_range(Q, V, A, rows, position, state):
    """The fastest of slowed motions that stays inside of the position ranges."""
    from robocalc.trajectory.otg.stopping import require_inside, require_room
    from robocalc.trajectory.otg.waypoints import assemble

    for k, i in zip(*np.nonzero((position[0] > Q) | (position[1] < Q))):
        low, high = position[:, i]
        raise InvalidInput(f"waypoint {k} of joint {i} is {Q[k, i]:g}, outside of its range [{low:g}, {high:g}]")
    require_room(state, rows, position)
    for share in SHARES:
        v, a = V.copy(), A.copy()
        v[1:-1] *= share
        a[1:-1] *= share**2
        total, knots, coeffs = assemble(Q, v, a, rows)
        if total == total:
            trajectory = Trajectory.trusted(knots, coeffs)
            try:
                require_inside(trajectory, position)
                return trajectory
            except Infeasible:
                if share == SHARES[-1]:
                    raise
    raise Infeasible(["no motion was found between the states given for the ends"])


def _waypoints(waypoints):
    try:
        Q = np.array(waypoints, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput("waypoints must be numbers, (W, n)") from None
    Q = Q[:, None] if Q.ndim == 1 else Q
    if Q.ndim != 2 or len(Q) < 2 or Q.shape[1] < 1:
        raise InvalidInput(f"waypoints must have shape (W, n) with W of at least 2, got {Q.shape}")
    for k, i in zip(*np.nonzero(~np.isfinite(Q))):
        raise InvalidInput(f"waypoint {k} of joint {i} is {Q[k, i]}; a finite number is needed")
    return Q


def _ends(name, value):
    try:
        parts = list(value)
    except TypeError:
        parts = [value]
    if not 1 <= len(parts) <= 2:
        raise InvalidInput(f"{name} must be (v, a) or (v,), got {len(parts)} entries")
    return parts


def _mask(stop, W):
    if stop is None:
        return np.zeros(W, dtype=bool)
    mask = np.asarray(stop)
    if mask.dtype != bool or mask.shape not in ((W,), ()):
        raise InvalidInput(f"stop must be a bool or ({W},) bools, got {stop!r}")
    return np.broadcast_to(mask, W).copy()
