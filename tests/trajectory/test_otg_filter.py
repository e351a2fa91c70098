"""The filter follows targets within limits, arrives when the fastest motion does, and does not drift."""

import numpy as np
import pytest

from robocalc.trajectory import Limits
from robocalc.trajectory.otg import Filter, jerk_limited

V, A, J = np.array([1.0, 0.8]), np.array([2.0, 3.0]), np.array([10.0, 9.0])
LIMITS = Limits(velocity=V, acceleration=A, jerk=J)
DT = 0.004


def run(follow, targets):
    """(q, v, a) of every cycle, (N, n) each."""
    return tuple(np.array(x) for x in zip(*(follow.update(target) for target in targets)))


def require_limits(q, v, a):
    assert np.all(np.abs(v) <= V * (1 + 1e-12))
    assert np.all(np.abs(a) <= A * (1 + 1e-12))
    assert np.all(np.abs(np.diff(a, axis=0)) <= J * DT * (1 + 1e-9))
    assert np.all(np.abs(np.diff(q, axis=0) / DT) <= V * (1 + 1e-9))


@pytest.mark.parametrize("synchronisation", ["time", "phase", "none"])
def test_a_fixed_target_is_reached_as_by_one_motion_and_then_held(synchronisation):
    motion = jerk_limited(([0.0, 0.0],), ([1.0, -0.7],), LIMITS, synchronisation=synchronisation)
    follow = Filter(LIMITS, DT, [0.0, 0.0], synchronisation=synchronisation)
    N = int(motion.duration / DT)
    q, v, a = run(follow, [[1.0, -0.7]] * N)
    t = DT * np.arange(1, N + 1)
    assert np.allclose(q, motion(t), atol=1e-12)
    assert np.allclose(v, motion(t, 1), atol=1e-12)
    assert follow.time_left == pytest.approx(motion.duration - N * DT, abs=1e-12)
    for _ in range(2000):
        q, v, a = follow.update([1.0, -0.7])
    assert np.array_equal(q, [1.0, -0.7])
    assert np.array_equal(v, [0.0, 0.0])
    assert np.array_equal(a, [0.0, 0.0])


def test_targets_that_jump_are_followed_within_limits():
    rng = np.random.default_rng(0)
    follow = Filter(LIMITS, DT, [0.0, 0.0])
    targets = np.repeat(rng.uniform(-1, 1, (40, 2)), rng.integers(5, 200, 40), axis=0)
    require_limits(*run(follow, targets))


def test_targets_that_change_in_every_cycle_are_followed_within_limits():
    t = DT * np.arange(1, 4000)
    targets = np.stack([0.3 * np.sin(2 * t), 0.2 * np.cos(3 * t)], axis=1)
    follow = Filter(LIMITS, DT, [0.0, 0.2])
    q, v, a = run(follow, targets)
    require_limits(q, v, a)
    assert np.abs(q - targets)[500:].max() < 0.35


def test_a_moving_target_is_met_in_the_shortest_time_and_kept():
    speed = np.array([0.5, -0.3])
    begin = np.array([0.4, 0.2])
    follow = Filter(LIMITS, DT, [0.0, 0.0], moving=True)
    t = DT * np.arange(1, 1500)[:, None]
    q, v, a = run(follow, [(begin + speed * s, speed) for s in t])
    require_limits(q, v, a)
    relative = Limits(velocity=np.stack([-V - speed, V - speed]), acceleration=A, jerk=J)
    T = jerk_limited((-begin, -speed), ([0.0, 0.0],), relative).duration
    met = np.abs(q - begin - speed * t).max(axis=1) < 1e-12
    assert met[int(T / DT) + 1 :].all()
    assert not met[: int(T / DT) - 1].any()


def test_a_moving_target_on_a_curve_is_tracked_closely():
    t = DT * np.arange(1, 3000)
    follow = Filter(LIMITS, DT, ([0.3, 0.0], [0.0, 0.3]), moving=True)
    where = np.stack([0.3 * np.cos(t), 0.3 * np.sin(t)], axis=1)
    q, v, a = run(follow, zip(where, np.stack([-0.3 * np.sin(t), 0.3 * np.cos(t)], axis=1)))
    require_limits(q, v, a)
    assert np.abs(q - where).max() < 2e-3


def test_velocity_control_reaches_velocities_and_goes_on():
    follow = Filter(LIMITS, DT, [0.0, 0.0], control="velocity")
    for _ in range(600):
        q, v, a = follow.update((None, [0.5, -0.4]))
    assert np.allclose(v, [0.5, -0.4], atol=1e-12)
    assert np.allclose(a, 0.0)
    before = q
    q, _, _ = follow.update((None, [0.5, -0.4]))
    assert np.allclose(q - before, DT * np.array([0.5, -0.4]), atol=1e-12)


def test_one_joint_takes_numbers():
    follow = Filter(Limits(velocity=[1.0], acceleration=[2.0], jerk=[10.0]), DT, 0.2)
    q, v, a = follow.update(0.5)
    assert q.shape == v.shape == a.shape == (1,)
    assert 0.2 < q[0] < 0.5
    follow.update((0.5, 0.1))
    follow.reset(0.0)
    assert follow.state[0] == 0.0


def test_a_tuple_of_as_many_numbers_as_joints_is_a_position():
    assert np.array_equal(Filter(LIMITS, DT, (0.1, 0.2)).state[0], [0.1, 0.2])
    for start in (([0.1, 0.2], [0.3, 0.4]), [[0.1, 0.2], [0.3, 0.4]]):
        assert np.array_equal(Filter(LIMITS, DT, start).state[1], [0.3, 0.4])


def test_motions_and_filters_go_on_from_a_reference():
    first = jerk_limited(([0.0, 0.0],), ([1.0, 0.5],), LIMITS)
    now = first.at(0.5 * first.duration)
    second = jerk_limited(now, ([0.0, 0.0],), LIMITS)
    assert np.allclose(second(0.0, 2), now.a)
    assert np.allclose(Filter(LIMITS, DT, now).state, now[:3])
