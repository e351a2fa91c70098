"""Systems: Jacobians are derivatives, compiled is plain, and the equations are those of the textbooks."""

import numpy as np
import pytest

from robocalc.dynamics import System, load
from robocalc.dynamics.systems import (
    SYSTEMS,
    acrobot,
    cart_pole,
    double_pendulum,
    mass_spring_damper,
    pendulum,
    quadrotor,
    van_der_pol,
)
from robocalc.errors import InvalidInput, UnknownName


def point(system, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, system.nx), rng.uniform(-1, 1, system.nu)


def shaken(make):
    """The system with every parameter changed, so that none hides behind a zero or a one."""
    system = make()
    return system.with_(**{k: 1.3 * v + 0.1 for k, v in system.parameters.items()})


def complex_jacobian(system, x, u):
    """∂f/∂(x, u) by complex steps: exact to rounding."""
    z, h, columns = np.concatenate([x, u]), 1e-30, []
    for j in range(len(z)):
        y = z.astype(complex)
        y[j] += 1j * h
        columns.append(np.imag(system.equations(0.3, y[: system.nx], y[system.nx :], system.p)) / h)
    return np.array(columns).T


@pytest.mark.parametrize("name", SYSTEMS)
def test_jacobians_are_the_derivatives_of_the_equations(name):
    for system in (SYSTEMS[name](), shaken(SYSTEMS[name])):
        for seed in range(3):
            x, u = point(system, seed)
            exact = complex_jacobian(system, x, u)
            ours = np.hstack(system.linearise(0.3, x, u))
            np.testing.assert_allclose(ours, exact, rtol=1e-12, atol=1e-12 * np.abs(exact).max())


