"""From a path to a motion: collision-free between samples, within limits up to jerk, or the reason why not.

plan_motion   from a configuration to a configuration or pose, among obstacles
MotionPlan    a Plan that knows its path and its closest moment
"""

from dataclasses import dataclass, replace
from time import process_time

import numpy as np

from robocalc.dynamics.check import vector
from robocalc.dynamics.collision import CollisionChecker, Gap
from robocalc.errors import Infeasible, InvalidInput, RobocalcError
from robocalc.optimize.paths.blend import rounded
from robocalc.optimize.paths.finder import PathResult, check_ends, count, padded, search_path, seconds
from robocalc.optimize.plan import Plan, Status, Violation
from robocalc.trajectory import Limits, Trajectory, jerk_limited, time_optimal

EXTRA = 0.003  # [m] of clearance that the path keeps beyond the motion's, where its ends leave it: room for corners
GRID, FINE = 200, 1000  # intervals of the timing: with bounds on jerk or torque, which are costly, and without
LOOKS = 200  # times at which the distance along the motion is measured for the report
GOALS = 6  # configurations of a pose that the search may end at
HEADROOM, SLOWER, LOOK = 0.98, 40, 0.002  # of the torque limits when timed by them; times 1.05; [s]
AROUND = 0.3  # [CPU s] for a path around what moves
LOOSE = 1e-6  # [m] rounding of the composed motion


@dataclass(frozen=True)
class MotionPlan(Plan):
    """clearance [m]: kept at all times. closest: Gap at the closest of the moments looked at, closest_time [s].

    path   PathResult: the straight lines that were rounded
    base, schedule   past what moves: the motion along the path without it, and the pace at which it is followed
    free_until       [s] where what moves comes to the goal later: until then it is free; None: for as long as was asked
    """

    path: PathResult | None = None
    clearance: float | None = None
    closest: Gap | None = None
    closest_time: float | None = None
    base: Trajectory | None = None
    schedule: object = None
    free_until: float | None = None


def plan_motion(
    robot,
    start,
    goal,
    obstacles=(),
    limits=None,
    seed=0,
    *,
    clearance=None,
    timeout=5.0,
    budget=0.0,
    rounds=1,
    frame=None,
    exclude=(),
    checker=None,
    moving=(),
    time=0.0,
    patience=20.0,
) -> MotionPlan:
    """A motion from rest at start to rest at the goal that touches nothing, as fast as limits allow along its path.

    start       (n,) [rad | m]
    goal        (n,); several (G, n), any of which will do; or a pose (4, 4) of `frame` (the tool where None) in world,
                reached by any of its configurations
    obstacles   see `robocalc.dynamics.collision.read_obstacle`; exclude: names or pairs that may touch
    limits      `Limits`: velocity, acceleration, jerk, torque; the robot's where None
    clearance   [m] kept all along from obstacles; None: 5 mm, or half of what the ends have where that is less. Between
                its own links the robot keeps as much up to 5 mm, or half of what the ends have
    timeout     [CPU s] for the path; budget [CPU s] in which shorter paths are looked for; rounds of doing so: at least
                as many, whatever time they take
    seed        the same seed, the same motion
    moving      obstacles whose place changes: see `robocalc.optimize.moving.tables.read_moving`; the robot waits, slows
                down, backs off along its path or goes around, whichever arrives first. time [s] on their clock at the
                start, patience [s] how much later than without them it may arrive
    returns     MotionPlan: status and violations say which end, pair, depth, pose or limit stands in the way
    raises      InvalidInput: a bad argument, told by name and value

    The final motion is checked between its samples, by a certificate, and its limits by exact extrema.
    """
    begin = process_time()
    checker = checker or CollisionChecker(robot, obstacles, exclude=exclude)
    limits = _limits(robot, limits)
    start = vector("start", start, robot.n)
    timeout, budget, rounds = seconds("timeout", timeout), seconds("budget", budget), count("rounds", rounds)
    goals, refused = _goals(robot, goal, frame, start, seed)
    if refused:
        return MotionPlan(None, Status.INFEASIBLE, (refused,))
    checker, clearance = padded(checker, start, goals, clearance)
    status, violations, usable, keep = check_ends(checker, start, goals, clearance)
    if violations:
        return MotionPlan(None, status, violations, timings={"ends": process_time() - begin})
    timings = {"ends": process_time() - begin}

    def find(checker, timeout=timeout):
        begin = process_time()
        path = _find(checker, start, goals, usable, keep, seed, timeout, budget, rounds)
        spent = timings | {"path": process_time() - begin}
        if not path.solved:
            return MotionPlan(None, path.status, path.violations, path=path, timings=spent)
        return _timed(checker, path, keep, limits, spent)

    plan = find(checker)
    if not moving or not plan.solved:
        return plan
    from robocalc.optimize.moving.among import among

    return among(
        plan, lambda extra: _around(find, checker, extra, start, goals[usable], keep), robot, moving, limits,
        keep + checker.pad, time=time, patience=patience, exclude=exclude,
    )  # fmt: skip


