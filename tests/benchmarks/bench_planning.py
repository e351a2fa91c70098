"""Distances, paths and motions of the Panda among obstacles, on the planning problems of MotionBenchMaker.

The problems in tests/optimize/planning_problems, or those of the file that ROBOCALC_MBM names.
"""

import gzip
import json
import os
from functools import cache
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np

from tests.benchmarks.harness import Line, best

HERE = Path(__file__).resolve().parent.parent / "optimize" / "planning_problems" / "panda.json"
SEEDS = 5


@cache
def panda():
    from robocalc.dynamics import load

    return load("panda_gripper").lock({"panda_finger_joint1": 0.04, "panda_finger_joint2": 0.04})


@cache
def problems():
    """[(start, goal, obstacles)] whose ends are free, and those whose are not."""
    from robocalc.optimize.paths.finder import check_ends

    file = Path(os.environ.get("ROBOCALC_MBM", HERE))
    with (gzip.open if file.suffix == ".gz" else open)(file) as stream:
        data = json.load(stream)
    every = data.get("problems") or [p for family in data["families"].values() for p in family]
    asked = [(np.array(p["start"], float), np.array(p["goal"], float), p["obstacles"]) for p in every]
    good = [not check_ends(checker(o), s, g[None], None)[1] for s, g, o in asked]
    return [p for p, ok in zip(asked, good) if ok], [p for p, ok in zip(asked, good) if not ok]


def bounds(jerk):
    """Limits of the joints, with those of jerk or without."""
    from robocalc.trajectory import Limits

    kept = {"velocity": [2.175] * 4 + [2.61] * 3, "acceleration": [15, 7.5, 10, 12.5, 15, 20, 20]}
    return Limits(**kept, **({"jerk": [7500, 3750, 5000, 6250, 7500, 10000, 10000]} if jerk else {}))


def checker(obstacles):
    from robocalc.dynamics.collision import CollisionChecker

    return CollisionChecker(panda(), obstacles)


def twenty():
    """Twenty boxes, cylinders, balls and capsules around the arm."""
    rng = np.random.default_rng(0)
    for i in range(20):
        turn, far = rng.uniform(-np.pi, np.pi), rng.uniform(0.45, 0.9)
        place = {
            "position": [far * np.cos(turn), far * np.sin(turn), rng.uniform(0, 1)],
            "quaternion": rng.normal(size=4),
        }
        kind = ("box", "cylinder", "sphere", "capsule")[i % 4]
        size = {"size": rng.uniform(0.05, 0.3, 3)} if kind == "box" else {"radius": 0.06, "length": 0.25}
        yield {"name": f"{kind}{i}", "kind": kind, **place, **size}


def at_random(count=2000):
    low, high = panda().limits.bounds("position", 7)
    return np.random.default_rng(1).uniform(low, high, (count, 7))


def check():
    scene, Q = checker(list(twenty())), at_random()
    return best(lambda: scene.check(Q))[0] / len(Q) * 1e6, None


def distance():
    scene, Q = checker(list(twenty())), at_random()
    return best(lambda: scene.distance_gradient(Q, 0.05))[0] / len(Q) * 1e6, None


def pybullet_distance():
    """µs of the nearest pair, exact, against PyBullet's getClosestPoints."""
    from sims.engines import shapes
    from sims.engines.bullet_plan import Clearance

    kinds = {"box": shapes.Box, "cylinder": shapes.Cylinder, "sphere": shapes.Sphere, "capsule": shapes.Capsule}
    world = []
    for o in twenty():
        kind = o.pop("kind")
        if kind == "sphere":
            o.pop("length")
        world.append(kinds[kind](**o))
    scene, Q = checker(world), at_random(100)
    with Clearance(panda(), world) as truth:
        ours, theirs = best(lambda: scene.distance_gradient(Q), lambda: [truth.at(q) for q in Q])
    return ours / len(Q) * 1e6, theirs / len(Q) * 1e6


@cache
def runs(what):
    """(milliseconds, result) of every free problem and seed."""
    from robocalc.optimize import find_path, plan_motion

    ask = {"path": find_path, "motion": lambda *a, seed: plan_motion(*a, bounds(jerk=True), seed=seed)}[what]
    free, _ = problems()
    ask(panda(), *free[0], seed=0)
    seeds = range(SEEDS if len(free) < 50 else 1)
    found = []
    for seed in seeds:
        for problem in free:
            begin = process_time()
            result = ask(panda(), *problem, seed=seed)
            found.append((1e3 * (process_time() - begin), result))
    return found


