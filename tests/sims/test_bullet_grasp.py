"""Friction holds what the Panda's fingers press on: a cube is lifted, carried quickly and put down."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load
from robocalc.dynamics.tree import rotation_rpy
from sims.engines.bullet import Bullet
from sims.engines.shapes import Box, Plane

DT, FORCE = 1e-3, 20.0  # s, N for each finger
CLOSE, LIFT, CARRY, END = 0.8, 1.0, 1.125, 3.2  # s; CARRY moves 0.3 m with a peak speed of 15/8 0.3/1.125 = 0.5 m/s
SIDE, UP = 0.3, 0.2  # m
DOWN = rotation_rpy(np.array([np.pi, 0.0, 0.0]))


def min_jerk(s):
    s = np.clip(s, 0.0, 1.0)
    return s**3 * (10 + s * (6 * s - 15))


def nearest(robot, q, position, steps):
    """q with the tool at `position` looking down, by damped least squares on the arm."""
    q = q.copy()
    for _ in range(steps):
        T, J = robot.pose(q), robot.jacobian(q)[:, :7]
        E = DOWN @ T[:3, :3].T
        turn = np.array([E[2, 1] - E[1, 2], E[0, 2] - E[2, 0], E[1, 0] - E[0, 1]]) / 2
        error = np.concatenate([position - T[:3, 3], turn])
        q[:7] += J.T @ np.linalg.solve(J @ J.T + 1e-8 * np.eye(6), error)
    return q


def motion(robot):
    """(N + 1, 3, n): position, velocity, acceleration of the arm at k DT."""
    t = np.arange(round(END / DT) + 1) * DT
    up, side = UP * min_jerk((t - CLOSE) / LIFT), SIDE * min_jerk((t - CLOSE - LIFT) / CARRY)
    q = nearest(robot, robot.home, np.array([0.5, 0.1, 0.03]), 60)
    rows = []
    for k in range(len(t)):
        q = nearest(robot, q, np.array([0.5, 0.1 - side[k], 0.03 + up[k]]), 2)
        rows.append(q)
    q = np.array(rows)
    v = np.gradient(q, DT, axis=0)
    return np.stack([q, v, np.gradient(v, DT, axis=0)], axis=1)


@pytest.fixture(scope="module")
def lifted():
    """What was seen of a cube of 0.2 kg, carried by computed torque for the arm and constant forces in the fingers."""
    robot = load("panda_gripper")
    fingers = robot.joints[7:]
    world = [
        Plane(name="floor"),
        Box(name="table", size=(0.7, 1.2, 0.04), position=(0.55, 0, -0.02)),
        Box(name="cube", size=(0.06, 0.06, 0.06), mass=0.2, friction=1.0, position=(0.5, 0.1, 0.03)),
    ]
    seen = {"slip": [], "held": [], "force": [], "velocity": []}
    with Bullet(robot, DT, world=world, stops=fingers, couple=[fingers], solver_iterations=150) as plant:
        reference = motion(robot)
        start = reference[0, 0].copy()
        start[7:] = 0.04
        plant.reset(start)
        q, v = np.zeros((2, robot.n))
        for k, (q_ref, v_ref, a_ref) in enumerate(reference[:-1]):
            plant.read(q, v)
            tau = robot.inverse_dynamics(q, v, a_ref + 900 * (q_ref - q) + 60 * (v_ref - v))
            tau[7:] = -FORCE - 20 * v[7:]
            plant.push(tau)
            if k == round(0.75 / DT):
                grasp = plant.grasp("cube")
            if k > round(0.75 / DT) and k % 10 == 0:
                seen["slip"].append(grasp.slip())
                seen["held"].append(grasp.held)
                seen["force"].append([plant.contact_forces().get((f, "cube"), 0.0) for f in grasp.fingers])
                seen["velocity"].append(plant.velocity("cube"))
        seen["pose"], seen["taken"] = plant.pose("cube"), grasp.taken
    return {key: np.array(value) for key, value in seen.items()}


def test_both_fingers_hold_the_cube_all_the_way(lifted):
    assert lifted["held"].all()


def test_the_cube_does_not_slip(lifted):
    assert lifted["slip"][:, 0].max() < 5e-4
    assert lifted["slip"][:, 1].max() < 5e-3


def test_the_cube_went_up_and_sideways_at_half_a_metre_a_second(lifted):
    assert_allclose(lifted["pose"][:3], [0.5, 0.1 - SIDE, 0.03 + UP], atol=4e-3)  # the arm does not know the cube
    assert np.abs(lifted["velocity"][:, 1]).max() == pytest.approx(0.5, rel=0.03)


def test_the_fingers_press_with_the_force_given(lifted):
    assert_allclose(lifted["force"].mean(axis=0), FORCE, rtol=0.01)
    assert_allclose(lifted["force"], FORCE, rtol=0.05)


def test_a_grasp_that_misses_is_seen():
    robot = load("panda_gripper")
    fingers = robot.joints[7:]
    cube = Box(name="cube", size=(0.06, 0.06, 0.06), mass=0.2, position=(0.5, 0.4, 0.03))
    with Bullet(robot, DT, world=[Plane(name="floor"), cube], stops=fingers, couple=[fingers]) as plant:
        q, v = np.zeros((2, robot.n))
        for _ in range(300):
            plant.read(q, v)
            tau = robot.inverse_dynamics(q, v, 900 * (robot.home - q) - 60 * v)
            tau[7:] = -FORCE
            plant.push(tau)
        assert not plant.grasp("cube").held
        plant.read(q, v)
        assert_allclose(q[7:], 0, atol=1e-3)  # closed up to its stop
