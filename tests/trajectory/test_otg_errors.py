"""Bad requests: one sentence with the joint, the value, and what would fit; never a traceback, never a wrong motion."""

import numpy as np
import pytest

from robocalc.errors import Infeasible, InvalidInput, RobocalcError, UnknownName
from robocalc.trajectory import Limits
from robocalc.trajectory.otg import Filter, Generator, jerk_limited, jerk_limited_batch, jerk_limited_through

LIMITS = Limits(velocity=[1.0, 2.0], acceleration=[2.0, 2.0], jerk=[5.0, 5.0])
RANGED = Limits(position=[[-1.0, -1.0], [1.0, 1.0]], velocity=[1.0, 2.0], acceleration=[2.0, 2.0], jerk=[5.0, 5.0])
REST, GOAL = ([0.0, 0.0],), ([0.5, 0.5],)
BAD = {
    "nan": (([0.0, np.nan],), GOAL, {}, r"start position of joint 1 is nan"),
    "infinite": (REST, ([np.inf, 0.0],), {}, r"target position of joint 0 is inf"),
    "not numbers": (([0.0, "x"],), GOAL, {}, r"start position must be numbers"),
    "shape": (([0.0, 0.0, 0.0],), GOAL, {}, r"start position must have shape \(2,\), got \(3,\)"),
    "four entries": ((0, 0, 0, 0), GOAL, {}, r"start must be \(q, v, a\).* got 4 entries"),
    "no target": (REST, (None,), {}, r"target position is needed"),
    "target too fast": (REST, ([0, 0], [0, 2.5]), {}, r"target velocity of joint 1 is 2.5, outside of \[-2, 2\]"),
    "target too hard": (
        REST,
        ([0, 0], [0, 0], [3, 0]),
        {},
        r"target acceleration of joint 0 is 3, outside of \[-2, 2\]",
    ),
    "target from beyond": (
        REST,
        ([0, 0], [0.99, 0], [-1.0, 0]),
        {},
        r"joint 0 cannot be reached within velocity .* began at velocity 1.09; .* at most 0.316228 would fit",
    ),
    "minimum duration": (REST, GOAL, {"minimum_duration": -1}, r"from 0 on, got -1"),
    "minimum duration nan": (REST, GOAL, {"minimum_duration": np.nan}, r"minimum_duration .* got nan"),
    "cycle": (REST, GOAL, {"cycle": 0.0}, r"greater than 0 s"),
    "synchronisation": (REST, GOAL, {"synchronisation": "fase"}, r"did you mean 'phase'"),
    "control": (REST, GOAL, {"control": "speed"}, r"unknown control 'speed'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_requests_are_refused_with_reason(case):
    start, end, options, message = BAD[case]
    with pytest.raises((InvalidInput, UnknownName), match=message):
        jerk_limited(start, end, LIMITS, **options)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (([1.5, 0.0],), GOAL, r"start position of joint 0 is 1.5, outside of its range \[-1, 1\]"),
        (REST, ([0.0, -1.5],), r"target position of joint 1 is -1.5"),
        (
            ([0.9, 0.0], [1.0, 0.0]),
            GOAL,
            r"joint 0 cannot stop in its range: .* reaches 1.*; a velocity of 0\.\d+ would",
        ),
        (REST, ([0.95, 0.0], [-0.9, 0.0]), r"target of joint 0 needs a run-up: .* would fit"),
    ],
)
def test_states_without_room_to_stop_are_refused_with_what_would_fit(start, end, message):
    with pytest.raises(InvalidInput, match=message):
        jerk_limited(start, end, RANGED)


def test_the_velocity_that_would_fit_fits():
    with pytest.raises(InvalidInput) as told:
        jerk_limited(([0.9, 0.0], [1.0, 0.0]), GOAL, RANGED)
    v = float(str(told.value).rsplit("a velocity of ", 1)[1].split()[0])
    motion = jerk_limited(([0.9, 0.0], [0.999 * v, 0.0]), GOAL, RANGED)
    assert motion.extrema(0)[1, 0] <= 1.0
    with pytest.raises(RobocalcError):
        jerk_limited(([0.9, 0.0], [1.01 * v, 0.0]), GOAL, RANGED)


