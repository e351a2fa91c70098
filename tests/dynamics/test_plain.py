"""The plain mass matrix against pinocchio's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import ROBOTS, load
from robocalc.dynamics.plain import mass_matrix

pin = pytest.importorskip("pinocchio")


@pytest.mark.parametrize("name", ROBOTS)
def test_it_is_that_of_pinocchio(name):
    robot = load(name)
    model = pin.buildModelFromUrdf(str(robot.path))
    for q in np.random.default_rng(3).uniform(-1, 1, (5, robot.n)):
        if model.nq != robot.n:  # pinocchio gives continuous joints two numbers
            assert_allclose(mass_matrix(robot.tree, q), robot.mass_matrix(q), rtol=1e-11, atol=1e-12)
            continue
        M = pin.crba(model, model.createData(), q)
        M = np.triu(M) + np.triu(M, 1).T
        assert_allclose(mass_matrix(robot.tree, q), M, rtol=1e-11, atol=1e-12)


def test_it_counts_a_payload():
    robot = load("panda")
    loaded = robot.with_payload(1.5, com=(0.01, 0.02, 0.03))
    assert_allclose(mass_matrix(loaded.tree, robot.home), loaded.mass_matrix(robot.home), rtol=1e-11, atol=1e-12)
