"""The twin as a plant, the loop around it, and how runs end."""

import numpy as np
import pinocchio as pin
import pytest
from numba import njit
from numpy.testing import assert_allclose, assert_array_equal

from robocalc.control import PD, ComputedTorque, Law
from robocalc.dynamics import load
from robocalc.errors import InvalidInput, UnknownName
from sims.effects import make_effects
from sims.engines import engine
from sims.engines.loop import simulate
from sims.engines.status import Outcome
from sims.engines.twin import Twin
from tests.sims.loop_cases import DT, move, rest, rms, roll

LAW = PD(60, 3)


class Stepped:
    """A twin that the loop does not recognise, and so steps from Python."""

    def __init__(self, robot, dt):
        self.twin = Twin(robot, dt)
        self.robot, self.dt, self.seen = robot, dt, []
        self.reset, self.read, self.close = self.twin.reset, self.twin.read, self.twin.close

    def push(self, tau):
        self.seen.append(tau.copy())
        self.twin.push(tau)


@pytest.mark.parametrize("name", ["panda", "iiwa", "xarm6", "two_link", "cart_pole"])
def test_a_step_is_pinocchios_acceleration_and_semi_implicit_euler(name):
    robot = load(name)
    model = pin.buildModelFromUrdf(str(robot.path))
    data, rng = model.createData(), np.random.default_rng(0)
    q, v = robot.home.copy(), rng.uniform(-1, 1, robot.n)
    with Twin(robot, DT) as twin:
        twin.reset(q, v)
        for k in range(50):
            tau = rng.uniform(-1, 1, robot.n)
            state = twin.step(tau)
            v = v + DT * pin.aba(model, data, q, v, tau)
            q = q + DT * v
            assert state.t == pytest.approx((k + 1) * DT)
            assert_allclose(state.q, q, atol=1e-11)
            assert_allclose(state.v, v, atol=1e-9)


@pytest.mark.parametrize("every", [1, 4])
def test_the_compiled_rollout_and_steps_from_python_give_the_same_bits(every):
    robot = load("panda")
    law = ComputedTorque(30, integral=True).law(robot, every * DT)
    reference = move(robot.home, robot.home + 0.3, duration=0.2, hold=0.05)
    options = {"latency": 2.3e-3, "position_noise": 1e-5, "velocity_filter_hz": 100, "ripple": 0.02, "seed": 4}
    effects = make_effects(robot, DT, len(reference) - 1, control_every=every, **options)
    one, two = (simulate(plant, law, reference, effects) for plant in (Twin(robot, DT), Stepped(robot, DT)))
    assert_array_equal(one.log.joint, two.log.joint)
    assert one.outcome == two.outcome == Outcome.FINISHED


def test_a_run_leaves_nothing_behind():
    robot = load("panda")
    law = ComputedTorque(30, integral=True).law(robot, DT)
    reference = move(robot.home, robot.home + 0.3, duration=0.2, hold=0.05)
    effects = make_effects(robot, DT, 250, velocity_filter_hz=50, position_noise=1e-4)
    plant = Twin(robot, DT)
    one, two = (simulate(plant, law, reference, effects).log for _ in range(2))
    assert_array_equal(one.joint, two.joint)
    assert not law.memory.any()


def test_every_row_is_there_and_the_last_is_not_stepped_from():
    robot = load("two_link")
    reference, plant = move(robot.home, robot.home + 0.3, duration=0.1, hold=0.0), Stepped(robot, DT)
    log = simulate(plant, LAW.law(robot, DT), reference, make_effects(robot, DT, 100)).log
    assert log.joint.shape == (101, 10, 2)
    assert len(plant.seen) == 100
    assert_array_equal(log.tau[:-1] + log.tau_world[:-1], plant.seen)
    assert_array_equal(np.stack([log.q_ref, log.v_ref, log.a_ref], axis=1), reference)
    assert log.tau_wanted[-1].any()


def test_the_law_is_told_time_stamp_target_and_torque_applied():
    """A law that writes what it is told into the torque it wants, where the log shows it."""

    @njit
    def tell(model, gains, memory, t, q, v, ref, tau):
        said = (t, ref[0, 0], ref[2, 0], ref[4, 0], q[0], tau[1])[int(gains[0, 0])]
        tau[0], tau[1] = said, 10.0

    robot, steps = load("two_link"), 20
    reference = move(robot.home, robot.home + 0.3, duration=0.02, hold=0.0)
    told = []
    for what in range(6):
        law = Law(tell, np.full((1, 2), float(what)), np.zeros((1, 2)), DT, robot=robot)
        told.append(roll(law, reference, torque_limits=[1e9, 4.0], latency=2 * DT).log)
    stamp = np.maximum(np.arange(steps + 1) - 2, 0)
    assert_allclose(told[0].tau[:, 0], np.arange(steps + 1) * DT)
    assert_array_equal(told[1].tau[:, 0], reference[stamp, 0, 0])
    assert_array_equal(told[2].tau[:, 0], reference[:, 0, 0])
    assert_array_equal(told[3].tau[:, 0], reference[:, 2, 0])
    assert_array_equal(told[4].tau[:, 0], told[4].q[stamp, 0])
    assert_array_equal(told[5].tau[:, 0], [0.0] + [4.0] * steps)


