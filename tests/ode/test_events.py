"""Events against closed forms: every crossing and touch, resets, breakpoints, and what the user did wrong."""

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import InvalidInput
from robocalc.ode import Event, Status, solve, solve_ivp

G = 9.81


@numba.njit
def fall(t, y, p, out):
    out[0], out[1] = y[1], -G


def fall_python(t, y):
    return [y[1], -G]


@numba.njit
def height(t, y):
    return y[0]


FALLS = pytest.mark.parametrize("f", [fall, fall_python], ids=["compiled", "python"])


def circle(t, y):
    return [y[1], -y[0]]


@FALLS
@pytest.mark.parametrize("method", ["tsit5", "dop853", "vern9", "radau", "bdf", "lsoda"])
def test_both_crossings_inside_one_step_are_found(f, method):
    def above(t, y):
        return y[0] - 1.0

    v = 5.0  # up through 1 m and down again, within one step of an easy problem
    sol = solve(f, (0, 2), [0, v], method, events=above, rtol=1e-9, atol=1e-12)
    exact = (v + np.array([-1, 1]) * np.sqrt(v * v - 2 * G)) / G
    assert_allclose(sol.t_events[0], exact, atol=3e-9)


@FALLS
@pytest.mark.parametrize("excess", [1e-3, 1e-6, 1e-9])
def test_an_apex_just_above_the_threshold_gives_two_crossings(f, excess):
    v = 5.0
    apex = v * v / (2 * G)

    def touching(t, y):
        return y[0] - (apex - excess)

    sol = solve(f, (0, 1), [0, v], "dopri5", rtol=1e-3, events=touching)
    exact = v / G + np.array([-1, 1]) * np.sqrt(2 * excess / G)
    assert_allclose(sol.t_events[0], exact, atol=1e-6)


@FALLS
def test_an_exact_touch_is_one_event_and_a_miss_is_none(f):
    v = 5.0
    apex = v * v / (2 * G)
    touch = solve(f, (0, 1), [0, v], events=lambda t, y: y[0] - apex)
    miss = solve(f, (0, 1), [0, v], events=lambda t, y: y[0] - apex - 1e-4)
    assert_allclose(touch.t_events[0], [v / G], atol=1e-6)
    assert len(miss.t_events[0]) == 0


@pytest.mark.parametrize("phase", np.linspace(0, 0.9, 7))
def test_touches_are_found_wherever_the_steps_lie(phase):
    sol = solve(circle, (phase, 30), [np.cos(phase), -np.sin(phase)], "dop853", rtol=1e-12, atol=1e-14,
                events=lambda t, y: y[0] - np.cos(1e-4))  # fmt: skip
    centres = 2 * np.pi * np.arange(1 if phase > 1e-4 else 0, 5)
    exact = np.sort(np.concatenate([centres - 1e-4, centres + 1e-4]))
    exact = exact[exact > phase]
    assert_allclose(sol.t_events[0], exact, atol=1e-6)


@pytest.mark.parametrize("method", ["bs3", "dopri5", "tsit5", "vern7", "dop853", "vern9"])
def test_event_times_are_exact_to_the_tolerance(method):
    sol = solve(circle, (0, 20), [0, 1], method, rtol=1e-10, atol=1e-12, events=lambda t, y: y[0])
    assert_allclose(sol.t_events[0], np.pi * np.arange(7), atol=2e-8 if method == "bs3" else 1e-9)
    assert_allclose(sol.y_events[0][:, 0], 0, atol=1e-13)


def test_fast_events_in_long_steps_are_all_found():
    @numba.njit
    def drift(t, y):
        return np.array([1.0])

    sol = solve(drift, (0, 2.9), [0.0], events=lambda t, y: np.sin(2 * np.pi * y[0]), max_step=0.9)
    assert_allclose(sol.t_events[0], np.arange(0, 2.9, 0.5), atol=1e-12)


def test_direction_and_terminal_count():
    rising, third = (lambda t, y: y[0]), (lambda t, y: y[0])
    rising.direction, third.terminal = 1, 3
    sol = solve(circle, (0.1, 100), [np.sin(0.1), np.cos(0.1)], events=[rising, third], rtol=1e-9)
    assert sol.status is Status.TERMINATED
    assert_allclose(sol.t_events[1], np.pi * np.arange(1, 4), atol=1e-6)
    assert_allclose(sol.t_events[0], [2 * np.pi], atol=1e-6)
    assert sol.t[-1] == sol.t_events[1][-1]


def test_backwards_the_direction_is_that_of_the_motion():
    falling = Event(lambda t, y: y[0], direction=-1)
    sol = solve(circle, (10, 0.1), [np.sin(10), np.cos(10)], events=falling, rtol=1e-9)
    assert_allclose(sol.t_events[0], [2 * np.pi], atol=1e-6)  # g falls from above zero going back through 2 π


@FALLS
def test_an_event_at_the_start_counts_if_it_leaves_in_its_direction(f):
    assert_allclose(solve(f, (0, 2), [0, 5], events=height).t_events[0], [0, 10 / G], atol=1e-9)
    down = Event(height, terminal=True, direction=-1)
    sol = solve(f, (0, 2), [0, 5], events=down)
    assert_allclose(sol.t_events[0], [10 / G], atol=1e-9)
    assert solve(f, (0, 2), [0, -5], events=down).t[-1] == 0


