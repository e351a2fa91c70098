"""`shaping:` in scenario files: what is left of the swing, where the motion ends, and what cannot be shaped."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from robocalc.control.shaping import impulses
from robocalc.errors import ScenarioError
from sims import Scenario, run
from sims.build import true_robot
from sims.build_world import world_shapes
from sims.effects import Rope
from sims.effects.swing import swing
from sims.plan import plan_task
from tests.sims.bullet_robots import press

G, DT = 9.81, 1e-3
ROPE = {"type": "hanging_load", "link": "panda_hand", "mass": 0.2, "length": 0.5}
BASE = {
    "format": "robocalc/1",
    "name": "shaped",
    "robot": {"model": "panda"},
    "task": [{"do": "move", "to": {"joints": [0.5, 0.1, -0.3, -1.7, 0.2, 2.0, 0.4]}}],
    "controller": {"type": "computed_torque"},
}


def scenario(planner, **more):
    return Scenario.of(BASE | {"planner": {"type": "min_jerk"} | planner} | more)


def planned(made):
    robot = true_robot(made)
    return robot, plan_task(made, robot, world_shapes(made))


def test_the_swing_of_a_run_is_that_of_a_pendulum_whose_hook_moves(tmp_path):
    robot, length = press(tmp_path, axis="1 0 0", mass=1.0).with_gravity((0, 0, -G)), 0.7
    t = np.arange(2001) * DT
    x, w = 0.2 * (1 - np.cos(3 * t)), 3.0
    v = np.gradient(x, DT)
    angle = swing(robot, [Rope(robot.tool, 0.5, length, stretch=1e-4)], DT, x[:, None], v[:, None])[:, 0]

    def pendulum(t, y):  # φ'' = -(g sin φ + ẍ cos φ) / l
        return [y[1], -(G * np.sin(y[0]) + 0.2 * w**2 * np.cos(w * t) * np.cos(y[0])) / length]

    exact = solve_ivp(pendulum, (0, t[-1]), [0, 0], t_eval=t, rtol=1e-9, atol=1e-11).y[0]
    assert abs(exact).max() > 0.1
    assert_allclose(angle, abs(exact), atol=5e-3)


def test_a_shaped_move_leaves_a_tenth_of_the_swing():
    wild = Scenario.load("scenarios/disturbance/panda_swinging_load.yaml")
    left = {}
    for kind in (None, "zv", "zvd", "ei"):
        made = wild if kind is None else wild.with_({"planner.shaping": {"type": kind}})
        left[kind] = run(made, engine="twin").metrics["load.swing_deg"].value
    assert left[None] > 10
    assert left["zv"] < left[None] / 4
    assert max(left["zvd"], left["ei"]) < left[None] / 10


@pytest.mark.parametrize("kind", ["zv", "zvd", "ei"])
def test_a_shaped_move_keeps_its_line_its_limits_and_its_end(kind):
    shaping = {"type": kind, "frequency": 1.2, "damping": 0.05}
    robot, plan = planned(scenario({"shaping": shaping}))
    _, plain = planned(scenario({}))
    assert plan.solved, plan.violations
    goal = np.array(BASE["task"][0]["to"]["joints"])
    motion = plan.trajectory
    assert_allclose(motion(motion.end), goal, atol=1e-12)
    assert_allclose(motion(motion.end, 1), 0, atol=1e-9)
    share = (motion(np.linspace(0, motion.end, 200)) - robot.home) / (goal - robot.home)
    assert np.ptp(share, axis=1).max() < 1e-9
    longer = impulses(1.2, 0.05, kind)[0][-1]
    assert longer - 1e-9 <= motion.duration - plain.trajectory.duration < longer + 2 * DT
    for order in (1, 2, 3):
        assert abs(motion.extrema(order)).max() <= abs(plain.trajectory.extrema(order)).max() * (1 + 1e-9)


def test_a_duration_asked_for_includes_the_shaping():
    shaping = {"frequency": 2.0}
    assert planned(scenario({"shaping": shaping, "duration": 3.0}))[1].trajectory.duration == pytest.approx(3.0)
    _, plan = planned(scenario({"shaping": shaping, "duration": 0.4}))
    assert "shaping alone takes 0.5 s, 0.4 s given" in plan.violations[0].why


def test_a_way_around_things_is_shaped_too():
    box = {"name": "box", "shape": "box", "size": [0.1, 0.1, 0.1], "position": [0.5, 0.6, 0.1]}
    made = scenario({"type": "avoid", "shaping": {"frequency": 1.0, "type": "zv"}}, world=[box])
    _, plan = planned(made)
    goal = BASE["task"][0]["to"]["joints"]
    assert plan.solved, plan.violations
    assert_allclose(plan.trajectory(plan.trajectory.end), goal, atol=1e-9)


def test_a_move_to_where_the_robot_is_stays_there():
    made = scenario({"shaping": {"frequency": 1.0}}, task=[{"do": "move", "to": "home"}])
    robot, plan = planned(made)
    assert plan.solved
    assert_allclose(plan.trajectory(plan.trajectory.end), robot.home)


@pytest.mark.parametrize(
    ("planner", "more", "told"),
    [
        ({"shaping": {}}, {}, "no load hangs on a rope, so shaping needs the frequency"),
        ({"shaping": {}}, {"disturbances": [ROPE, ROPE | {"length": 0.8}]}, "ropes of several lengths"),
        ({"shaping": {"frequency": 0}}, {}, "must be above 0, got 0"),
        ({"shaping": {"damping": 1.0, "frequency": 1.0}}, {}, "must be below 1, got 1"),
        ({"shaping": {"type": "zvdd"}}, {}, "zvd"),
        ({"type": "avoid", "shaping": {"frequency": 1.0}, "replan": {}}, {}, "planned anew on the way"),
        ({"type": "collocation", "shaping": {"frequency": 1.0}}, {}, "shaping"),
    ],
)
def test_what_cannot_be_shaped_is_refused(planner, more, told):
    with pytest.raises(ScenarioError, match=told):
        scenario(planner, **more)
