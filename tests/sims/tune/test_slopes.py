"""Gradients of the closed loop by the gains are those of whole simulations, for every controller and effect."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.control import CONTROLLERS
from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from sims import Scenario
from sims.engines.loop import simulate
from sims.engines.twin import Twin
from sims.tune.case import Case
from sims.tune.figures import FIGURES, figure_of
from sims.tune.goals import make_goals
from sims.tune.lawmap import law_with
from sims.tune.problem import Problem
from sims.tune.schema import Goal, Vary
from sims.tune.space import make_space
from tests.sims.tune.cases import COST, EFFECTS, panda, two_link


def problem(scenario, objectives, parameters=None, shifts=None):
    goals = make_goals({name: Goal(weight=w) for name, w in objectives.items()}, {}, "mean")
    return Problem([scenario], make_space(scenario, parameters or {}), goals, shifts=shifts)


def two_link_under(name, **more):
    """The two-link arm under a controller; skipped where that refuses such a robot."""
    scenario = two_link(name, **more)
    try:
        Case(scenario).law()
    except InvalidInput as refusal:
        pytest.skip(f"{name}: {refusal}")
    return scenario


STEP = 1e-6  # of a range: so short that no drive meets its limit and no joint stops one step earlier or later


def differences(f, x, h=STEP):
    """Central differences."""
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


SMOOTH = {"tracking.joint_rms_rad": 1.0, "torque.rate_rms": 1e-3}


def agrees(scenario, objectives=None, rtol=1e-6, parameters=None, shifts=None):
    p = problem(scenario, objectives or SMOOTH, parameters, shifts)
    x = p.space.before()
    found = p.evaluate(x, slopes=True)
    assert found.lost == 0
    assert found.cost == p.evaluate(x).cost  # the same simulation, bit for bit
    numeric = differences(lambda y: p.evaluate(y).cost, x)
    assert abs(numeric).max() > 0
    assert_allclose(found.gradient, numeric, rtol=rtol, atol=rtol * abs(numeric).max())


@pytest.mark.parametrize("effect", EFFECTS)
def test_gradient_under_each_effect(effect):
    agrees(two_link(**EFFECTS[effect]))


@pytest.mark.parametrize("name", [tag for tag, design in CONTROLLERS.items() if not hasattr(design, "made_for")])
@pytest.mark.parametrize("latency", [0.0, 0.0025])
def test_gradient_for_each_controller(name, latency):
    agrees(two_link_under(name, **EFFECTS["coulomb friction"] | {"sensors": {"latency": latency}}))


def test_effects_whose_slopes_are_not_known_have_no_gradient():
    scenario = two_link(disturbances=[{"type": "motor_lag", "time_constant": 0.005}])
    assert not problem(scenario, SMOOTH).smooth
    assert problem(two_link(), SMOOTH).smooth


def test_gradient_where_gains_are_off():
    agrees(two_link(), shifts=np.array([[0.02, -0.02, 0.03, 0.9]]))  # the last one meets the end of its range


def test_gradient_of_the_law_that_finds_a_payload():
    gains = {"wn": [30.0, 40.0], "zeta": 1.0, "integral": True, "adapt_payload": True}
    agrees(two_link("computed_torque", gains, **EFFECTS["payload"]))


MOVERS = {
    "lqr": ("quadrotor_2d", {"q_weight": 30.0, "v_weight": 5.0, "r_weight": 0.5}),
    "pd": ("husky", {"kp": 20.0, "kd": 15.0}),
    "geometric": ("quadrotor", {"wn": 3.0, "attitude": 20.0}),
    "flatness": ("husky", {"zeta": 0.9, "rest": 2.0}),
    "pure_pursuit": ("husky", {"lookahead": 0.4, "pace": 1.5}),
}


@pytest.mark.parametrize("name", MOVERS)
def test_gradient_of_what_flies_and_what_rolls(name):
    model, gains = MOVERS[name]
    n = len(load(model).home)
    start, speed = (load(model).home + 0.05 * np.arange(1, n + 1)).tolist(), (0.2 * np.ones(n)).tolist()
    scenario = Scenario.of(
        {
            "format": "robocalc/1",
            "name": name,
            "sim": {"engine": "twin", "timestep": 0.002},
            "robot": {"model": model, "start": start, "start_velocity": speed},
            "task": [{"do": "wait", "at": "home", "duration": 0.4}],
            "controller": {"type": name, **gains},
        }
    )
    parameters = {f"controller.{key}": Vary(scale=(0.2, 5.0)) for key in gains}
    agrees(scenario, {"tracking.joint_rms_rad": 1.0}, 1e-5, parameters)


@pytest.mark.parametrize("name", FIGURES)
def test_gradient_of_each_figure(name):
    gentle = [{"do": "move", "to": {"joints": [-1.25, 0.1]}, "duration": 0.5}]  # the drives keep off their limits
    scenario = two_link(task=gentle, **EFFECTS["payload"] | {"sensors": {"latency": 0.003}})
    agrees(scenario, objectives={name: 1.0})


def test_gradient_of_the_14_gains_of_the_panda():
    p = problem(panda(), COST)
    x = p.space.place(np.r_[np.full(2, 900.0), 500, 500, 30, 30, 4, 30, 60, 30, 25, 2, 2, 0.3])
    numeric = differences(lambda y: p.evaluate(y).cost, x)
    assert_allclose(p.evaluate(x, slopes=True).gradient, numeric, rtol=1e-6, atol=1e-6 * abs(numeric).max())


def test_a_case_is_the_simulation_of_the_loop():
    """The same bits as sims.engines.loop.simulate, which agrees with PyBullet."""
    case = Case(two_link(**EFFECTS["noise"]))
    law = case.law()
    wanted = simulate(Twin(case.made.plant_robot, 0.001), law, case.reference, case.effects, start=case.start)
    assert np.array_equal(case.run(law).joint, wanted.log.joint)
    dgains, dmemory = np.zeros((*law.gains.shape, 1)), np.zeros((*law.memory.shape, 1))
    assert np.array_equal(case.run_with(law, dgains, dmemory).joint, wanted.log.joint)


def test_figures_are_those_of_the_metrics():
    case = Case(two_link(**EFFECTS["payload"]))
    trace = case.run(case.law())
    for name in FIGURES:
        assert figure_of(name, trace).value == pytest.approx(trace.metrics[name].value, rel=1e-12, abs=1e-15), name


def test_curvature_is_that_of_the_residuals():
    """Gauss-Newton's H of ½ Σ r² is RᵀR: for Σ dt τ² it is 2 dt RᵀR, r and R from the log and its slopes."""
    scenario = two_link()
    case, space = Case(scenario), make_space(scenario, {})
    law, dgains, dmemory = law_with(case, scenario.controller, space.entries, space.values(space.before()))
    trace = case.run_with(law, dgains, dmemory)
    R = trace.rows[:-1, 3].reshape(-1, len(space.knobs))
    assert_allclose(figure_of("effort.integral", trace).curvature, 2e-3 * R.T @ R, rtol=1e-12)
