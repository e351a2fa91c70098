"""Points on a line: oscillators and a free block."""

from robocalc.dynamics.system import System, positive


def _van_der_pol(t, x, u, p):
    return x[1], p[0] * (1 - x[0] * x[0]) * x[1] - x[0] + u[0]


def _van_der_pol_jacobians(t, x, u, p):
    return ((0.0, 1.0), (-2 * p[0] * x[0] * x[1] - 1, p[0] * (1 - x[0] * x[0]))), ((0.0,), (1.0,))


def van_der_pol(mu=1.0) -> System:
    """Van der Pol's oscillator with a force; stiff for large mu."""
    return System(
        "van_der_pol",
        _van_der_pol,
        _van_der_pol_jacobians,
        {"x": "1", "rate": "1/s"},
        {"force": "1/s^2"},
        {"mu": mu},
        {"mu": "1/s"},
        ((0.0, 0.0), (0.0,)),
    )


def _mass_spring_damper(t, x, u, p):
    m, c, k = p
    return x[1], (u[0] - c * x[1] - k * x[0]) / m


def _mass_spring_damper_jacobians(t, x, u, p):
    m, c, k = p
    return ((0.0, 1.0), (-k / m, -c / m)), ((0.0,), (1.0 / m,))


def mass_spring_damper(mass=1.0, damping=0.0, stiffness=1.0) -> System:
    """A mass on a spring and a damper, pushed by a force."""
    positive("mass_spring_damper", mass=mass)
    return System(
        "mass_spring_damper",
        _mass_spring_damper,
        _mass_spring_damper_jacobians,
        {"position": "m", "velocity": "m/s"},
        {"force": "N"},
        {"mass": mass, "damping": damping, "stiffness": stiffness},
        {"mass": "kg", "damping": "N s/m", "stiffness": "N/m"},
        ((0.0, 0.0), (0.0,)),
    )


def double_integrator(mass=1.0) -> System:
    """A block that a force moves: ẍ = F / m."""
    positive("double_integrator", mass=mass)
    block = mass_spring_damper(mass, 0.0, 0.0)
    return System(
        "double_integrator",
        block.equations,
        block.jacobians,
        block.states,
        block.inputs,
        block.parameters,
        block.units,
        block.rest,
    )
