"""State-to-state motions against ruckig (community edition): minimum times, time a call, batches; waypoints.

Calls compared: `ruckig.calculate(input, trajectory)` with `Generator.solve(state)`, both with inputs set before and
results kept in objects made before; and, whole, setting ruckig's six input vectors, a new ruckig.Trajectory and
calculate with `jerk_limited(start, end, limits)`, which makes arrays, checks and a Trajectory.
"""

from functools import cache, partial

import numpy as np

from tests.benchmarks.harness import Line, best

STATES = 100_000
COUNT = 1000  # problems of a timing block
KINDS = ("1 joint", "3 joints", "7 joints", "3 joints, asymmetric", "3 joints, asymmetric, velocity")


def durations(kind):
    """Largest difference of minimum times over random states [s]; ruckig's refusals and failures are left out."""
    import ruckig

    from robocalc.trajectory.otg import Generator
    from tests.trajectory.otg_states import drawn, limits_of

    worst = 0.0
    control = "velocity" if "velocity" in kind else "position"
    for state, rows, inp in drawn(kind, STATES, seed=11):
        n = state.shape[1]
        theirs = ruckig.Trajectory(n)
        try:
            result = ruckig.Ruckig(n).calculate(inp, theirs)
        except (ValueError, ruckig.RuckigError):
            continue  # longer than it can solve
        if result in (ruckig.Result.Working, ruckig.Result.Finished):
            T = Generator(limits_of(rows), control=control).solve(state)
            worst = max(worst, abs(T - theirs.duration))
    return worst, None


@cache
def problems(n):
    """States (COUNT, 6, n) under one set of limits, ruckig's inputs for them, and the limits."""
    from tests.trajectory.otg_states import draw, limits_of, request

    rng = np.random.default_rng(n)
    rows = np.array([-3.0, 3.0, -5.0, 5.0, -20.0, 20.0])[:, None] * np.ones(n)
    states, inputs = [], []
    while len(states) < COUNT:
        state, _ = draw(rng, n, False)
        inp = request(state, rows)
        if inp is not None:
            states.append(state)
            inputs.append(inp)
    return np.array(states), inputs, limits_of(rows)


def per_call(n):
    """Lean calls: microseconds, ours and ruckig's."""
    import ruckig

    from robocalc.trajectory.otg import Generator

    states, inputs, limits = problems(n)
    generator, otg, theirs = Generator(limits), ruckig.Ruckig(n), ruckig.Trajectory(n)
    each = list(states)

    def ours():
        for state in each:
            generator.solve(state)

    def peer():
        for inp in inputs:
            otg.calculate(inp, theirs)

    return tuple(1e6 * t / COUNT for t in best(ours, peer))


def whole(n):
    """From arrays to a trajectory object: microseconds, ours and ruckig's."""
    import ruckig

    from robocalc.trajectory.otg import jerk_limited

    states, inputs, limits = problems(n)
    ends = [(tuple(s[:3]), tuple(s[3:])) for s in states]
    otg, inp = ruckig.Ruckig(n), inputs[0]

    def ours():
        for start, end in ends:
            jerk_limited(start, end, limits)

    def peer():
        for start, end in ends:
            inp.current_position, inp.current_velocity, inp.current_acceleration = start
            inp.target_position, inp.target_velocity, inp.target_acceleration = end
            otg.calculate(inp, ruckig.Trajectory(n))

    return tuple(1e6 * t / COUNT for t in best(ours, peer))


def batch(n):
    """All problems at once, microseconds a problem; ruckig has calls only."""
    import ruckig

    from robocalc.trajectory.otg import jerk_limited_batch

    states, inputs, limits = problems(n)
    rows = np.ascontiguousarray(states.transpose(1, 0, 2))
    start, end = tuple(rows[:3]), tuple(rows[3:])
    otg, theirs = ruckig.Ruckig(n), ruckig.Trajectory(n)

    def peer():
        for inp in inputs:
            otg.calculate(inp, theirs)

    return tuple(1e6 * t / COUNT for t in best(lambda: jerk_limited_batch(start, end, limits), peer))


def through():
    """Duration through 10 Panda waypoints over that of stopping at each [1]."""
    from robocalc.trajectory.otg import jerk_limited_through
    from tests.trajectory.test_otg_through import HIGH, LOW, A, J, Limits, V

    Q = np.random.default_rng(0).uniform(LOW, HIGH, (10, 7))
    limits = Limits(velocity=V, acceleration=A, jerk=J)
    return jerk_limited_through(Q, limits).duration, jerk_limited_through(Q, limits, sweeps=0).duration


LINES = [
    *(
        Line(
            f"otg-durations-{kind.replace(', ', '-').replace(' ', '-')}",
            f"largest difference of minimum times, {STATES} random states, {kind}",
            "ruckig 0.19",
            "at_most",
            1e-8,
            "s",
            partial(durations, kind),
        )
        for kind in KINDS
    ),
    *(
        Line(
            f"otg-call-{n}",
            f"one motion, {n} joints, `Generator.solve`",
            "ruckig",
            "ratio",
            2,
            "us",
            partial(per_call, n),
        )
        for n in (1, 3, 7)
    ),
    *(
        Line(
            f"otg-whole-{n}",
            f"one motion, {n} joints, from arrays to a Trajectory, `jerk_limited`",
            "ruckig with inputs set",
            "ratio",
            2,
            "us",
            partial(whole, n),
        )
        for n in (1, 3, 7)
    ),
    *(
        Line(
            f"otg-batch-{n}",
            f"a batch of {COUNT}, {n} joints, a motion",
            "ruckig",
            "faster",
            1,
            "us",
            partial(batch, n),
        )
        for n in (1, 3, 7)
    ),
    Line("otg-through", "10 Panda waypoints, duration", "stopping at each", "ratio", 1, "s", through),
]
