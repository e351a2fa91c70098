"""Bounds on inertia and damping against eigenvalues."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.control import damping_limit, inertia_bound
from robocalc.control.stability import samples, tool_inertia
from robocalc.dynamics import load
from robocalc.dynamics.registry import ROBOTS
from tests.sims.loop_cases import DT, INERTIA, one_joint


@pytest.mark.parametrize("name", ROBOTS)
def test_inertia_bound_is_below_every_mass_matrix(name):
    robot = load(name)
    low, high = np.clip(robot.limits.bounds("position", robot.n), -3, 3)
    M = robot.mass_matrix(np.random.default_rng(1).uniform(low, high, (20, robot.n)))
    d = inertia_bound(M)
    assert (d > 0).all()
    assert (np.linalg.eigvalsh(M - np.diag(d))[:, 0] > -1e-12 * np.linalg.eigvalsh(M)[:, -1]).all()


def test_inertia_bound_of_a_diagonal_matrix_is_itself():
    assert_allclose(inertia_bound(np.diag([3.0, 0.2, 1.0])), [3, 0.2, 1])


@pytest.mark.parametrize("name", ["panda", "two_link"])
def test_damping_at_the_limit_is_stable(name):
    robot = load(name)
    kd = damping_limit(robot, robot.home, DT)
    growth = np.eye(robot.n) - DT * np.linalg.solve(robot.mass_matrix(robot.home), np.diag(kd))
    assert abs(np.linalg.eigvals(growth)).max() <= 1 + 1e-9


def test_damping_limit_of_a_single_joint_is_exact(tmp_path):
    assert_allclose(damping_limit(one_joint(tmp_path), [0.0], DT), 2 * INERTIA / DT)


@pytest.mark.parametrize("name", ["panda", "iiwa", "xarm6"])
def test_the_tool_shows_no_less_than_its_least_inertia(name):
    robot = load(name)
    q = samples(robot)
    J, M = robot.jacobian(q), robot.mass_matrix(q)
    for least, part in zip(tool_inertia(robot), (J[:, :3], J[:, 3:])):
        left = np.linalg.eigvalsh(M - least * part.transpose(0, 2, 1) @ part)[:, 0]
        assert (left > -1e-9).all()
        assert left.min() < 1e-9


def test_a_payload_at_the_tool_adds_its_mass_to_what_the_tool_shows():
    robot = load("panda")
    point = robot.with_payload(1.0, inertia=1e-9 * np.eye(3))
    assert tool_inertia(point)[0] == pytest.approx(tool_inertia(robot)[0] + 1.0, rel=0.05)
