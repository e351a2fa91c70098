"""Planners `collocation` and `ddp` in a scenario: what they find is what an exact model does, in both engines."""

import numpy as np
import pytest

from sims import Scenario, run
from sims.build import believed_robot
from sims.plan import plan_task

SWING_UP = {
    "format": "robocalc/1",
    "name": "swing-up",
    "sim": {"timestep": 0.001, "control_rate": 500, "engine": "twin"},
    "robot": {"model": "cart_pole", "start": [0, np.pi]},
    "task": [
        {"do": "move", "name": "swing", "to": {"joints": [0, 0]}, "duration": 2.0},
        {"do": "wait", "name": "balance", "duration": 0.5},
    ],
    "planner": {"type": "collocation", "starts": 2, "seed": 1},
    "controller": {"type": "tvlqr"},
}
FLIP = SWING_UP | {
    "robot": {"model": "quadrotor_2d"},
    "task": [{"do": "move", "name": "flip", "to": {"joints": [0, 0, 2 * np.pi]}}, {"do": "wait", "duration": 0.3}],
    "planner": {"type": "collocation", "starts": 1, "nodes": 40},
}


def planned(data, **changes):
    scenario = Scenario.of(data).with_(changes)
    return plan_task(scenario, believed_robot(scenario), ())


@pytest.mark.parametrize("data", [SWING_UP, FLIP], ids=["swing-up", "flip"])
@pytest.mark.parametrize("engine", ["twin", "bullet"])
def test_an_exact_model_tracks_the_plan_to_rounding(data, engine):
    if engine == "bullet":
        pytest.importorskip("pybullet")
    made = run(Scenario.of(data), engine=engine)
    assert made.accepted, made.why
    assert made.metrics["tracking.joint_max_deg"].value < 1e-5
    np.testing.assert_allclose(made.log.q[-1], made.plan.trajectory(made.plan.trajectory.end), atol=1e-6)


@pytest.mark.parametrize("dt", [0.0005, 0.001, 0.002])
def test_the_reference_is_a_motion_of_the_robot_under_the_planned_torque(dt):
    """v₊ = v + dt M⁻¹ (τ - h), q₊ = q + dt v₊ by pinocchio, whatever the step."""
    pin = pytest.importorskip("pinocchio")
    plan = planned(SWING_UP, **{"sim.timestep": dt})
    (stretch,) = plan.tracked
    rows, torque = stretch.roll(dt)
    robot = believed_robot(Scenario.of(SWING_UP))
    model = pin.buildModelFromUrdf(str(robot.path))
    data = model.createData()
    for k in range(0, len(rows) - 1, 17):
        q, v = rows[k, 0], rows[k, 1]
        ahead = v + dt * pin.aba(model, data, q, v, torque[k])
        np.testing.assert_allclose(rows[k + 1, 1], ahead, atol=1e-9)
        np.testing.assert_allclose(rows[k + 1, 0], q + dt * ahead, atol=1e-9)
    np.testing.assert_array_equal(torque[:, 1], 0.0)  # the hinge has no drive
    np.testing.assert_allclose(rows[-1, 0], [0, 0], atol=1e-8)
    np.testing.assert_allclose(rows[-1, 1], [0, 0], atol=1e-7)


def test_ddp_and_collocation_find_the_same_effort():
    """The integral of the squared force of a cart-pole's move by a metre, of which there is one best."""
    task = [{"do": "move", "to": {"joints": [1, 0]}, "duration": 1.5}]
    data = SWING_UP | {"robot": {"model": "cart_pole"}, "task": task}
    paid = []
    for planner in ("collocation", "ddp"):
        (stretch,) = planned(data, planner={"type": planner}).tracked
        paid.append(np.sum(stretch.roll(0.001)[1][:-1] ** 2) * 0.001)
    assert paid[0] == pytest.approx(paid[1], rel=2e-3)


def test_inputs_keep_their_margin_and_joints_their_limits():
    plan = planned(FLIP, **{"planner.input_margin": 0.2})
    robot = believed_robot(Scenario.of(FLIP))
    rows, torque = plan.tracked[0].roll(0.001)
    u = robot.inputs_for(rows[:-1, 0], torque[:-1])
    low, high = robot.input_limits
    share = (u - (low + high) / 2) / (high - low) * 2
    assert np.quantile(np.abs(share), 0.98) < 0.81  # 0.8 is planned
    assert np.abs(share).max() < 1.0  # what ends the motion on the spot is taken out of the margin
    assert np.abs(share).max() > 0.7  # a flip in least time and effort uses what there is
    assert (np.abs(rows[:, 1]) <= robot.limits.velocity).all()


def test_a_move_may_start_in_motion():
    data = SWING_UP | {"task": [{"do": "move", "to": {"joints": [0.3, 0]}, "duration": 1.5}]}
    robot = {"model": "cart_pole", "start": [0, 0], "start_velocity": [0.5, -0.2]}
    made = run(Scenario.of(data | {"robot": robot}))
    assert made.accepted, made.why
    np.testing.assert_allclose(made.log.v[0], [0.5, -0.2])
    np.testing.assert_allclose(made.log.q_ref[-1], [0.3, 0], atol=1e-8)
    assert made.metrics["tracking.joint_max_deg"].value < 1e-5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"robot.limits": {"torque": [3.0, 0.0]}, "task.0.duration": 0.8}, "slider"),
        ({"planner": {"type": "ddp"}, "task.0.duration": None}, "needs a duration"),
        ({"planner.objective": {"energy": 1.0}, "task.0.duration": None}, "weight of `time`"),
        ({"task.0.via": [{"joints": [0.1, 1.0]}]}, "no `via`"),
        ({"task.0.path": "line"}, "path: line"),
    ],
)
def test_what_cannot_be_planned_is_infeasible_with_its_reason(changes, words):
    made = run(Scenario.of(SWING_UP).with_(changes))
    assert made.verdict == "infeasible"
    assert "step 'swing'" in made.why
    assert words in made.why
