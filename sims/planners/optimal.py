"""Planners `collocation` and `ddp`: the motion of least cost under the dynamics, limits of inputs and of joints.

What the loop tracks is not the optimized polynomial but what the believed robot does under it: sims.planners.rolled.
"""

import numpy as np

from robocalc.optimize import Problem, solve
from robocalc.trajectory import Trajectory, minimum_jerk
from sims.planners.base import SAME, Failed
from sims.planners.rolled import lateness, rolling

INSIDE = (2e-3, 1e-2)  # of a joint's range and of its speeds: kept free for what lies between the nodes
SHORTEST, LONGEST = 0.05, 1.0  # of the time that min_jerk would take, and of sim.max_duration
TIME_SHARE = 0.1  # duration auto weighs a second like inputs of this share of their squared limits
GUESSED = 201  # samples of a guess
KNOTS = 200  # of a plan without a mesh
OFF_PLAN = 1e-3  # [rad | m] where the believed robot ends away from the plan: it cannot be followed


def plan_move(mover, step, settings):
    """Add the move to the mover's motion, from the state here to rest at the target; raises Failed."""
    if step.via:
        raise Failed(f"planner {settings.type} knows no `via`: give each leg a move of its own")
    if step.path == "line":
        raise Failed(f"planner {settings.type} moves the joints: leave `path: line` out, or take planner min_jerk")
    goal = mover.configuration(step.to, mover.q, mover.robot.pose(mover.q))
    speed = start_speed(mover)
    if max(np.abs(goal - mover.q).max(), np.abs(speed).max()) < SAME:
        return mover.stay(step.duration or mover.period)
    plan = optimized(mover, step, settings, goal, speed)
    roll = rolling(mover, plan, goal)
    rows, _ = roll(mover.scenario.sim.timestep)
    away = np.abs(rows[-1, 0] - goal)
    if away.max() > OFF_PLAN:
        why = f"stepped by {mover.scenario.sim.timestep:g} s the robot ends {away.max():.3g} rad or m off the target"
        raise Failed(f"{why}: make sim.timestep shorter, or planner.input_margin greater", away.max(), "rad")
    return mover.add(joints_of(mover.robot, plan, mover.q, speed, goal), tracked=roll)


def start_speed(mover) -> np.ndarray:
    """(n,) velocity here: the scenario's start, if nothing has moved yet, else rest."""
    given = mover.scenario.robot.start_velocity
    return np.zeros(mover.robot.n) if given is None or mover.trajectory is not None else np.array(given, float)


# the problem --------------------------------------------------------------------------------------------------------


def optimized(mover, step, settings, goal, speed):
    """The solved Plan, which lasts whole control periods."""
    given = settings.duration if step.duration is None else step.duration
    if given is None:
        raise Failed("planner ddp needs a duration, of the move or of the planner; collocation finds one itself")
    running = _objective(mover, settings, given == "auto")
    duration = _range(mover, goal) if given == "auto" else mover.whole(given)
    guess = driven_guess(mover, step, goal, speed, settings.type, duration)
    problem = problem_of(mover, step, settings, goal, speed, running, duration, guess)
    plan = _solved(problem, settings, mover)
    if given == "auto":  # again in whole periods, from where it was found
        whole = mover.whole(plan.duration)
        problem = problem_of(mover, step, settings, goal, speed, running, whole, guess=_stretched(plan, whole))
        plan = _solved(problem, settings, mover)
    return plan


def problem_of(mover, step, settings, goal, speed, running, duration, guess=None) -> Problem:
    """The move as an optimal control problem of the robot that the planner believes in."""
    robot, limits = mover.robot, mover.step_limits(step)
    still, start = np.zeros(robot.n), np.concatenate([mover.q, speed])
    return Problem(
        robot,
        duration=duration,
        initial=start.tolist(),
        final=[*goal.tolist(), *still.tolist()],
        running=running,
        state_bounds=_state_bounds(limits, robot.n, start, goal),
        input_bounds=input_bounds(mover, settings.input_margin),
        guess=guess,
    )


def input_bounds(mover, margin) -> np.ndarray:
    """(2, m): the robot's, scaled and replaced as the scenario says, less the share that is left to the feedback."""
    robot, bounds = mover.robot, np.array(mover.robot.input_limits)
    drives = [robot.joints.index(name) for name in robot.inputs if name in robot.joints]
    bounds[:, : len(drives)] = mover.limits.bounds("torque", robot.n)[:, drives]
    bounds[:, len(drives) :] *= mover.scenario.robot.limits.effort_scale
    middle, half = bounds.mean(axis=0), np.diff(bounds, axis=0)[0] / 2
    finite = np.isfinite(half)
    bounds[:, finite] = middle[finite] + np.outer([-1, 1], (1 - margin) * half[finite])
    return bounds