def _around(find, checker, extra, start, goals, keep):
    """A plan that also keeps clear of extra obstacles, of those among them that leave the ends free."""
    alone = CollisionChecker(checker.robot, extra, own=False)
    near = {g.pair[1] for q in (start, *goals) for g in alone.gaps(q, keep + checker.pad + EXTRA)}
    return find(checker.among([o for o in extra if o.name not in near]), AROUND)


def _limits(robot, limits):
    if limits is None:
        return robot.limits
    if not isinstance(limits, Limits):
        raise InvalidInput(f"limits must be a robocalc.trajectory.Limits, got {type(limits).__name__}")
    if limits.velocity is None and limits.acceleration is None:
        raise InvalidInput("limits must bound velocity or acceleration: nothing else ends a motion in time")
    return limits


def _goals(robot, goal, frame, start, seed):
    """(goals (G, n), None) or (None, Violation): of configurations as they are, of a pose by inverse kinematics."""
    try:
        x = np.array(goal, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"goal must be joints ({robot.n},), several (G, {robot.n}) or a pose (4, 4)") from None
    n = robot.n
    if frame is None and (x.shape == (n,) or (x.ndim == 2 and x.shape[1] == n and len(x) > 0 and x.shape != (4, 4))):
        if not np.isfinite(x).all():
            raise InvalidInput(f"goal must be finite, got {goal!r}")
        return np.atleast_2d(x), None
    if x.shape != (4, 4):
        raise InvalidInput(f"goal must be joints ({n},), several (G, {n}) or a pose (4, 4), got shape {x.shape}")
    first = robot.solve_ik(x, frame, start=start, seed=seed)
    if not first.success:
        return None, Violation("goal pose", max(first.position_error, 1e-9), "m", why=first.why)
    found, rng = [first.q], np.random.default_rng(seed)
    low, high = (np.clip(b, -np.pi, np.pi) for b in robot.limits.bounds("position", n))
    for _ in range(2 * GOALS):
        more = robot.solve_ik(x, frame, start=rng.uniform(low, high), seed=seed, restarts=0)
        if more.success and min(np.abs(more.q - q).max() for q in found) > 0.1 and len(found) < GOALS:
            found.append(more.q)
    return np.array(found), None


def _find(checker, start, goals, usable, keep, seed, timeout, budget, rounds) -> PathResult:
    """A path with more clearance than is wanted, where the ends have it, so that corners can be rounded."""
    ends = min(checker.distance(q, 1.0) for q in (start, *goals[usable]))
    return search_path(
        checker, start, goals, usable, min(keep + EXTRA, keep + 0.5 * (ends - keep)), seed, timeout, budget, rounds
    )  # fmt: skip


