"""Sampled loops against closed forms, python-control and the loop itself."""

import control as ct
import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.control import CONTROLLERS, LQR, PD, PID, ComputedTorque, damping_limit
from robocalc.control.analysis import analyse
from robocalc.control.sampled_loop import decays
from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from tests.sims.loop_cases import DT, INERTIA, one_joint

KP, KD = 200.0, 20.0


def transfer(kp=KP, kd=KD, ki=0.0):
    """L(z) of one inertia stepped by semi-implicit Euler: v₊ = v + h τ / I, q₊ = q + h v₊, under a sampled PID."""
    A, B = np.array([[1, DT], [0, 1]]), np.array([[DT**2], [DT]]) / INERTIA
    plant = ct.ss(A, B, np.eye(2), 0, DT)
    law = ct.ss(1, [[ki * DT, 0]], 1, [[kp + ki * DT, kd]], DT) if ki else ct.ss([], [], [], [[kp, kd]], DT)
    return law * plant


def test_poles_of_a_sampled_pd_are_those_of_the_closed_form(tmp_path):
    found = analyse(PD(KP, KD), one_joint(tmp_path), DT, [0.0])
    a, b = DT**2 * KP / INERTIA, DT * KD / INERTIA  # z² - (2 - a - b) z + 1 - b
    assert_allclose(np.sort(found.poles), np.sort(np.roots([1, -(2 - a - b), 1 - b])), rtol=1e-8)
    assert_allclose(np.exp(found.poles_s * DT), found.poles)
    assert found.stable
    assert found.saturates_at[0] == pytest.approx(50 / KP)


@pytest.mark.parametrize("ki", [0.0, 500.0])
def test_margins_are_those_of_python_control(tmp_path, ki):
    design = PID(KP, ki, KD, tracking_time=1.0) if ki else PD(KP, KD)
    found = analyse(design, one_joint(tmp_path), DT, [0.0])
    margins = ct.stability_margins(transfer(ki=ki), returnall=True)
    factors = [*margins[0], -1 / transfer(ki=ki)(-1).real]  # python-control leaves out half the sampling rate
    assert found.gain_margin[0] == pytest.approx(min(k for k in factors if k > 1), rel=1e-5)
    assert found.phase_margin[0] == pytest.approx(np.radians(margins[1].min()), rel=1e-5)
    assert found.delay_margin[0] == pytest.approx(found.phase_margin[0] / margins[4][np.argmin(margins[1])], rel=1e-5)
    assert (found.gain_reduction[0] > 0) == (ki > 0)
    if ki:
        poles = ct.feedback(found.gain_reduction[0] * transfer(ki=ki)).poles()
        assert np.abs(poles).max() == pytest.approx(1.0, abs=1e-7)


def test_the_gain_margin_is_where_the_loop_begins_to_grow(tmp_path):
    robot = one_joint(tmp_path)
    k = analyse(PD(KP, KD), robot, DT, [0.0]).gain_margin[0]
    assert k == pytest.approx(4 / (DT**2 * KP / INERTIA + 2 * DT * KD / INERTIA))  # pole at -1: 4 = k (a + 2 b)
    assert analyse(PD(0.999 * k * KP, 0.999 * k * KD), robot, DT, [0.0]).stable
    assert not analyse(PD(1.001 * k * KP, 1.001 * k * KD), robot, DT, [0.0]).stable


def test_measurements_older_than_the_delay_margin_make_the_loop_unstable(tmp_path):
    robot = one_joint(tmp_path)
    margin = analyse(PD(KP, KD), robot, DT, [0.0]).delay_margin[0]
    steps = int(margin / DT)
    assert analyse(PD(KP, KD), robot, DT, [0.0], latency=steps * DT).stable
    late = analyse(PD(KP, KD), robot, DT, [0.0], latency=(steps + 1) * DT)
    assert not late.stable
    assert "not stable" in late.warnings[0]
    assert late.gain_margin[0] == 0.0


