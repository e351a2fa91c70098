"""Derivatives of everything that reaches the solver, and symbolic rigid bodies against the compiled kernels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load, systems
from robocalc.dynamics.systems import SYSTEMS
from robocalc.optimize import SCHEMES, Problem
from robocalc.optimize.rigid import acceleration, forces, jerk, shares, torque
from robocalc.optimize.symbols import expression, symbols
from robocalc.optimize.trace import rates_of, trace
from robocalc.optimize.tracing import tracing
from robocalc.optimize.transcribe import Program
from tests.optimize.published import kelly_cart_pole

ca = pytest.importorskip("casadi")
ROBOTS = ("panda", "panda_gripper", "iiwa", "xarm6", "cart_pole", "two_link")


def everything():
    """A problem with all that a problem can have: free time, parameters, constraints everywhere."""
    return Problem(
        kelly_cart_pole,
        4,
        1,
        duration=(1, 3),
        initial=[0, 0, 0, 0],
        final=[1, np.pi, 0, 0],
        running=lambda t, x, u, p: u[0] ** 2 * (1 + t) * p["a"],
        terminal=lambda T, x, p: T * x[0] ** 2 * p["b"],
        constraints={
            "along": (lambda t, x, u, p: [x[0] * u[0] * t * p[0], x[1] + t], -1, 1),
            "first": (lambda t, x, u: x[0] * x[1] + u[0] ** 2, 0, 1, "initial"),
            "last": (lambda t, x, u: x[0] * x[1] * t, 0, 1, "final"),
        },
        parameters={"a": (0, 1), "b": 3.0},
    )


@pytest.mark.parametrize("name", SCHEMES)
def test_assembled_derivatives_are_those_of_casadi_on_the_whole_program(name):
    program = Program(trace(everything()), SCHEMES[name], 5, {})
    rng = np.random.default_rng(0)
    h = rng.uniform(0.5, 1, 5)
    z, lam = rng.normal(size=program.nz), rng.normal(size=program.ng)
    p = program.data(h / h.sum(), np.array([3.0, 2, 1, 0.5, 3, 2]))
    own = {k: program.solver.get_function(f"nlp_{k}") for k in ("f", "g", "grad_f", "jac_g", "hess_l")}
    Z = ca.MX.sym("z", program.nz)
    f, g = own["f"](Z, p), own["g"](Z, p)
    lagrangian = 0.7 * f + ca.dot(lam, g)
    oracle = ca.Function("oracle", [Z], [ca.gradient(f, Z), ca.jacobian(g, Z), ca.triu(ca.hessian(lagrangian, Z)[0])])
    grad, J, H = (np.array(v) for v in oracle(z))
    assert_allclose(np.array(own["grad_f"](z, p)[1]), grad, atol=1e-13)
    assert_allclose(np.array(own["jac_g"](z, p)[1]), J, atol=1e-13)
    assert_allclose(np.array(own["hess_l"](z, p, 0.7, lam)), H, atol=1e-13)


@pytest.mark.parametrize("name", ROBOTS)
def test_symbolic_rigid_bodies_are_the_compiled_ones(name):
    robot = load(name)
    if name == "panda":
        robot = robot.with_base([0.1, 0.2, 0.3], [0.4, 0.5, 0.6]).with_payload(2.0)
    q, v, a = np.random.default_rng(0).uniform(-1, 1, (3, robot.n))
    tau = robot.inverse_dynamics(q, v, a)
    assert_allclose(np.array(torque(robot)(q, v, a)).ravel(), tau, atol=1e-12)
    assert_allclose(np.array(acceleration(robot)(q, v, tau)).ravel(), a, atol=1e-11)


@pytest.mark.parametrize("name", [*ROBOTS, "quadrotor", "quadrotor_2d", "husky", "acrobot"])
def test_symbolic_forces_of_inputs_are_the_compiled_ones_and_so_is_their_power(name):
    robot, rng = load(name), np.random.default_rng(2)
    q, v = rng.uniform(-1, 1, (2, robot.n))
    u = rng.uniform(-1, 1, robot.m)
    tau = robot.actuation(q) @ u
    assert_allclose(np.array(forces(robot)(q, u)).ravel(), tau, atol=1e-13)
    assert_allclose(np.array(shares(robot)(q, v, u)).sum(), tau @ v, atol=1e-13)


def test_symbolic_jerk_is_the_slope_of_the_acceleration():
    robot = load("iiwa")
    q, v, tau, w = np.random.default_rng(1).uniform(-1, 1, (4, robot.n))
    a = robot.forward_dynamics(q, v, tau)
    e = 1e-5
    ahead = robot.forward_dynamics(q + e * v, v + e * a, tau + e * w)
    behind = robot.forward_dynamics(q - e * v, v - e * a, tau - e * w)
    j = np.array(jerk(robot)(q, v, tau, w)).ravel()
    assert_allclose(j, (ahead - behind) / (2 * e), rtol=1e-5, atol=1e-4 * np.abs(j).max())


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_is_traced(name):
    system = SYSTEMS[name]()
    rate = trace(Problem(system, duration=1.0)).rate
    x, u = np.random.default_rng(2).uniform(-1, 1, system.nx), np.random.default_rng(3).uniform(-1, 1, system.nu)
    assert_allclose(np.array(rate(0.0, x, u, [])[0]).ravel(), system.rates(0.0, x, u), atol=1e-12)
    A, B = system.linearise(0.0, x, u)
    t, X, U = ca.SX.sym("t"), ca.SX.sym("x", system.nx), ca.SX.sym("u", system.nu)
    f = rate(t, X, U, ca.SX(0, 1))[0]
    J = ca.Function("J", [t, X, U], [ca.jacobian(f, X), ca.jacobian(f, U)])(0.0, x, u)
    assert_allclose(np.array(J[0]), A, atol=1e-11)
    assert_allclose(np.array(J[1]), B, atol=1e-11)


def numpy_in_many_ways(x):
    """What users write: slices, stacks, matrices, linear solves, clips, branches."""
    q, v = x[:2], x[2:]
    M = np.array([[2 + np.cos(q[0]), 1.0], [1.0, 3.0]])
    a = np.linalg.solve(M, np.array([np.sin(q[1]) - v[0] ** 2, np.hypot(v[0], v[1])]))
    more = [
        np.where(q[0] > 0, q[1], 2.0),
        np.maximum(q[0], 0.3),
        np.minimum(q[0], 0.1),
        np.clip(v[1], -1, 1),
        abs(v[0]),
        np.abs(v).sum(),
        x @ np.arange(4.0),
        np.dot(x, x),
        np.linalg.norm(x),
        np.float64(3) / q[0],
        2 ** q[0],
        q[0] ** 3,
        np.arctan2(v[0], v[1]),
        np.mod(v[0], 2.0),
        np.exp(-v[0]) * np.tanh(q[1]),
        np.log2(np.abs(v[0])),
        np.cbrt(v[0]),
        np.deg2rad(q[0]),
        np.square(q[1]) + np.sqrt(1 + q[1] ** 2),
        np.sum(np.sin(q) * v),
    ]
    inverse = np.linalg.inv(M) @ v
    return np.concatenate(
        [v, a * np.float64(2.0), more, np.ones(2) * q[0], np.cross([q[0], q[1], 1.0], [v[0], v[1], 0.0]), inverse]
    )


def test_numpy_on_symbols_is_numpy_on_numbers():
    X = ca.SX.sym("x", 4)
    with tracing():
        f = ca.Function("f", [X], [expression(numpy_in_many_ways(symbols(X)))])
    for x in np.random.default_rng(0).uniform(-1.5, 1.5, (5, 4)):
        assert_allclose(np.array(f(x)).ravel(), numpy_in_many_ways(x).astype(float), atol=1e-13)


def test_numpy_is_itself_again_after_tracing():
    before = np.linalg.solve, np.where, np.clip
    with tracing():
        assert_allclose(np.linalg.solve(np.eye(2), np.ones(2)), [1, 1])
    assert (np.linalg.solve, np.where, np.clip) == before


def test_casadi_and_compiled_functions_are_taken_as_they_are():
    from robocalc.jit import numba

    compiled = numba.njit(lambda t, x, u: (x[1], -np.sin(x[0]) + u[0]))
    for f in (compiled, lambda t, x, u: [x[1], u[0] - ca.sin(x[0])]):
        rates = trace(Problem(f, 2, 1, duration=1.0)).rate
        assert_allclose(np.array(rates(0.0, [0.3, 0.4], [0.5], [])[0]).ravel(), [0.4, 0.5 - np.sin(0.3)], atol=1e-15)
    assert callable(rates_of(Problem(systems.pendulum(), duration=1.0)))
