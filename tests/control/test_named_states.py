"""Designs on robots that some drive is missing of, and filters on robots that some encoder is missing of."""

from dataclasses import replace

import numpy as np
import pytest

from robocalc.control import ESTIMATORS, LQI, LQR, MPC, TVLQR, Hinf, Senses, dlqr, kalman
from robocalc.dynamics import load
from robocalc.errors import InvalidInput

DT = 2e-3
WITHOUT = {  # robot, joints without drive, what keeps its velocity (no gravity) or stays where it is (friction)
    "cart_pole": ((), "velocity of slider, velocity of hinge"),  # angular momentum about the pole's end
    "acrobot": ((), "velocity of shoulder, velocity of elbow"),
    "panda": ((0,), "velocity of panda_joint1"),
    "iiwa": ((6,), "position of lbr_iiwa_joint_7"),
    "husky": ((), "velocity of y"),
}


def without_drives(name):
    """The robot in free fall, where no weight moves what no drive does."""
    robot = load(name)
    lost = {robot.joints[i] for i in WITHOUT[name][0]}
    joints = tuple(replace(j, effort=0.0) if j.name in lost else j for j in robot.tree.joints)
    return replace(robot, tree=replace(robot.tree, joints=joints)).with_gravity((0, 0, 0))


@pytest.mark.parametrize("design", [LQR(), LQI(), Hinf()], ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("name", WITHOUT)
def test_a_design_names_the_states_that_no_drive_moves(name, design):
    with pytest.raises(InvalidInput, match=r"no linear feedback stabilises .*is not moved by the input") as caught:
        design.law(without_drives(name), DT)
    assert WITHOUT[name][1] in str(caught.value)
    assert "+0j" not in str(caught.value)


@pytest.mark.parametrize("design", [TVLQR(), MPC(horizon=4)], ids=lambda d: type(d).__name__)
@pytest.mark.parametrize("name", [name for name in WITHOUT if name != "husky"])
def test_a_design_along_a_motion_tells_what_stays_off_at_its_end(name, design):
    law = design.law(without_drives(name), DT)
    assert np.isfinite(law.gains).all()
    (told,) = law.notes(law.memory)
    assert "where the motion ends, no drive moves" in told
    assert WITHOUT[name][1] in told
    held = design.law(load("two_link"), DT)
    assert held.notes(held.memory) == ()


@pytest.mark.parametrize("design", [LQR(), LQI(), Hinf(), TVLQR(), MPC(horizon=4)], ids=lambda d: type(d).__name__)
def test_a_robot_that_nothing_drives_is_told(design):
    robot = load("pendulum")
    joints = tuple(replace(joint, effort=0.0) for joint in robot.tree.joints)
    with pytest.raises(InvalidInput, match="has no drive"):
        design.law(replace(robot, tree=replace(robot.tree, joints=joints)), DT)


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize(
    ("name", "blind", "states"),
    [
        ("panda", [0], "position of panda_joint1"),
        ("panda", [6], "position of panda_joint7"),
        ("cart_pole", [0], "position of slider"),
        ("quadrotor", [3], "position of yaw"),
        ("pendulum", [0], "pendulum"),
        ("two_link", [0, 1], "two_link"),
    ],
)
def test_an_estimator_names_what_it_cannot_see(kind, name, blind, states):
    robot, position = load(name), np.full(load(name).n, 1e-5)
    position[blind] = np.nan
    with pytest.raises(InvalidInput) as caught:
        ESTIMATORS[kind]().estimator(robot, DT, Senses(position, None, 0.0), robot.home)
    told = str(caught.value)
    assert f"estimator {kind}" in told
    if kind in ("ekf", "ukf"):
        assert states in told
    else:
        assert ", ".join(robot.joints[i] for i in blind) in told


def test_a_motion_that_rounding_alone_stabilises_is_refused():
    """Two masses between which a force acts: their centre goes on as it does, whatever the force."""
    A = np.block([[np.eye(2), 1e-3 * np.eye(2)], [np.zeros((2, 2)), np.eye(2)]])
    B = np.array([[1e-6], [-0.3e-6], [1e-3], [-0.3e-3]])  # masses 1 and 10/3
    names = ["x1", "x2", "v1", "v2"]
    with pytest.raises(InvalidInput, match=r"its motion of v1, v2 \(pole 1\) is not moved"):
        dlqr(A, B, np.eye(4), [[1.0]], names=names)
    seen = np.array([[1.0, -1.0, 0.0, 0.0]])  # their distance alone
    with pytest.raises(InvalidInput, match=r"x1, x2.* \(pole 1\) is not seen by C"):
        kalman(A, seen, 1e-6 * np.eye(4), [[1e-6]], names=names)
