"""A path of straight joint lines among obstacles, or the reason why there is none.

find_path    from a configuration to the nearest reached of several goals
PathResult   waypoints, clearance promised, status and violations
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import process_time

import numpy as np

from robocalc.dynamics.check import joint_rows, vector
from robocalc.dynamics.collision import CollisionChecker
from robocalc.errors import Infeasible, InvalidInput
from robocalc.optimize.plan import Status, Violation

CLEARANCE = 0.005  # [m] kept where the ends leave it
ROUNDED = 0.00075  # [m] by which PyBullet's boxes, rounded by 1 mm, are farther than ours at their corners
NODES = 3000  # of a tree at most
FIRST = 250  # half the nodes that the first search may use
STEP, RADIUS = 1.0, 4.0  # [rad | m] of one growth; from how far a node takes samples after its growth failed
EASY = 40  # nodes of all searches together up to which another path is looked for
CANDIDATES = 2  # paths that are looked for, of which the shorter one is shortened
TRIES, PATIENCE = 300, 40  # shortcuts; of them in a row without success
SWEEPS = 6  # of pulling in a path's corners
SEEK = 0.85  # of a budget goes to other paths, the rest to the corners of the best
ROOM = 1.0  # [rad | m] around start and goals in which joints without range are sampled


@dataclass(frozen=True)
class PathResult:
    """waypoints (W, n), None if there is no path; every point of the straight lines between them keeps `clearance` [m].

    goal        index of the goal that is reached
    length      sum of the lengths of the lines [rad | m]
    violations  what is wrong with start or goals, or that time ran out
    timings     CPU seconds by name; nodes: of the search
    """

    waypoints: np.ndarray | None
    clearance: float
    status: Status = Status.SOLVED
    violations: tuple = ()
    goal: int = -1
    length: float = np.inf
    nodes: int = 0
    timings: dict = field(default_factory=dict)

    @property
    def solved(self) -> bool:
        return self.status is Status.SOLVED

    def raise_for_status(self):
        """Itself where solved, else raises Infeasible with the violations."""
        if not self.solved:
            raise Infeasible(self.violations or (self.status.value,))
        return self


@lru_cache(maxsize=4)
def _trees(n):
    """Buffers of the search for n joints."""
    nodes = np.zeros((2, NODES, n)), np.zeros((2, NODES), np.int64), np.zeros((2, NODES))
    return nodes, np.zeros((2 * NODES, n))


def find_path(
    robot,
    start,
    goals,
    obstacles=(),
    *,
    clearance=None,
    seed=0,
    timeout=5.0,
    budget=0.0,
    rounds=1,
    checker=None,
    exclude=(),
) -> PathResult:
    """A path from start to one of the goals that keeps clearance all along, self-collision included.

    start       (n,); goals (n,) or (G, n), any of which will do [rad | m]
    obstacles   see `robocalc.dynamics.collision.read_obstacle`; or a ready `checker` of the robot
    clearance   [m] wanted from obstacles, also at start and goal; None: 5 mm, or half of what the ends have. Between
                its own links the robot keeps as much up to 5 mm, or half of what the ends have
    timeout     [CPU s] after which the search gives up
    budget      [CPU s] in which shorter paths are looked for even after one is found; 0 takes the first good one
    rounds      of looking for shorter paths, whatever time they take: the same bits everywhere
    seed        the same seed, the same path, bit for bit (with a budget: as far as time allows)
    returns     PathResult: BAD_START or INFEASIBLE with the pair and its depth where an end is in contact or too near,
                ITERATION_LIMIT where time ran out
    raises      InvalidInput   shapes, limits, obstacles
    """
    begin = process_time()
    checker = checker or CollisionChecker(robot, obstacles, exclude=exclude)
    start = vector("start", start, robot.n)
    (goals,), _ = joint_rows(robot.joints, goals=goals)
    timeout, budget, rounds = seconds("timeout", timeout), seconds("budget", budget), count("rounds", rounds)
    checker, clearance = padded(checker, start, goals, clearance)
    status, violations, usable, keep = check_ends(checker, start, goals, clearance)
    timings = {"ends": process_time() - begin}
    if violations:
        return PathResult(None, keep + checker.pad, status, violations, timings=timings)
    found = search_path(checker, start, goals, usable, keep, seed, timeout, budget, rounds)
    return replace(found, clearance=keep + checker.pad, timings=timings | found.timings)


def search_path(checker, start, goals, usable, keep, seed, timeout, budget, rounds=1) -> PathResult:
    """`find_path` between ends that are known to be free; usable: indices of such goals."""
    begin = process_time()
    found = _Search(checker, start, goals[usable], keep, seed).run(timeout, budget, rounds)
    timings = {"search": process_time() - begin}
    if found is None:
        why = f"none found in {timeout:g} s of CPU time: the goal is enclosed, or the way narrower than {keep:.2g} m"
        return PathResult(None, keep, Status.ITERATION_LIMIT, (Violation("path", 1.0, why=why),), timings=timings)
    path, length, nodes = found
    goal = int(usable[np.abs(goals[usable] - path[-1]).max(axis=1).argmin()])
    return PathResult(path, keep, goal=goal, length=length, nodes=nodes, timings=timings)


def seconds(name, value):
    try:
        value = float(value)
    except (TypeError, ValueError):
        value = np.nan
    if not 0 <= value < np.inf:
        raise InvalidInput(f"{name} must be a number of at least 0 s, got {value!r}")
    return value


def count(name, value):
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InvalidInput(f"{name} must be a whole number from 1, got {value!r}")
    return int(value)


def padded(checker, start, goals, clearance):
    """(checker, margin): keeping the margin there keeps `clearance` [m] from obstacles; from itself what ends allow."""
    if clearance is None:
        return checker, None
    if isinstance(clearance, bool) or not 0 <= float(clearance) < np.inf:
        raise InvalidInput(f"clearance must be a number of at least 0 m, got {clearance!r}")
    own, clearance = float(clearance), float(clearance)
    if own > 0:
        near = (g for q in (start, *goals) for g in checker.gaps(q, 2 * own) if g.pair[1] not in checker.names)
        own = min(own, CLEARANCE, 0.5 * max(0.0, min((g.distance for g in near), default=np.inf)))
    return checker.with_pad(clearance - own), own


def check_ends(checker, start, goals, clearance):
    """(status, violations, indices of usable goals, margin to keep [m]): what start and goals allow."""
    least = 0.0 if clearance is None else float(clearance)
    outside = [_outside(checker.robot, q, name) for q, name in [(start, "start"), *((g, "goal") for g in goals)]]
    if outside[0]:
        return Status.BAD_START, (outside[0],), np.empty(0, int), least
    gap = checker.nearest(start, 10 * max(CLEARANCE, least))
    if _short(checker, gap, least) >= 0:
        return Status.BAD_START, (_contact("start", checker, gap, least),), np.empty(0, int), least
    near = [checker.nearest(g, 10 * max(CLEARANCE, least)) for g in goals]
    usable = np.array([i for i, g in enumerate(near) if _short(checker, g, least) < 0 and outside[1 + i] is None], int)
    if not len(usable):
        bad = [o or _contact("goal", checker, g, least) for o, g in zip(outside[1:], near)]
        return Status.INFEASIBLE, tuple(bad), usable, least
    if clearance is None:
        far = max(near[i].distance for i in usable)
        ends = min(gap.distance, far)
        least = min(CLEARANCE, 0.5 * (ends + ROUNDED), 0.9 * ends)
        usable = np.array([i for i in usable if near[i].distance > least], int)
    return Status.SOLVED, (), usable, least


def _outside(robot, q, name):
    """The Violation of a joint range, or None."""
    low, high = robot.limits.bounds("position", robot.n)
    over = np.maximum(q - high, low - q)
    k = int(over.argmax())
    if over[k] <= 1e-9:
        return None
    why = f"{robot.joints[k]} at {q[k]:.6g} is outside of its range [{low[k]:.6g}, {high[k]:.6g}]"
    return Violation(name, float(over[k]), "rad", why=why)


def _wanted(checker, gap, least):
    """Distance [m] that a pair must have."""
    return least + (checker.pad if gap.pair[1] in checker.names else 0.0)


def _short(checker, gap, least):
    """How much of it is missing [m]."""
    return _wanted(checker, gap, least) - gap.distance


def _contact(name, checker, gap, least):
    clearance = _wanted(checker, gap, least)
    if gap.distance <= 0:
        why, clearance = f"in collision: {gap}", 0.0
    else:
        why = f"{gap}, less than the clearance of {1e3 * clearance:.4g} mm"
    return Violation(name, float(clearance - gap.distance), "m", why=why)


class _Search:
    """Repeated searches with one stream of random numbers; the shortest path so far."""

    def __init__(self, checker, start, goals, clearance, seed):
        self.checker, self.start, self.goals, self.margin = checker, start, goals, clearance
        self.low, self.high = (x.copy() for x in checker.robot.limits.bounds("position", checker.robot.n))
        ends = np.vstack([start, goals])
        self.low = np.where(np.isfinite(self.low), self.low, ends.min(axis=0) - ROOM)
        self.high = np.where(np.isfinite(self.high), self.high, ends.max(axis=0) + ROOM)
        self.state = np.array([np.uint64(int(seed) % 2**64)])
        self.best, self.length, self.nodes, self.last = None, np.inf, 0, FIRST

    def run(self, timeout, budget, rounds):
        """(path, length, nodes) or None: rounds of looking for a few paths and shortening the best."""
        begin = process_time()
        while True:
            path, size = self.look(lambda: process_time() - begin < (timeout if self.best is None else SEEK * budget))
            if path is not None:
                self.finish(path, size)
            rounds -= 1
            done = rounds <= 0 and process_time() - begin >= SEEK * budget
            if self.best is None or len(self.best) == 2 or done:
                break
        if budget > 0 and self.best is not None:
            self.tighten(lambda: process_time() - begin < budget)
        return None if self.best is None else (self.best, self.length, self.nodes)

    def look(self, in_time):
        """The shortest of up to CANDIDATES paths, in the buffer, and its rows; only one where that is hard to find."""
        from robocalc.optimize.paths.kernels import length, search

        (nodes, parent, reach), buffer = _trees(len(self.start))
        check, found = self.checker, np.zeros(3)
        best, shortest, tried, used = None, np.inf, 0, 0
        while tried < CANDIDATES and (best is None or used <= EASY):
            rows = search(
                check.scene, self.start, self.goals, self.low, self.high, self.margin, STEP, RADIUS,
                self.room(best, used), self.state, nodes, parent, reach, buffer, check.work, found,
            )  # fmt: skip
            used += int(found[2])
            if rows:
                tried += 1
                size = length(buffer, rows)
                if size < shortest:
                    best, shortest = buffer[:rows].copy(), size
                if rows == 2:
                    break
            elif best is None and not in_time():
                break
        self.nodes += used
        return best, shortest

    def room(self, best, used):
        """Nodes that the next search may use: few once there is a path, else twice as many after each failure."""
        if best is not None:
            return EASY - used
        if self.best is not None:
            return 5 * EASY
        self.last = min(2 * self.last, 2 * NODES)
        return self.last

    def finish(self, path, size):
        """Shorten a path, and keep it if it is the shortest so far."""
        from robocalc.optimize.paths.kernels import length, shorten

        _, buffer = _trees(len(self.start))
        rows, check = len(path), self.checker
        buffer[:rows] = path
        rows = shorten(
            check.scene, buffer, rows, TRIES, PATIENCE, self.margin, self.state, check.work, np.zeros(3)
        )  # fmt: skip
        size = float(length(buffer, rows))
        if size < self.length:
            self.best, self.length = buffer[:rows].copy(), size

    def tighten(self, in_time):
        """Pull in the corners of the shortest path, sweep by sweep."""
        from robocalc.optimize.paths.kernels import length, tighten

        _, buffer = _trees(len(self.start))
        rows, check = len(self.best), self.checker
        buffer[:rows] = self.best
        check.scene.guess[:] = 0.0
        for _ in range(SWEEPS):
            if rows < 3 or not in_time():
                break
            rows = tighten(check.scene, buffer, rows, 1, self.margin, check.work, np.zeros(3))
            size = float(length(buffer, rows))
            if size > (1 - 1e-4) * self.length:
                break
            self.best, self.length = buffer[:rows].copy(), size