def _timed(checker, path, keep, limits, timings) -> MotionPlan:
    begin = process_time()
    pieces = rounded(checker, path.waypoints, keep)
    timings["corners"] = process_time() - begin
    if not pieces:
        motion = Trajectory(np.array([0.0, 1e-9]), path.waypoints[:1, None, :])
        return MotionPlan(motion, path=path, clearance=keep + checker.pad, timings=timings)
    robot, begin = checker.robot, process_time()
    try:
        motion = _in_time(robot, pieces, limits)
    except Infeasible as error:
        told = tuple(Violation("limits", 1.0, why=str(v)) for v in error.args[0])
        return MotionPlan(None, Status.INFEASIBLE, told, path=path, timings=timings)
    timings["timing"] = process_time() - begin
    begin = process_time()
    status, violations = _verdict(checker, motion, keep, limits)
    closest, at = _closest(checker, motion)
    timings["check"] = process_time() - begin
    return MotionPlan(
        motion, status, violations, motion.duration, None, timings, path=path, clearance=keep + checker.pad,
        closest=closest, closest_time=at,
    )  # fmt: skip


def _in_time(robot, pieces, limits) -> Trajectory:
    """The stretches as fast as limits allow; torque, which costs the most, is looked at when it is exceeded only."""
    motion = _timed_pieces(robot, pieces, replace(limits, torque=None))
    if limits.torque is None or effort(robot, motion, limits) <= 1:
        return motion
    motion = _timed_pieces(robot, pieces, replace(limits, torque=HEADROOM * limits.torque))
    for _ in range(SLOWER):
        if effort(robot, motion, limits) <= 1:
            return motion
        motion = motion.with_duration(1.05 * motion.duration)
    raise Infeasible(("torque: the limits do not carry the robot along this path at any speed",))


def effort(robot, motion, limits) -> float:
    """Largest share of the torque limits that the motion needs, friction included, at times of LOOK."""
    t = np.linspace(motion.start, motion.end, max(3, int(motion.duration / LOOK)))
    v = motion(t, 1)
    viscous, coulomb = robot.friction
    tau = robot.inverse_dynamics(motion(t), v, motion(t, 2)) + viscous * v + coulomb * np.sign(v)
    low, high = limits.bounds("torque", robot.n)
    return float(np.maximum(tau / high, tau / low).max())


def _timed_pieces(robot, pieces, limits) -> Trajectory:
    """The stretches one after the other, from rest to rest each."""
    whole, grid = None, FINE if limits.jerk is None and limits.torque is None else GRID
    for piece in pieces:
        part = _straight(piece, limits) or time_optimal(piece, limits, grid=grid, robot=robot)
        part = Trajectory(np.array(part.knots), np.array(part.coeffs))
        whole = part if whole is None else whole.join(part)
    return whole


def _straight(piece, limits):
    """The exact fastest motion where the stretch is one line and nothing but joint limits binds; else None."""
    if len(piece.coeffs) > 1 or limits.torque is not None:
        return None
    ends = piece(np.array([piece.start, piece.end]))
    try:
        return jerk_limited((ends[0],), (ends[1],), limits, synchronisation="phase")
    except RobocalcError:
        return None


def _verdict(checker, motion, keep, limits):
    """(status, violations) of the final motion: limits by exact extrema, clearance by the certificate."""
    from robocalc.trajectory import certificate

    told = [Violation("limits", 1.0, why=sentence) for sentence in certificate(motion, limits).broken]
    hit = checker.check_motion(motion, max(keep - LOOSE, 0.0))
    if hit is not None:
        short = keep + checker.pad * (hit.gap.pair[1] in checker.names) - hit.gap.distance
        told.append(Violation("clearance", max(short, 1e-9), "m", hit.at, why=f"{hit.gap} at t = {hit.at:.4g} s"))
    return (Status.INFEASIBLE if told else Status.SOLVED), tuple(told)


def _closest(checker, motion):
    t = np.linspace(motion.start, motion.end, LOOKS)
    Q = motion(t)
    i = int(np.argmin(checker.distance(Q, 1.0)))
    return checker.nearest(Q[i]), float(t[i])
