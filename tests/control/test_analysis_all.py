"""Every design on every built-in robot is analysed, or it is said in a sentence why not."""

import numpy as np
import pytest

from robocalc.control import CONTROLLERS, MPC, analyse
from robocalc.dynamics import ROBOTS, load
from robocalc.errors import RobocalcError

GIVEN = {"pd": {"kp": 50.0, "kd": 5.0}, "pid": {"kp": 50.0, "ki": 5.0, "kd": 5.0}, "mpc": {"horizon": 4}}
ARRAYS = ("poles", "gain_margin", "gain_reduction", "phase_margin", "delay_margin", "saturates_at")
ALONG = {name for name, design in CONTROLLERS.items() if getattr(design, "along", False)}
MADE_FOR = {"geometric": {"quadrotor"}, "flatness": {"husky"}}
BOUND = {"lqr", "lqi", "hinf"}  # refuse what no drive moves
DT = 2e-3


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("name", CONTROLLERS)
def test_an_analysis_is_figures_or_a_sentence(name, robot):
    design, arm = CONTROLLERS[name](**GIVEN.get(name, {})), load(robot)
    refused = name in ALONG or robot not in MADE_FOR.get(name, {robot}) or (robot == "husky" and name in BOUND)
    refused = refused or (name == "adaptive" and len(arm.actors[0]) > 0)
    if refused:
        with pytest.raises(RobocalcError, match=r"^[^\n]{30,}$"):
            analyse(design, arm, DT)
        return
    found = analyse(design, arm, DT)
    assert not any(np.isnan(getattr(found, key)).any() for key in ARRAYS)
    assert all(getattr(found, key).shape == (arm.n,) for key in ARRAYS[1:])
    margins = found.gain_margin, found.phase_margin, found.delay_margin
    assert all((x > 0).all() == found.stable for x in margins)
    assert found.stable == (not any("not stable" in text for text in found.warnings))
    assert all("nan" not in text for text in found.warnings)


def test_a_law_along_a_motion_is_named():
    with pytest.raises(RobocalcError, match="MPC is made along one motion"):
        analyse(MPC(), load("two_link"), DT)