def test_force_mode_overrides_the_law_where_asked():
    robot = load("panda_gripper")
    reference = rest(robot.home, 300)
    grip = np.full((301, 9), np.nan)
    grip[100:200, 7:] = -1.5
    log = roll(ComputedTorque(30).law(robot, DT), reference, grip=grip, friction=0).log
    assert_allclose(log.q[100], robot.home, atol=1e-9)
    assert_array_equal(log.tau_wanted[100, 7:], [-1.5, -1.5])
    assert (abs(log.tau_wanted[101:200, 7:]) <= 1.5 + 1e-9).all()  # less the damping
    assert (log.q[199, 7:] < robot.home[7:] - 0.005).all()


# --- how runs end


def test_divergence_is_an_outcome_and_keeps_the_rows():
    robot = load("panda")
    law, free = PD(100, 1000).law(robot, DT), np.full(7, np.inf)
    run = roll(law, move(robot.home, robot.home + 0.3), torque_limits=free)
    assert run.outcome is Outcome.DIVERGED
    assert run.outcome.diverged
    assert 5 < len(run.log.joint) < 1500
    assert np.isfinite(run.log.q).all()
    assert "lower the gains" in run.outcome.value


def test_a_law_that_says_nan_ends_the_run_at_once():
    @njit
    def lost(model, gains, memory, t, q, v, ref, tau):
        for i in range(len(tau)):
            tau[i] = np.nan if t > 0.0095 else 0.0

    robot = load("two_link")
    run = roll(Law(lost, np.zeros((1, 2)), np.zeros((1, 2)), DT, robot=robot), rest(robot.home, 100))
    assert run.outcome is Outcome.NOT_FINITE
    assert len(run.log.joint) == 11
    assert np.isfinite(run.log.q).all()


@pytest.mark.parametrize("engine", [Twin, Stepped])
def test_pauses_come_where_asked_and_may_stop_the_run(engine):
    robot, seen = load("two_link"), []
    reference, law = move(robot.home, robot.home + 0.3, duration=0.1, hold=0.0), LAW.law(robot, DT)
    effects, plant = make_effects(robot, DT, 100), engine(robot, DT)

    def look(k):
        q, v = np.zeros((2, 2))
        plant.read(q, v)
        seen.append((k, q.copy()))
        return k == 60

    run = simulate(plant, law, reference, effects, pauses=[0, 25, 60, 80], on_pause=look)
    assert [k for k, _ in seen] == [0, 25, 60]
    assert run.outcome is Outcome.STOPPED
    assert len(run.log.joint) == 61
    for k, q in seen:
        assert_array_equal(run.log.q[k], q)
    whole = simulate(plant, law, reference, effects)
    assert whole.outcome is Outcome.FINISHED
    assert_array_equal(whole.log.joint[:61], run.log.joint)
    last = []
    simulate(plant, law, reference, effects, pauses=[100], on_pause=last.append)
    assert last == [100]


# --- bad requests


def test_what_does_not_fit_together_is_refused():
    robot, other = load("two_link"), load("panda")
    law, effects, reference = LAW.law(robot, DT), make_effects(robot, DT, 100), rest(robot.home, 100)
    plant = Twin(robot, DT)
    cases = [
        ((plant, LAW.law(other, DT), reference, effects), {}, "joints: plant 2, law 7, effects 2"),
        ((plant, LAW.law(robot, 2 * DT), reference, effects), {}, "the law's period is 0.002 s"),
        ((Twin(robot, 2 * DT), law, reference, effects), {}, "the plant steps 0.002 s"),
        ((plant, law, reference[:, :2], effects), {}, r"a reference must have shape \(N \+ 1, 3, 2\)"),
        ((plant, law, reference * np.nan, effects), {}, "not finite at step 0"),
        ((plant, law, reference, effects), {"start": ([0, 0, 0], [0, 0])}, "start position must be 2 finite numbers"),
        ((plant, law, reference, effects), {"start": ([0, 0], [0, np.inf])}, "start velocity must be 2 finite"),
        ((plant, law, reference, effects), {"grip": np.zeros((5, 2))}, r"grip must have shape \(101, 2\)"),
        ((plant, law, reference, effects), {"pauses": [5, 3]}, "pauses must be increasing steps from 0 to 100"),
        ((plant, law, reference, make_effects(robot, DT, 50, ripple=1.0)), {}, "drawn for 50 steps"),
    ]
    for args, options, told in cases:
        with pytest.raises(InvalidInput, match=told):
            simulate(*args, **options)


@pytest.mark.parametrize("dt", [0, -1, float("nan"), "1 ms"])
def test_an_impossible_time_step_is_refused(dt):
    with pytest.raises(InvalidInput, match="time step"):
        Twin(load("two_link"), dt)


def test_a_step_that_is_no_law_is_refused():
    robot = load("two_link")

    @njit
    def returns(model, gains, memory, t, q, v, ref, tau):
        return 1.0

    @njit
    def too_few(q, v, tau):
        tau[0] = 1.0

    cases = (lambda: 0, "must be a numba.njit function"), (returns, "return nothing"), (too_few, "must compile")
    for step, told in cases:
        law = Law(step, np.zeros((1, 2)), np.zeros((1, 2)), DT, robot=robot)
        with pytest.raises(InvalidInput, match=told):
            roll(law, rest(robot.home, 10))


def test_noise_reaches_the_law_and_not_the_plant():
    robot = load("two_link")
    law = LAW.law(robot, DT)
    run = roll(law, rest(robot.home, 500), position_noise=1e-4)
    assert 0 < rms(run.log) < 1e-3


def test_engines_are_found_by_name():
    assert engine("twin") is Twin
    with pytest.raises(UnknownName, match="did you mean 'twin'"):
        engine("twn")
