"""What a motion may cost, by name: `running="effort"`, or weighted, `running={"effort": 1.0, "time": 20.0}`.

    Objective    L(t, x, u, u̇, p) of a problem, its unit, and whether it needs the rates of the inputs
    OBJECTIVES   effort, time, energy, energy_regenerated, torque_change, jerk
    weighted     several as one
    gradient     an objective's value and derivatives at a point, exact

Those that need u̇ make the inputs states and their rates the inputs (`robocalc.optimize.lift`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from robocalc.optimize.check import number

STILL = 0.1  # [W] power around which |power| is rounded: sharper corners keep solvers from an answer


@dataclass(frozen=True)
class Objective:
    """unit of ∫ L dt for a Robot with turning joints; of(problem) -> L(t, x, u, w, p) with w = u̇; rates: uses w."""

    name: str
    unit: str
    of: Callable
    rates: bool = False


def _robot(problem, what):
    if problem.kind != "robot":
        raise InvalidInput(
            f"objective {what!r} needs a Robot: only there it is known which states are joint velocities"
        )
    return problem.dynamics


def _effort(problem):
    return lambda t, x, u, w, p: sum(u[i] * u[i] for i in range(problem.nu))


def _time(problem):
    return lambda t, x, u, w, p: 1.0


def _powers(problem, what):
    """(x, u) -> what each input gives [W]: for a drive u ω, for a thruster its force times the speed along it."""
    robot = _robot(problem, what)
    n = robot.n
    if not robot.tree.thrusters:
        driven = [i for i, joint in enumerate(robot.joints) if joint in robot.inputs]
        return lambda x, u: [u[k] * x[n + i] for k, i in enumerate(driven)]
    from robocalc.optimize.rigid import shares
    from robocalc.optimize.symbols import expression, symbols

    return lambda x, u: symbols(shares(robot)(*(expression(s) for s in (x[:n], x[n:], u))))


def _regenerated(problem):
    powers = _powers(problem, "energy_regenerated")
    return lambda t, x, u, w, p: sum(powers(x, u))


def _energy(problem):
    """Power of each input where it drives; none comes back where it brakes."""
    powers = _powers(problem, "energy")

    def drawn(power):
        return (power + np.sqrt(power * power + STILL**2)) / 2

    return lambda t, x, u, w, p: sum(drawn(power) for power in powers(x, u))


def _torque_change(problem):
    return lambda t, x, u, w, p: sum(w[i] * w[i] for i in range(problem.nu))


def _jerk(problem):
    from robocalc.optimize.rigid import jerk
    from robocalc.optimize.symbols import expression, symbols

    robot = _robot(problem, "jerk")
    n = robot.n

    def squared(t, x, u, w, p):
        j = symbols(jerk(robot)(*(expression(s) for s in (x[:n], x[n:], u, w))))
        return sum(j[i] * j[i] for i in range(n))

    return squared


OBJECTIVES = {
    "effort": Objective("effort", "N² m² s", _effort),
    "time": Objective("time", "s", _time),
    "energy": Objective("energy", "J", _energy),
    "energy_regenerated": Objective("energy_regenerated", "J", _regenerated),
    "torque_change": Objective("torque_change", "N² m² / s", _torque_change, rates=True),
    "jerk": Objective("jerk", "rad² / s⁵", _jerk, rates=True),
}


def find(name) -> Objective:
    """The Objective of a name. Raises UnknownName."""
    if name not in OBJECTIVES:
        raise UnknownName("objective", name, OBJECTIVES)
    return OBJECTIVES[name]


def weights(running) -> dict:
    """{name: weight} of "name" or {name: weight}; raises InvalidInput, UnknownName."""
    if isinstance(running, str):
        find(running)
        return {running: 1.0}
    if not isinstance(running, Mapping) or not running:
        raise InvalidInput(f"running must be a function, a name or {{name: weight}}, got {running!r}")
    for name in running:
        find(name)
    return {name: number(f"weight of {name!r}", value) for name, value in running.items()}


def needs_rates(running) -> bool:
    """Whether one of the objectives uses u̇."""
    return not callable(running) and running is not None and any(find(n).rates for n in weights(running))


def weighted(problem, running):
    """Σ weight L as one L(t, x, u, w, p)."""
    parts = [(weight, find(name).of(problem)) for name, weight in weights(running).items()]
    return lambda t, x, u, w, p: sum(weight * L(t, x, u, w, p) for weight, L in parts)


def gradient(problem, name, x, u, w, t=0.0):
    """(L, ∂L/∂x (nx,), ∂L/∂u (nu,), ∂L/∂u̇ (nu,)) of a built-in objective at one point."""
    from robocalc.optimize.symbols import casadi, expression, symbols
    from robocalc.optimize.tracing import tracing

    ca, L = casadi(), find(name).of(problem)
    args = [ca.SX.sym(s, k) for s, k in (("x", problem.nx), ("u", problem.nu), ("w", problem.nu))]
    with tracing():
        value = expression(L(t, *(symbols(a) for a in args), ()))
    f = ca.Function("objective", args, [value, *(ca.densify(ca.gradient(value, a)) for a in args)])
    out = [np.array(v).ravel() for v in f(x, u, w)]
    return float(out[0][0]), *out[1:]