def test_events_of_one_time_are_all_reported():
    sol = solve(circle, (0, 4), [0, 1], events=[lambda t, y: y[0] - 2 * y[1], lambda t, y: 2 * y[0] - 4 * y[1]])
    assert_allclose(sol.t_events[0], sol.t_events[1], atol=1e-14)


@FALLS
def test_a_bouncing_ball_keeps_bouncing(f):
    bounce = Event(height, direction=-1, reset=lambda t, y: [0.0, -0.8 * y[1]])
    sol = solve(f, (0, 3), [1, 0], events=bounce, rtol=1e-9, atol=1e-12)
    first = np.sqrt(2 / G)
    exact = first + np.concatenate([[0], np.cumsum(2 * first * 0.8 ** np.arange(1, 20))])
    assert_allclose(sol.t_events[0], exact[exact < 3], atol=1e-9)
    assert sol.y[:, 0].min() > -1e-9
    at = np.flatnonzero(np.diff(sol.t) == 0)  # two rows at one time: before and after
    assert_allclose(sol.y[at + 1, 1], -0.8 * sol.y[at, 1], rtol=1e-12)


@FALLS
def test_bounces_without_end_are_said_to_pile_up(f):
    bounce = Event(height, direction=-1, reset=lambda t, y: [0.0, -0.5 * y[1]])
    sol = solve(f, (0, 3), [1, 0], events=bounce, rtol=1e-9, atol=1e-12)
    assert sol.status is Status.EVENTS_PILE_UP
    assert sol.t[-1] == pytest.approx(3 * np.sqrt(2 / G), abs=1e-6)
    assert "pile up near t = 1.35" in sol.message


def test_a_relay_switches_at_each_zero():
    sign = [1.0]

    def f(t, y):
        return [y[1], -sign[0]]

    def switch(t, y):
        sign[0] = -sign[0]
        return y

    sol = solve(f, (0, 20), [1, 0], events=Event(lambda t, y: y[0], reset=switch), rtol=1e-10, atol=1e-12)
    quarter = np.sqrt(2)
    assert_allclose(sol.t_events[0], quarter * np.arange(1, 15, 2)[: len(sol.t_events[0])], atol=1e-7)
    assert len(sol.t_events[0]) == 7


def test_the_terminal_point_is_in_t_with_t_eval():
    stop = Event(height, terminal=True, direction=-1)
    sol = solve(fall, (0, 5), [1, 0], t_eval=np.linspace(0, 5, 51), events=stop)
    assert sol.t[-1] == sol.t_events[0][0]
    assert_allclose(sol.t[:-1], np.arange(0, sol.t[-1], 0.1))


def test_breakpoints_keep_the_order_and_the_pieces_apart():
    seen = []

    def f(t, y):
        seen.append(t)
        return [1.0 if t < 1 else 3.0 + 0 * y[0]]

    sol = solve(f, (0, 2), [0.0], breakpoints=[1.0], rtol=1e-12, atol=1e-14)
    assert sol.y[-1, 0] == pytest.approx(4.0, abs=1e-13)
    assert sol.counters.rejected == 0
    assert 1.0 not in seen
    assert 1.0 in sol.t


def test_compiled_and_python_events_agree():
    a = solve(fall, (0, 2), [0, 5], events=height)
    b = solve(fall, (0, 2), [0, 5], events=height.py_func)
    assert_allclose(a.t_events[0], b.t_events[0], atol=1e-15)


def test_solve_ivp_has_resets_too():
    res = solve_ivp(fall_python, (0, 1), [1, 0], events=Event(height, direction=-1, reset=lambda t, y: [0, -y[1]]))
    first = np.sqrt(2 / G)
    assert_allclose(res.t_events[0], [first], atol=1e-9)
    assert res.y[1, -1] == pytest.approx(G * first - G * (1 - first), abs=1e-9)


@pytest.mark.parametrize("f", [fall, fall_python], ids=["compiled", "python"])
def test_an_event_that_returns_an_array_is_refused(f):
    with pytest.raises(InvalidInput, match="event function must return 1 number, got an array of shape"):
        solve(f, (0, 1), [1, 0], events=lambda t, y: y)


def test_a_compiled_event_that_returns_an_array_is_refused():
    with pytest.raises(InvalidInput, match=r"event function .* cannot be compiled: .*must return one number"):
        solve(fall, (0, 1), [1, 0], events=numba.njit(lambda t, y: y))


def test_bad_events_are_refused():
    with pytest.raises(InvalidInput, match="terminal"):
        Event(height, terminal=-1)
    with pytest.raises(InvalidInput, match="must be a function"):
        Event(3.0)
    with pytest.raises(InvalidInput, match="reset must return 2 finite numbers"):
        solve(fall, (0, 5), [1, 0], events=Event(height, direction=-1, reset=lambda t, y: [np.nan, 0]))
    with pytest.raises(ZeroDivisionError):
        solve(fall, (0, 5), [1, 0], events=lambda t, y: 1 / 0)
