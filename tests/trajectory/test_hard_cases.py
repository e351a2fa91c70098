"""Cases on which users of other libraries report failures, wrong durations or broken limits: solved, or refused truly.

The names are the issues they come from; only the situations are taken over.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory import Limits, certificate, fastest, minimum_jerk, minimum_snap, optimal_times

PANDA = Limits(
    position=[
        [-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973],
        [2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973],
    ],
    velocity=[2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61],
    acceleration=[15, 7.5, 10, 12.5, 15, 20, 20],
    jerk=[7500, 3750, 5000, 6250, 7500, 10000, 10000],
)


def in_range(W, seed, share=0.95):
    low, high = PANDA.bounds("position")
    u = np.random.default_rng(seed).uniform(-share, share, (W, 7))
    return (low + high) / 2 + u * (high - low) / 2


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("W", [2, 3, 10, 40])
def test_random_panda_motions_are_all_solved_and_certified(W, seed):
    q = in_range(W, seed)
    m = minimum_jerk(q, limits=PANDA)
    assert certificate(m, PANDA).worst <= 1 + 1e-9
    assert_allclose(m(m.knots), q, atol=1e-9)


@pytest.mark.parametrize("size", [1e-12, 1e-9, 1e-6, 1e-3])
def test_tiny_motions(size):
    """toppra #17, #13, #44, #183: short paths fail or take absurd times."""
    q = in_range(2, 0)
    q[1] = q[0] + size * np.array([1, -1, 0.5, 0.2, 0, 1, -0.3])
    m = minimum_jerk(q, limits=PANDA)
    asks = np.abs(np.diff(q, axis=0)[0])  # what rounding left of the motion
    peaks = (15 / 8, 10 / np.sqrt(3), 60)
    wanted = max((c * asks / PANDA.bounds(r)[1]).max() ** (1 / r) for r, c in enumerate(peaks, start=1))
    assert m.duration == pytest.approx(wanted, rel=1e-6)
    assert certificate(m, PANDA).worst <= 1 + 1e-9


def test_a_short_motion_does_not_take_a_minute():
    """toppra #59: 53.7 s for a motion of 0.07 s."""
    q = np.array([[0.0], [1e-4], [2e-4]])
    m = minimum_jerk(q, limits=Limits(velocity=[1], acceleration=[1], jerk=[10]))
    assert m.duration < 2.5 * (60 * 2e-4 / 10) ** (1 / 3)


def test_nearly_equal_waypoints():
    """toppra #14: positions that are equal but for rounding."""
    q = in_range(5, 1)
    q[2] = q[1] + 1e-13
    m = minimum_jerk(q, np.array([0, 1.0, 1.5, 2.0, 3.0]))
    assert np.isfinite(m.coeffs).all()
    timed = minimum_jerk(q, limits=PANDA)
    assert certificate(timed, PANDA).worst <= 1 + 1e-9


def test_repeated_waypoints_are_refused_where_times_must_be_found():
    """toppra #226, #26: a repeated point breaks the forward pass. Here it has no time of its own, which is said."""
    q = in_range(4, 2)
    q[2] = q[1]
    with pytest.raises(InvalidInput, match="waypoints 1 and 2 are the same"):
        minimum_jerk(q, limits=PANDA)
    with pytest.raises(InvalidInput, match="waypoints 1 and 2 are the same"):
        optimal_times(q, rho=1.0)
    assert np.isfinite(minimum_jerk(q, [0, 1, 2, 3]).coeffs).all()


def test_joints_that_do_not_move():
    """A joint at rest must neither be divided by nor decide the time."""
    q = in_range(5, 3)
    q[:, 2] = q[0, 2]
    m = minimum_jerk(q, limits=PANDA)
    assert_allclose(m(np.linspace(0, m.end, 99))[:, 2], q[0, 2], atol=1e-12)


def test_many_waypoints():
    """whoenig/uav_trajectories #27: more than 15 waypoints take minutes."""
    q = np.cumsum(np.random.default_rng(4).normal(size=(20_000, 3)), axis=0)
    m = minimum_snap(q, np.arange(20_000.0))
    assert_allclose(m(m.knots), q, atol=1e-8 * np.abs(q).max())


