"""Flows, forward sensitivities and adjoints against complex step, closed forms and each other."""

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm

from robocalc.errors import InvalidInput
from robocalc.ode import METHODS, Event, flow, solve

P = np.array([1.5, 1.2])
Y = np.array([0.8, -0.3])


@numba.njit
def oscillator(t, y, p):
    return np.array([y[1], p[0] * (1 - y[0] ** 2) * y[1] - p[1] * np.sin(y[0]) + 0.1 * np.cos(t)])


def oscillator_python(t, y, p):
    return [y[1], p[0] * (1 - y[0] ** 2) * y[1] - p[1] * np.sin(y[0]) + 0.1 * np.cos(t)]


@numba.njit
def by_y(t, y, p):
    return np.array([[0.0, 1.0], [-2 * p[0] * y[0] * y[1] - p[1] * np.cos(y[0]), p[0] * (1 - y[0] ** 2)]])


@numba.njit
def by_p(t, y, p, out):
    out[0, 0], out[0, 1] = 0.0, 0.0
    out[1, 0], out[1, 1] = (1 - y[0] ** 2) * y[1], -np.sin(y[0])


def complex_map(method, dt, substeps=1):
    """One step by plain numpy from the table, for complex arguments: the oracle for complex step."""
    tab = METHODS[method]

    def step(t, y, p):
        h = dt / substeps
        for j in range(substeps):
            k = []
            for i in range(tab.stages):
                x = y + h * sum((a * v for a, v in zip(tab.a[i], k)), np.zeros(2))
                s = t + (j + tab.c[i]) * h
                k.append(np.array([x[1], p[0] * (1 - x[0] ** 2) * x[1] - p[1] * np.sin(x[0]) + 0.1 * np.cos(s)]))
            y = y + h * sum(b * v for b, v in zip(tab.b, k))
        return y

    return step


def by_complex_step(f, x):
    return np.stack([f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))], axis=-1)


JACS = {"given": (by_y, by_p), "only by y": by_y, "none": None}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("jac", JACS)
def test_jacobians_of_the_map_equal_complex_step(method, jac):
    phi = flow(oscillator, method, 0.1, jac=JACS[jac])
    f = complex_map(method, 0.1)
    A, B = phi.jac(0.3, Y, P)
    assert_allclose(phi.step(0.3, Y, P), f(0.3, Y, P), atol=1e-14)
    assert_allclose(A, by_complex_step(lambda y: f(0.3, y, P), Y), atol=1e-12)
    assert_allclose(B, by_complex_step(lambda p: f(0.3, Y, p), P), atol=1e-12)


@pytest.mark.parametrize("method", ["rk4", "tsit5", "vern9", "symplectic_euler", "kahan_li6"])
@pytest.mark.parametrize("substeps", [1, 3])
def test_vjp_is_the_row_of_the_jacobian(method, substeps):
    phi = flow(oscillator, method, 0.1, substeps=substeps)
    W = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])
    states, inputs = np.random.default_rng(0).normal(size=(2, 3, 2))
    A, B = phi.jac([0.1, 0.2, 0.3], states, inputs)
    a, b = phi.vjp([0.1, 0.2, 0.3], states, inputs, W)
    assert_allclose(a, np.einsum("ri,rij->rj", W, A), atol=1e-13)
    assert_allclose(b, np.einsum("ri,rij->rj", W, B), atol=1e-13)
    one = phi.vjp(0.2, states[1], inputs[1], W[1])
    assert_allclose(one[0], a[1], atol=1e-15)


@pytest.mark.parametrize("method", ["rk4", "symplectic_euler"])
def test_a_rollout_is_its_steps_and_its_gradient_their_product(method):
    phi, U = flow(oscillator, method, 0.05), np.random.default_rng(1).normal(size=(20, 2))
    states, A, B = phi.rollout_jac(0.0, Y, U)
    assert_allclose(states, phi.rollout(0.0, Y, U))
    for k in range(20):
        assert_allclose(phi.step(k * 0.05, states[k], U[k]), states[k + 1], atol=1e-14)
    w = np.array([1.0, -2.0])
    by_start, by_input = phi.rollout_vjp(0.0, Y, U, w)
    row = w
    for k in range(19, -1, -1):
        assert_allclose(by_input[k], row @ B[k], atol=1e-12)
        row = row @ A[k]
    assert_allclose(by_start, row, atol=1e-12)
    total = phi.rollout_vjp(0.0, Y, P, w, steps=20)[1]
    assert total.shape == (2,)