def test_a_motion_that_leaves_its_range_on_the_way_is_infeasible():
    limits = Limits(position=[[-1.0], [1.0]], velocity=[2.0], acceleration=[1.0], jerk=[1.0])
    with pytest.raises(Infeasible, match=r"joint 0 reaches -1\.\d+ at .* outside of \[-1, 1\]"):
        jerk_limited((-0.8765, 0.0), (-0.0506, 0.9936), limits)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (([0, 0], [0, 2.5]), r"start velocity of joint 1 is 2.5, outside of \[-2, 2\]"),
        (([0, 0], [0, 0], [-3, 0]), r"start acceleration of joint 0 is -3, outside of \[-2, 2\]"),
        (([0, 0], [0.9, 0], [2, 0]), r"joint 0 is 0.9 and its acceleration 2: it will become 1.3 .* 0.6 would fit"),
    ],
)
def test_starts_outside_of_limits_are_refused_where_braking_is_not_wanted(start, message):
    with pytest.raises(InvalidInput, match=message):
        jerk_limited(start, GOAL, LIMITS, brake=False)
    assert jerk_limited(start, GOAL, LIMITS).duration > 0
    assert jerk_limited_through([[0, 0], [1, 1], [2, 2]], LIMITS, start=start[1:]).duration > 0


def test_limits_that_bound_nothing_are_named():
    with pytest.raises(InvalidInput, match="joint 0 needs a bound"):
        jerk_limited((0.0,), (1.0,), Limits(position=[[-2.0], [2.0]]))
    with pytest.raises(InvalidInput, match="bound the acceleration on both sides"):
        jerk_limited((0.0,), (1.0,), Limits(velocity=[1.0], acceleration=[[-1.0], [np.inf]]))
    with pytest.raises(InvalidInput, match="Limits"):
        jerk_limited((0.0,), (1.0,), 3.0)


def test_batches_name_the_problem():
    q = np.zeros((5, 2))
    v = np.zeros((5, 2))
    v[3, 1] = 7.0
    with pytest.raises(InvalidInput, match="problem 3: target velocity of joint 1 is 7"):
        jerk_limited_batch((q,), (q + 1, v), LIMITS)
    with pytest.raises(InvalidInput, match=r"shape \(5, 2\)"):
        jerk_limited_batch((q,), (q + 1, np.zeros((4, 2))), LIMITS)


def test_filters_stay_where_they_are_when_a_target_is_refused():
    follow = Filter(LIMITS, 0.01, [0.0, 0.0])
    follow.update([1.0, 1.0])
    before = follow.state
    for target in ([np.nan, 0.0], ([0.0, 0.0], [5.0, 0.0]), [1.0, 2.0, 3.0], "x"):
        with pytest.raises(InvalidInput):
            follow.update(target)
        assert np.array_equal(before, follow.state)
    follow.update([1.0, 1.0])
    ranged = Filter(RANGED, 0.01, [0.0, 0.0])
    with pytest.raises(InvalidInput, match=r"target position of joint 1 is 1.5, outside of its range \[-1, 1\]"):
        ranged.update([0.0, 1.5])
    with pytest.raises(InvalidInput, match="greater than 0"):
        Filter(LIMITS, 0.0, [0.0, 0.0])
    with pytest.raises(InvalidInput, match="start position of joint 1 is nan"):
        Filter(LIMITS, 0.01, [0.0, np.nan])
    moving = Filter(LIMITS, 0.01, [0.0, 0.0], moving=True)
    with pytest.raises(InvalidInput, match="velocity of joint 0 is 1; to be met while moving"):
        moving.update(([0.0, 0.0], [1.0, 0.0]))


def test_generators_say_what_they_need():
    generator = Generator(LIMITS)
    with pytest.raises(InvalidInput, match="no motion yet"):
        generator.at(0.0)
    with pytest.raises(InvalidInput, match=r"shape \(6, 2\)"):
        generator.solve(np.zeros((6, 3)))
    with pytest.raises(InvalidInput, match="minimum_duration"):
        generator.solve(np.zeros((6, 2)), minimum_duration=np.nan)
    state = np.array([[0, 0], [0, 0], [0, 0], [1, 2], [0, 0], [0, 0]])
    assert generator.solve(state) == generator.solve(state.astype(float)) == generator.solve(state.tolist())


@pytest.mark.parametrize(
    ("waypoints", "options", "message"),
    [
        ([[0.0, 0.0]], {}, "at least 2"),
        ([[0.0, 0.0], [np.nan, 1.0]], {}, "waypoint 1 of joint 0 is nan"),
        ([[0.0, 0.0], [0.5, 2.0]], {}, "waypoint 1 of joint 1 is 2, outside of its range"),
        ([[0.0, 0.0], [0.5, 0.5]], {"end": ([3.0, 0.0],)}, "target velocity of joint 0 is 3"),
        ([[0.0, 0.0], [0.5, 0.5]], {"stop": [True]}, "stop must be"),
        ([[0.0, 0.0], [0.5, 0.5]], {"sweeps": -1}, "sweeps"),
    ],
)
def test_waypoints_are_checked(waypoints, options, message):
    with pytest.raises(InvalidInput, match=message):
        jerk_limited_through(waypoints, RANGED, **options)
