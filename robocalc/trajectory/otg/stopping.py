"""Position ranges: whether a joint can be stopped inside, and whether a motion stays inside."""

import numpy as np

from robocalc.errors import Infeasible, InvalidInput


def overshoot(v, a, amin, jmin) -> float:
    """How far a joint still goes up under the hardest brake: jerk jmin down to amin, held (both negative)."""
    t = 0.0 if np.isinf(jmin) else max((a - amin) / -jmin, 0.0)
    if t > 0.0:
        disc = a * a - 2.0 * jmin * v
        if disc < 0.0:
            return 0.0
        s = (a + np.sqrt(disc)) / -jmin  # when v passes zero, if a still falls
        s = min(max(s, 0.0), t)
        x, v = s * (v + s * (a / 2 + s * jmin / 6)), v + s * (a + s * jmin / 2)
        if s < t:
            return max(x, 0.0)
    else:
        x = 0.0
    return max(x + (v * v / (-2.0 * amin) if v > 0.0 else 0.0), 0.0)


def require_room(state, rows, position):
    """Raise InvalidInput for a start that cannot be stopped in range, or a target that cannot be come to in range.

    state (6, n), rows (6, n) packed limits, position (2, n) [lower; upper]
    """
    for i in range(state.shape[1]):
        _, _, amin, amax, jmin, jmax = rows[:, i]
        low, high = position[:, i]
        for name, q in (("start", state[0, i]), ("target", state[3, i])):
            slack = 1e-12 * max(abs(q), 1e-300)
            if not low - slack <= q <= high + slack:
                raise InvalidInput(f"{name} position of joint {i} is {q:g}, outside of its range [{low:g}, {high:g}]")
        q, v, a = state[:3, i]
        _require(i, "stop", q, v, high, 1.0, lambda v, a=a, amin=amin, jmin=jmin: overshoot(v, a, amin, jmin))
        _require(i, "stop", q, v, low, -1.0, lambda v, a=a, amax=amax, jmax=jmax: overshoot(-v, -a, -amax, -jmax))
        q, v, a = state[3:, i]  # backwards in time: velocity and jerk change sign
        _require(i, "come", q, v, high, 1.0, lambda v, a=a, amin=amin, jmax=jmax: overshoot(-v, a, amin, -jmax))
        _require(i, "come", q, v, low, -1.0, lambda v, a=a, amax=amax, jmin=jmin: overshoot(v, -a, -amax, jmin))


def _require(i, verb, q, v, end, sign, way):
    slack = 1e-12 * (abs(q) + abs(end)) if np.isfinite(end) else np.inf
    room = sign * (end - q) + slack
    if way(v) <= room:
        return
    far = q + sign * way(v)
    if verb == "stop":
        told = f"joint {i} cannot stop in its range: from {q:g} at velocity {v:g} it reaches {far:.6g}"
    else:
        told = f"target of joint {i} needs a run-up: for velocity {v:g} at {q:g} it must come from {far:.6g}"
    if way(0.0) > room:
        raise InvalidInput(f"{told}, the range ends at {end:g}; even velocity 0 is too much with this acceleration")
    fits, fails = 0.0, v
    for _ in range(60):
        middle = 0.5 * (fits + fails)
        fits, fails = (middle, fails) if way(middle) <= room else (fits, middle)
    raise InvalidInput(f"{told}, the range ends at {end:g}; a velocity of {fits:.6g} would fit")


def require_inside(trajectory, position):
    """Raise Infeasible if a motion leaves the range (2, n) on its way."""
    extrema, when = trajectory.extrema_with_times(0)
    slack = 1e-9 * (1.0 + np.abs(extrema))
    told = [
        f"joint {i} reaches {extrema[k, i]:.6g} at {when[k, i]:.4g} s on its way, outside of [{low:g}, {high:g}]; "
        "move the target further inside, lower its velocity, or plan through a waypoint"
        for i, (low, high) in enumerate(position.T)
        for k, outside in enumerate((extrema[0, i] < low - slack[0, i], extrema[1, i] > high + slack[1, i]))
        if outside
    ]
    if told:
        raise Infeasible(told)