def test_the_semi_implicit_step_of_a_linear_plant_is_the_known_matrix():
    plant = numba.njit(lambda t, x, u: np.array([x[1], u[0] - 4 * x[0]]))
    A, B = flow(plant, "symplectic_euler", 0.01).jac(0, [1, 2], [3.0])
    assert_allclose(A, [[1 - 4e-4, 0.01], [-0.04, 1]], atol=1e-15)
    assert_allclose(B, [[1e-4], [0.01]], atol=1e-15)


@pytest.mark.parametrize("f", [oscillator, oscillator_python], ids=["compiled", "python"])
def test_a_python_flow_is_the_compiled_one(f):
    a, b = flow(f, "rk4", 0.1), flow(oscillator, "rk4", 0.1)
    assert_allclose(a.step(0, Y, P), b.step(0, Y, P), atol=1e-15)
    assert_allclose(a.jac(0, Y, P)[0], b.jac(0, Y, P)[0], atol=1e-11)


def test_a_function_that_takes_no_complex_numbers_is_differenced():
    kinked = numba.njit(lambda t, y: np.array([y[1], -max(y[0], 0.0) * np.arctan2(y[0], 1.0)]))
    A, _ = flow(kinked, "rk4", 0.1).jac(0.0, [0.5, 0.2])
    e = 1e-6
    phi, start = flow(kinked, "rk4", 0.1), np.array([0.5, 0.2])
    numeric = np.stack([(phi.step(0, start + d) - phi.step(0, start - d)) / (2 * e) for d in e * np.eye(2)], 1)
    assert_allclose(A, numeric, atol=1e-9)


# --- whole solutions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["tsit5", "dop853", "vern9"])
def test_sensitivities_of_a_linear_system_are_the_matrix_exponential(method):
    K = np.array([[0.0, 1, 0], [-2, -0.3, 1], [0.5, 0, -1]])
    f = numba.njit(lambda t, y, p: K @ y * p[0])
    times = np.linspace(0, 2, 5)
    sol = solve(f, (0, 2), [1, 2, 3], method, p=[1.3], rtol=1e-11, atol=1e-13, t_eval=times, sensitivities=True)
    for t, S, s in zip(times, sol.y_y0, sol.y_p):
        E = expm(1.3 * t * K)
        assert_allclose(S, E, atol=1e-8)
        assert_allclose(s[:, 0], t * K @ E @ [1, 2, 3], atol=1e-8)


@pytest.mark.parametrize("f", [oscillator, oscillator_python], ids=["compiled", "python"])
@pytest.mark.parametrize("method", ["rk4", "dopri5", "tsit5", "dop853"])
def test_adjoint_and_tangent_are_one_derivative(f, method):
    options = {"step": 0.05} if method == "rk4" else {"rtol": 1e-8, "atol": 1e-10}
    forward = solve(f, (0, 4), Y, method, p=P, sensitivities=True, **options)
    sol = solve(f, (0, 4), Y, method, p=P, **options)
    assert_allclose(forward.y, sol.y, atol=1e-12)
    for w in np.eye(2):
        by_start, by_p_ = sol.vjp(w)
        assert_allclose(by_start, w @ forward.y_y0[-1], atol=2e-10)
        assert_allclose(by_p_, w @ forward.y_p[-1], atol=2e-10)


def test_the_tangent_of_fixed_steps_equals_complex_step():
    step = complex_map("rk4", 0.1)

    def end(y, p):
        for k in range(20):
            y = step(k * 0.1, y, p)
        return y

    sol = solve(oscillator, (0, 2), Y, "rk4", p=P, step=0.1, sensitivities=True)
    assert_allclose(sol.y_y0[-1], by_complex_step(lambda y: end(y, P), Y), atol=1e-12)
    assert_allclose(sol.y_p[-1], by_complex_step(lambda p: end(Y, p), P), atol=1e-12)