def _state_bounds(limits, n, start, goal):
    """(lower (2n,), upper (2n,)) a little inside of the limits, but never inside of the ends."""
    lower, upper = np.concatenate([limits.bounds("position", n), limits.bounds("velocity", n)], axis=1)
    room = np.repeat(INSIDE, n) * np.where(np.isfinite(upper - lower), upper - lower, 0.0)
    ends = np.array([start, np.concatenate([goal, np.zeros(n)])])
    return np.minimum(lower + room, ends.min(axis=0)), np.maximum(upper - room, ends.max(axis=0))


def _objective(mover, settings, free) -> dict:
    """{name: weight}; a free duration costs as well."""
    objective = dict(settings.objective)
    if free and "time" not in objective:
        if set(objective) != {"effort"}:
            raise Failed("duration auto needs a weight of `time` in planner.objective, beside those of other costs")
        bounds = input_bounds(mover, settings.input_margin)
        size = np.where(np.isfinite(bounds), np.abs(bounds), 1.0).max(axis=0)
        objective["time"] = TIME_SHARE * objective["effort"] * float(size @ size)
    return objective


def _range(mover, goal):
    """(shortest, longest) duration [s] that is searched."""
    longest = LONGEST * (mover.scenario.sim.max_duration - mover.time)
    if np.abs(goal - mover.q).max() < SAME:
        return mover.period, longest
    usual = minimum_jerk(np.array([mover.q, goal]), limits=mover.limits).duration
    return SHORTEST * min(usual, longest), max(longest, 2 * SHORTEST * min(usual, longest))


def _solved(problem, settings, mover):
    """The Plan, or Failed with what stands in the way."""
    nodes = settings.nodes
    if nodes is None:
        nodes = round(problem.duration_range[1] / mover.period)
    seed = mover.scenario.seed if settings.seed is None else settings.seed
    method = "ddp" if settings.type == "ddp" else settings.scheme
    more = {}
    if settings.type == "collocation":
        more = {"starts": settings.starts if problem.guess is None else 1, "refine": settings.refine}
    plan = solve(problem, method, nodes=nodes, tol=settings.tolerance, seed=seed, **more)
    if plan.solved:
        return plan
    first = plan.violations[0] if plan.violations else None
    why = "; ".join([plan.status.value, *(str(v) for v in plan.violations[:3])])
    raise Failed(why, 0.0 if first is None else first.amount, "" if first is None else first.unit)


def joints_of(robot, plan, q, speed, goal) -> Trajectory:
    """The joints' motion, from (q, speed) to rest at goal to the bit: cubics between the knots of the plan's mesh."""
    n, t = len(q), np.linspace(0.0, plan.duration, KNOTS + 1) if plan.mesh is None else np.array(plan.mesh)
    x = plan.states(t)
    if lateness(robot, plan):
        x[1:-1, n:] = (x[1:-1, n:] + x[2:, n:]) / 2
    x[0], x[-1] = np.concatenate([q, speed]), np.concatenate([goal, np.zeros(n)])
    h, p, v = np.diff(t)[:, None], x[:, :n], x[:, n:]
    rise = np.diff(p, axis=0) / h
    c2, c3 = (3 * rise - 2 * v[:-1] - v[1:]) / h, (v[:-1] + v[1:] - 2 * rise) / h**2
    return Trajectory(t, np.stack([p[:-1], v[:-1], c2, c3], axis=1))


def driven_guess(mover, step, goal, speed, planner, duration):
    """(t, x, u) of the minimum-jerk motion, where each joint has a drive; a planner `ddp` gets one for any robot, the
    solver's own line is better where the way is no straight one."""
    robot = mover.robot
    if planner != "ddp" and (robot.m < robot.n or robot.tree.thrusters):
        return None
    ends, limits = np.array([mover.q, goal]), mover.step_limits(step)
    if np.abs(goal - mover.q).max() < SAME:
        return None
    if np.ndim(duration):
        motion = minimum_jerk(ends, limits=limits)
        motion = motion.with_duration(float(np.clip(motion.duration, *duration)))
    else:
        motion = minimum_jerk(ends, duration=duration)
    t = np.linspace(0.0, motion.duration, GUESSED)
    q, v, a = (motion(t, order) for order in range(3))
    u = robot.inputs_for(q, robot.inverse_dynamics(q, v, a))
    u = np.clip(u, *input_bounds(mover, 0.0))
    v[0] = speed
    return t, np.hstack([q, v]), u


def _stretched(plan, duration):
    """(t, x, u) of the plan, as a guess for another duration."""
    share = np.linspace(0.0, 1.0, max(101, len(plan.mesh) if plan.mesh is not None else 0))
    t = share * plan.duration
    return share * duration, plan.states(t), plan.inputs(t)
