"""A team of robots is one robot: pinocchio agrees, and each member moves as it would alone."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load, team
from robocalc.errors import InvalidInput

BASES = {"": ((0, 0, 0), (0, 0, 0)), "right": ((0.9, 0.2, 0.1), (0.1, -0.2, 2.0)), "high": ((0, -1, 1), (3.0, 0, 0))}
NAMES = {"": "panda", "right": "iiwa", "high": "two_link"}


def robots():
    return {name: load(NAMES[name]).with_base(*BASES[name]) for name in NAMES}


def test_pinocchio_agrees_about_the_dynamics_of_a_team(tmp_path):
    pin = pytest.importorskip("pinocchio")
    both = team(robots())
    model = pin.buildModelFromUrdf(str(both.write_urdf(tmp_path / "team.urdf")))
    data = model.createData()
    order = [model.joints[model.getJointId(name)].idx_v for name in both.joints]
    q, v, a = np.random.default_rng(0).uniform(-1, 1, (3, both.n))
    theirs = np.zeros((3, both.n))
    theirs[:, order] = q, v, a
    assert model.nq == both.n
    assert_allclose(both.inverse_dynamics(q, v, a), pin.rnea(model, data, *theirs)[order], atol=1e-10)
    M = pin.crba(model, data, theirs[0])
    M = np.triu(M) + np.triu(M, 1).T
    assert_allclose(both.mass_matrix(q), M[np.ix_(order, order)], atol=1e-11)
    pin.framesForwardKinematics(model, data, theirs[0])
    for frame in ("panda_grasptarget", "right/lbr_iiwa_link_7", "high/tip"):
        assert_allclose(both.pose(q, frame), data.oMf[model.getFrameId(frame)].homogeneous, atol=1e-12)


def test_each_member_of_a_team_is_what_it_is_alone_to_the_bit():
    both = team(robots())
    q, v, a = np.random.default_rng(1).uniform(-1, 1, (3, 4, both.n))
    tau = both.inverse_dynamics(q, v, a)
    for member in both.members:
        own = [np.ascontiguousarray(x[:, member.columns]) for x in (q, v, a)]
        assert np.array_equal(tau[:, member.columns], member.robot.inverse_dynamics(*own))
        tool = member.prefix + member.robot.tool
        assert np.array_equal(both.pose(q, tool), member.robot.pose(own[0]))
        assert both.owner(tool) is member
    assert both.tool == "panda_grasptarget"
    assert np.array_equal(both.home, np.concatenate([m.robot.home for m in both.members]))


def test_what_cannot_be_a_team_is_refused_in_one_sentence():
    panda = load("panda")
    with pytest.raises(InvalidInput, match="may not contain '/'"):
        team({"a/b": panda})
    with pytest.raises(InvalidInput, match="gravity"):
        team({"": panda, "moon": panda.with_gravity((0, 0, -1.6))})
    with pytest.raises(InvalidInput, match="at least one"):
        team({})