def test_latency_uses_up_the_delay_margin(tmp_path):
    robot = one_joint(tmp_path)
    fresh, old = (analyse(PD(KP, KD), robot, DT, [0.0], latency=x).delay_margin[0] for x in (0.0, 5e-3))
    assert fresh - old == pytest.approx(5e-3, rel=1e-5)


def test_the_loop_of_an_lqr_has_the_poles_that_it_was_designed_for():
    robot = load("panda")
    design = LQR()
    from robocalc.control import linearise

    A, B = linearise(robot, robot.home, 2 * DT, 2)
    K, _ = design.feedback(robot, 2 * DT, robot.home, substeps=2)
    wanted = np.sort(np.abs(np.linalg.eigvals(A - B @ K)))
    found = analyse(design, robot, 2 * DT, robot.home, substeps=2)
    assert_allclose(np.sort(np.abs(found.poles)), wanted, atol=1e-7)


def test_computed_torque_puts_every_joint_where_its_gains_say():
    robot = load("two_link")
    found = analyse(ComputedTorque(wn=20.0, zeta=1.25), robot, DT, robot.home)  # s = -10 and -40, for each joint
    assert_allclose(np.sort(found.poles_s[:4].real), [-40, -40, -10, -10], rtol=1e-4)
    assert (found.gain_margin > 1).all()
    assert (found.delay_margin > DT).all()


def test_too_much_damping_is_told_with_its_number():
    robot = load("panda")
    kd = 0.1 * damping_limit(robot, robot.home, DT)
    kd[6] *= 18
    found = analyse(PD(100.0, tuple(kd)), robot, DT, robot.home)
    assert found.damping_ratio_of_limit[6] == pytest.approx(1.8)
    assert f"kd of joint 7 ({robot.joints[6]}) is 1.8 times the largest that a 1 ms step can damp" in found.warnings


@pytest.mark.parametrize("tag", ["pid", "lqi", "cascade", "sliding_mode", "disturbance_observer", "adaptive"])
def test_an_analysis_agrees_with_what_the_loop_does(tag):
    """Stable by its poles: thrown off a little, the loop comes back."""
    given = {"pid": {"kp": 100.0, "ki": 10.0, "kd": 5.0}}
    robot = load("two_link")
    design = CONTROLLERS[tag](**given.get(tag, {}))
    found = analyse(design, robot, DT, robot.home)
    assert found.stable == comes_back(design, robot), found.poles[:4]


def comes_back(design, robot, steps=3000):
    return bool(np.abs(released(design, robot, 1e-4, steps)[-1]).max() < 1e-4)


def released(design, robot, aside, steps, every=1, latency=0.0, older=0.0):
    """(steps + 1, n) deviations from home in the twin, let go `aside` of it, seen `older` than the law knows."""
    from sims.effects import make_effects
    from sims.engines.loop import simulate
    from sims.engines.twin import Twin

    law = design.law(robot, every * DT, robot.home, substeps=every, latency=latency)
    rest = np.zeros((steps + 1, 3, robot.n))
    rest[:, 0] = robot.home
    effects = make_effects(robot, DT, steps, control_every=every, latency=latency + older)
    start = robot.home + aside, np.zeros(robot.n)
    return simulate(Twin(robot, DT), law, rest, effects, start=start).log.q - robot.home