def time_of(what, share):
    return lambda: (float(np.quantile([t for t, _ in runs(what)], share)), None)


def solved(what):
    return lambda: (100 * float(np.mean([r.solved for _, r in runs(what)])), None)


def path_length():
    return float(np.mean([r.length for _, r in runs("path")])), None


def short_length():
    """Mean length where 50 ms go into shorter paths."""
    from robocalc.optimize.paths import find_path

    found = [find_path(panda(), s, g, checker=checker(o), budget=0.05) for s, g, o in problems()[0]]
    return float(np.mean([r.length for r in found])), None


def toppra_duration(waypoints):
    """[s] of toppra along a path resampled at 0.1 rad, under limits of velocity and acceleration."""
    import toppra
    from toppra import algorithm, constraint

    toppra.setup_logging("ERROR")
    v, a = (bounds(jerk=False).bounds(name, 7)[1] for name in ("velocity", "acceleration"))
    kept = [constraint.JointVelocityConstraint(np.stack([-v, v], 1)), constraint.JointAccelerationConstraint(a)]
    points = [waypoints[:1]]
    for p, q in pairwise(waypoints):
        count = max(1, int(np.ceil(np.linalg.norm(q - p) / 0.1)))
        points.append(p + np.linspace(0, 1, count + 1)[1:, None] * (q - p))
    points = np.vstack(points)
    way = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    return algorithm.TOPPRA(kept, toppra.SplineInterpolator(way, points)).compute_trajectory().duration


def duration(jerk):
    """Median duration, with the jerk limited or not, against toppra's on the same paths, which knows no jerk."""

    def measure():
        from robocalc.optimize import plan_motion

        plans = [plan_motion(panda(), *problem, bounds(jerk)) for problem in problems()[0]]
        theirs = [toppra_duration(plan.path.waypoints) for plan in plans]
        return float(np.median([plan.trajectory.duration for plan in plans])), float(np.median(theirs))

    return measure


def refusal():
    from robocalc.optimize import find_path

    found = []
    for problem in problems()[1]:
        begin = process_time()
        assert not find_path(panda(), *problem).solved
        found.append(1e3 * (process_time() - begin))
    return max(found), None


SCENE = "Panda against 20 shapes and itself, a configuration"
MBM = "MotionBenchMaker Panda problems"
LINES = [
    Line("plan-check", f"collision check, {SCENE}", "-", "at_most", 3.5, "µs", check),
    Line("plan-distance", f"distance and gradient to 50 mm, {SCENE}", "-", "at_most", 20, "µs", distance),
    Line("plan-distance-pybullet", f"smallest distance, {SCENE}", "PyBullet", "faster", 10, "µs", pybullet_distance),
    Line("plan-path-solved", f"paths found, {MBM} with free ends", "-", "at_least", 100, "%", solved("path")),
    Line("plan-path-median", "path, scene and edges certified, median", "-", "at_most", 5, "ms", time_of("path", 0.5)),
    Line("plan-path-95", "the same, 95 %", "-", "at_most", 15, "ms", time_of("path", 0.95)),
    Line("plan-path-99", "the same, 99 %", "-", "at_most", 50, "ms", time_of("path", 0.99)),
    Line("plan-path-length", "mean length of paths", "-", "at_most", 5.05, "rad", path_length),
    Line("plan-path-short", "the same with a budget of 50 ms", "-", "at_most", 4.6, "rad", short_length),
    Line("plan-motion-solved", "motions within limits to jerk, certified", "-", "at_least", 100, "%", solved("motion")),
    Line("plan-motion-median", "motion from start and goal, median", "-", "at_most", 40, "ms", time_of("motion", 0.5)),
    Line("plan-motion-95", "the same, 95 %", "-", "at_most", 150, "ms", time_of("motion", 0.95)),
    Line("plan-motion-duration", "median duration, same path, jerk free", "toppra", "ratio", 1.0, "s", duration(False)),
    Line("plan-motion-jerk", "the same, our jerk limited besides", "toppra", "ratio", 1.1, "s", duration(True)),
    Line("plan-refusal", "end in contact named with pair and depth, longest", "-", "at_most", 10, "ms", refusal),
]
