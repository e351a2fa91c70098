"""Wind, drag, lag of motors and gears that give: each against its closed form."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, ScenarioError, UnknownName
from sims.build import effects_of
from sims.effects import Drag, Gear, Wind, make_effects
from sims.scenario import Scenario
from tests.sims.bullet_robots import press
from tests.sims.loop_cases import DT, INERTIA, one_joint, rest, roll
from tests.sims.test_effects import AT_ONE, NO_LAW, free, torque

# --- air


def test_a_coasting_arm_is_slowed_by_the_square_of_its_speed(tmp_path):
    drag = Drag("load", 0.4, (0.8, 0.0, 0.3), density=2.0)
    log = free(one_joint(tmp_path), 3000, start=AT_ONE, drags=[drag])
    rate = 0.5 * 2.0 * 0.4 * 0.8**3 / INERTIA  # v' = -rate v²
    assert_allclose(log.v[:, 0], 1 / (1 + rate * log.t), rtol=5e-4)


@pytest.mark.parametrize("wind", [0.0, 3.0, -2.0])
def test_a_falling_thing_reaches_its_terminal_speed_relative_to_the_air(tmp_path, wind):
    robot = press(tmp_path, mass=2.0).with_gravity((0, 0, -9.81))
    log = free(robot, 2000, friction=0, drags=[Drag("tip", 50.0)], winds=[Wind((1e-9, 0, wind))])
    assert log.v[-1, 0] == pytest.approx(wind - np.sqrt(2 * 9.81 / (0.5 * 1.225 * 50)), rel=1e-6)


def test_a_gust_is_one_minus_cosine_and_winds_add(tmp_path):
    robot = press(tmp_path, axis="1 0 0").with_gravity((0, 0, 0))
    winds = [Wind((2.0, 0, 0)), Wind(gust=(4.0, 0, 0), start=0.5, duration=1.0)]
    made = make_effects(robot, DT, 2000, drags=[Drag("tip", 1.0)], winds=winds)
    t = (np.arange(2001) + 0.5) * DT
    inside = (t > 0.5) & (t < 1.5)
    assert_allclose(made.wind[:, 0], 2 + inside * 2 * (1 - np.cos(2 * np.pi * (t - 0.5))), atol=1e-12)
    assert made.wind[1000, 0] == pytest.approx(6.0, rel=1e-4)


def test_turbulence_has_its_deviation_and_its_correlation_and_only_its_seed(tmp_path):
    robot, N = press(tmp_path), 400_000
    wind = Wind(turbulence=1.5, correlation=0.05)
    w, again, other = (make_effects(robot, DT, N, winds=[wind], seed=s).wind for s in (1, 1, 2))
    assert_allclose(w.std(axis=0), 1.5, rtol=0.03)
    lag = 50  # one correlation time
    assert_allclose((w[:-lag] * w[lag:]).mean(axis=0) / w.var(axis=0), np.exp(-1), atol=0.04)
    assert np.array_equal(w, again)
    assert not np.array_equal(w, other)
    assert np.array_equal(make_effects(robot, DT, 100, winds=[wind], seed=1).wind, w[:101])


# --- motors


def test_a_step_of_torque_comes_through_a_lag_as_one_minus_e(tmp_path):
    wanted = np.r_[np.zeros(11), np.ones(490)][:, None]
    robot = one_joint(tmp_path)
    log = roll(torque(robot, wanted), rest([0.0], 500), motor_lag=0.05).log
    assert_allclose(log.tau[:11, 0], 0, atol=0)
    assert_allclose(log.tau[11:, 0], 1 - np.exp(-(np.arange(490) + 1) * DT / 0.05), rtol=1e-9)


def test_rotors_lag_together():
    robot = load("quadrotor")
    lift = np.zeros((201, 6))
    lift[:, 2] = robot.gravity(robot.home)[2]
    lift[1:, 2] *= 1.2
    log = roll(torque(robot, lift), rest(robot.home, 200), motor_lag=0.02).log
    share = 1 - np.exp(-np.arange(201) * DT / 0.02)
    assert_allclose(log.tau[:, 2], lift[0, 2] * (1 + 0.2 * share), rtol=1e-6)


def test_a_wound_gear_rings_at_its_frequency(tmp_path):
    robot, k, J = one_joint(tmp_path), 200.0, 0.1
    wanted = np.r_[1.0, np.zeros(2000)][:, None]
    log = roll(torque(robot, wanted), rest([0.0], 2000), gear=Gear(k, J)).log
    w = np.sqrt(k * (1 / J + 1 / INERTIA))
    crossings = np.flatnonzero(np.diff(np.sign(log.tau[:, 0])) != 0) * DT
    assert np.diff(crossings).mean() == pytest.approx(np.pi / w, rel=0.005)
    assert abs(log.tau[:, 0]).max() == pytest.approx(1.0, rel=0.03)  # the first step's torque winds it on a little


def test_a_constant_torque_moves_both_inertias(tmp_path):
    log = roll(torque(one_joint(tmp_path), [2.0]), rest([0.0], 2000), gear=Gear(500.0, 0.3, damping=5.0)).log
    assert log.v[-1, 0] == pytest.approx(2.0 * 2.0 / (INERTIA + 0.3), rel=0.15)
    assert log.tau[-1, 0] == pytest.approx(2.0 * INERTIA / (INERTIA + 0.3), rel=1e-3)


def test_play_is_crossed_as_an_integrator_of_its_own_says(tmp_path):
    k, J, gap, u = 400.0, 0.1, 0.02, -1.0
    wanted = np.r_[1.0, np.full(600, u)][:, None]
    log = roll(torque(one_joint(tmp_path), wanted), rest([0.0], 600), gear=Gear(k, J, play=gap)).log

    def twist(q, x):
        return k * (x - q - np.clip(x - q, -gap / 2, gap / 2))

    def rates(t, y):
        q, v, x, w = y
        tau = twist(q, x)
        return v, tau / INERTIA, w, ((1.0 if t < DT else u) - tau) / J

    start = (0.0, 0.0, gap / 2 + 1 / k, 0.0)
    found = solve_ivp(rates, (0, 0.6), start, t_eval=log.t[:601], rtol=1e-9, atol=1e-12, max_step=DT / 2)
    assert (log.tau == 0).sum() > 50  # it was crossed
    assert_allclose(log.q[:, 0], found.y[0], atol=0.03 * abs(found.y[0]).max())


def test_what_makes_no_sense_is_refused(tmp_path):
    robot = one_joint(tmp_path)
    with pytest.raises(InvalidInput, match="the longest that follows is"):
        make_effects(robot, DT, 10, gear=Gear(1e7, 0.1))
    with pytest.raises(InvalidInput, match="motor's inertia must be above 0"):
        make_effects(robot, DT, 10, gear=Gear(10.0, 0.0))
    with pytest.raises(InvalidInput, match="not through gears"):
        make_effects(load("quadrotor"), DT, 10, gear=Gear(10.0, 0.1))
    with pytest.raises(InvalidInput, match="must be one number"):
        make_effects(load("quadrotor"), DT, 10, motor_lag=(0.1, 0.2, 0.1, 0.1, 0.1, 0.1))
    with pytest.raises(InvalidInput, match="fixed to the base"):
        make_effects(robot, DT, 10, drags=[Drag("base", 1.0)])
    with pytest.raises(InvalidInput, match="wind: gust must be 3 finite numbers"):
        Wind(gust=(1, 2))
    with pytest.raises(UnknownName):
        make_effects(robot, DT, 10, drags=[Drag("nowhere", 1.0)])


BASE = {
    "format": "robocalc/1",
    "name": "s",
    "robot": {"model": "panda"},
    "task": [{"do": "wait", "duration": 0.1}],
    "controller": {"type": "computed_torque", "wn": 20},
}
AIR = [
    {"type": "drag", "link": "panda_hand", "area": 0.02},
    {"type": "wind", "velocity": [3, 0, 0], "turbulence": "50 cm/s"},
]


def test_a_scenario_says_the_same_in_its_own_words():
    drives = [
        {"type": "motor_lag", "time_constant": "2 ms"},
        {"type": "flexible_joint", "stiffness": 3e3, "motor_inertia": 0.3, "play": "1 mrad"},
    ]
    scenario = Scenario.of(BASE | {"disturbances": [*AIR, *drives]})
    robot = load("panda")
    made = effects_of(scenario, robot, robot, 100)
    given = make_effects(
        robot,
        0.001,
        100,
        drags=[Drag("panda_hand", 0.02)],
        winds=[Wind((3, 0, 0), turbulence=0.5)],
        motor_lag=2e-3,
        gear=Gear(3e3, 0.3, play=1e-3),
    )
    for key in ("wind", "drag", "drag_body", "joint"):
        assert_allclose(getattr(made, key), getattr(given, key), atol=1e-15)


@pytest.mark.parametrize(
    ("disturbances", "says"),
    [
        (AIR[1:], "wind acts on links with `drag`"),
        ([{"type": "drag", "link": "panda_hnd", "area": 1}], "did you mean 'panda_hand'"),
        ([{"type": "drag", "link": "panda_link0", "area": 1}], "a drag on 'panda_link0' moves nothing"),
        ([{"type": "motor_lag", "time_constant": [1e-3, 1e-3]}], "7 joints, got 2 values"),
        ([{"type": "motor_lag", "time_constant": 1e-3}] * 2, "motor_lag can be given once"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(disturbances, says):
    with pytest.raises(ScenarioError, match=says):
        Scenario.of(BASE | {"disturbances": disturbances})


def test_still_air_and_stiff_drives_are_the_run_without(tmp_path):
    robot = one_joint(tmp_path)
    one, two = (roll(NO_LAW.law(robot, DT), rest([0.0], 100), start=AT_ONE, **o).log for o in ({}, {"motor_lag": 0.0}))
    assert np.array_equal(one.joint, two.joint)