@pytest.mark.parametrize("latency", [0.0, 4e-3, 10.5e-3])
@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize("robot", ["cart_pole", "quadrotor_2d"])
def test_the_slowest_poles_of_a_law_that_predicts_are_those_of_its_run(robot, every, latency):
    """Long after it is let go, a motion of two poles z and z̄ obeys x₊₊ = 2 Re(z) x₊ - |z|² x."""
    robot = load(robot)
    poles = analyse(LQR(), robot, every * DT, substeps=every, latency=latency).poles[:2]
    x = released(LQR(), robot, 1e-5, 6000, every, latency)[3000::100]
    fit = np.linalg.lstsq(np.stack([x[1:-1].ravel(), x[:-2].ravel()], axis=1), x[2:].ravel(), rcond=None)[0]
    assert_allclose(
        np.sort_complex(np.roots([1, -fit[0], -fit[1]])), np.sort_complex(poles ** (100 // every)), atol=1e-3
    )


@pytest.mark.parametrize(
    ("law", "latency"), [("pd", 0.0), ("pid", 0.0), ("computed_torque", 0.0), ("cascade", 0.0), ("lqr", 4e-3)]
)
def test_a_run_bears_a_delay_below_the_delay_margin_and_none_above(tmp_path, law, latency):
    """Measurements are older than the law knows by a little less, and by a little more, than its margin."""
    given = {"pd": {"kp": KP, "kd": KD}, "pid": {"kp": KP, "ki": 500.0, "kd": KD}}
    robot, design = one_joint(tmp_path), CONTROLLERS[law](**given.get(law, {}))
    margin = analyse(design, robot, DT, [0.0], latency=latency).delay_margin[0]
    for share, bears in ((0.93, True), (1.07, False)):
        x = released(design, robot, 1e-5, 6000, latency=latency, older=share * margin)
        assert (np.abs(x[-500:]).max() < np.abs(x[2000:2500]).max()) == bears, (margin, share)


def test_decay_is_told_as_by_the_poles():
    rng = np.random.default_rng(0)
    for radius in (0.3, 0.999, 1 - 1e-6, 1 + 1e-6, 1.001, 40.0):
        for _ in range(10):
            A = rng.normal(size=(12, 12))
            assert decays(A * radius / np.abs(np.linalg.eigvals(A)).max()) == (radius < 1)
    assert decays(np.eye(5, k=-1))
    assert not decays(np.eye(5))
    assert not decays(np.full((2, 2), np.nan))


def test_a_pd_of_the_cart_holds_a_pole_that_hangs_but_not_one_that_stands():
    up, down = (analyse(PD(10.0, 1.0), load("cart_pole"), DT, [0.0, angle]) for angle in (0.0, np.pi))
    assert down.stable
    assert up.poles[0].real > 1.0
    assert not up.stable
    assert up.unstabilised == ()  # another law of the same drive could


def test_without_gravity_no_drive_brings_a_pole_back():
    robot = load("cart_pole").with_gravity((0, 0, 0))
    found = analyse(PD(10.0, 1.0), robot, DT, robot.home)
    assert f"velocity of {robot.joints[1]}" in found.unstabilised
    assert not found.stable
    assert found.warnings[0].startswith("no drive stabilises")


@pytest.mark.parametrize("words", [{"dt": 0.0}, {"latency": -1.0}, {"q": [np.nan]}, {"substeps": 0}])
def test_bad_input_is_refused(tmp_path, words):
    given = {"dt": DT, "q": [0.0]} | words
    with pytest.raises(InvalidInput):
        analyse(PD(1.0, 1.0), one_joint(tmp_path), **given)


def test_a_law_along_a_motion_has_no_poles_of_its_own():
    with pytest.raises(InvalidInput, match="along one motion"):
        analyse(CONTROLLERS["tvlqr"](), load("two_link"), DT)


def test_check_tells_the_margins_and_warns(capsys):
    from sims.cli.analysis import analysis_json, show_analysis
    from sims.cli.app import SCENARIOS
    from sims.scenario.schema import Scenario

    robot = load("panda")
    words = {"kp": 100.0, "kd": float(1.8 * damping_limit(robot, robot.home, DT)[6])}
    scenario = Scenario.load(SCENARIOS / "panda_pick_and_place.yaml", [("controller", {"type": "pd"} | words)])
    show_analysis(scenario)
    text = capsys.readouterr().out
    told = analysis_json(scenario)
    assert any("joint 7" in sentence and "ms step can damp" in sentence for sentence in told["warnings"])
    assert all(sentence in text for sentence in told["warnings"])
    assert ("NOT STABLE" in text) == (not told["stable"])
