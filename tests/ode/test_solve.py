"""`solve` over the whole registry: order, references, dense output, the four kinds of right-hand side, failures."""

import json
import math
from pathlib import Path

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp as scipy_solve_ivp

from robocalc.errors import InvalidInput, UnknownName
from robocalc.ode import METHODS, STIFF, SYMPLECTIC, IntegrationFailed, Status, solve, work_precision
from tests.ode.reference_solutions.problems import NON_STIFF
from tests.ode.reference_solutions.problems import STIFF as STIFF_PROBLEMS

REFERENCE = json.loads((Path(__file__).parent / "reference_solutions" / "end_states.json").read_text())
ADAPTIVE = [name for name, tab in METHODS.items() if tab.adaptive]


@numba.njit
def pendulum(t, y, p, out):
    out[0], out[1] = y[1], -np.sin(y[0]) - 0.1 * np.cos(t) * (len(p) == 0)


@numba.njit
def swing(t, y):
    return np.array([y[1], -np.sin(y[0])])


def observed_order(method, f=swing):
    exact = solve(f, (0, 4), [1.0, 0.5], "vern9", rtol=3e-14, atol=1e-15).y[-1]
    counts = np.array([6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256])
    error = np.array([np.abs(solve(f, (0, 4), [1, 0.5], method, step=4 / n).y[-1] - exact).max() for n in counts])
    clear = (error > 2e-13) & (error < (1e-2 if method != "euler" else 1))
    return np.log(error[clear][:-1] / error[clear][1:]) / np.log(counts[clear][1:] / counts[clear][:-1])


@pytest.mark.parametrize("method", [*METHODS, *SYMPLECTIC])
def test_the_error_shrinks_at_the_order(method):
    order = METHODS[method].order if method in METHODS else SYMPLECTIC[method].order
    slopes = observed_order(method)
    assert np.median(slopes[-4:]) == pytest.approx(order, abs=0.35 if order < 6 else 2.0)
    assert np.median(slopes) > order - 0.3


@pytest.mark.parametrize("method", ADAPTIVE)
@pytest.mark.parametrize("problem", NON_STIFF)
def test_non_stiff_problems_end_where_two_other_solvers_say(method, problem):
    f, span, y0 = NON_STIFF[problem]
    sol = solve(f, span, y0, method, rtol=1e-7 if method == "bs3" else 1e-10, atol=1e-12)
    exact = np.array(REFERENCE[problem]["y"])
    loose = {"arenstorf": 1e-5, "kepler": 1e-6, "lorenz": 1e-5}.get(problem, 1e-7) * (3e4 if method == "bs3" else 1)
    assert sol.success
    assert_allclose(sol.y[-1], exact, rtol=loose, atol=loose)


@pytest.mark.parametrize("method", STIFF)
@pytest.mark.parametrize("problem", STIFF_PROBLEMS)
def test_stiff_problems_end_where_two_other_solvers_say(method, problem):
    f, span, y0 = STIFF_PROBLEMS[problem]
    sol = solve(f, span, y0, method, rtol=1e-7, atol=1e-11)
    assert sol.success
    assert_allclose(sol.y[-1], REFERENCE[problem]["y"], rtol=2e-3)
    assert sol.counters.rhs > 0


def test_hires_and_pleiades_are_the_published_values():
    """Mazzia & Magherini, Test Set for Initial Value Problem Solvers (2008)."""
    published = [0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2]
    assert_allclose(REFERENCE["hires"]["y"][:4], published, rtol=1e-9)
    published = [0.3706139143970502, 3.237284092057233, -3.222559032418324, 0.6597091455775310]
    assert_allclose(REFERENCE["pleiades"]["y"][:4], published, rtol=1e-10)


