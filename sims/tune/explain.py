"""Why these gains, in words: what was done, what changed, what the numbers mean for the loop, and what to be wary of.

explain(study) -> [sentence]
"""

import math

import numpy as np

from robocalc.control import damping_limit
from sims.build import believed_robot
from sims.tune.guess import age
from sims.tune.study import short

MOVED = 1.25  # ratio from which a number counts as changed
AT_END = 0.01  # of a range
TOLD = 6  # numbers that are told one by one


def explain(study) -> list:
    return [*_done(study), *_changed(study), *_loop(study), *_ends(study), *_figures(study), *_wary(study)]


def _done(study):
    count = len(study.space.knobs)
    what = f"{count} number{'s' if count > 1 else ''}"
    over = f"{len(study.training)} scenario{'s' if len(study.training) > 1 else ''}"
    yield f"{study.method} searched {what} over {over} in {len(study.history)} evaluations, because {study.why}."
    if study.problem is not None and study.problem.shifts is not None:
        yield "In training, gains were a little off in each scenario, so that none sits on the edge of chatter."
    if study.goals.flat and study.method in ("gauss_newton", "lbfgs"):
        names = ", ".join(dict.fromkeys(study.goals.flat))
        yield f"{names} changes in jumps: its gradient counts as zero, only the accepted steps know of it."
    if study.before.lost:
        yield f"With the values before, {study.before.lost} of {len(study.before.costs)} scenarios diverged."
    elif study.before.cost > 0:
        cost = study.after.cost
        share = 100 * (1 - cost / study.before.cost)
        yield f"The cost fell from {study.before.cost:.5g} to {cost:.5g} ({share:.3g} % less)."


def _changed(study):
    numbers = [r for r in study.table() if isinstance(r.before, float) and isinstance(r.after, float) and r.after > 0]
    moved = [(math.log(r.after / r.before), r) for r in numbers if r.before > 0]
    moved = sorted((m for m in moved if abs(m[0]) > math.log(MOVED)), key=lambda m: -abs(m[0]))
    for ratio, row in moved[:TOLD]:
        way = f"{math.exp(ratio):.3g} times" if ratio > 0 else f"1/{math.exp(-ratio):.3g} of"
        yield f"{row.label}: {short(row.before)} -> {short(row.after)} {row.unit}, {way} what it was."
    if len(moved) > TOLD:
        yield f"{len(moved) - TOLD} more numbers changed by more than a quarter."
    for row in study.table():
        if not isinstance(row.after, float) and row.after != row.before:
            yield f"{row.label}: {row.after!r} took the place of {row.before!r}."


def _loop(study):
    """What kp and kd mean on the inertia that a joint shows."""
    part, scenario = study.scenario.controller, study.scenario
    if getattr(part, "kp", None) is None or getattr(part, "kd", None) is None:
        return
    robot = believed_robot(scenario)
    M = np.maximum(np.diag(robot.mass_matrix(robot.home)), 1e-9)
    kp, kd = (np.broadcast_to(np.asarray(x, float), robot.n) for x in (part.kp, part.kd))
    if not (kp > 0).all():
        return
    wn, zeta = np.sqrt(kp / M), kd / (2 * np.sqrt(kp * M))
    yield (
        f"On the inertia that the joints show at home, the gains place them at {wn.min():.3g} to {wn.max():.3g} rad/s "
        f"with a damping ratio of {zeta.min():.2g} to {zeta.max():.2g}; "
        f"what the law knows is {1e3 * age(scenario):.3g} ms old, "
        f"so that wn T is at most {float((wn * age(scenario)).max()):.2g}."
    )
    ends = damping_limit(robot, robot.home, scenario.sim.timestep * scenario.sim.control_every)
    k = int(np.argmax(kd / ends))
    share = float(kd[k] / ends[k])
    if share > 0.1:
        yield f"The damping of {robot.joints[k]} is {100 * share:.3g} % of what one control period turns into a bounce."


def _ends(study):
    at = [
        (k.label, "highest" if u > 0.5 else "lowest")
        for k, u in zip(study.space.knobs, study.best.x, strict=True)
        if not k.choices and min(u, 1 - u) < AT_END
    ]
    if at:
        told = ", ".join(f"{name} at its {end}" for name, end in at[:TOLD])
        yield f"At an end of its range: {told}; a wider range may give more."


def _figures(study):
    rows = [r for r in study.figures() if r.before == r.before and r.before != 0 and r.after == r.after]
    better = [r for r in rows if _good(study, r) > 0]
    worse = [r for r in rows if _good(study, r) < 0]
    if better and worse:
        yield f"It pays for {_told(better)} with {_told(worse)}."
    elif better:
        yield f"It improves {_told(better)}."


def _good(study, row):
    weight = next((o.weight for o in study.goals.objectives if o.name == row.key), 0.0)
    change = (row.before - row.after) / abs(row.before)
    return 0.0 if abs(change) < 0.01 else change * weight


def _told(rows):
    return ", ".join(f"{r.label} ({short(r.before)} -> {short(r.after)} {r.unit})".replace(" )", ")") for r in rows)


def _wary(study):
    yield f"Verdict: {study.verdict}."
    quantised = any(
        np.any(np.asarray(s.quantization, float) > 0)
        for s in (study.scenario.sensors.joint_position, study.scenario.sensors.joint_velocity)
    )
    if quantised and study.method in ("gauss_newton", "lbfgs"):
        yield "The gradient takes the sensors' rounding for the identity."
    yield from (f"{note}." for note in study.notes)
