"""Planning problems solved and executed: what a planner is worth on a file of them.

    bench(problems, options, ...) -> [row]     each problem planned, and its motion executed in PyBullet under control
    table(rows) -> [line]                      one line a family, and one for all

A row says what became of one problem; it is JSON, and kept in a journal so that a bench that was stopped goes on.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from time import process_time

import numpy as np

from robocalc.errors import InvalidInput, RobocalcError
from sims.bench.problems import Problem

STEP, LOOK = 1e-3, 5  # [s] of the physics; steps between looks at clearance and contacts
FINGER_RANGE = (0.0, 0.04)  # [m] the requests open wider than the hand can
BANDWIDTH = 30.0  # [rad/s] of the law that tracks the motion
SLACK = 1e-4  # [m] of clearance executed: what rounding and tracking may take
SOLVED, REFUSED, FAILED = "solved", "refused", "failed"


@dataclass(frozen=True)
class Options:
    """clearance [m], None: 5 mm, or half of what the ends have; budget [CPU s] for shorter paths; run in PyBullet"""

    seed: int = 0
    clearance: float | None = None
    timeout: float = 5.0
    budget: float = 0.0
    execute: bool = True


@cache
def arm(fingers):
    """The Panda with its fingers held, [m]."""
    from robocalc.dynamics import load

    return load("panda_gripper").lock({f"panda_finger_joint{i + 1}": x for i, x in enumerate(fingers)})


def solve(problem: Problem, options: Options) -> dict:
    """The row of one problem.

    status      solved; refused: an end is in contact, too near or out of range; failed: no way was found
    time_ms     CPU of the whole plan: ends, path, smoothing, timing, certificate; path_ms of it for the path
    length      of the path [rad]; duration [s]; clearance_mm: least executed, by PyBullet; wanted_mm: what it had to be
    limits      kept, from position to jerk, by the motion, position, velocity and torque as executed
    """
    from robocalc.optimize import Status, plan_motion

    robot = arm(tuple(float(np.clip(x, *FINGER_RANGE)) for x in problem.fingers))
    begin = process_time()
    plan = plan_motion(
        robot, problem.start, problem.goal, problem.obstacles, seed=options.seed, clearance=options.clearance,
        timeout=options.timeout, budget=options.budget,
    )  # fmt: skip
    spent = 1e3 * (process_time() - begin)
    row = {"key": problem.key, "family": problem.family, "time_ms": spent, "why": ""}
    if not plan.solved:
        at_ends = plan.status is Status.BAD_START or any(v.constraint == "goal" for v in plan.violations)
        return row | {"status": REFUSED if at_ends else FAILED, "why": "; ".join(map(str, plan.violations))}
    row |= {
        "status": SOLVED,
        "path_ms": 1e3 * plan.timings["path"],
        "length": plan.path.length,
        "duration": plan.trajectory.duration,
    }
    return row | (executed(robot, problem, plan) if options.execute else {})


def executed(robot, problem, plan) -> dict:
    """What PyBullet says of the motion under computed torque: clearance, contact, limits."""
    from robocalc.control import CONTROLLERS
    from robocalc.trajectory import discrete_reference
    from sims.effects import make_effects
    from sims.engines.bullet import Bullet
    from sims.engines.loop import simulate

    motion = plan.trajectory
    motion = motion.with_duration(max(1, np.ceil(motion.duration / STEP - 1e-6)) * STEP)
    reference = discrete_reference(motion, STEP)
    steps, seen = len(reference) - 1, []
    with Bullet(robot, STEP, world=_world(problem)) as plant:

        def look(k):
            seen.append((plant.clearance(own=True).distance, sum(plant.contact_forces().values())))

        look(0)
        law = CONTROLLERS["computed_torque"](wn=BANDWIDTH, zeta=1.0).law(robot, STEP, reference[-1, 0])
        pauses = [*range(0, steps, LOOK), steps]
        run = simulate(plant, law, reference, make_effects(robot, STEP, steps), pauses=pauses, on_pause=look)
        look(steps)
        ends = min(_at(plant, reference[i, 0]) for i in (0, -1))
    gaps, forces = np.array(seen[1:]).T
    return {
        "clearance_mm": 1e3 * float(gaps.min()),
        "wanted_mm": 1e3 * min(0.005, 0.5 * ends),
        "contact": float(forces.max()),
        "limits": _kept(robot, motion, run.log),
        "finished": run.outcome.name == "FINISHED",
    }


def _at(plant, q):
    plant.reset(q)
    return plant.clearance(own=True).distance


def _world(problem):
    from sims.engines import shapes

    for o in problem.obstacles:
        kind = o.get("type") or o.get("kind") or o.get("shape")
        words = {key: o[key] for key in ("name", "size", "radius", "length", "position") if key in o}
        turn = o.get("quat_xyzw") or o.get("quaternion")
        yield shapes.SHAPES[kind](**words, **({"quaternion": turn} if turn is not None else {}))


def _kept(robot, motion, log) -> bool:
    """Limits of the motion by exact extrema to jerk; of the execution position, velocity and torque."""
    from robocalc.trajectory import Limits, certificate
    from sims.metrics_formulas import limit_violations, saturated_fraction

    own = robot.limits
    planned = Limits(own.position, own.velocity, own.acceleration, own.jerk)
    return (
        bool(certificate(motion, planned).kept)
        and limit_violations(log.q, log.v, own) == 0
        and (saturated_fraction(log.tau_wanted, log.tau) == 0)
    )


# many ---------------------------------------------------------------------------------------------------------------


def warm(options=None):
    """Load what the first problem would wait for."""
    free = Problem("warm", "", (0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785), (0.5, -0.5, 0.0, -2.0, 0.0, 1.6, 0.8),
                   FINGER_RANGE[1:] * 2, ({"name": "b", "type": "box", "position": [0.55, 0.0, 0.45],
                                           "size": [0.1, 0.1, 0.1]},))  # fmt: skip
    solve(free, options or Options(execute=False))


def bench(problems, options=None, *, workers=1, timeout=120.0, journal=None, resume=False, progress=None) -> list:
    """Rows of all problems, in their order.

    workers   processes, 0: here; timeout: [s] on the wall for each problem
    journal   file that keeps each row as it comes; resume: rows that it has are not made again
    raises    InvalidInput: a journal that belongs to other options
    """
    from sims.batch import Pool

    options = options or Options()
    known = _journal(journal, options, resume)
    todo = [p for p in problems if p.key not in known]
    with Pool(workers=workers, timeout=timeout) as pool:
        for count, done in enumerate(pool.map(partial(solve, options=options), todo, setup=warm), 1):
            row = done.value if done.ok else _lost(done)
            known[row["key"]] = row
            if journal is not None:
                with Path(journal).open("a") as file:
                    file.write(json.dumps(row) + "\n")
            if progress:
                progress(count / len(todo), f"{count} of {len(todo)} problems")
    return [known[p.key] for p in problems]


def _lost(done) -> dict:
    """The row of a problem whose worker died, took too long or raised."""
    if not isinstance(done.error, RobocalcError):
        raise done.error
    return {"key": done.item.key, "family": done.item.family, "status": FAILED, "why": str(done.error)[:300]}


def _journal(file, options, resume) -> dict:
    """Rows that a journal has, by key; the journal is begun where there is none, or none shall be continued."""
    if file is None:
        return {}
    file, head = Path(file), {"options": asdict(options)}
    if resume and file.is_file():
        lines = [_line(text) for text in file.read_text().splitlines()]
        if not lines or lines[0] != head:
            raise InvalidInput(f"{file} holds results of other options; leave --resume out, or choose another --out")
        rows = [row for row in lines[1:] if row]
        file.write_text("".join(json.dumps(row) + "\n" for row in (head, *rows)))  # without a line that was cut off
        return {row["key"]: row for row in rows}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(head) + "\n")
    return {}


def _line(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None  # the line that was being written when it stopped


# figures ------------------------------------------------------------------------------------------------------------


def summary(rows) -> list:
    """One dict a family, and one for all where there are several."""
    families = list(dict.fromkeys(row["family"] for row in rows))
    found = [_figures(name, [r for r in rows if r["family"] == name]) for name in families]
    return found if len(families) == 1 else [*found, _figures("all", rows)]


def _figures(name, rows) -> dict:
    solved = [r for r in rows if r["status"] == SOLVED]
    ran = [r for r in solved if "clearance_mm" in r]
    refused = sum(r["status"] == REFUSED for r in rows)
    times = [r["time_ms"] for r in solved]
    return {
        "family": name,
        "problems": len(rows),
        "refused": refused,
        "solved": len(solved),
        "failed": len(rows) - refused - len(solved),
        "time_median_ms": _of(np.median, times),
        "time_95_ms": _of(partial(np.quantile, q=0.95), times),
        "length_mean": _of(np.mean, [r["length"] for r in solved]),
        "duration_median": _of(np.median, [r["duration"] for r in solved]),
        "clearance_min_mm": _of(min, [r["clearance_mm"] for r in ran]),
        "clearance_kept": sum(_clear(r) for r in ran),
        "contacts": sum(r["contact"] > 0 for r in ran),
        "limits_kept": sum(r["limits"] for r in ran),
        "executed": len(ran),
    }


def _clear(row) -> bool:
    return row["clearance_mm"] >= row["wanted_mm"] - 1e3 * SLACK


def _of(figure, values):
    return float(figure(values)) if values else None


def all_well(rows) -> bool:
    """Every problem with free ends solved and, where executed, to the end, without contact, clear and within limits."""
    ran = [r for r in rows if "clearance_mm" in r]
    fine = all(r["finished"] and r["limits"] and r["contact"] == 0 and _clear(r) for r in ran)
    return fine and not any(r["status"] == FAILED for r in rows)


def table(rows) -> list:
    """Rows of text: a heading, then a line a family."""
    head = ("family", "problems", "ends refused", "solved", "ms median", "95 %", "length rad", "duration s",
            "executed", "clearance mm", "kept", "contacts", "limits kept")  # fmt: skip
    return [head, *(_text(f) for f in summary(rows))]


def _text(f) -> tuple:
    def number(value, digits):
        return "-" if value is None else f"{value:.{digits}f}"

    ran = f["executed"]
    return (
        f["family"], str(f["problems"]), str(f["refused"]), f"{f['solved']}/{f['problems'] - f['refused']}",
        number(f["time_median_ms"], 1), number(f["time_95_ms"], 1), number(f["length_mean"], 2),
        number(f["duration_median"], 2), str(ran), number(f["clearance_min_mm"], 2),
        f"{f['clearance_kept']}/{ran}", str(f["contacts"]), f"{f['limits_kept']}/{ran}",
    )  # fmt: skip
