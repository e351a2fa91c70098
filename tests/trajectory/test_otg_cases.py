"""The inputs with which users of ruckig reported errors (issues of pantor/ruckig), and ranges around them.

Each is solved, valid by a check of its own, and as fast as ruckig's where ruckig answers.
"""

import numpy as np
import pytest

from robocalc.trajectory import Limits
from robocalc.trajectory.otg import Generator, jerk_limited

ruckig = pytest.importorskip("ruckig")

from tests.trajectory.otg_states import request, require_valid  # noqa: E402

Z3, Z4, Z6, Z7 = [0.0] * 3, [0.0] * 4, [0.0] * 6, [0.0] * 7
CASES = {  # issue: q0, v0, a0, q1, v1, a1, vmax, amax, jmax
    "160 a": (
        [-0.04895883258572608, 0.1992637939208025, -0.2914660630142018],
        [1.425883388427091e-14, -9.520201039439915e-20, -9.656571194417352e-20],
        [-2.370282711878416e-12, 0, 3.469446951953614e-18],
        [-0.04895883258572691, 0.1992637939208025, -0.2914660630142018],
        *(Z3, Z3, [5] * 3, [10] * 3, [150] * 3),
    ),
    "160 b": (
        [0.03839900283757711, 0.2093483656756634, 0.03189466728432298],
        [1.466391486711824e-18, 1.924174584908152e-18, -1.542564246001646e-20],
        [0, -3.608224830031759e-16, 0],
        [0.0383990028375771, 0.2093483656756634, 0.03189466728432298],
        *(Z3, Z3, [5] * 3, [10] * 3, [150] * 3),
    ),
    "80": (
        Z3,
        [-6.6706965561032989, 24.622597745627097, 0.0],
        [0.21350997812776198, 0.057843623589371167, 0.0],
        [51002.562712464198, 0, 0],
        *(Z3, Z3, [1.0000000000000002] * 3, [2.7182577263372942] * 3, [1.0000000000000004] * 3),
    ),
    "194": (
        [2.990056872367862, 2.51504516601562, 0, 0],
        *(Z4, Z4),
        [2.990056872367862, 2.51504516601562, 0, 719],
        *(Z4, Z4),
        [225, 600, 12499.99999999999, 546.454545454545],
        [11250, 30000, 624999.9999999997, 27272.72727272725],
        [562500, 1500000, 31249999.99999998, 1363636.363636363],
    ),
    "141": ([0.0049921875], [0], [0], [0.005], [0], [0], [0.1], [2.5], [2000]),
    "97": ([0], [0], [0], [41.450731359441193], [0], [0], [1e3], [1e5], [1e7]),
    "204": ([0.024910], [0.416965], [3.28077], [0.136553], [0.136894], [0], [1.15145], [5], [40]),
    "50, jerk 500": ([2.46374], [-1.14621], [-9.79698], [2.46012], [-1.17513], [-8.76144], [5], [10], [500]),
    "50, jerk 200": ([2.46374], [-1.14621], [-9.79698], [2.46012], [-1.17513], [-8.76144], [5], [10], [200]),
    "90": (
        [
            0.1586916078246517,
            0.8198410238869502,
            -0.2681910390107047,
            -0.09903812486505789,
            -1.795801648113672,
            1.25046,
        ],
        [
            1.224365429569406,
            -0.8752573930094795,
            0.6074060830631294,
            -0.7773969322150299,
            -0.6074782842272427,
            2.79e-08,
        ],
        [12.36606404941746, 0, 0, 0, 0, 0],
        [0.35257, 0.7036, -0.20583, -0.18096, -1.85703, 1.25046],
        *(Z6, Z6),
        [2.663652051520562, 1.555190266438036, 0.9215599306967612, 1.17514790481581, 0.9107239220283427, 2.79e-08],
        [
            49.44190521665187,
            41.42429896530291,
            54.7869760508845,
            73.49472397069871,
            72.82659011641964,
            133.6267625041427,
        ],
        [
            772.5298358235708,
            647.254671332858,
            856.0465007950703,
            1148.355062042167,
            1137.915470569057,
            2087.918294622123,
        ],
    ),
    "24": (
        [0.010735680, -0.7002627264, 0.081824248, -2.453889055, -0.0836427096, 1.8294177, 0.7163509366],
        [0.0565628158, 1.011281770884991, 0.96775669, 0.91258798, -0.993761149, 0.99637109, -0.80485125],
        [-5.34884713, -3.400994300842, -3.708171844, -3.95163536, 3.508039474, -3.5328373909, 4.736192703],
        [0.0698, 0.6283, 0.6981000000000001, -2.1642, -0.733, 2.5482, 0.5061],
        *(Z7, Z7, [1] * 7, [7] * 7, [1000] * 7),
    ),
    "96": (
        [0.2473592757796861, 0.2921606775204735, 0.7758663276711127, 0, 3.141592653589793, 0],
        [-0.2426115138900957, 0.2200706500820608, -0.01891492763905089, 0, 0, 0],
        [0.01877538437863763, -0.6573642866096158, 0.5, 0, 0, 0],
        [0.2308075286416321, 0.3066442218484541, 0.7733155040940536, 0, 3.141592653589793, 0],
        *(Z6, Z6, [0.25] * 3 + [0.35] * 3, [2.5] * 3 + [3.5] * 3, [62.5] * 3 + [87.5] * 3),
    ),
    "106": (
        [1.570796326794897, -0.7853981633974483, 1.570796326794897, -2.356194490192345, -1.570796326794897, 0],
        *(Z6, Z6),
        [1.329224180107117, -1.860725548727889, 2.084440302845179, -2.282429484289127, -0.5282717423818638, 0.6502926],
        [-0.3363008405858447, -1.497, 0.7150613316808525, 0.102690785470124, 1.45133409988134, 0.9052946264340856],
        *(Z6, [3, 3, 5, 10, 10, 10], [30, 30, 50, 100, 100, 100], [30, 30, 50, 100, 100, 100]),
    ),
}


