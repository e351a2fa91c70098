"""Step `follow`: the curve is flown, driven or drawn as written, from rest to rest; an exact model keeps to it."""

import numpy as np
import pytest

from robocalc.dynamics import load
from sims import Scenario, run
from sims.build import believed_robot
from sims.plan import plan_task
from sims.planners.follow import CURVES, phase
from sims.scenario.schema_task import CURVES as MODELS
from sims.scenario.schema_task import Follow

EIGHT = {"shape": "figure_eight", "size": [0.5, 0.25], "plane": "xz"}
BASE = {
    "format": "robocalc/1",
    "name": "f",
    "sim": {"timestep": 0.001, "engine": "twin"},
    "robot": {"model": "quadrotor"},
    "task": [{"do": "follow", "name": "eight", "curve": EIGHT, "period": 3.0}, {"do": "wait", "duration": 0.2}],
    "controller": {"type": "tvlqr"},
}
SHAPES = {
    "figure_eight": EIGHT,
    "circle": {"shape": "circle", "radius": 0.3},
    "lissajous": {"shape": "lissajous", "size": [0.3, 0.2, 0.1], "phase_deg": [0, 90, 30]},
    "waypoints": {"shape": "waypoints", "points": [[0.5, 0, 0.2], [0.5, 0.5, 0.4], [0, 0, 0]]},
}


def made(**changes):
    return run(Scenario.of(BASE | changes))


def step(**words):
    return Follow(**({"do": "follow", "curve": EIGHT, "period": 2.0} | words))


@pytest.mark.parametrize("laps", [1, 3])
def test_the_phase_is_smooth_and_runs_from_0_to_all_laps(laps):
    follow = step(laps=laps, ramp=0.7)
    t = np.linspace(0, follow.duration, 4001)
    s = phase(follow, follow.duration, t)
    assert s[0, [0, -1]] == pytest.approx([0, laps], abs=1e-12)
    np.testing.assert_allclose(s[1:, [0, -1]], 0, atol=1e-9)
    assert s[1].max() == pytest.approx(0.5)
    for r in range(4):
        slope = np.gradient(s[r], t, edge_order=2)
        np.testing.assert_allclose(slope, s[r + 1], atol=1e-2 * np.abs(s[r + 1]).max())


