"""A load on a rope against a pendulum, a spring and Newton's third law."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, ScenarioError
from sims.build import effects_of
from sims.effects import Rope, make_effects
from sims.scenario import Scenario
from tests.sims.bullet_robots import press
from tests.sims.loop_cases import DT, rest, roll
from tests.sims.test_effects import NO_LAW, free

G, STRONG = 9.81, np.array([100.0])


def cart(tmp_path, mass=2.0):
    return press(tmp_path, mass=mass, axis="1 0 0").with_gravity((0, 0, -G))


def test_a_hanging_load_pulls_with_its_weight_and_stays(tmp_path):
    robot = press(tmp_path, mass=1.0).with_gravity((0, 0, -G))
    log = free(robot, 500, friction=0, ropes=[Rope("tip", 0.5, 0.8)])
    assert_allclose(log.tau_world[0, 0], -0.5 * G, rtol=1e-9)
    law = NO_LAW.law(robot, DT)
    object.__setattr__(law, "torque_along", lambda r, dt: np.full(r[:, 0].shape, 1.5 * G))
    log = roll(law, rest([0.0], 500), friction=0, torque_limits=STRONG, ropes=[Rope("tip", 0.5, 0.8)]).log
    assert abs(log.q).max() < 1e-9


def test_cart_and_load_swing_as_the_cart_with_a_pendulum(tmp_path):
    M, m, L, v = 2.0, 0.5, 0.8, 0.3
    robot = cart(tmp_path, M)
    law = NO_LAW.law(robot, DT)
    force = np.zeros((3001, 1))
    force[:100] = M * v / (100 * DT)
    object.__setattr__(law, "torque_along", lambda r, dt: force)
    rope = Rope("tip", m, L, stretch=5e-4)
    log = roll(law, rest([0.0], 3000), friction=0, torque_limits=STRONG, ropes=[rope]).log

    def rates(t, y):
        _, u, a, w = y
        f = force[0, 0] if t < 100 * DT else 0.0
        s, c = np.sin(a), np.cos(a)
        acceleration = (f + m * s * (L * w * w + G * c)) / (M + m * s * s)
        return u, acceleration, w, -(G * s + acceleration * c) / L

    found = solve_ivp(rates, (0, 3), np.zeros(4), t_eval=log.t[:3001], rtol=1e-9, atol=1e-12, max_step=0.01)
    assert_allclose(log.q[:, 0], found.y[0], atol=0.01 * abs(found.y[0]).max())


def test_a_rope_that_is_slack_pulls_nothing(tmp_path):
    robot = press(tmp_path, mass=1.0).with_gravity((0, 0, -G))
    log = free(robot, 300, friction=0, start=(np.zeros(1), np.full(1, -3.0)), ropes=[Rope("tip", 0.5, 0.4)])
    falling = log.tau_world[20:, 0]  # both fall at g: nothing stretches it again
    assert_allclose(falling[-50:], 0, atol=1e-9)


def test_every_run_hangs_it_up_anew():
    robot = load("panda")
    made = make_effects(robot, DT, 200, ropes=[Rope("panda_hand", 1.0, 0.5)])
    before = made.rope.copy()
    logs = [roll(NO_LAW.law(robot, DT), rest(robot.home, 200), ropes=[Rope("panda_hand", 1.0, 0.5)]).log for _ in "ab"]
    assert np.array_equal(logs[0].joint, logs[1].joint)
    assert np.array_equal(made.rope, before)


def test_what_makes_no_sense_is_refused(tmp_path):
    robot = cart(tmp_path)
    with pytest.raises(InvalidInput, match="too stiff for steps"):
        make_effects(robot, DT, 10, ropes=[Rope("tip", 1.0, 0.01, stretch=1e-4)])
    with pytest.raises(InvalidInput, match="no gravity to hang by"):
        make_effects(robot.with_gravity((0, 0, 0)), DT, 10, ropes=[Rope("tip", 1.0, 1.0)])
    with pytest.raises(InvalidInput, match="fixed to the base"):
        make_effects(robot, DT, 10, ropes=[Rope("base", 1.0, 1.0)])
    with pytest.raises(InvalidInput, match="mass must be"):
        Rope("tip", 0.0, 1.0)


def test_a_scenario_says_the_same_in_its_own_words():
    data = {
        "format": "robocalc/1",
        "name": "s",
        "robot": {"model": "panda"},
        "task": [{"do": "wait", "duration": 0.1}],
        "controller": {"type": "computed_torque", "wn": 20},
    }
    load_ = {"type": "hanging_load", "link": "panda_hand", "mass": "500 g", "length": "40 cm"}
    robot = load("panda")
    made = effects_of(Scenario.of(data | {"disturbances": [load_]}), robot, robot, 10)
    assert_allclose(made.rope, make_effects(robot, 0.001, 10, ropes=[Rope("panda_hand", 0.5, 0.4)]).rope)
    with pytest.raises(ScenarioError, match="a hanging load on 'panda_link0' moves nothing"):
        Scenario.of(data | {"disturbances": [load_ | {"link": "panda_link0"}]})
