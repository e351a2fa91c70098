"""Impedance, sliding mode, observers, adaptation and laws of the tool, each against what its equation says."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import signal

from robocalc.control import (
    PD,
    Adaptive,
    Admittance,
    CartesianVelocity,
    Cascade,
    ComputedTorque,
    DisturbanceObserver,
    Impedance,
    OperationalSpace,
    SlidingMode,
    payload_found,
)
from robocalc.dynamics import load
from robocalc.errors import InvalidInput, UnknownName
from sims.effects import Push
from tests.control.payloads import MASSES, NOISE, there_and_back
from tests.sims.loop_cases import DT, INERTIA, Frictionless, move, one_joint, rest, rms, roll

STILL = np.zeros(1)
EXACT = [
    SlidingMode(),
    DisturbanceObserver(),
    Admittance(),
    Admittance("cartesian"),
    Admittance("cartesian", frame="tool"),
    Impedance(),
    Impedance("joint"),
    OperationalSpace(),
    OperationalSpace(task="position"),
    CartesianVelocity(),
    Adaptive(),
    Adaptive(links="all"),
]


@pytest.mark.parametrize("latency", [0.0, 2.5e-3, 5e-3])
@pytest.mark.parametrize("design", EXACT, ids=str)
def test_an_exact_model_tracks_exactly_with_friction_latency_and_filter(design, latency):
    robot = load("panda")
    law = design.law(robot, DT, latency=latency)
    log = roll(law, move(robot.home, robot.home + 0.5), latency=latency, velocity_filter_hz=60.0).log
    assert rms(log) < 1e-12


@pytest.mark.parametrize("design", [d for d in EXACT if not isinstance(d, Impedance)], ids=str)
def test_a_latency_changes_little_of_the_way_back_from_an_error(design):
    robot = load("panda")
    start = robot.home + 0.02 * np.sin(np.arange(7) + 1.0), np.zeros(7)
    ends = []
    for latency in (0.0, 5e-3):
        law = design.law(Frictionless(robot), DT, latency=latency)
        log = roll(law, rest(robot.home, 1500), plant=robot, start=start, latency=latency, friction=0).log
        ends.append(abs(log.q[-1] - robot.home).max())
    assert max(ends) < 1e-3


def test_within_its_layer_sliding_mode_has_its_two_poles(tmp_path):
    rate, dt = 10.0, 1e-4
    law = SlidingMode(rate, reach=40.0, layer=1.0).law(one_joint(tmp_path), dt)
    log = roll(law, rest([0.0], 5000), dt=dt, start=(np.array([0.01]), STILL)).log
    fast = 40.0
    exact = 0.01 * (fast * np.exp(-rate * log.t) - rate * np.exp(-fast * log.t)) / (fast - rate)
    assert_allclose(log.q[:, 0], exact, atol=2e-5)


def test_sliding_mode_outweighs_a_disturbance_below_its_reach_and_no_other():
    robot = load("panda")
    left = {}
    for reach in (2.0, 40.0):
        law = SlidingMode(20.0, reach=reach, layer=0.2).law(robot, DT)
        log = roll(law, rest(robot.home, 2000), plant=robot.with_payload(0.5), friction=0).log
        left[reach] = abs(log.q[-1] - robot.home).max()
    assert left[40.0] < 0.2 / 20.0 < left[2.0]  # φ / λ


def test_a_push_displaces_an_impedance_by_force_over_stiffness():
    robot, force = load("panda"), np.array([4.0, -3.0, 2.0])
    law = Impedance(stiffness=(400.0, 500.0, 600.0), rotation=30.0).law(robot, DT)
    pushes = [Push(robot.tool, force, 0.0, 9.0)]
    log = roll(law, rest(robot.home, 4000), friction=0, pushes=pushes).log
    before, after = robot.pose(robot.home), robot.pose(log.q[-1])
    assert_allclose(after[:3, 3] - before[:3, 3], force / [400, 500, 600], rtol=0.01)
    assert_allclose(after[:3, :3], before[:3, :3], atol=1e-3)  # no moment, no turn


def test_a_joint_impedance_is_a_spring_of_its_stiffness(tmp_path):
    robot = one_joint(tmp_path)
    law = Impedance("joint", stiffness=80.0, zeta=0.5).law(robot, DT)
    damper = PD(80.0, 2 * 0.5 * np.sqrt(80.0 * INERTIA)).law(robot, DT)
    logs = [roll(x, rest([0.0], 1000), start=(np.array([0.3]), STILL)).log for x in (law, damper)]
    assert_allclose(logs[0].q, logs[1].q, atol=1e-12)


def test_an_admittance_gives_way_by_torque_over_stiffness(tmp_path):
    robot = one_joint(tmp_path)
    law = Admittance(stiffness=10.0, threshold=0.5).law(robot, DT)
    pushes = [Push("load", np.array([0.0, 2.0, 0.0]), 0.0, 20.0, (1.0, 0.0, 0.0))]
    log = roll(law, rest([0.0], 6000), pushes=pushes).log
    q = log.q[-1, 0]
    assert 10.0 * q == pytest.approx(2.0 * np.cos(q) - 0.5, rel=1e-3)


def yielding(robot, force, seconds, **gains):
    """(t, displacement (N + 1, 3) [m], first and last pose) of a Panda whose tool is pushed from the start on."""
    law = Admittance("cartesian", **gains).law(Frictionless(robot), DT)
    pushes = [Push(robot.tool, np.asarray(force), 0.0, 99.0)]
    log = roll(law, rest(robot.home, round(seconds / DT)), plant=robot, friction=0, pushes=pushes).log
    poses = robot.pose(log.q)
    return log.t, poses[:, :3, 3] - poses[0, :3, 3], poses[0], poses[-1]


def test_a_push_moves_the_tool_of_an_admittance_by_force_over_stiffness():
    force = np.array([4.0, -3.0, 2.0])
    stiff = {"stiffness": (200.0, 300.0, 400.0), "mass": 5.0}
    _, moved, before, after = yielding(load("panda"), force, 4.0, **stiff)
    assert_allclose(moved[-1], force / [200, 300, 400], rtol=5e-3)
    assert_allclose(after[:3, :3], before[:3, :3], atol=2e-3)  # no moment, no turn
    _, idle, *_ = yielding(load("panda"), force, 4.0, threshold=1.0, **stiff)
    assert_allclose(idle[-1], (force - [1, -1, 1]) / [200, 300, 400], rtol=2e-2)


def test_axes_of_the_tool_turn_with_it():
    robot = load("panda")
    home = robot.home.copy()
    home[6] += 0.6  # so that the tool's x and y are not the world's
    turned = robot.pose(home)[:3, :3]
    robot, force = replace(robot, home=home), 5.0 * turned[:, 0]
    _, moved, *_ = yielding(robot, force, 4.0, stiffness=(250.0, 1e4, 1e4), mass=5.0, frame="tool")
    assert_allclose(turned.T @ moved[-1], [5.0 / 250.0, 0, 0], atol=2e-4)


@pytest.mark.parametrize("zeta", [0.3, 1.0, 2.0])
def test_the_step_response_of_the_tool_is_that_of_mass_damper_and_spring(zeta):
    m, K, F, w = 4.0, 150.0, 6.0, 250.0
    t, moved, *_ = yielding(load("panda"), [0.0, F, 0.0], 1.5, stiffness=K, mass=m, zeta=zeta, bandwidth=w, wn=60.0)
    seen = ([w], [1.0, w])  # what the observer makes of the push
    D = 2 * zeta * np.sqrt(K * m)
    _, exact = signal.step((F * np.array(seen[0]), np.polymul(seen[1], [m, D, K])), T=t)
    assert abs(moved[:, 1] - exact).max() < 0.02 * F / K
    assert abs(moved[:, [0, 2]]).max() < 0.02 * F / K


def test_the_tool_of_an_admittance_turns_by_moment_over_stiffness():
    robot, arm = load("panda"), np.array([0.0, 0.1, 0.0])
    law = Admittance("cartesian", rotation=8.0, stiffness=1e4, inertia=0.1).law(Frictionless(robot), DT)
    axes = robot.pose(robot.home)[:3, :3]
    force = 4.0 * axes[:, 2]  # along the tool's z, at its y: a moment about x
    pushes = [Push(robot.tool, force, 0.0, 99.0, tuple(arm))]
    log = roll(law, rest(robot.home, 4000), plant=robot, friction=0, pushes=pushes).log
    turned = robot.pose(log.q[-1])[:3, :3] @ axes.T
    vector = 0.5 * np.array([turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0], turned[1, 0] - turned[0, 1]])
    assert_allclose(np.linalg.norm(vector), np.sin(0.4 / 8.0), rtol=0.02)
    assert_allclose(vector / np.linalg.norm(vector), axes[:, 0], atol=0.03)


def test_the_tool_of_operational_space_control_has_the_errors_dynamics():
    robot, wn = load("panda"), 15.0
    law = OperationalSpace(wn=wn).law(robot, DT)
    start = robot.home + 0.02 * np.array([1, -1, 1, 1, -1, 1, 0.0])
    log = roll(law, rest(robot.home, 800), start=(start, np.zeros(7)), friction=0).log
    goal, tool = robot.pose(robot.home)[:3, 3], robot.pose(log.q)[:, :3, 3]
    exact = (tool[0] - goal) * ((1 + wn * log.t) * np.exp(-wn * log.t))[:, None]
    assert_allclose(tool - goal, exact, atol=0.02 * abs(tool[0] - goal).max())


def test_the_null_space_of_a_position_task_does_not_move_the_tool():
    robot = load("panda")
    law = OperationalSpace(wn=40.0, null_wn=5.0, task="position").law(robot, DT)
    J = robot.jacobian(robot.home)[:3]
    free = np.linalg.svd(J)[2][3:]  # (4, 7) joint motions that leave the tool where it is
    start = robot.home + 0.05 * free[0]
    log = roll(law, rest(robot.home, 1500), start=(start, np.zeros(7)), friction=0).log
    apart = np.linalg.norm(robot.pose(log.q)[:, :3, 3] - robot.pose(robot.home)[:3, 3], axis=1)
    assert apart[300:].max() < 2e-5
    assert abs(log.q[300] - robot.home).max() > 5e-3
    assert abs(log.q[-1] - robot.home).max() < 2e-3


def test_the_tool_under_cartesian_velocity_decays_at_its_rate():
    robot, rate = load("panda"), 6.0
    law = CartesianVelocity(rate=rate, bandwidth=200.0).law(robot, DT)
    start = robot.home + 0.02 * np.array([1, -1, 1, 1, -1, 1, 0.0])
    log = roll(law, rest(robot.home, 600), start=(start, np.zeros(7)), friction=0).log
    apart = np.linalg.norm(robot.pose(log.q)[:, :3, 3] - robot.pose(robot.home)[:3, 3], axis=1)
    assert apart[500] / apart[200] == pytest.approx(np.exp(-0.3 * rate), rel=0.06)


def test_an_observer_takes_up_a_payload_and_computed_torque_does_not():
    robot, left = load("panda"), {}
    for design in (ComputedTorque(30), DisturbanceObserver(30)):
        law = design.law(Frictionless(robot), DT, latency=5e-3)
        log = roll(law, rest(robot.home, 2500), plant=robot.with_payload(0.5), friction=0, latency=5e-3).log
        left[type(design)] = abs(log.q[-1] - robot.home).max()
    assert left[DisturbanceObserver] < 1e-6 < 1e-3 < left[ComputedTorque]


def test_a_cascade_keeps_its_speed_and_takes_up_a_load(tmp_path):
    law = Cascade(max_speed=0.5).law(one_joint(tmp_path), DT)
    pushes = [Push("load", np.array([0.0, 1.0, 0.0]), 0.0, 20.0, (1.0, 0.0, 0.0))]
    log = roll(law, rest([1.0], 6000), start=(STILL, STILL), pushes=pushes).log
    assert log.v.max() < 0.55
    assert abs(log.q[-1, 0] - 1.0) < 1e-4


@pytest.mark.parametrize("latency", [0.0, 5e-3])
@pytest.mark.parametrize(("believed", "true"), MASSES)
def test_adaptation_finds_a_kilogram_and_tracks_as_if_it_had_been_known(believed, true, latency):
    law, run, error, _ = there_and_back(Adaptive(), believed, true, latency=latency)
    found = payload_found(law, run.memory)
    assert error < 5e-5
    assert found.mass == pytest.approx(true - believed, abs=5e-3)
    assert abs(found.mass - (true - believed)) < 3 * found.std[0]
    assert 0 < found.std[0] < 5e-3
    assert f"{found.mass:+.4g} kg" in law.notes(run.memory)[0]


@pytest.mark.parametrize(("believed", "true"), MASSES)
def test_adaptation_is_quiet_under_latency_and_noise(believed, true):
    _, _, error, rate = there_and_back(Adaptive(), believed, true, latency=5e-3, **NOISE)
    assert error < 1.3e-4
    assert rate < 2000


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: SlidingMode(layer=0), "layer must be finite and greater than 0"),
        (lambda: SlidingMode(reach=400.0).law(load("panda"), DT), r"panda_joint1 is 2020 1/s, which a control period"),
        (lambda: Cascade(velocity=2000.0).law(load("panda"), DT), "velocity of panda_joint1 is 2000 1/s"),
        (lambda: DisturbanceObserver(bandwidth=1e4).law(load("panda"), DT), "bandwidth is 10000 1/s"),
        (lambda: OperationalSpace(wn=(1.0, 2.0)), "wn must be one number"),
        (lambda: Admittance(rotation=1.0), "rotation is for space cartesian"),
        (
            lambda: Admittance("cartesian", mass=(1.0, 2.0)).law(load("panda"), DT),
            "one number or 3, of x, y and z; got 2",
        ),
        (
            lambda: Admittance("cartesian").law(load("two_link"), DT),
            "tool of two_link cannot move in all six directions",
        ),
        (lambda: Impedance(stiffness=(1.0, 2.0)).law(load("panda"), DT), "one number or one for x, y and z, got 2"),
        (lambda: Adaptive().law(load("two_link").with_frame("stand"), DT), "fixed to its base"),
        (lambda: payload_found(PD(1, 1).law(load("panda"), DT), np.zeros(7)), "only an adaptive law"),
    ],
)
def test_what_makes_no_sense_is_refused(make, told):
    with pytest.raises(InvalidInput, match=told):
        make()


def test_an_unknown_word_is_named():
    with pytest.raises(UnknownName, match="did you mean 'position'"):
        OperationalSpace(task="positon")
    with pytest.raises(UnknownName, match="did you mean 'joint'"):
        Impedance("joints")
    with pytest.raises(UnknownName, match="did you mean 'cartesian'"):
        Admittance("cartesan")
