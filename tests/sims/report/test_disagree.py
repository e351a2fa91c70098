"""Where two runs part, against differences that were put in by hand."""

import numpy as np
import pytest

from robocalc.dynamics import load
from sims.log import CHANNELS, Log
from sims.report.disagree import parted


def log_of(robot, steps=100, **words):
    return Log(0.01, np.zeros((steps + 1, len(CHANNELS), robot.n)), **words)


def test_what_parts_is_named_with_its_size_and_its_first_time():
    robot = load("two_link")
    t, still = np.arange(0, 11) / 10, np.tile([0.0, 0, 0, 0, 0, 0, 1], (11, 1))
    one = log_of(robot, t_objects=t, objects={"cube": still, "ball": still}, contacts=np.zeros(11))
    moved, force = still.copy(), np.zeros(11)
    moved[6:, 1], moved[8:, 3:] = 0.02, [0, 0, np.sin(0.15), np.cos(0.15)]
    force[7] = 4.0
    other = log_of(robot, t_objects=t, objects={"cube": moved, "ball": -still}, contacts=force)
    other.joint[30:, 0, 1] = 1e-5
    other.joint[31, 0, 1] = -3e-3
    found = {(x.kind, x.what): x for x in parted(one, other, robot)}
    first, second = robot.joints
    assert found["joint", second][2:] == ("rad", pytest.approx(3e-3), pytest.approx(0.31), pytest.approx(0.30))
    assert found["joint", first].since is None
    assert found["thing", "cube"][3:] == (pytest.approx(0.02), pytest.approx(0.6), pytest.approx(0.6))
    assert found["turn of", "cube"][3:] == (pytest.approx(0.3), pytest.approx(0.8), pytest.approx(0.8))
    assert found["turn of", "ball"].largest == 0  # q and -q are one orientation
    assert found["contact force", "on the robot"][3:] == (4.0, pytest.approx(0.7), pytest.approx(0.7))
    assert [x.what for x in parted(one, other, robot)][:2] == [second, "cube"]


def test_runs_that_end_early_are_held_over_what_both_have():
    robot = load("two_link")
    one, other = log_of(robot, 100), log_of(robot, 40)
    one.joint[41:, 0] = 1.0
    assert all(x.largest == 0 for x in parted(one, other, robot))
