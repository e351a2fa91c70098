"""PyBullet engine: its fast path against a bare loop, reset, and distances against PyBullet's own query."""

import numpy as np

from tests.benchmarks.harness import Line, best

DT = 1e-3


def plant(**options):
    from robocalc.dynamics import load
    from sims.engines.bullet import Bullet

    return Bullet(load("panda"), DT, **options)


def world():
    from sims.engines.shapes import Box, Cylinder, Plane

    return [
        Plane(name="floor"),
        Box(name="table", size=(0.7, 1.2, 0.04), position=(0.55, 0, -0.02)),
        Box(name="cube", size=(0.06, 0.06, 0.06), mass=0.2, position=(0.5, 0.1, 0.03)),
        Cylinder(name="post", radius=0.03, length=0.6, position=(0.52, 0.3, 0.3)),
    ]


def fast_path():
    """read + push against the three bare calls, on a Panda that falls."""
    with plant() as engine:
        p, c, body = engine._p, engine._c, engine.body
        joints, zeros = list(body.joints), [0.0] * engine.n
        q, v = np.zeros((2, engine.n))
        tau = np.zeros(engine.n)

        def bare():
            for _ in range(500):
                p.getJointStates(body.id, joints, c)
                p.setJointMotorControlArray(body.id, joints, p.TORQUE_CONTROL, forces=zeros, physicsClientId=c)
                p.stepSimulation(c)

        def ours():
            for _ in range(500):
                engine.read(q, v)
                engine.push(tau)

        times = best(ours, bare, seconds=1.0)
    return tuple(1e6 * t / 500 for t in times)


def reset(things=()):
    with plant(world=things) as engine:
        q = engine.robot.home
        return 1e6 * best(lambda: engine.reset(q))[0], None


def own_distance():
    """Robot against itself and a world, and PyBullet's query of the robot against itself alone."""
    with plant(world=world()) as engine:
        p, c, body = engine._p, engine._c, engine.body.id
        ours, peer = best(
            lambda: engine.clearance(own=True), lambda: p.getClosestPoints(body, body, 10.0, physicsClientId=c)
        )
    return 1e6 * ours, 1e6 * peer


LINES = [
    Line(
        "bullet-fast-path", "read and push of the engine", "three bare PyBullet calls", "ratio", 1.15, "µs", fast_path
    ),
    Line("bullet-reset", "reset of a Panda", "", "at_most", 50.0, "µs", reset),
    Line(
        "bullet-reset-world", "reset in a world, contacts forgotten", "", "at_most", 150.0, "µs", lambda: reset(world())
    ),
    Line(
        "bullet-clearance", "distance to self and world", "getClosestPoints to self", "faster", 1.5, "µs", own_distance
    ),
]