@pytest.mark.parametrize("method", [*METHODS, *SYMPLECTIC, *STIFF])
@pytest.mark.parametrize("backward", [False, True])
def test_values_between_steps_are_as_good_as_the_steps(method, backward):
    span = (3.0, 0.0) if backward else (0.0, 3.0)
    times = np.linspace(*span, 31)
    options = {"step": 0.05} if method in SYMPLECTIC or not METHODS.get(method, METHODS["rk4"]) or (
        method in METHODS and not METHODS[method].adaptive) else {"rtol": 1e-8, "atol": 1e-10}  # fmt: skip
    start = solve(swing, (0, span[0]), [1.0, 0.5], "vern9", rtol=1e-12, atol=1e-13).y[-1]
    exact = solve(swing, span, start, "vern9", rtol=1e-12, atol=1e-13, t_eval=times).y
    sol = solve(swing, span, start, method, **options)
    wanted = solve(swing, span, start, method, t_eval=times, **options)
    dense = solve(swing, span, start, method, dense=True, **options)
    at_end = max(np.abs(sol.y[-1] - exact[-1]).max(), 1e-9)
    factor = 3000 if method == "radau" else 30  # Radau's own interpolant: see robocalc.ode.stiff
    assert np.abs(wanted.y - exact).max() < factor * at_end + 1e-7
    assert_allclose(dense(times), wanted.y, rtol=1e-9, atol=1e-9)
    assert_allclose(sol(times), wanted.y, rtol=1e-9, atol=1e-9)
    assert_allclose(sol(sol.t), sol.y, rtol=1e-14, atol=1e-14)
    assert_allclose(wanted.t, times)


KINDS = {
    "njit f(t, y)": (numba.njit(lambda t, y: np.array([y[1], -4 * y[0]])), None),
    "njit tuple": (numba.njit(lambda t, y: (y[1], -4 * y[0])), None),
    "njit f(t, y, p)": (numba.njit(lambda t, y, p: np.array([y[1], -p[0] * y[0]])), [4.0]),
    "python list": (lambda t, y: [y[1], -4 * y[0]], None),
    "python array": (lambda t, y: np.array([[0, 1], [-4, 0]]) @ y, None),
    "python p": (lambda t, y, p: [y[1], -p[0] * y[0]], [4.0]),
    "python numpy scalars": (lambda t, y: [y[1], -4 * y[0] + 0 * np.sin(y[0])], None),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["dopri5", "vern9", "leapfrog", "lsoda"])
def test_any_right_hand_side_gives_the_same(kind, method):
    f, p = KINDS[kind]
    options = {"step": 0.001} if method == "leapfrog" else {}
    sol = solve(f, (0, 2), [1, 0], method, p=p, rtol=1e-9, atol=1e-11, **options)
    assert_allclose(sol.y[-1], [math.cos(4), -2 * math.sin(4)], atol=1e-5 if method in ("leapfrog", "lsoda") else 1e-7)


def test_in_place_and_plain_are_the_same_bits():
    @numba.njit
    def place(t, y, p, out):
        out[0], out[1] = y[1], -np.sin(y[0])

    a, b = solve(place, (0, 5), [1, 0]), solve(swing, (0, 5), [1, 0])
    assert np.array_equal(a.y, b.y)
    assert np.array_equal(a.t, solve(place, (0, 5), [1, 0]).t)


def test_the_generated_python_loop_takes_the_kernels_steps():
    def f(t, y):
        return [y[1], -math.sin(y[0])]

    a, b = solve(f, (0, 5), [1, 0]), solve(swing, (0, 5), [1, 0])
    assert_allclose(a.t, b.t, rtol=1e-8)  # rounding of the error estimate
    assert_allclose(a.y, b.y, rtol=1e-8)
    assert a.counters == b.counters


def test_counters_count_the_calls():
    calls = [0]

    def f(t, y):
        calls[0] += 1
        return [-y[0], y[0]]

    for method in ("bs3", "tsit5", "dop853", "vern7"):
        calls[0] = 0
        assert solve(f, (0, 5), [1, 0], method).counters.rhs == calls[0]


