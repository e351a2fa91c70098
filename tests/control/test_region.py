"""Regions of attraction against those that are known in closed form, and against runs of the plant."""

import numpy as np
import pytest

from robocalc.control import LQR, dlqr, lqr, region_of_attraction
from robocalc.dynamics import System, load, systems
from robocalc.errors import InvalidInput
from tests.sims.loop_cases import DT, rest, roll


def line_equations(t, x, u, p):
    return (x[0] + u[0],)


def line_jacobians(t, x, u, p):
    return ((1.0,),), ((1.0,),)


LINE = System("line", line_equations, line_jacobians, {"x": "m"}, {"u": "m/s"}, {}, rest=((0.0,), (0.0,)))


def test_a_clipped_input_loses_what_it_cannot_outrun():
    """ẋ = x + clip(-3 x, ±1) comes back from |x| < 1, exactly."""
    region = region_of_attraction(LINE, [[3.0]], [[2.0]], dt=1e-3, limits=[[-1], [1]], samples=4000, duration=15.0)
    assert region.level == pytest.approx(2.0, rel=5e-3)
    assert region.volume == pytest.approx(2.0, rel=5e-3)
    assert (abs(region.unsafe) > 1.0 - 5e-3).all()
    assert region.contains([0.9])
    assert not region.contains([1.1])
    assert list(region.contains(np.array([[0.9], [1.1]]))) == [True, False]
    assert 0 < region.missed < 1e-3


def test_without_limits_a_linear_loop_comes_back_from_anywhere():
    region = region_of_attraction(LINE, [[3.0]], samples=100)
    assert region.level == region.volume == np.inf
    assert not len(region.unsafe)


def test_a_torque_limited_pendulum_holds_less_the_weaker_it_is():
    plant = systems.pendulum()
    upright = ((np.pi, 0.0), (0.0,))
    A, B = plant.linearise(0.0, *upright)
    K, S = lqr(A, B, np.eye(2), [[1.0]])
    levels = [
        region_of_attraction(plant, K, S, at=upright, dt=5e-3, limits=[[-u], [u]], samples=300).level for u in (1, 2, 4)
    ]
    assert levels[0] < levels[1] < levels[2]
    static = np.arcsin(1 / 9.81)  # no state at rest beyond this can be held by 1 N m
    assert np.sqrt(levels[0] / S[0, 0]) < static * 1.2


def test_same_seed_same_region_and_runs_of_the_plant_agree_with_it():
    robot, design = load("cart_pole"), LQR([20, 50], [2, 5], 0.1)
    K, S = design.feedback(robot, DT)
    region, again = (region_of_attraction(robot, K, S, samples=200, seed=4) for _ in range(2))
    assert region.level == again.level
    np.testing.assert_array_equal(region.unsafe, again.unsafe)
    law = design.law(robot, DT)
    direction = np.array([0.0, 1.0, 0.0, 0.5])
    edge = direction * np.sqrt(region.level / (direction @ S @ direction))
    x0 = 0.95 * edge
    log = roll(law, rest(robot.home, 12000), start=(x0[:2], x0[2:]), friction=0).log
    assert abs(log.q[-1]).max() < 0.02
    lost = region.unsafe[0]
    run = roll(law, rest(robot.home, 12000), start=(lost[:2], lost[2:]), friction=0)
    assert run.outcome.diverged or abs(run.log.q[-1]).max() > 0.5
    driven = region_of_attraction(robot, K[:1], S, samples=200, seed=4)  # gains of the one input are the same law
    assert driven.level == region.level


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: region_of_attraction(LINE, [[0.5]]), "does not stabilise the plant there: .* 1.0005"),
        (lambda: region_of_attraction(LINE, [[3.0, 1.0]]), r"K must be finite and of shape \(1, 1\)"),
        (lambda: region_of_attraction(LINE, [[3.0]], at=((1.0,), (0.0,))), "does not rest at"),
        (lambda: region_of_attraction(LINE, [[3.0]], [[-1.0]]), "S must be symmetric, positive definite"),
        (lambda: region_of_attraction(LINE, [[3.0]], samples=0), "samples must be a whole number from 1"),
        (lambda: region_of_attraction(LINE, [[3.0]], dt=0), "control period"),
        (lambda: region_of_attraction(load("two_link"), np.zeros((3, 4))), "K must be finite and of shape"),
    ],
)
def test_what_has_no_region_is_refused(call, told):
    with pytest.raises(InvalidInput, match=told):
        call()


def test_sampled_gains_of_a_system_are_accepted():
    K, S = dlqr([[1.0010005]], [[0.00100050]], [[1.0]], [[1.0]])
    assert region_of_attraction(LINE, K, S, limits=[[-1], [1]], samples=100, duration=20.0).level > 0