def arrays(case):
    state = np.array(CASES[case][:6], dtype=float)
    high = np.array(CASES[case][6:], dtype=float)
    return state, np.stack([-high, high], axis=1).reshape(6, -1)


@pytest.mark.parametrize("synchronisation", ["time", "phase", "none"])
@pytest.mark.parametrize("case", CASES)
def test_reported_inputs_are_solved(case, synchronisation):
    state, rows = arrays(case)
    v, a, j = rows.reshape(3, 2, -1)
    limits = Limits(velocity=v, acceleration=a, jerk=j)
    motion = jerk_limited(state[:3], state[3:], limits, synchronisation=synchronisation)
    if synchronisation == "none":
        assert motion.duration > 0
        return
    if case.startswith("160"):  # there already but for rounding, which a line does not keep
        assert np.allclose(motion(motion.end), state[3], rtol=0, atol=1e-13)
        return
    require_valid(motion, state, rows)
    inp = request(state, rows)
    if inp is None or synchronisation == "phase":
        return
    theirs = ruckig.Trajectory(state.shape[1])
    try:
        result = ruckig.Ruckig(state.shape[1]).calculate(inp, theirs)
    except (ValueError, ruckig.RuckigError):
        return
    if result in (ruckig.Result.Working, ruckig.Result.Finished):
        assert motion.duration == pytest.approx(theirs.duration, abs=1e-8)


def test_a_state_that_is_the_target_but_for_rounding_takes_no_time():
    for case in ("160 a", "160 b"):
        state, rows = arrays(case)
        v, a, j = rows.reshape(3, 2, -1)
        assert jerk_limited(state[:3], state[3:], Limits(velocity=v, acceleration=a, jerk=j)).duration < 1e-4


@pytest.mark.parametrize("cycle", [0.001, 0.004, 0.01])
@pytest.mark.parametrize("case", ["96", "106", "24"])
def test_durations_in_whole_cycles_are_found(case, cycle):
    """Issues 83, 96, 106: errors of synchronisation with discrete durations."""
    state, rows = arrays(case)
    v, a, j = rows.reshape(3, 2, -1)
    limits = Limits(velocity=v, acceleration=a, jerk=j)
    motion = jerk_limited(state[:3], state[3:], limits, cycle=cycle)
    assert motion.duration / cycle == pytest.approx(round(motion.duration / cycle), abs=1e-9)
    assert motion.duration >= jerk_limited(state[:3], state[3:], limits).duration
    require_valid(motion, state, rows)