def test_a_list_only_function_that_divides_by_zero_falls_back_to_arrays():
    def f(t, y):
        return [0.0 / y[1] if t > 2 else 1.0, y[1] * 0]

    with np.errstate(all="ignore"):
        sol = solve(f, (0, 5), [1, 0])
    assert sol.status is Status.NON_FINITE


def test_python_state_is_the_users_to_keep():
    seen = []

    def f(t, y):
        seen.append(y)
        return np.array([y[1], -y[0]])

    solve(f, (0, 1), [1, 0])
    assert len({tuple(y) for y in seen}) > 10


def test_error_is_no_more_than_scipys_at_the_same_tolerance():
    f, span, y0 = NON_STIFF["double_pendulum"]
    exact = np.array(REFERENCE["double_pendulum"]["y"])
    for tol in (1e-6, 1e-9):
        theirs = np.abs(scipy_solve_ivp(f, span, y0, "DOP853", rtol=tol, atol=tol).y[:, -1] - exact).max()
        assert np.abs(solve(f, span, y0, "dop853", rtol=tol, atol=tol).y[-1] - exact).max() < 2 * theirs


def test_steps_keep_their_bounds():
    sol = solve(swing, (0, 10), [1, 0], max_step=0.05, first_step=0.01)
    assert np.diff(sol.t).max() <= 0.05 + 1e-12
    assert sol.t[1] == 0.01
    assert solve(swing, (0, 1), [1, 0], "rk4", step=0.3).t == pytest.approx([0, 0.3, 0.6, 0.9, 1.0])


def test_an_empty_span_is_the_initial_state():
    sol = solve(swing, (2, 2), [1, 0])
    assert sol.success
    assert_allclose(sol.y, [[1, 0]])
    assert_allclose(sol(2.0), [1, 0])


# --- failures are data ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["tsit5", "dop853", "lsoda", "radau", "bdf"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_blow_up_says_where_and_what_to_try(method, compiled):
    def f(t, y):
        return [y[0] * y[0], 0.0]

    sol = solve(numba.njit(f) if compiled else f, (0, 2), [1.0, 0.0], method)
    assert not sol.success
    assert sol.t[-1] == pytest.approx(1, abs=1e-2)
    assert "near t = " in sol.message
    with pytest.raises(IntegrationFailed):
        sol.raise_for_status()


