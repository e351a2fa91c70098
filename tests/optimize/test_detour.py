"""Out of the way and around: motions from a moving state, free in PyBullet, within limits, with bounded work."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.dynamics.collision import CollisionChecker
from robocalc.optimize.moving import Traffic
from robocalc.optimize.moving.detour import Detour
from robocalc.trajectory import certificate
from sims.engines import shapes
from sims.engines.motions import Line

REST = np.array([0.0, -0.3, 0.0, -2.0, 0.0, 1.7, 0.8])
TABLE = {"name": "table", "shape": "box", "size": [0.6, 1.6, 0.04], "position": [0.75, 0.0, 0.05]}
HORIZON, MARGIN = 4.0, 0.02


@pytest.fixture(scope="module")
def panda():
    return load("panda")


def coming(panda, speed=0.5):
    """A ball that comes to where the hand is, through it and on."""
    x, y, z = panda.pose(REST)[:3, 3]
    motion = Line(position=(x, y - 0.6, z), to=(x, y + 1.4, z), duration=2.0 / speed, interpolation="linear")
    return shapes.Sphere(name="ball", radius=0.1, motion=motion)


def way(panda, ball, v=0.0, goal=REST, **more):
    state = (REST, v * np.eye(7)[0], np.zeros(7))
    traffic = Traffic(panda, [ball], 0.0, HORIZON)
    detour = Detour(CollisionChecker(panda, [TABLE]), panda.limits)
    return detour.find(traffic, state, goal, MARGIN, HORIZON - 0.05, **more)


@pytest.mark.parametrize("v", [0.0, 0.5, -0.5])
def test_the_robot_gets_out_of_the_way_from_rest_or_in_motion(panda, v):
    from sims.engines.bullet_plan import Clearance

    ball = coming(panda)
    found = way(panda, ball, v, rounds=200, enough=100, hold=1.5)
    motion = found.motion
    np.testing.assert_allclose(motion(0.0), REST, atol=1e-12)
    np.testing.assert_allclose(motion(0.0, 1), v * np.eye(7)[0], atol=1e-9)
    np.testing.assert_allclose(motion(motion.end, 1), 0.0, atol=1e-6)
    assert certificate(motion, panda.limits).kept
    with Clearance(panda, [ball], own=False) as truth:
        assert truth.at(REST, 1.2).distance < 0  # where it stood it would be hit
        times = np.arange(0.0, min(found.until, HORIZON - 0.1), 0.01)
        gaps = [truth.at(motion(min(t, motion.end)), t).distance for t in times]
    assert found.until >= HORIZON - 0.1
    assert min(gaps) >= MARGIN - 1e-3


def test_the_same_seed_gives_the_same_bits(panda):
    one, two = (way(panda, coming(panda), seed=4).motion for _ in range(2))
    assert np.array_equal(one.coeffs, two.coeffs)


def test_a_goal_across_the_way_is_reached_and_stays_free(panda):
    goal = REST + np.array([-0.9, *np.zeros(6)])
    found = way(panda, coming(panda), goal=goal, rounds=200, enough=200)
    assert found.arrives
    np.testing.assert_allclose(found.motion(found.motion.end), goal, atol=1e-9)


def test_among_what_it_touches_there_is_no_way(panda):
    x, y, z = panda.pose(REST)[:3, 3]
    inside = CollisionChecker(panda, [{"name": "box", "shape": "box", "size": [0.1] * 3, "position": [x, y, z]}])
    traffic = Traffic(panda, [coming(panda)], 0.0, HORIZON)
    state = (REST, np.zeros(7), np.zeros(7))
    assert Detour(inside, panda.limits).find(traffic, state, REST, MARGIN, HORIZON - 0.05) is None
