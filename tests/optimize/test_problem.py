"""What cannot be meant is refused by name, before any solver starts."""

import numpy as np
import pytest

from robocalc.dynamics import load, systems
from robocalc.errors import InvalidInput, UnknownName
from robocalc.optimize import Problem, Status, solve
from tests.optimize.published import block

pytest.importorskip("casadi")
GOOD = dict(dynamics=block, nx=2, nu=1, duration=1.0, initial=[0, 0], final=[1, 0], running=lambda t, x, u: u[0] ** 2)

WRONG = {
    "no duration": (dict(duration=None), "duration is missing"),
    "negative duration": (dict(duration=-1.0), "duration must be greater than 0"),
    "durations swapped": (dict(duration=(2, 1)), "duration has lower 2 above upper 1"),
    "duration nan": (dict(duration=float("nan")), "duration must be a finite number"),
    "nx missing": (dict(nx=None), "nx is missing"),
    "nu zero": (dict(nu=0), "nu must be a whole number"),
    "initial too long": (dict(initial=[0, 0, 0]), r"initial must have 2 entries \(x\[0\], x\[1\]\), got 3"),
    "final a number": (dict(final=1.0), "final must be 2 numbers"),
    "final nan": (dict(final=[np.nan, 0]), r"final x\[0\] must be a finite number"),
    "bounds swapped": (dict(input_bounds=(1, -1)), r"input_bounds of u\[0\] has lower 1 above upper -1"),
    "bounds too long": (dict(state_bounds=([0, 0, 0], [1, 1, 1])), "state_bounds must have 2 entries on each side"),
    "bounds one-sided": (dict(input_bounds=3.0), r"input_bounds must be \(lo, hi\)"),
    "bound nan": (dict(input_bounds=(np.nan, 1)), "input_bounds must be numbers or None"),
    "start breaks bound": (dict(state_bounds=([0.5, None], None)), r"initial x\[0\] = 0 breaks its state bound"),
    "goal breaks bound": (dict(state_bounds=(None, [0.5, None])), r"final x\[0\] = 1 breaks its state bound"),
    "constraint swapped": (dict(constraints={"wall": (lambda t, x, u: x[0], 2, 1)}), "constraint 'wall' has lower 2"),
    "constraint no function": (dict(constraints={"wall": (1, 2, 3)}), "constraint 'wall' must be"),
    "constraint somewhere": (
        dict(constraints={"wall": (lambda t, x, u: x[0], 0, 1, "middle")}),
        "constraint 'wall' must hold along the 'path'",
    ),
    "constraint sizes": (
        dict(constraints={"wall": (lambda t, x, u: x, [0, 0, 0], 1)}),
        "constraint 'wall' returns 2 values, but its bounds have 3",
    ),
    "dynamics too short": (dict(dynamics=lambda t, x, u: [x[1]]), "dynamics must return 2 values, got 1"),
    "dynamics raises": (dict(dynamics=lambda t, x, u: [x[1], x[5]]), "dynamics: .* IndexError"),
    "dynamics by math": (
        dict(dynamics=lambda t, x, u: [x[1], __import__("math").sin(x[0])]),
        "dynamics: a symbol was turned into a number",
    ),
    "dynamics branch": (dict(dynamics=lambda t, x, u: [x[1], u[0] if x[0] > 0 else 0]), "write np.where"),
    "dynamics arguments": (dict(dynamics=lambda x, u: [x[1], u[0]]), "dynamics must take"),
    "dynamics nothing": (dict(dynamics=3), "dynamics must be a System, a Robot or a function"),
    "cost not finite": (dict(running=lambda t, x, u: 1 / u[0]), "running cost is not finite at the guess"),
    "slope not finite": (dict(running=lambda t, x, u: np.sqrt(u[0])), "derivative of the cost is not finite"),
    "rates not finite": (dict(dynamics=lambda t, x, u: [x[1], 1 / x[1]]), r"dynamics of x\[1\] are not finite"),
    "terminal not finite": (dict(terminal=lambda T, x: np.log(x[1])), "terminal cost is not finite at the guess"),
    "running two values": (dict(running=lambda t, x, u: x), "running must return 1 value, got 2"),
    "guess shape": (dict(guess=(np.zeros((5, 3)), np.zeros((5, 1)))), "guess must have rows of 2 numbers"),
    "guess nan": (dict(guess=(np.full((5, 2), np.nan), np.zeros((5, 1)))), "guess must be finite"),
    "guess word": (dict(guess="good"), "guess must be"),
    "names": (dict(state_names=("a", "a")), "state_names must be 2 different names"),
    "parameter": (dict(parameters={"m": (2, 1)}), "parameter 'm' has lower 2 above upper 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_refused_by_name(name):
    changes, message = WRONG[name]
    with pytest.raises(InvalidInput, match=message):
        solve(Problem(**(GOOD | changes)))


def test_solver_options_are_checked():
    problem = Problem(**GOOD)
    with pytest.raises(UnknownName, match="did you mean 'collocation'"):
        solve(problem, "colocation")
    for options, message in (
        (dict(nodes=0), "nodes must be a whole number"),
        (dict(tol=-1.0), "tol must be greater than 0"),
        (dict(starts=0), "starts must be a whole number"),
        (dict(seed=-1), "seed must be a whole number"),
    ):
        with pytest.raises(InvalidInput, match=message):
            solve(problem, **options)
    with pytest.raises(InvalidInput, match="problem must be a Problem"):
        solve("problem")


def test_system_and_robot_know_their_sizes():
    assert Problem(systems.cart_pole(), duration=1.0).nx == 4
    robot = Problem(load("two_link"), duration=1.0)
    assert (robot.nx, robot.nu) == (4, 2)
    assert robot.input_names == tuple(f"torque of {j}" for j in load("two_link").joints)
    pole, flying = (Problem(load(name), duration=1.0) for name in ("cart_pole", "quadrotor_2d"))
    assert (pole.nu, pole.input_names, pole.units[1]) == (1, ("torque of slider",), ("N",))
    assert (flying.nu, flying.input_names[1]) == (2, "thrust of thrust_rear")
    np.testing.assert_array_equal(flying.u_bounds, [[0.056323] * 2, [0.296683] * 2])
    with pytest.raises(InvalidInput, match="nx = 3, but cart_pole has nx = 4"):
        Problem(systems.cart_pole(), nx=3, duration=1.0)


def test_start_inside_a_forbidden_place_is_named_without_a_solve():
    plan = solve(Problem(**GOOD, constraints={"wall": (lambda t, x, u: x[0] + t, 0.5, None)}))
    assert plan.status is Status.BAD_START
    assert plan.violations[0].constraint == "wall"
    assert plan.violations[0].amount == pytest.approx(0.5)
    assert plan.violations[0].time == 0.0


def test_without_casadi_one_sentence_says_what_to_install(monkeypatch):
    import sys

    from robocalc.errors import EngineUnavailable

    monkeypatch.setitem(sys.modules, "casadi", None)
    with pytest.raises(EngineUnavailable, match="pip install casadi"):
        solve(Problem(**GOOD))


def test_the_room_is_light_until_it_is_used():
    import subprocess
    import sys

    code = (
        "import sys, robocalc.optimize as o; o.Problem, o.Plan; "
        "sys.exit(any(m in sys.modules for m in ('casadi', 'numba', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
