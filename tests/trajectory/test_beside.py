"""Motions side by side are each the motion that it was."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import InvalidInput
from robocalc.trajectory import Trajectory, minimum_jerk, minimum_snap, side_by_side


def test_each_motion_keeps_its_values_and_derivatives():
    one = minimum_jerk(np.array([[0.0, 1.0], [1.0, -1.0], [0.5, 0.0]]), duration=2.0)
    two = minimum_snap(np.array([[0.3], [0.1], [0.9], [0.2]]), duration=2.0)
    both, t = side_by_side([one, two]), np.linspace(0.0, 2.0, 501)
    assert both.n == 3
    assert both.duration == 2.0
    for order in range(4):
        expected = np.concatenate([one(t, order), two(t, order)], axis=1)
        assert_allclose(both(t, order), expected, rtol=1e-9, atol=1e-9)
    assert both.cost(3) == pytest.approx(one.cost(3) + two.cost(3), rel=1e-12)


def test_motions_of_other_times_are_refused():
    still = Trajectory(np.array([0.0, 1.0]), np.zeros((1, 1, 2)))
    with pytest.raises(InvalidInput, match="side by side last from 0 to 1 s"):
        side_by_side([still, still.with_duration(2.0)])
    with pytest.raises(InvalidInput, match="at least one motion"):
        side_by_side([])
