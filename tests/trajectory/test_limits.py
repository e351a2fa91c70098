"""Limits: shapes, refusals, and what a motion uses of them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import Infeasible, InvalidInput, UnknownName
from robocalc.trajectory import Limits, Trajectory, certificate, time_scale


def test_symmetric_and_asymmetric_bounds():
    limits = Limits(position=[[-1, -2], [1, 3]], velocity=[1, 2], jerk=[[-1, -2], [3, 4]])
    assert limits.n == 2
    assert_allclose(limits.bounds("velocity"), [[-1, -2], [1, 2]])
    assert_allclose(limits.bounds(3), [[-1, -2], [3, 4]])
    assert np.isinf(limits.bounds("torque")).all()
    assert Limits(velocity=2.0, acceleration=[1, 1, 1]).velocity.tolist() == [2, 2, 2]
    assert Limits().n is None
    assert Limits().bounds("velocity", 4).shape == (2, 4)


def test_limits_scale_and_select():
    limits = Limits(position=[[-1, -2], [1, 4]], velocity=[1, 2], torque=[5, 0])
    half = limits.scaled(velocity=0.5, position=0.5)
    assert_allclose(half.velocity, [0.5, 1])
    assert_allclose(half.position, [[-0.5, -0.5], [0.5, 2.5]])
    assert limits.select([1]).velocity.tolist() == [2]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"velocity": [1, 0]}, "velocity of joint 1 is 0; it must be greater than 0"),
        ({"acceleration": [-3.0]}, "acceleration of joint 0 is -3"),
        ({"jerk": [np.nan, 1]}, "jerk of joint 0 is nan"),
        ({"position": [[1], [0]]}, "the lower bound must be below the upper"),
        ({"velocity": [[0.1], [1]]}, "must contain 0"),
        ({"velocity": [1, 2], "jerk": [1]}, "disagree about the number of joints: velocity 2, jerk 1"),
        ({"velocity": np.ones((3, 2))}, "shape"),
        ({"velocity": "fast"}, "must be numbers"),
    ],
)
def test_bad_limits_name_joint_and_value(fields, said):
    with pytest.raises(InvalidInput, match=said):
        Limits(**fields)


def test_unknown_limit_is_told():
    with pytest.raises(UnknownName, match="did you mean 'velocity'"):
        Limits(velocity=[1]).bounds("velocty")
    with pytest.raises(InvalidInput, match="limits are for 1 joints, the motion has 3"):
        Limits(velocity=[1]).bounds("velocity", 3)


def test_certificate_says_what_is_broken_and_when():
    # q = 10t³ - 15t⁴ + 6t⁵ peaks at velocity 15/8 (t = 1/2), acceleration 10/√3, jerk 60
    m = Trajectory([0.0, 1.0], np.array([0, 0, 0, 10.0, -15, 6]).reshape(1, 6, 1))
    told = certificate(m, Limits(velocity=[1.5], acceleration=[10], jerk=[60]))
    assert not told.kept
    assert told.worst == pytest.approx(15 / 8 / 1.5)
    assert told.broken == ("velocity of joint 0 reaches 1.875 at t = 0.5 s, limit 1.5",)
    assert_allclose(told.value[2, :, 0], [-10 / np.sqrt(3), 10 / np.sqrt(3)])
    with pytest.raises(Infeasible, match=r"reaches 1\.875"):
        told.raise_for_status()
    assert certificate(m, Limits(velocity=[15 / 8])).kept
    assert certificate(m, Limits(position=[[-np.inf], [0.5]])).usage[0, 0] == pytest.approx(1.5)


def test_time_scale_is_exact():
    m = Trajectory([0.0, 1.0], np.array([0, 0, 0, 10.0, -15, 6]).reshape(1, 6, 1))
    assert time_scale(m, Limits(velocity=[0.5])) == pytest.approx(15 / 4, rel=1e-11)
    assert time_scale(m, Limits(acceleration=[[-1], [4]])) == pytest.approx((10 / np.sqrt(3)) ** 0.5, rel=1e-11)
    assert time_scale(m, Limits(jerk=[7.5])) == pytest.approx(2, rel=1e-11)
    with pytest.raises(InvalidInput, match="its duration must be given"):
        time_scale(m, Limits(position=[2.0]))