@pytest.mark.parametrize("name", SYSTEMS)
def test_compiled_and_plain_are_the_same(name):
    system = SYSTEMS[name]()
    x, u = point(system)
    np.testing.assert_allclose(system.f(0.3, x, u), system.rates(0.3, x, u), rtol=1e-14, atol=1e-300)
    A, B = system.linearise(0.3, x, u)
    np.testing.assert_allclose(system.jac_x(0.3, x, u), A, rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(system.jac_u(0.3, x, u), B, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_batch_is_its_rows(name):
    system = SYSTEMS[name]()
    x, u = np.random.default_rng(1).uniform(-1, 1, (4, system.nx)), np.ones((4, system.nu))
    rows = [system.rates(0.0, x[k], u[k]) for k in range(4)]
    np.testing.assert_allclose(system.rates(0.0, x, u), rows, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(system.rates(0.0, x, u[0]), rows, rtol=1e-14, atol=1e-300)
    A, B = system.linearise(0.0, x, u)
    assert A.shape == (4, system.nx, system.nx)
    assert B.shape == (4, system.nx, system.nu)
    np.testing.assert_allclose(A[2], system.linearise(0.0, x[2], u[2])[0], rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("name", SYSTEMS)
def test_rest_is_at_rest_and_everything_has_a_unit(name):
    system = SYSTEMS[name]()
    assert isinstance(system, System)
    assert system.name == name
    x, u = system.rest
    np.testing.assert_allclose(system.rates(0.0, x, u), 0, atol=1e-12)
    assert set(system.units) == set(system.parameters)
    assert all((*system.states.values(), *system.inputs.values(), *system.units.values()))


def test_the_cart_pole_is_the_robot_of_that_name():
    system, robot = cart_pole(), load("cart_pole")
    x, u = np.random.default_rng(2).uniform(-2, 2, 4), np.array([3.0])
    a = robot.forward_dynamics(x[:2], x[2:], [u[0], 0.0])
    np.testing.assert_allclose(system.rates(0.0, x, u), [*x[2:], *a], rtol=1e-12)


def test_the_acrobot_is_two_rods():
    """The planar robot with two rods, turned so that zero hangs: angles from straight down instead of from +x."""
    robot = load("two_link")
    system = acrobot(length1=0.5, centre1=0.25, centre2=0.25, inertia1=1 / 48, inertia2=1 / 48)
    x = np.random.default_rng(3).uniform(-2, 2, 4)
    a = robot.forward_dynamics([x[0] - np.pi / 2, x[1]], x[2:], [0.0, 0.7])
    np.testing.assert_allclose(system.rates(0.0, x, [0.7]), [*x[2:], *a], rtol=1e-11)


def test_a_double_pendulum_keeps_its_energy():
    """d/dt (½ vᵀM v + V) = 0 without damping and torque, by the equations themselves."""
    m1, m2, l1, l2 = 1.2, 0.7, 0.9, 1.1
    system = double_pendulum(m1, m2, l1, l2)

    def energy(x):
        a, b, w1, w2 = x[0], x[0] + x[1], x[2], x[2] + x[3]
        vx, vy = l1 * np.cos(a) * w1 + l2 * np.cos(b) * w2, l1 * np.sin(a) * w1 + l2 * np.sin(b) * w2
        kinetic = m1 / 2 * (l1 * w1) ** 2 + m2 / 2 * (vx * vx + vy * vy)
        return kinetic - 9.81 * (m1 * l1 * np.cos(a) + m2 * (l1 * np.cos(a) + l2 * np.cos(b)))

    for seed in range(5):
        x = np.random.default_rng(seed).uniform(-2, 2, 4)
        dx = system.rates(0.0, x, [0.0, 0.0])
        rate = (energy(x + 1e-6 * dx) - energy(x - 1e-6 * dx)) / 2e-6
        assert rate == pytest.approx(0, abs=1e-7)


def test_a_quadrotor_turns_its_thrust_with_its_body():
    from scipy.spatial.transform import Rotation

    system = quadrotor()
    turn = Rotation.from_rotvec([0.3, -0.5, 0.8])
    q = turn.as_quat()
    rates = np.array([0.4, -0.2, 0.6])
    x = np.concatenate([np.zeros(3), [q[3], *q[:3]], np.zeros(3), rates])
    dx = system.rates(0.0, x, [0.1, 0.1, 0.1, 0.1])
    np.testing.assert_allclose(dx[7:10], turn.apply([0, 0, 0.4 / 0.027]) - [0, 0, 9.81], rtol=1e-12)
    h = 1e-7
    after = (turn * Rotation.from_rotvec(h * rates)).as_quat()
    np.testing.assert_allclose(dx[3:7], (np.array([after[3], *after[:3]]) - x[3:7]) / h, atol=1e-6)
    assert x[3:7] @ dx[3:7] == pytest.approx(0, abs=1e-15)
    J = np.diag([1.4e-5, 1.4e-5, 2.17e-5])
    np.testing.assert_allclose(J @ dx[10:] + np.cross(rates, J @ rates), 0, atol=1e-18)


def test_systems_go_into_the_integrators():
    from robocalc import ode

    system = mass_spring_damper(mass=2.0, stiffness=8.0)
    solution = ode.solve(system, (0.0, 1.0), [1.0, 0.0], p=[0.0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(solution.y[-1], [np.cos(2.0), -2 * np.sin(2.0)], atol=1e-8)


def test_wrong_names_and_shapes_are_told():
    with pytest.raises(UnknownName, match="did you mean 'mass'"):
        pendulum().with_(mas=1.0)
    with pytest.raises(InvalidInput, match="mass of pendulum"):
        pendulum(mass=0.0)
    with pytest.raises(InvalidInput, match="finite number"):
        van_der_pol().with_(mu=np.nan)
    with pytest.raises(InvalidInput, match="angle, rate"):
        pendulum().rates(0.0, [1.0], [0.0])
    with pytest.raises(InvalidInput, match="rate in x is not finite"):
        pendulum().rates(0.0, [1.0, np.inf], [0.0])
    with pytest.raises(InvalidInput, match="rows"):
        pendulum().rates(0.0, np.zeros((2, 2)), np.zeros((3, 1)))
