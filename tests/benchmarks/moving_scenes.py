"""Seeded scenes in which balls and capsules cross the way of a Panda that plans again while it moves.

scene   number -> Scenario
drive   what becomes of one: arrived, nearest while the robot moves and at all times, longest reaction
"""

import numpy as np

from robocalc.dynamics import load
from sims import Scenario
from sims.build import believed_robot, motion_limits
from sims.build_world import world_shapes
from sims.engines.bullet import Clearance
from sims.pilot import Pilot
from sims.plan import plan_task

HOME = np.array([0.0, -0.3, 0.0, -2.0, 0.0, 1.7, 0.8])
MOST = 25.0  # [s] of a scene
DT, EVERY = 0.005, 2  # [s], steps between looks at clearance


def scene(number) -> Scenario:
    """Start and goal on two sides, a table, a post, and three things that cross between them at 0.2 to 0.6 m/s."""
    rng = np.random.default_rng(number)
    side = rng.choice([-1.0, 1.0])
    ends = [
        HOME + rng.uniform(-0.2, 0.2, 7) + np.array([s * rng.uniform(0.6, 1.2), *np.zeros(6)]) for s in (-side, side)
    ]
    arm = load("panda")
    spots = [arm.pose(ends[0], link)[:2, 3] for link in ("panda_link4", "panda_link6", "panda_hand")]
    things = [_crossing(rng, i, spots) for i in range(3)]
    table = {"name": "table", "shape": "box", "size": [0.6, 1.6, 0.04], "position": [0.75, 0.0, 0.05]}
    return Scenario.of(
        {
            "format": "robocalc/1", "name": f"moving-{number}", "seed": number,
            "sim": {"timestep": DT, "max_duration": MOST},
            "robot": {"model": "panda", "home": ends[0].tolist(),
                      "limits": {"velocity_scale": 0.5, "acceleration_scale": 0.6, "jerk_scale": 0.3}},
            "world": [table, *things],
            "task": [{"do": "move", "name": "go", "to": {"joints": ends[1].tolist()}}],
            "planner": {"type": "avoid", "replan": {"clearance": 0.03, "growth": 0.05}},
            "safety": {"type": "separation", "clearance": 0.02, "reaction": 0.02},
            "controller": {"type": "computed_torque"},
        }
    )  # fmt: skip


def _crossing(rng, i, spots):
    """A ball or an upright capsule on a straight way past the middle of the workspace, not from where the arm is."""
    while True:
        angle, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.6)
        along = np.array([np.cos(angle), np.sin(angle)])
        middle = np.array([rng.uniform(0.4, 0.75), rng.uniform(-0.3, 0.3)])
        a, b = middle - speed * rng.uniform(1.0, 2.5) * along, middle + 1.6 * along
        near = min(np.linalg.norm(a - spot) for spot in spots)
        if not _through_base(a, b) and near > 0.35:
            break
    height = rng.uniform(0.35, 0.7)
    shape = {"shape": "sphere", "radius": rng.uniform(0.05, 0.1)} if i % 2 else {
        "shape": "capsule", "radius": 0.05, "length": rng.uniform(0.1, 0.3)}  # fmt: skip
    return {
        "name": f"thing{i}", **shape, "position": [*a.tolist(), height], "known_to_planner": "predicted",
        "motion": {"type": "line", "to": [*b.tolist(), height], "duration": np.linalg.norm(b - a) / speed,
                   "interpolation": "linear"},
    }  # fmt: skip


def _through_base(a, b):
    """Whether the way comes nearer than 0.35 m to the robot's base, which cannot make way."""
    s = np.clip(-(a @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
    return np.linalg.norm(a + s * (b - a)) < 0.35


def drive(number) -> dict:
    """One scene, kinematically: the robot is where its reference is."""
    asked = scene(number)
    robot, world = believed_robot(asked), world_shapes(asked)
    plan = plan_task(asked, robot, world)
    if not plan.solved:
        return {"number": number, "arrived": False, "why": str(plan.violations[0]), "nearest": np.inf,
                "standing": np.inf, "reaction": 0.0, "time": 0.0}  # fmt: skip
    pilot = Pilot(asked, robot, plan, world, motion_limits(asked, robot), DT, 1, round(MOST / DT))
    k, nearest, hit = 0, np.inf, np.inf
    with Clearance(robot, world, own=False) as truth:
        while not pilot.done and k < pilot.most:
            q = pilot.look(k).q
            for j in range(0, min(pilot.steps, len(q) - 1), EVERY):
                gap = truth.at(q[j], (k + j) * DT).distance
                hit = min(hit, gap)
                if np.abs(q[j + 1] - q[j]).max() > 0.01 * DT:
                    nearest = min(nearest, gap)
            k += pilot.steps
    return {
        "number": number, "arrived": pilot.done, "why": "" if pilot.done else pilot.told(), "nearest": nearest,
        "standing": hit, "reaction": max(pilot.reactions, default=0.0), "time": k * DT,
    }  # fmt: skip
