"""Ensembles against single solves: the same numbers, however they are chunked, threaded or laid out in lanes."""

import math

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import InvalidInput
from robocalc.ode import Event, IntegrationFailed, Status, ensemble, solve, stream


@numba.njit
def pendulum(t, y, p):
    return np.array([y[1], -p[0] * np.sin(y[0]) - 0.1 * y[1] + 0.2 * math.cos(t)])


@numba.njit
def pendulum_place(t, y, p, out):
    out[0], out[1] = y[1], -p[0] * np.sin(y[0]) - 0.1 * y[1] + 0.2 * math.cos(t)


RNG = np.random.default_rng(3)
Y0 = RNG.uniform(-2, 2, (150, 2))
P = RNG.uniform(0.5, 3, (150, 1))


@pytest.mark.parametrize("method", ["tsit5", "dop853"])
def test_each_member_is_its_single_solve(method):
    found = ensemble(pendulum, (0, 5), Y0, P, method)
    for k in range(0, 150, 29):
        sol = solve(pendulum, (0, 5), Y0[k], method, p=P[k])
        assert_allclose(found.y_end[k], sol.y[-1], atol=1e-12)
        assert np.array_equal(found.y[k, -1], found.y_end[k])
        assert found.rhs[k] == sol.counters.rhs


@pytest.mark.parametrize("f", [pendulum, pendulum_place], ids=["returns", "in place"])
@pytest.mark.parametrize("method", ["euler", "rk4", "dopri5"])
def test_lanes_equal_the_scalar_loop(f, method):
    times = [0, 1, 2.5, 5]
    lanes = ensemble(f, (0, 5), Y0, P, method, step=0.01, t_eval=times)
    plain = ensemble(f, (0, 5), Y0, P, method, step=0.01, t_eval=times, lanes=False)
    assert_allclose(lanes.y, plain.y, atol=1e-11)
    assert_allclose(lanes.y_end, plain.y_end, atol=1e-11)
    single = solve(f, (0, 5), Y0[7], method, p=P[7], step=0.01)
    assert_allclose(lanes.y_end[7], single.y[-1], atol=1e-12)


def test_sine_and_cosine_of_lanes_are_those_of_the_library():
    from robocalc.ode import lanes

    for x in np.concatenate([np.linspace(-40, 40, 4001), RNG.uniform(-1e6, 1e6, 2000), [0.0, np.pi, np.pi / 2]]):
        assert abs(lanes.sin(x) - math.sin(x)) < 3e-16 + 1e-22 * abs(x)
        assert abs(lanes.cos(x) - math.cos(x)) < 3e-16 + 1e-22 * abs(x)


def test_large_angles_leave_the_lanes():
    spin = numba.njit(lambda t, y: np.array([1e7, np.sin(y[0])]))
    a = ensemble(spin, (0, 1), [[0.0, 0.0]], method="rk4", step=0.5)
    b = ensemble(spin, (0, 1), [[0.0, 0.0]], method="rk4", step=0.5, lanes=False)
    assert np.array_equal(a.y_end, b.y_end)


def test_workers_and_chunks_do_not_change_a_bit():
    runs = [ensemble(pendulum, (0, 5), Y0, P, workers=w, chunk=c).y_end for w, c in ((1, 150), (2, 7), (4, 64))]
    assert all(np.array_equal(run, runs[0]) for run in runs)


def test_results_are_streamed_in_order_and_reduced():
    seen = [(first, len(part)) for first, part in stream(pendulum, (0, 1), Y0, P, chunk=40)]
    assert seen == [(0, 40), (40, 40), (80, 40), (120, 30)]
    progress = []
    found = ensemble(
        pendulum, (0, 1), Y0, P, chunk=40, t_eval=[0.5, 1], reduce=lambda part: part.y[:, -1, 0].sum(),
        progress=lambda done, total: progress.append((done, total)),
    )  # fmt: skip
    whole = ensemble(pendulum, (0, 1), Y0, P)
    assert sum(found.reduced) == pytest.approx(whole.y_end[:, 0].sum(), abs=1e-6)
    assert progress[-1] == (150, 150)


def test_a_member_that_fails_leaves_the_others_alone():
    blow = numba.njit(lambda t, y: np.array([y[0] * y[0]]))
    found = ensemble(blow, (0, 2), [[0.1], [1.0], [-1.0]])
    assert list(found.success) == [True, False, True]
    assert found.status(1) in (Status.STEP_TOO_SMALL, Status.NON_FINITE)
    assert_allclose(found.y_end[[0, 2], 0], [0.1 / 0.8, -1 / 3], rtol=1e-5)
    with pytest.raises(IntegrationFailed, match="first: member 1"):
        found.raise_for_status()


def test_terminal_events_stop_their_member():
    fall = numba.njit(lambda t, y: np.array([y[1], -9.81]))
    ground = Event(numba.njit(lambda t, y: y[0]), terminal=True, direction=-1)
    found = ensemble(fall, (0, 5), [[1.0, 0], [2.0, 0]], events=ground, t_eval=[0, 0.4, 1])
    assert_allclose(found.t_end, np.sqrt(2 * np.array([1, 2]) / 9.81), atol=1e-9)
    assert found.status(0) is Status.TERMINATED
    assert np.isnan(found.y[0, 2]).all()


def test_python_functions_and_symplectic_methods_work_too():
    a = ensemble(lambda t, y, p: [y[1], -p[0] * y[0]], (0, 1), [[1, 0], [0, 1]], [[1.0], [4.0]], rtol=1e-9)
    assert_allclose(a.y_end, [[math.cos(1), -math.sin(1)], [math.sin(2) / 2, math.cos(2)]], atol=1e-7)
    b = ensemble(pendulum, (0, 1), Y0[:3], P[:3], "leapfrog", step=0.1)
    assert_allclose(b.y_end[1], solve(pendulum, (0, 1), Y0[1], "leapfrog", p=P[1], step=0.1).y[-1], atol=1e-13)


BAD = {
    "shape": (lambda: ensemble(pendulum, (0, 1), [1.0, 2.0], P), r"shape \(members, n\)"),
    "nan": (lambda: ensemble(pendulum, (0, 1), [[1, 2], [1, np.nan]], P[0]), "component 1 of member 1"),
    "p": (lambda: ensemble(pendulum, (0, 1), Y0, P[:3]), "p must have shape"),
    "stiff": (lambda: ensemble(pendulum, (0, 1), Y0, P, "bdf"), "explicit or symplectic"),
    "step": (lambda: ensemble(pendulum, (0, 1), Y0, P, "rk4"), "give step="),
    "reset": (lambda: ensemble(pendulum, (0, 1), Y0, P, events=Event(lambda t, y: y[0], reset=abs)), "loop over solve"),
    "workers": (lambda: ensemble(pendulum, (0, 1), Y0, P, workers=-1), "`workers` must be positive"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_sentence(case):
    call, words = BAD[case]
    with pytest.raises(InvalidInput, match=words):
        call()
