"""Laws that minimum-time motions obey whoever computes them, and a linear program as judge of what is possible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from robocalc.trajectory import Limits
from robocalc.trajectory.otg import Generator, jerk_limited

N = 3
unit = st.floats(-1, 1, allow_nan=False).map(lambda x: 0.0 if abs(x) < 1e-9 else x)
size = st.floats(0.2, 5, allow_nan=False)
LAWS = settings(max_examples=150, deadline=None, derandomize=True)


@st.composite
def problems(draw, n=N, asymmetric=True):
    """(states (6, n), limits (6, n)) whose ends are inside of the limits, and can be stopped and come from inside."""
    rows = np.array([[draw(size) for _ in range(n)] for _ in range(6)])
    rows[0::2] *= -1
    if not asymmetric:
        rows[0::2] = -rows[1::2]
    state = np.array([[draw(unit) for _ in range(n)] for _ in range(6)])
    state[[0, 3]] *= 4.0
    for i in range(n):
        for v, a in ((1, 2), (4, 5)):
            up, down = rows[5, i], -rows[4, i]
            x = state[a, i]
            room = np.sqrt(min(up, down) * min(rows[1, i], -rows[0, i]))  # half of the velocity range
            state[a, i] = x * min(rows[3, i] if x > 0 else -rows[2, i], room)
            state[v, i] *= 0.5 * (rows[1, i] if state[v, i] > 0 else -rows[0, i])
    return state, rows


def limits_of(rows):
    v, a, j = rows.reshape(3, 2, -1)
    return Limits(velocity=v, acceleration=a, jerk=j)


def shortest(state, rows, **options):
    return Generator(limits_of(rows), **options).solve(np.ascontiguousarray(state))


def reversed_in_time(state, rows):
    ends = np.concatenate([state[3:], state[:3]])
    ends[[1, 4]] *= -1
    return ends, np.stack([-rows[1], -rows[0], rows[2], rows[3], -rows[5], -rows[4]])


@LAWS
@given(problems())
def test_limits_hold_and_joints_arrive_together(problem):
    state, rows = problem
    motion = jerk_limited(state[:3], state[3:], limits_of(rows))
    for r in (1, 2, 3):
        low, high = motion.extrema(r)
        assert np.all(low >= rows[2 * r - 2] - 1e-9 * np.ptp(rows[2 * r - 2 : 2 * r], axis=0))
        assert np.all(high <= rows[2 * r - 1] + 1e-9 * np.ptp(rows[2 * r - 2 : 2 * r], axis=0))
    for r in range(3):
        assert np.allclose(motion(0.0, r), state[r], atol=1e-12)
        assert np.allclose(motion(motion.duration, r), state[3 + r], atol=1e-11 * (1 + motion.duration))
    for t in motion.knots[1:-1]:
        for r in range(3):
            assert np.allclose(motion(np.nextafter(t, 0), r), motion(t, r), atol=1e-11 * (1 + motion.duration))


@LAWS
@given(problems(n=1))
def test_time_reversed_takes_as_long(problem):
    T = shortest(*problem)
    assert shortest(*reversed_in_time(*problem)) == pytest.approx(T, rel=1e-9, abs=1e-12)


@LAWS
@given(problems())
def test_mirrored_takes_as_long(problem):
    state, rows = problem
    mirrored = -rows.reshape(3, 2, -1)[:, ::-1].reshape(6, -1)
    assert shortest(-state, mirrored) == pytest.approx(shortest(state, rows), rel=1e-12)


@LAWS
@given(problems(), st.floats(-6, 6), st.floats(-4, 4))
def test_units_do_not_matter(problem, length, time):
    state, rows = problem
    T, L, t = shortest(state, rows), 10.0**length, 10.0**time
    units = np.array([1, t, t * t])[:, None]
    scaled = np.stack([L * state[:3] / units, L * state[3:] / units]).reshape(6, -1)
    rows = L * rows / np.repeat([t, t**2, t**3], 2)[:, None]
    assert shortest(scaled, rows) == pytest.approx(T * t, rel=1e-7)


@LAWS
@given(st.floats(1e-9, 1e9), size)
def test_short_ways_from_rest_take_the_cube_root(way, jerk):
    limits = Limits(velocity=[np.inf], acceleration=[np.inf], jerk=[jerk])
    assert jerk_limited((0.0,), (way,), limits).duration == pytest.approx((32 * way / jerk) ** (1 / 3), rel=1e-12)
    half = jerk_limited((0.0,), (way / 2,), limits).duration
    assert half * 2 ** (1 / 3) == pytest.approx((32 * way / jerk) ** (1 / 3), rel=1e-12)


@LAWS
@given(problems(), st.floats(1.0, 3.0))
def test_more_limit_or_a_nearer_start_never_takes_longer(problem, more):
    state, rows = problem
    motion = jerk_limited(state[:3], state[3:], limits_of(rows), synchronisation="none")
    T = [jerk_limited(state[:3, i], state[3:, i], limits_of(rows[:, [i]])).duration for i in range(N)]
    wider = [jerk_limited(state[:3, i], state[3:, i], limits_of(more * rows[:, [i]])).duration for i in range(N)]
    assert motion.duration == pytest.approx(max(T), abs=1e-12)
    assert np.all(np.array(wider) <= np.array(T) + 1e-9)


@LAWS
@given(problems(), st.floats(1.0, 4.0))
def test_any_longer_duration_is_kept_or_the_next_possible(problem, factor):
    state, rows = problem
    wanted = shortest(state, rows) * factor + 0.01
    motion = jerk_limited(state[:3], state[3:], limits_of(rows), minimum_duration=wanted)
    assert motion.duration >= wanted
    if motion.duration > wanted * (1 + 1e-12):  # then it is some joint's own next possible duration
        alone = [
            jerk_limited(state[:3, i], state[3:, i], limits_of(rows[:, [i]]), minimum_duration=wanted).duration
            for i in range(N)
        ]
        assert max(alone) > wanted * (1 + 1e-12)
    for r in (1, 2, 3):
        low, high = motion.extrema(r)
        assert np.all(low >= rows[2 * r - 2] * (1 + 1e-9))
        assert np.all(high <= rows[2 * r - 1] * (1 + 1e-9))


@LAWS
@given(problems(n=1), st.floats(0.05, 0.95))
def test_a_rest_of_a_fastest_motion_is_fastest(problem, share):
    state, rows = problem
    motion = jerk_limited(state[:3], state[3:], limits_of(rows))
    t = share * motion.duration
    now = motion.at(t)
    rest = jerk_limited(now[:3], state[3:], limits_of(rows)).duration
    assert rest == pytest.approx(motion.duration - t, abs=1e-4)  # roots of rounding errors


@LAWS
@given(st.lists(unit, min_size=4, max_size=4), problems(n=4, asymmetric=False))
def test_phase_synchronised_joints_stay_on_a_line(direction, problem):
    _, rows = problem
    s = np.array(direction)
    along = np.outer([0.0, 0.1, -0.1, 2.0, 0.05, 0.1], s) * 0.2
    motion = jerk_limited(along[:3], along[3:], limits_of(rows), synchronisation="phase")
    q = motion(np.linspace(0, motion.end, 60))
    k = np.argmax(np.abs(s))
    if s[k]:
        assert np.allclose(q, np.outer(q[:, k] / s[k], s), atol=1e-12)
    assert motion.duration >= shortest(along, rows) - 1e-12
    for r in (1, 2, 3):
        assert np.all(motion.extrema(r)[1] <= rows[2 * r - 1] * (1 + 1e-9))


def reachable(state, rows, T, steps=150):
    """Whether some jerk, constant on each of many steps, gets there in T with limits kept at the steps."""
    q0, v0, a0, q1, v1, a1 = state[:, 0]
    h = T / steps
    k = np.arange(1, steps + 1)[:, None]
    i = np.arange(steps)[None, :]
    on = i < k
    since = (k - i - 0.5) * h  # from the middle of step i to the end of step k
    A = np.where(on, h, 0.0)
    V = np.where(on, h * since, 0.0)
    P = np.where(on, h * (since**2 / 2 + h * h / 24), 0.0)
    free_a, free_v = np.full(steps, a0), v0 + a0 * h * k[:, 0]
    bounds = np.concatenate([rows[3] - free_a, free_a - rows[2], rows[1] - free_v, free_v - rows[0]])
    ends = [a1 - a0, v1 - v0 - a0 * T, q1 - q0 - v0 * T - a0 * T * T / 2]
    found = linprog(
        np.zeros(steps),
        A_ub=np.concatenate([A, -A, V, -V]),
        b_ub=bounds,
        A_eq=np.stack([A[-1], V[-1], P[-1]]),
        b_eq=ends,
        bounds=[(rows[4, 0], rows[5, 0])] * steps,
    )
    return found.status == 0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(problems(n=1))
def test_a_linear_program_finds_nothing_faster(problem):
    T = shortest(*problem)
    for share in (0.3, 0.6, 0.9, 0.97):
        assert not reachable(*problem, share * T) or T < 1e-6


@settings(max_examples=25, deadline=None, derandomize=True)
@given(problems(n=1), st.floats(1.0, 3.0))
def test_a_linear_program_agrees_on_blocked_durations(problem, factor):
    """A duration that is skipped cannot be had; checked away from the ends of the gap, which the steps blur."""
    state, rows = problem
    wanted = shortest(state, rows) * factor
    later = jerk_limited(state[:3], state[3:], limits_of(rows), minimum_duration=wanted).duration
    if later > 1.1 * wanted:
        assert not reachable(state, rows, wanted * 1.02)
        assert not reachable(state, rows, 0.5 * (wanted + later))
