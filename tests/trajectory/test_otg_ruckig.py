"""State-to-state motions against ruckig: minimum times are equal, and ours are valid by a check of their own.

`make bench` draws 100,000 states of each kind (lines otg-durations-*); here are some thousands.
"""

import numpy as np
import pytest

from robocalc.trajectory import Limits
from robocalc.trajectory.otg import Generator, jerk_limited, jerk_limited_batch

ruckig = pytest.importorskip("ruckig")

from tests.trajectory.otg_states import KINDS, draw, drawn, limits_of, request, require_valid  # noqa: E402

UNBOUNDED = {"jerk": ("jerk",), "acceleration": ("acceleration",), "velocity": ("velocity",)}
UNBOUNDED |= {
    "velocity and acceleration": ("velocity", "acceleration"),
    "acceleration and jerk": ("acceleration", "jerk"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_minimum_times_are_ruckigs(kind):
    n, _, by_velocity = KINDS[kind]
    otg, theirs = ruckig.Ruckig(n), ruckig.Trajectory(n)
    for state, rows, inp in drawn(kind, 1500):
        generator = Generator(limits_of(rows), control="velocity" if by_velocity else "position")
        otg.calculate(inp, theirs)
        assert generator.solve(state) == pytest.approx(theirs.duration, abs=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_motions_keep_limits_and_reach_the_end(kind):
    _, _, by_velocity = KINDS[kind]
    for state, rows, _ in drawn(kind, 150, seed=1):
        control = "velocity" if by_velocity else "position"
        motion = jerk_limited(state[:3], state[3:], limits_of(rows), control=control)
        require_valid(motion, state, rows, by_velocity)


@pytest.mark.parametrize("without", UNBOUNDED)
@pytest.mark.parametrize("n", [1, 3])
def test_infinite_limits_give_ruckigs_times(n, without):
    rng = np.random.default_rng(3)
    compared = 0
    for _ in range(300):
        state, rows = draw(rng, n, False)
        for name in UNBOUNDED[without]:
            k = ("velocity", "acceleration", "jerk").index(name)
            rows[2 * k], rows[2 * k + 1] = -np.inf, np.inf
        if "jerk" in UNBOUNDED[without]:
            state[[2, 5]] = 0.0
        inp, theirs = request(state, rows), ruckig.Trajectory(n)
        if inp is None:
            continue
        compared += 1
        ruckig.Ruckig(n).calculate(inp, theirs)
        motion = jerk_limited(state[:3], state[3:], limits_of(rows))
        assert motion.duration == pytest.approx(theirs.duration, abs=1e-8)
        assert np.allclose(motion(motion.end), state[3], atol=1e-9)
    assert compared > 100


def test_minimum_duration_and_single_joints_are_ruckigs():
    otg, theirs = ruckig.Ruckig(3), ruckig.Trajectory(3)
    for k, (state, rows, inp) in enumerate(drawn("3 joints", 400, seed=4)):
        if k % 2:
            inp.minimum_duration = 5.0
            otg.calculate(inp, theirs)
            motion = jerk_limited(state[:3], state[3:], limits_of(rows), minimum_duration=5.0)
            assert motion.duration >= 5.0
        else:
            inp.synchronization = ruckig.Synchronization.No
            otg.calculate(inp, theirs)
            motion = jerk_limited(state[:3], state[3:], limits_of(rows), synchronisation="none")
            alone = [jerk_limited(state[:3, i], state[3:, i], limits_of(rows).select([i])).duration for i in range(3)]
            assert alone == pytest.approx(theirs.independent_min_durations, abs=1e-8)
        assert motion.duration == pytest.approx(theirs.duration, abs=1e-8)


def test_a_batch_is_its_problems_one_by_one():
    rng = np.random.default_rng(5)
    limits = Limits(velocity=[3.0] * 3, acceleration=[3.0] * 3, jerk=[3.0] * 3)
    states = np.clip(rng.normal(size=(200, 6, 3)), -0.8, 0.8)
    batch = jerk_limited_batch(tuple(states.transpose(1, 0, 2)[:3]), tuple(states.transpose(1, 0, 2)[3:]), limits)
    for k in range(0, 200, 7):
        one = jerk_limited(states[k, :3], states[k, 3:], limits)
        assert batch.durations[k] == one.duration == batch[k].duration
        assert np.allclose(batch.at(0.3 * batch.durations).q[k], one(0.3 * one.duration), atol=1e-12)
    assert np.allclose(batch.at(batch.durations).v, states[:, 4], atol=1e-12)
