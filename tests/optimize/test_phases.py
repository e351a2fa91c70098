"""Several phases: the optimum of one where nothing changes, jumps that mechanics gives, names and times in seconds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from robocalc.optimize import Phases, Problem, Status, phases, solve
from tests.optimize.published import block

pytest.importorskip("casadi")
G = 9.81
EFFORT = dict(running=lambda t, x, u: u[0] ** 2)


def half(**changes):
    return Problem(block, 2, 1, **(dict(duration=0.5) | EFFORT | changes))


def ball(**changes):
    return Problem(lambda t, x, u: [x[1], u[0] - G], 2, 1, **(dict(duration=(0.05, 3)) | EFFORT | changes))


def test_two_halves_are_the_whole():
    plan = solve(phases([half(initial=[0, 0]), half(final=[1, 0])]))
    assert plan.solved
    assert plan.cost == pytest.approx(12.0, rel=1e-9)
    assert plan.duration == pytest.approx(1.0)
    t = np.linspace(0, 1, 21)
    assert_allclose(plan.states(t)[:, 0], 3 * t**2 - 2 * t**3, atol=1e-7)
    assert_allclose(plan.phases[0].states(0.5), [0.5, 1.5], atol=1e-7)
    assert [part.duration for part in plan.phases] == [0.5, 0.5]


def test_free_durations_share_a_total():
    """Through 0.3 m at a free time of a 1 s move: the optimal parabola passes there by itself."""
    plan = solve(
        phases(
            {
                "out": half(duration=(0.1, 0.9), initial=[0, 0], final=[0.3, None]),
                "in": half(duration=(0.1, 0.9), final=[1, 0]),
            },
            duration=1.0,
        )
    )
    assert plan.cost == pytest.approx(12.0, rel=1e-7)
    t = plan.parameters["duration of out"]
    assert 3 * t**2 - 2 * t**3 == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize(
    "link",
    [
        lambda x: [x[0], -0.7 * x[1]],
        {"bounce": (lambda a, b: b[1] + 0.7 * a[1], 0, 0), "floor": (lambda a, b: b[0] - a[0], 0, 0)},
    ],
    ids=["jump", "conditions"],
)
def test_a_ball_bounces(link):
    """Dropped from 1 m with restitution 0.7 it rises to 0.49 m by itself: no force, and the known times."""
    fall, rise = ball(initial=[1, 0], final=[0, None]), ball(final=[0.49, 0])
    plan = solve(phases({"fall": fall, "rise": rise}, [link]))
    assert plan.solved, plan.violations
    assert plan.cost == pytest.approx(0.0, abs=1e-9)
    down, up = (part.duration for part in plan.phases)
    assert down == pytest.approx(np.sqrt(2 / G), rel=1e-5)
    assert up == pytest.approx(0.7 * down, rel=1e-5)


def test_phases_have_their_own_dynamics():
    """A rocket drops its stage: two masses, one thrust; Newton's second law on both sides."""
    stage = lambda m: lambda t, x, u: [x[1], u[0] / m]  # noqa: E731
    first = Problem(stage(2.0), 2, 1, duration=1.0, initial=[0, 0], running="effort")
    second = Problem(stage(1.0), 2, 1, duration=1.0, final=[None, 3.0], running="effort")
    plan = solve(phases([first, second]))
    # least ∫ u² for a change of speed 3 = ∫ u / m: u ∝ 1 / m, u = λ / m with λ (1/4 + 1) = 3
    assert plan.cost == pytest.approx((2.4 / 2) ** 2 + 2.4**2, rel=1e-8)
    assert plan.phases[0].inputs(0.5)[0] == pytest.approx(1.2, rel=1e-6)


def test_what_is_missing_is_named_by_phase_and_time():
    weak = dict(input_bounds=(-3, 3))
    plan = solve(phases({"go": half(initial=[0, 0], **weak), "stop": half(final=[1, 0], **weak)}))
    assert plan.status is Status.INFEASIBLE
    assert {v.constraint for v in plan.violations} == {"bound of go: u[0]", "bound of stop: u[0]"}
    for v in plan.violations:
        assert v.amount == pytest.approx(1.0, rel=0.02)  # 4 m/s² are needed
        assert 0 <= v.time <= 1
    longer = next(c for c in plan.conflicts if c.constraint == "duration")
    assert longer.amount == pytest.approx(np.sqrt(4 / 3) - 1, rel=1e-3)


def test_a_robot_goes_through_a_state_in_two_phases():
    robot = load("two_link")
    common = dict(duration=0.6, running="effort")
    plan = solve(
        phases(
            {
                "there": Problem(robot, initial=[-1.2, 0, 0, 0], final=[-1.0, 0.4, None, None], **common),
                "back": Problem(robot, final=[-1.2, 0, 0, 0], **common),
            }
        ),
        tol=1e-5,
    )
    assert plan.solved, plan.violations
    assert plan.trajectory.n == 2
    assert_allclose(plan.states(0.6), plan.phases[1].states(0.0), atol=1e-6)
    assert_allclose(plan.states(0.6)[:2], [-1.0, 0.4], atol=1e-7)


def test_multipliers_of_phases_are_in_seconds():
    """Sensitivity of 12 x² (the whole move) to its goal, whatever the phases."""
    plan = solve(phases([half(initial=[0, 0]), half(final=[1, 0])]))
    m = plan.multipliers["final phase 2: x[0]"]
    assert_allclose(m.value, [-24.0], rtol=1e-6)
    assert_allclose(m.t, [1.0])


def test_what_does_not_fit_together_is_refused():
    a = half(initial=[0, 0])
    other = Problem(lambda t, x, u: u, 1, 1, duration=1.0)
    for wrong, message in (
        (lambda: phases([]), "at least one Problem"),
        (lambda: phases([a, 3]), "phase 'phase 2' must be a Problem"),
        (lambda: phases([a, other]), "2 states cannot go on as 1"),
        (lambda: phases([a, a], links=[None, None]), "links must be 1"),
        (lambda: phases([a, a], links=[{"x": 3}]), "condition 'x' must be"),
        (lambda: phases([a, a], duration=-1.0), "duration must be greater than 0"),
        (lambda: phases([half(parameters={"m": 1.0}), half(parameters={"m": 2.0})]), "parameter 'm' is"),
        (lambda: solve(phases([a, half(running="torque_change")])), "does not go with phases"),
        (lambda: solve(phases([a, a], links=[lambda x: [x[0]]])), "the jump must return 2 states"),
        (lambda: solve(phases([a, a]), homotopy="mesh"), "not with several phases"),
    ):
        with pytest.raises(InvalidInput, match=message):
            wrong()
    assert isinstance(phases([a, a]), Phases)