@pytest.mark.parametrize("method", ["tsit5", "rk4", "leapfrog", "lsoda", "radau"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_non_finite_right_hand_side_names_its_component(method, compiled):
    def f(t, y):
        return np.array([1.0, np.nan if t > 1 else 1.0])

    options = {"step": 0.01} if method in ("rk4", "leapfrog") else {}
    sol = solve(numba.njit(f) if compiled else f, (0, 2), [0.0, 0.0], method, **options)
    assert sol.status is Status.NON_FINITE
    assert "component 1" in sol.message
    if method != "lsoda":  # which stops a whole step before
        assert sol.t[-1] == pytest.approx(1, abs=0.02)


def test_too_many_steps_keeps_what_was_solved():
    sol = solve(swing, (0, 1000), [1, 0], max_steps=100)
    assert sol.status is Status.TOO_MANY_STEPS
    assert "max_steps = 100" in sol.message
    assert 0 < sol.t[-1] < 1000
    assert "lsoda" in sol.message


def test_min_step_stops_a_step_that_wants_to_be_smaller():
    sol = solve(swing, (0, 10), [1, 0], rtol=1e-12, atol=1e-14, min_step=0.05)
    assert sol.status is Status.STEP_TOO_SMALL


def test_a_collocation_that_does_not_converge_says_so():
    stiff = numba.njit(lambda t, y: np.array([y[1], -1e6 * y[0]]))
    sol = solve(stiff, (0, 1), [1.0, 0.0], "gauss4", step=0.1)
    assert "did not converge" in sol.message or "not converged" in sol.message


# --- bad input ------------------------------------------------------------------------------------------------------

BAD = {
    "y0 matrix": (lambda: solve(swing, (0, 1), [[1, 0]]), "must be a vector"),
    "y0 empty": (lambda: solve(swing, (0, 1), []), "at least one component"),
    "y0 nan": (lambda: solve(swing, (0, 1), [1, np.nan]), "got nan in component 1"),
    "y0 complex": (lambda: solve(swing, (0, 1), [1j, 0]), "complex"),
    "span": (lambda: solve(swing, 3.0, [1, 0]), "two numbers"),
    "span infinite": (lambda: solve(swing, (0, np.inf), [1, 0]), "must be finite"),
    "rtol": (lambda: solve(swing, (0, 1), [1, 0], rtol=1e-17), "rtol must be at least 2.2e-14"),
    "rtol shape": (lambda: solve(swing, (0, 1), [1, 0], rtol=[1e-6] * 3), "shape"),
    "atol negative": (lambda: solve(swing, (0, 1), [1, 0], atol=-1.0), "atol must not be negative"),
    "t_eval outside": (lambda: solve(swing, (0, 1), [1, 0], t_eval=[0, 2]), "not within"),
    "t_eval unsorted": (lambda: solve(swing, (0, 1), [1, 0], t_eval=[0.5, 0.2]), "not properly sorted"),
    "no step": (lambda: solve(swing, (0, 1), [1, 0], "rk4"), "give step="),
    "step": (lambda: solve(swing, (0, 1), [1, 0], "rk4", step=-0.1), "`step` must be positive"),
    "max_step": (lambda: solve(swing, (0, 1), [1, 0], max_step=0), "`max_step` must be positive"),
    "first_step": (lambda: solve(swing, (0, 1), [1, 0], first_step=3), "exceeds bounds"),
    "odd halves": (lambda: solve(lambda t, y: y, (0, 1), [1.0, 2, 3], "leapfrog", step=0.1), "halves"),
    "no function": (lambda: solve(3, (0, 1), [1, 0]), "must be a function"),
    "arguments": (lambda: solve(lambda t: t, (0, 1), [1, 0]), "takes 1 arguments"),
    "wrong length": (lambda: solve(lambda t, y: [1.0, 2.0, 3.0], (0, 1), [1, 0]), "must return 2 numbers"),
    "complex f": (lambda: solve(lambda t, y: [1j, 0], (0, 1), [1, 0]), "real numbers"),
    "needless p": (lambda: solve(lambda t, y: y, (0, 1), [1, 0], p=[1.0]), "takes no parameters"),
    "save": (lambda: solve(swing, (0, 1), [1, 0], save="all"), "save must be one of"),
    "stiff step": (lambda: solve(swing, (0, 1), [1, 0], "bdf", step=0.1), "chooses its steps"),
    "outside": (lambda: solve(swing, (0, 1), [1, 0])(2.0), "solved interval"),
    "not kept": (lambda: solve(swing, (0, 1), [1, 0], save="end")(0.5), "kept no steps"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_sentence(case):
    call, words = BAD[case]
    with pytest.raises(InvalidInput, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_an_unknown_method_gets_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'tsit5'"):
        solve(swing, (0, 1), [1, 0], "tsit4")


def test_what_numba_cannot_do_is_said_and_the_plain_path_works():
    def f(t, y):
        return math.fsum([1.0]) * y  # numba knows no fsum

    with pytest.raises(InvalidInput, match=r"cannot be compiled: .*pass the plain Python function \(f.py_func\)"):
        solve(numba.njit(f), (0, 1), [1.0, 0.0])
    assert solve(f, (0, 1), [1.0, 0.0]).y[-1, 0] == pytest.approx(math.e, rel=1e-5)
    assert solve(numba.njit(f), (0, 1), [1.0, 0.0], compiled=False).success


def test_a_compiled_function_of_wrong_length_says_so():
    with pytest.raises(InvalidInput, match="right-hand side returned a wrong number of values"):
        solve(numba.njit(lambda t, y: np.zeros(3)), (0, 1), [1.0, 0.0])


def test_what_the_users_function_raises_reaches_the_user():
    def f(t, y):
        raise KeyError("mine")

    for g in (f, lambda t, y: f(t, y) + y):
        with pytest.raises(KeyError, match="mine"):
            solve(g, (0, 1), [1.0, 0.0])


def test_a_system_and_a_robot_under_a_law_are_right_hand_sides():
    class System:
        nx, nu, states, inputs = 2, 1, {"angle": "rad", "rate": "rad/s"}, {"torque": "N m"}
        f = staticmethod(lambda t, x, u: [x[1], u[0] - x[0]])

    class Robot:
        n = 1

        def forward_dynamics(self, q, v, tau):
            return tau - q

    assert_allclose(solve(System(), (0, 1), [1, 0]).y[-1], [math.cos(1), -math.sin(1)], atol=1e-6)
    with pytest.raises(InvalidInput, match=r"1 numbers \(torque\)"):
        solve(System(), (0, 1), [1, 0], p=[0.0, 1.0])
    with pytest.raises(InvalidInput, match="angle, rate"):
        solve(System(), (0, 1), [1, 0, 0])
    sol = solve((Robot(), lambda t, q, v: 0 * q), (0, 1), [1, 0])
    assert_allclose(sol.y[-1], [math.cos(1), -math.sin(1)], atol=1e-6)


def test_cached_code_needs_no_module_of_the_users(tmp_path):
    """The same function in a module that a later process cannot import (numba stores module names in its cache)."""
    import subprocess
    import sys

    source = """
        import numba, numpy as np
        g = numba.njit(lambda x: np.sin(x) * {number})
        f = numba.njit(lambda t, y: np.array([y[1], -g(y[0])]))
    """
    source = "\n".join(line.strip() for line in source.format(number=repr(math.pi / 7)).splitlines())
    (tmp_path / "gone.py").write_text(source)
    run = "from robocalc.ode import solve; print(solve(f, (0, 1), [1.0, 0.0]).y[-1])"
    environment = {**__import__("os").environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    outputs = []
    for script, folder in ((f"from gone import f\n{run}", tmp_path), (f"{source}\n{run}", tmp_path.parent)):
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]


def test_systems_and_robots_of_dynamics_are_right_hand_sides():
    dynamics = pytest.importorskip("robocalc.dynamics")
    cart_pole = pytest.importorskip("robocalc.dynamics.systems").cart_pole()
    sol = solve(cart_pole, (0, 1), [0, 0.1, 0, 0], p=[0.3], sensitivities=True)
    plain = solve(cart_pole, (0, 1), [0, 0.1, 0, 0], p=[0.3])
    assert_allclose(plain.vjp([1, 0, 0, 0])[1], sol.y_p[-1][0], atol=1e-9)
    arm = dynamics.load("two_link")
    held = solve((arm, lambda t, q, v: arm.gravity(q)), (0, 1), [0.5, 0.3, 0, 0])
    assert_allclose(held.y[-1], [0.5, 0.3, 0, 0], atol=1e-9)


def test_a_work_precision_study_falls_with_work(tmp_path):
    study = work_precision(swing, (0, 10), [1, 0], methods=("tsit5", "vern9"), tolerances=(1e-4, 1e-7, 1e-10))
    assert np.all(np.diff(study.error, axis=1) < 0)
    assert np.all(np.diff(study.calls, axis=1) > 0)
    import matplotlib

    matplotlib.use("Agg")
    study.plot().figure.savefig(tmp_path / "study.png")
    with pytest.raises(InvalidInput, match="adaptive"):
        work_precision(swing, (0, 1), [1, 0], methods=("rk4",))


def test_public_names_are_themselves_whatever_was_imported_first():
    import subprocess
    import sys

    from robocalc import ode

    code = "import sys, robocalc.ode as ode; assert 'numba' not in sys.modules; ode.work_precision, ode.solve_ivp;"
    code += "assert all(type(getattr(ode, n)).__name__ != 'module' for n in ode.__all__)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
    assert all(type(getattr(ode, name)).__name__ != "module" for name in ode.__all__)