def ball(t, y, p):
    return [y[1], -p[0]]


BOUNCE = Event(lambda t, y: y[0], direction=-1, reset=lambda t, y, p: [0.0, -p[1] * y[1]])
STOP = Event(lambda t, y: y[0], direction=-1, terminal=True)


def test_an_impact_carries_sensitivities_by_its_saltation_matrix():
    g, e, h = 9.81, 0.8, 1.0
    sol = solve(ball, (0, 1), [h, 0], p=[g, e], events=BOUNCE, rtol=1e-10, atol=1e-12, sensitivities=True)
    fall = np.sqrt(2 * h / g)
    v, rest = g * fall, 1 - fall  # y(1) = e v rest - g rest²/2 with v, rest functions of h, g, e
    by_h = e * np.sqrt(g / (2 * h)) * rest + (e * v - g * rest) * -np.sqrt(1 / (2 * h * g))
    by_e = v * rest
    assert sol.y_y0[-1][0, 0] == pytest.approx(by_h, abs=1e-8)
    assert sol.y_p[-1][0, 1] == pytest.approx(by_e, abs=1e-8)
    plain = solve(ball, (0, 1), [h, 0], p=[g, e], events=BOUNCE, rtol=1e-10, atol=1e-12)
    for w in np.eye(2):
        a, b = plain.vjp(w)
        assert_allclose(a, w @ sol.y_y0[-1], atol=1e-9)
        assert_allclose(b, w @ sol.y_p[-1], atol=1e-9)


def test_the_state_at_a_terminal_event_moves_with_the_event():
    sol = solve(ball, (0, 5), [1.0, 0.0], p=[9.81, 0], events=STOP, rtol=1e-10, atol=1e-12, sensitivities=True)
    speed = np.sqrt(2 * 9.81)  # v at the ground: -√(2 g h), so ∂v/∂h = -g / v
    assert_allclose(sol.y_y0[-1][:, 0], [0, -9.81 / speed], atol=1e-8)
    plain = solve(ball, (0, 5), [1.0, 0.0], p=[9.81, 0], events=STOP, rtol=1e-10, atol=1e-12)
    assert_allclose(plain.vjp([0, 1.0])[0], sol.y_y0[-1][1], atol=1e-9)


def test_a_grazing_event_has_no_sensitivity_and_says_so():
    graze = Event(lambda t, y: y[0] - 25 / (2 * 9.81), reset=lambda t, y: y)
    with pytest.raises(InvalidInput, match="only grazes"):
        solve(ball, (0, 1), [0, 5.0], p=[9.81, 0], events=graze, sensitivities=True)


BAD = {
    "dt": (lambda: flow(oscillator, "rk4", 0), "dt must be"),
    "method": (lambda: flow(oscillator, "radau", 0.1), "needs an explicit method"),
    "substeps": (lambda: flow(oscillator, "rk4", 0.1, substeps=0), "substeps` must be positive"),
    "shape": (lambda: flow(oscillator, "rk4", 0.1).step(0, np.zeros((2, 2, 2)), P), r"\(n,\) or \(N, n\)"),
    "p rows": (lambda: flow(oscillator, "rk4", 0.1).step(0, np.zeros((3, 2)), np.zeros((2, 2))), "p must have shape"),
    "w": (lambda: flow(oscillator, "rk4", 0.1).vjp(0, Y, P, [1.0]), "w must be shaped like y"),
    "steps": (lambda: flow(oscillator, "rk4", 0.1).rollout(0, Y, P), "say how many steps"),
    "jac shape": (
        lambda: flow(oscillator_python, "rk4", 0.1, jac=lambda t, y, p: np.eye(3)).jac(0, Y, P),
        "must have shape",
    ),
    "stiff": (lambda: solve(oscillator, (0, 1), Y, "bdf", p=P, sensitivities=True), "explicit methods"),
    "vjp": (lambda: solve(oscillator, (0, 1), Y, p=P, save="end").vjp([1, 0]), "kept no steps"),
    "vjp shape": (lambda: solve(oscillator, (0, 1), Y, p=P).vjp([1, 0, 0]), "w must have shape"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_sentence(case):
    call, words = BAD[case]
    with pytest.raises(InvalidInput, match=words):
        call()
