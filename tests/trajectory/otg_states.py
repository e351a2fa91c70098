"""States and limits drawn at random, ruckig's request for them, and a check of motions that knows no planner."""

import numpy as np
import ruckig

from robocalc.trajectory import Limits

KINDS = {  # joints, asymmetric limits, velocity control
    "1 joint": (1, False, False),
    "3 joints": (3, False, False),
    "7 joints": (7, False, False),
    "1 joint, asymmetric": (1, True, False),
    "3 joints, asymmetric": (3, True, False),
    "7 joints, asymmetric": (7, True, False),
    "1 joint, velocity": (1, False, True),
    "3 joints, asymmetric, velocity": (3, True, True),
    "7 joints, velocity": (7, False, True),
}


def draw(rng, n, asymmetric):
    """States (6, n) and limits (6, n): vmin, vmax, amin, amax, jmin, jmax; one state in seven is outside of them."""
    high = rng.uniform(0.2, 10, (3, n))
    low = -rng.uniform(0.2, 10, (3, n)) if asymmetric else -high
    low[2] = -high[2]  # ruckig knows one jerk
    state = rng.normal(0, 4, (6, n))
    state[[1, 2, 4, 5]] *= 0.25 * rng.choice([0.2, 1, 2], (4, n))
    state[1:][rng.uniform(size=(5, n)) < 0.15] = 0.0
    return state, np.stack([low, high], axis=1).reshape(6, n)


def limits_of(rows):
    v, a, j = rows.reshape(3, 2, -1)
    return Limits(velocity=v, acceleration=a, jerk=j)


def request(state, rows, velocity_control=False):
    """ruckig's input, or None if ruckig refuses it."""
    n = state.shape[1]
    inp = ruckig.InputParameter(n)
    if velocity_control:
        inp.control_interface = ruckig.ControlInterface.Velocity
    inp.current_position, inp.current_velocity, inp.current_acceleration = state[:3]
    inp.target_position, inp.target_velocity, inp.target_acceleration = state[3:]
    inp.min_velocity, inp.max_velocity, inp.min_acceleration, inp.max_acceleration = rows[:4]
    inp.max_jerk = rows[5]
    try:
        return inp if ruckig.Ruckig(n).validate_input(inp) else None
    except ruckig.RuckigError:
        return None


def drawn(kind, count, seed=0):
    n, asymmetric, by_velocity = KINDS[kind]
    rng = np.random.default_rng(seed)
    while count:
        state, rows = draw(rng, n, asymmetric)
        inp = request(state, rows, by_velocity)
        if inp is not None:
            count -= 1
            yield state, rows, inp


def require_valid(motion, state, rows, by_velocity=False):
    """Ends, continuity, and limits by exact extrema, once the start is inside of them."""
    T, (low, high) = motion.duration, rows.reshape(3, 2, -1).transpose(1, 0, 2)
    scale = [np.abs(motion.extrema(r)).max(axis=0) + 1e-300 for r in range(4)]
    scale[0] += np.abs(state[0]) + scale[1] * T
    scale[1] += scale[2] * T * 1e-3  # knots are rounded: 1e-16 T
    scale[2] += scale[3] * T * 1e-3
    for r in range(3):
        assert np.all(np.abs(motion(0.0, r) - state[r]) <= 1e-10 * scale[r])
        if not (by_velocity and r == 0):
            assert np.all(np.abs(motion(T, r) - state[3 + r]) <= 1e-10 * scale[r])
        left = motion.coeffs[:-1]
        s = np.diff(motion.knots)[:-1, None]
        ends = (
            left[:, 0] + s * (left[:, 1] + s * (left[:, 2] + s * left[:, 3])),
            left[:, 1] + s * (2 * left[:, 2] + 3 * s * left[:, 3]),
            2 * left[:, 2] + 6 * s * left[:, 3],
        )[r]
        assert np.all(np.abs(ends - motion.coeffs[1:, r] * (1, 1, 2)[r]) <= 1e-10 * scale[r])
    k1, k2 = 1 / rows[5], -1 / rows[4]
    for i in range(state.shape[1]):
        one = motion.select([i])
        for t in motion.knots[:-1]:  # from the first knot on at which the joint is inside, and will be when a is 0
            v, a = one(t, 1)[0], one(t, 2)[0]
            coast = v + 0.5 * a * abs(a) * (k2[i] if a > 0 else k1[i])
            e = 1e-9 * (high - low)[:, i]
            inside = low[1, i] - e[1] <= a <= high[1, i] + e[1]
            inside &= by_velocity or all(low[0, i] - e[0] <= x <= high[0, i] + e[0] for x in (v, coast))
            if inside:
                rest = one.slice(t, T)
                for r in range(1 if not by_velocity else 2, 4):
                    worst = rest.extrema(r)[:, 0]
                    assert low[r - 1, i] - e[r - 1] <= worst[0]
                    assert worst[1] <= high[r - 1, i] + e[r - 1]
                break
    assert np.all(motion.extrema(3) >= rows[4] * (1 + 1e-12))
    assert np.all(motion.extrema(3) <= rows[5] * (1 + 1e-12))
