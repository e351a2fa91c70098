"""Prediction against a mass that is stepped; the delayed loop against the poles of the one without delay."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.control import ComputedTorque
from robocalc.control.prediction import prediction
from robocalc.dynamics import load
from tests.sims.loop_cases import DT, move, rest, rms, roll


@pytest.mark.parametrize(
    ("latency", "substeps"),
    [(0.0, 1), (1e-3, 1), (5e-3, 1), (0.4e-3, 1), (2.7e-3, 1), (8e-3, 4), (6e-3, 4), (1.3e-3, 4), (9.9e-3, 4)],
)
def test_prediction_is_the_state_of_a_stepped_mass(latency, substeps):
    h, rng = DT, np.random.default_rng(0)
    u = rng.normal(size=40)
    x = [rng.normal(size=2)]
    for k in range(39 * substeps):
        v = x[-1][1] - h * u[k // substeps]
        x.append(np.array([x[-1][0] + h * v, v]))
    x, now, age = np.array(x), 38 * substeps, latency / h
    j, f = int(np.floor(now - age + 1e-9)), (now - age) % 1
    measured = x[j] if f < 1e-6 or f > 1 - 1e-6 else (1 - f) * x[j] + f * x[j + 1]
    table = prediction(latency, h * substeps, substeps)
    past = u[37::-1][: table.shape[1] - 2]  # commands that began before now, newest first
    assert_allclose(table[:2] @ [*measured, *past], x[now], atol=1e-12)
    if substeps == 1:  # the sum over control instants lacks these
        whole, late = int(age + 1e-9), age - int(age + 1e-9)
        lacking = x[now - whole + 1 : now + 1, 0].sum() + late * x[now - whole, 0]
        assert table[2] @ [*measured, *past] == pytest.approx(lacking, abs=1e-9)


@pytest.mark.parametrize(("every", "latency"), [(1, 1e-3), (1, 5e-3), (1, 2.5e-3), (4, 8e-3)])
@pytest.mark.parametrize("integral", [False, True])
def test_latency_leaves_the_poles_where_they_are(every, latency, integral):
    """Errors of all joints of a Panda obey Π (z - exp(-wn dt)) e = 0 from the start, however late."""
    robot, T, wn = load("panda"), every * DT, 60.0
    law = ComputedTorque(wn, integral=integral).law(robot, T, substeps=every, latency=latency)
    start = robot.home + 1e-3 * np.array([1, -2, 3, -1, 2, 1, -3.0])
    options = {"friction": 0, "control_every": every, "latency": latency}
    log = roll(law, rest(robot.home, 200 * every), start=(start, np.zeros(7)), **options).log
    e = (log.q_ref - log.q)[::every]
    c = np.poly(np.full(3 if integral else 2, np.exp(-wn * T))).real
    residual = sum(c[i] * e[len(c) - 1 - i : len(e) - i] for i in range(len(c)))
    assert abs(residual).max() < (1e-12 if every == 1 else 1e-6)  # held torques see a nonlinear arm between samples
    assert abs(e[-1]).max() < 1e-2 * abs(e[0]).max()


@pytest.mark.parametrize("latency", [2e-3, 5e-3, 10e-3])
def test_integral_action_leaves_no_error_behind_under_latency(latency):
    """A constant push, which is not predicted, is met all the same."""
    robot = load("two_link")
    law = ComputedTorque(20, integral=True).law(robot, DT, latency=latency)
    log = roll(law, rest([0.4, 0.6], 4000), plant=robot.with_payload(0.3), friction=0, latency=latency).log
    assert abs(log.q[-1] - log.q_ref[-1]).max() < 1e-6


def test_feedback_that_latency_alone_would_make_unstable_is_stable():
    robot = load("panda")
    errors = {}
    for told in (0.0, 10e-3):
        law = ComputedTorque(60, integral=True).law(robot, DT, latency=told)
        reference = move(robot.home, robot.home + 0.3)
        errors[told] = rms(roll(law, reference, start=(robot.home + 1e-3, np.zeros(7)), latency=10e-3).log)
    assert errors[10e-3] < 5e-4
    assert not errors[0.0] < 10 * errors[10e-3]