@pytest.mark.parametrize("shape", CURVES)
def test_derivatives_of_curves_are_derivatives_and_they_start_here(shape):
    assert set(CURVES) == set(MODELS)
    curve, s = MODELS[shape](**SHAPES[shape]), np.linspace(0, 1, 2001)
    p = CURVES[shape](curve, s)
    np.testing.assert_allclose(p[0, 0], 0, atol=1e-15)
    for r in range(4):
        slope = np.gradient(p[r], s, axis=0)[2:-2]
        np.testing.assert_allclose(slope, p[r + 1, 2:-2], atol=1e-2 * np.abs(p[r + 1]).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_a_quadrotor_with_an_exact_model_keeps_to_the_curve_to_rounding(shape):
    task = [{"do": "follow", "curve": SHAPES[shape], "period": 4.0}, {"do": "wait", "duration": 0.2}]
    result = made(task=task)
    assert result.accepted, result.why
    assert result.metrics["tracking.tcp_max_mm"].value < 1e-6
    plan, s = result.plan, phase(step(period=4.0), 6.0, np.arange(0, 6, 0.001))[0]
    wanted = CURVES[shape](MODELS[shape](**SHAPES[shape]), s)[0]
    flown = result.log.q[: len(s), :3]
    np.testing.assert_allclose(
        flown, wanted, atol=1e-3
    )  # the steps of the engine are those of the loop, not the curve's
    assert plan.tracked


@pytest.mark.parametrize("model", ["quadrotor_2d", "quadrotor"])
def test_pybullet_flies_what_the_twin_flies(model):
    pytest.importorskip("pybullet")
    scenario = Scenario.of(BASE | {"robot": {"model": model}})
    logs = [run(scenario, engine=engine).log for engine in ("twin", "bullet")]
    np.testing.assert_allclose(logs[0].q, logs[1].q, rtol=0, atol=1e-12)


def test_what_the_rotors_cannot_give_is_named_with_its_time():
    task = [{"do": "follow", "name": "eight", "curve": EIGHT, "period": 1.0}]
    result = made(task=task)
    assert result.verdict == "infeasible"
    assert "step 'eight': limit of rotor" in result.why
    assert "exceeded by" in result.why
    assert "a slower motion needs less" in result.why


def test_a_husky_rolls_along_the_curve_from_its_heading():
    task = [{"do": "follow", "curve": EIGHT | {"size": [2, 1], "plane": "xy"}, "period": 20.0}]
    controller = {"type": "computed_torque", "wn": 20}
    result = made(robot={"model": "husky", "start": [1, 2, 0.7]}, task=task, controller=controller)
    assert result.accepted, result.why
    assert result.metrics["tracking.tcp_max_mm"].value < 15  # the tyres' slip: nothing steers against it here
    q, v = result.log.q, result.log.v
    slip = -np.sin(q[:, 2]) * v[:, 0] + np.cos(q[:, 2]) * v[:, 1]
    assert np.abs(slip).max() < 5e-3
    np.testing.assert_allclose(q[0], [1, 2, 0.7])


def test_an_arm_draws_the_circle_with_its_tool():
    curve = {"shape": "circle", "radius": 0.08}
    task = [{"do": "follow", "curve": curve, "period": 4.0}]
    result = made(robot={"model": "panda"}, task=task, controller={"type": "computed_torque", "wn": 30})
    assert result.accepted, result.why
    place = load("panda").pose(result.log.q)[:, :3, 3]
    centre = place[0] + [0, 0.08, 0]
    radius = np.linalg.norm((place - centre)[:, :2], axis=1)
    np.testing.assert_allclose(radius, 0.08, atol=2e-4)
    np.testing.assert_allclose(place[:, 2], place[0, 2], atol=2e-4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"robot.model": "quadrotor_2d", "task.0.curve": {"shape": "circle"}}, "plane: xz"),
        ({"robot.model": "husky"}, "plane: xy"),
        ({"robot.start": [0, 0, 0, 0, 0.3, 0]}, "pitch is 0"),
        ({"task.0.curve": SHAPES["waypoints"], "task.0.laps": 2}, "laps: 1"),
    ],
)
def test_a_curve_that_is_not_for_this_robot_is_refused(changes, words):
    scenario = Scenario.of(BASE).with_(changes)
    plan = plan_task(scenario, believed_robot(scenario), ())
    assert not plan.solved
    assert words in str(plan.violations[0])


@pytest.mark.parametrize(
    ("model", "goal", "via"),
    [
        ("quadrotor", [1, 0.5, 0.8, 0.6, 0, 0], [0.5, 0.5, 0.2, 0, 0, 0]),
        ("quadrotor_2d", [1, 0.5, 0], [0.5, 0.6, 0]),
    ],
)
def test_a_quadrotors_move_is_one_that_it_can_fly(model, goal, via):
    for on_the_way in ([], [{"joints": via, "pass_through": True}]):
        task = [{"do": "move", "to": {"joints": goal}, "via": on_the_way}, {"do": "wait", "duration": 0.2}]
        result = made(robot={"model": model}, task=task)
        assert result.accepted, result.why
        assert result.metrics["tracking.joint_max_deg"].value < 1e-6
        assert result.metrics["torque.saturated_fraction"].value == 0
        np.testing.assert_allclose(result.log.q[-1], goal, atol=1e-6)
    too_fast = made(robot={"model": model}, task=[{"do": "move", "to": {"joints": goal}, "duration": 0.4}])
    assert too_fast.verdict == "infeasible"
    assert "limit of" in too_fast.why
    tilted = made(robot={"model": model}, task=[{"do": "move", "to": {"joints": [*goal[:-1], 0.3]}}])
    assert "rests level" in tilted.why