@pytest.mark.parametrize("way", [1e-15, 1e-12, 1e-9, 1e-3, 1.0, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_tiny_and_very_long_moves_have_their_closed_form(way, scale):
    """Rest to rest under velocity, acceleration, jerk limits 1, 2, 8 (times scale): textbook durations."""
    v, a, j = 1.0 * scale, 2.0 * scale, 8.0 * scale
    limits = Limits(velocity=[v], acceleration=[a], jerk=[j])
    T = jerk_limited((0.0,), (way,), limits).duration
    if way >= v * (v / a + a / j):
        expected = way / v + v / a + a / j
    elif way >= 2 * a**3 / j**2:
        expected = a / j + np.sqrt((a / j) ** 2 + 4 * way / a)
    else:
        expected = np.cbrt(32 * way / j)
    assert pytest.approx(expected, rel=1e-12) == T


def test_joints_of_mixed_scales_share_one_duration():
    rng = np.random.default_rng(2)
    for _ in range(300):
        high = 10.0 ** rng.uniform(-4, 4, (3, 4))
        length = np.array([high[0] * high[0] / high[1]])
        state = rng.normal(size=(6, 4)) * np.concatenate([length, 0.2 * high[:2]] * 2)
        state[[2, 5]] = 0.0
        state[[1, 4]] = np.clip(state[[1, 4]], -0.9 * high[0], 0.9 * high[0])
        motion = jerk_limited(state[:3], state[3:], Limits(velocity=high[0], acceleration=high[1], jerk=high[2]))
        T, units = motion.duration, np.stack([high[0] * motion.duration, high[0], high[1]])
        for r in range(3):
            assert np.all(np.abs(motion(T, r) - state[3 + r]) <= 1e-10 * (units[r] + high[r] * T * 1e-4))
        assert np.all(np.abs(motion.extrema(1)) <= high[0] * (1 + 1e-9) + 1e-15 * T * high[1])


def test_planning_again_on_the_way_does_not_drift_or_detour():
    """Issues 92, 97, 204: outputs fed back as inputs in every cycle."""
    limits = Limits(velocity=[1.0], acceleration=[3.0], jerk=[20.0])
    generator, dt = Generator(limits), 0.001
    state = np.array([[0.0], [0.3], [0.0], [1.0], [0.5], [0.0]])
    T = generator.solve(state)
    for k in range(int(0.98 * T / dt)):
        left = generator.solve(state)
        assert left == pytest.approx(T - k * dt, abs=1e-6)
        state[:3] = generator.at(dt)[:3]


RAMPS = {  # one ramp of full jerk leads from start to target: q0, v0, a0, q1, v1, a1, limit of v, a, j, duration
    "from rest": ([-2, 0, 0, -2 + 1 / 6, 0.5, 1], (1, 2, 1), 1.0),
    "to a final acceleration of 0": ([0.25, 0, 2, 0.25 + 1 / 6, 0.5, 0], (4, 2, 4), 0.5),
    "through zero acceleration": ([0, 0.5, -1, 4 / 3, 0.5, 1], (2, 2, 0.5), 4.0),
    "nothing to do": ([0.5, 0.25, 0.5, 0.5, 0.25, 0.5], (1, 2, 1), 0.0),
}


@pytest.mark.parametrize("control", ["position", "velocity"])
@pytest.mark.parametrize("case", RAMPS)
def test_one_ramp_takes_the_time_of_one_ramp(case, control):
    """Where only one duration does, and the next longer ones are blocked."""
    x, (v, a, j), T = RAMPS[case]
    x[3] = x[0] + T * x[1] + T * T * (2 * x[2] + x[5]) / 6
    limits = Limits(velocity=[v], acceleration=[a], jerk=[j])
    assert jerk_limited(x[:3], x[3:], limits, control=control).duration == pytest.approx(T, abs=1e-9)


def test_a_short_motion_whose_accelerations_have_one_sign():
    """The root lies in the short piece of durations, where the displacement grows faster and then slower."""
    start = (-0.8802164853340521, -0.6089760790711796, 2.1128985980981745)
    limits = Limits(velocity=[9.764330426230423], acceleration=[2.459584995792996], jerk=[0.5326230477304292])
    motion = jerk_limited(start, (0.0, 1.934082969623442, 1.8440706688696213), limits)
    assert motion.duration == pytest.approx(1.238459326688888, abs=1e-9)