def test_no_overshoot_of_what_is_allowed():
    """toppra #9, roboplan #57, ruckig #65: smooth curves leave the joint range between waypoints that are inside."""
    low, high = PANDA.bounds("position")
    q = np.array([(low + high) / 2, high, low, high, (low + high) / 2])
    m = minimum_jerk(q, limits=PANDA)
    assert certificate(m, PANDA).worst <= 1 + 1e-9
    assert (m(np.linspace(0, m.end, 5001)) <= high + 1e-9).all()
    quick = fastest(q, PANDA)
    assert certificate(quick, PANDA).worst <= 1 + 1e-9
    assert quick.duration <= m.duration


def test_limits_hold_between_samples():
    """mav_trajectory_generation #84, toppra #56, #150: limits hold at samples only."""
    q = in_range(10, 5)
    m = minimum_jerk(q, limits=PANDA)
    t = np.sort(np.random.default_rng(0).uniform(0, m.end, 200_000))
    for order in (1, 2, 3):
        low, high = PANDA.bounds(order)
        x = m(t, order)
        assert (x / high).max() <= 1 + 1e-9
        assert (x / low).max() <= 1 + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_segment_lengths_from_micrometres_to_metres(seed):
    rng = np.random.default_rng(seed)
    q = np.cumsum(rng.choice([-1, 1], (12, 3)) * 10 ** rng.uniform(-6, 0, (12, 1)), axis=0)
    limits = Limits(velocity=np.ones(3), acceleration=np.full(3, 5.0), jerk=np.full(3, 100.0))
    for f in (minimum_jerk, minimum_snap):
        m = f(q, limits=limits)
        assert certificate(m, limits).worst <= 1 + 1e-9
        assert_allclose(m(m.knots), q, atol=1e-9)
    m = optimal_times(q, rho=10.0)
    assert np.isfinite(m.coeffs).all()


def test_mixed_units():
    """Joints in metres beside joints in radians beside encoder ticks."""
    q = np.random.default_rng(6).normal(size=(6, 3)) * [1e-6, 1.0, 1e6]
    limits = Limits(velocity=[1e-6, 1.0, 1e6], acceleration=[1e-5, 10.0, 1e7], jerk=[1e-4, 1e2, 1e8])
    m = minimum_jerk(q, limits=limits)
    alike = minimum_jerk(
        q / [1e-6, 1.0, 1e6], limits=Limits(velocity=np.ones(3), acceleration=np.full(3, 10.0), jerk=np.full(3, 100.0))
    )
    assert m.duration == pytest.approx(alike.duration, rel=1e-9)


def test_very_slow_and_very_fast():
    """ruckig #80, #160: very long moves return an error."""
    for v in (1e-9, 1e-3, 1e6):
        limits = Limits(velocity=[v], acceleration=[1e9], jerk=[1e15])
        assert certificate(minimum_jerk([[0.0], [1.0], [3.0]], limits=limits), limits).worst == pytest.approx(
            1, abs=1e-9
        )


def test_extremes_of_floating_point_are_solved_or_refused():
    for T in (1e-40, 1e40, 1e-150):
        try:
            m = minimum_jerk([[0.0], [1.0], [3.0]], [0, T, 2 * T])
        except InvalidInput as error:
            assert "floating point" in str(error)  # noqa: PT017
        else:
            assert_allclose(m(m.knots)[:, 0], [0, 1, 3], atol=1e-9)


def test_limits_that_bind_nothing_are_told_also_from_a_moving_start():
    limits = Limits(velocity=[np.inf])
    for start in (None, (0.1,)):
        with pytest.raises(InvalidInput, match="its duration must be given"):
            minimum_jerk([[0.0], [1.0]], limits=limits, start=start)


def test_a_start_that_cannot_be_stopped_in_range_is_refused():
    limits = Limits(position=[[-1], [1]], velocity=[2], acceleration=[1], jerk=[10])
    with pytest.raises(Infeasible, match="no duration keeps the limits with these end states"):
        minimum_jerk([[0.99], [0.0]], limits=limits, start=(1.5,))
