"""Predictive control in closed loop: equal to TVLQR where nothing is at a limit, within limits where something is."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.control import MPC, TVLQR
from robocalc.control.kernels_horizon import CALLS, ITERATIONS, MISSES, UNSOLVED, WORST
from robocalc.control.signature import law_address
from robocalc.dynamics import load
from robocalc.errors import InvalidInput, UnknownName
from sims.effects import make_effects
from sims.engines.close import close_loop
from sims.engines.twin import Twin
from tests.sims.loop_cases import DT, move, one_joint, rest, rms, roll

ARM = load("two_link")
MOVE = move(ARM.home, ARM.home + np.array([0.6, -0.4]), duration=0.8, hold=0.3)


def counters(law, reference, start=None, **effects):
    """The law's counters after a run of the twin."""
    made = make_effects(law.robot, DT, len(reference) - 1, **effects)
    with Twin(law.robot, DT) as twin:
        twin.reset(*(reference[0, :2] if start is None else start))
        closed = close_loop(twin, law, reference, made)
        twin.roll(0, len(reference) - 1, law_address(law.step), closed)
    return closed.memory.ravel()


@pytest.mark.parametrize("model", ["reference", "rti"])
@pytest.mark.parametrize(("horizon", "every"), [(1, 1), (20, 1), (8, 4)])
def test_away_from_limits_it_is_tvlqr(model, horizon, every):
    weights = {"q_weight": 30.0, "v_weight": 0.5, "r_weight": 0.02}
    options = {"substeps": every, "reference": MOVE, "step": DT}
    design = MPC(**weights, horizon=horizon, model=model, disturbance=0, tolerance=1e-12)
    start = (MOVE[0, 0] + 1e-4, MOVE[0, 1] - 1e-3)
    logs = [
        roll(d.law(ARM, every * DT, **options), MOVE, start=start, friction=0, control_every=every).log
        for d in (design, TVLQR(**weights))
    ]
    assert_allclose(logs[0].q, logs[1].q, atol=1e-9 if model == "reference" else 1e-7 if every == 1 else 5e-6)
    assert abs(logs[0].q - logs[0].q_ref)[0].max() > 1e-5


@pytest.mark.parametrize("latency", [0.0, 2.5e-3])
@pytest.mark.parametrize("model", ["reference", "rti"])
def test_an_exact_model_tracks_exactly(model, latency):
    law = MPC(model=model).law(ARM, DT, reference=MOVE, step=DT, latency=latency)
    assert rms(roll(law, MOVE, latency=latency).log) < 1e-9


def test_inputs_and_speeds_keep_to_their_limits(tmp_path):
    """One inertia, a metre away: as fast as it may go, no faster, though full torque would do more."""
    robot = one_joint(tmp_path)
    limited = MPC(1e4, 1.0, 1e-3, horizon=20, stride=10, velocity_weight=1e5, disturbance=0)
    free = MPC(1e4, 1.0, 1e-3, horizon=20, stride=10, velocity_weight=0, disturbance=0)
    text = (tmp_path / "one.urdf").read_text()
    (tmp_path / "one.urdf").write_text(text.replace('velocity="100"', 'velocity="2"'))
    robot = load(str(tmp_path / "one.urdf"))
    start = (np.array([-1.0]), np.zeros(1))
    logs = [roll(d.law(robot, DT, reference=rest([0.0], 1500), step=DT), rest([0.0], 1500), start=start).log
            for d in (limited, free)]  # fmt: skip
    assert logs[0].v.max() < 2.0 + 1e-2 < 4.0 < logs[1].v.max()
    assert logs[0].v.max() > 1.9
    for log in logs:
        assert abs(log.tau_wanted).max() <= 50.0
        assert abs(log.q[-1, 0]) < 1e-3


def test_a_constant_load_leaves_no_error_behind():
    left = {}
    for seen in (0.05, 0.0):
        law = MPC(disturbance=seen).law(ARM, DT, reference=rest([0.4, 0.6], 3000), step=DT)
        log = roll(law, rest([0.4, 0.6], 3000), plant=ARM.with_payload(0.3), friction=0).log
        left[seen] = abs(log.q[-1] - log.q_ref[-1]).max()
    assert left[0.05] < 1e-5 < 1e-3 < left[0.0]


def test_the_budget_of_iterations_is_kept_and_inputs_stay_within_limits():
    reference, start = rest(ARM.home, 200), (ARM.home + np.array([0.8, -0.8]), np.zeros(2))
    law = MPC(iterations=2).law(ARM, DT, reference=reference, step=DT)
    memory = counters(law, reference, start)
    assert memory[CALLS] == 200
    assert memory[WORST] <= 2
    assert memory[UNSOLVED] > 0
    assert memory[ITERATIONS] <= 400
    limits = ARM.limits.bounds("torque", 2)[1]
    assert (abs(roll(law, reference, start=start).log.tau_wanted) <= limits + 1e-6).all()


def test_missed_deadlines_are_counted_and_the_run_goes_on():
    law = MPC(deadline=1e-9).law(ARM, DT, reference=MOVE, step=DT)
    memory = counters(law, MOVE)
    assert memory[MISSES] == memory[CALLS] == len(MOVE) - 1
    assert law.notes(memory)[0].startswith("mpc missed its deadline in 1100 of 1100 periods")
    law = MPC(deadline=10.0).law(ARM, DT, reference=MOVE, step=DT)
    assert law.notes(counters(law, MOVE)) == ()


def test_same_run_same_bits():
    law = MPC().law(ARM, DT, reference=MOVE, step=DT)
    runs = [roll(law, MOVE, start=(MOVE[0, 0] + 0.2, MOVE[0, 1])).log.joint for _ in range(2)]
    np.testing.assert_array_equal(*runs)


def test_a_cart_pole_is_caught_by_one_input():
    robot = load("cart_pole")
    law = MPC(r_weight=0.1).law(robot, DT, reference=rest(robot.home, 4000), step=DT)
    log = roll(law, rest(robot.home, 4000), start=(np.array([0.0, 0.2]), np.zeros(2))).log
    assert abs(log.q[-1]).max() < 0.05
    assert not log.tau[:, 1].any()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: MPC(horizon=0), "horizon must be a whole number from 1, got 0"),
        (lambda: MPC(iterations=2.5), "iterations must be a whole number from 1, got 2.5"),
        (lambda: MPC(deadline=-1.0), "deadline must be finite and greater than 0"),
        (lambda: MPC(disturbance=[1.0, 2.0]), "disturbance must be one number"),
        (lambda: MPC(velocity_weight=-1), "velocity_weight must be finite and 0 or greater"),
        (lambda: MPC().law(ARM, DT, reference=MOVE, step=0.3e-3), "not the control period"),
    ],
)
def test_impossible_designs_are_refused(make, told):
    with pytest.raises(InvalidInput, match=told):
        make()


def test_an_unknown_model_is_named():
    with pytest.raises(UnknownName, match="did you mean 'rti'"):
        MPC(model="rt")
