"""The closed loop: the twin's speed, PyBullet's overhead, and how well the Panda tracks its 1 s move at 1 kHz.

The move: minimum jerk, 1.0 s and 0.5 s hold, 2.06 rad/s and 6.35 rad/s² at the peak, all joints, from the ready pose.
"""

import numpy as np

from tests.benchmarks.harness import Line, best

DT = 1e-3
PEAK = 2.06 / 1.875  # [rad] of a joint that reaches 2.06 rad/s in 1 s
WAY = PEAK * np.array([1.0, 0.4, -0.5, 0.6, 0.5, 0.5, -0.8])


def reference(robot):
    """(1501, 3, 7)."""
    from robocalc.trajectory import minimum_jerk

    motion = minimum_jerk([robot.home, robot.home + WAY], duration=1.0)
    q = motion(np.minimum(np.arange(1501) * DT, 1.0))
    v, a = np.zeros_like(q), np.zeros_like(q)
    v[1:] = np.diff(q, axis=0) / DT
    a[:-1] = np.diff(v, axis=0) / DT
    return np.stack([q, v, a], axis=1)


def loop(design, plant_of=None, believed=None, true=None, **effects):
    """(run, steps, plant): the loop on a plant, the twin where None, ready to be timed."""
    from robocalc.dynamics import load
    from sims.effects import make_effects
    from sims.engines.loop import simulate
    from sims.engines.twin import Twin

    believed = believed or load("panda")
    true = true or believed
    ref = reference(believed)
    law = design.law(believed, DT, latency=effects.get("latency", 0.0))
    made = make_effects(true, DT, len(ref) - 1, **effects)
    plant = (plant_of or Twin)(true, DT)
    return lambda: simulate(plant, law, ref, made), len(ref) - 1, plant


def designs():
    from robocalc.control import PD, ComputedTorque

    pd = PD([600, 600, 600, 600, 50, 50, 10], [30, 30, 30, 20, 1, 1, 0.3])
    return {"pd": pd, "ct": ComputedTorque(40, integral=True)}


def twin_step(name):
    def measure():
        run, steps, _ = loop(designs()[name])
        return best(run)[0] / steps * 1e6, None

    return measure


def twin_vs_bullet():
    from sims.engines.bullet import Bullet

    fast, steps, _ = loop(designs()["pd"])
    slow, _, plant = loop(designs()["pd"], Bullet)
    with plant:
        ours, theirs = best(fast, slow, seconds=1.0)
    return ours / steps * 1e6, theirs / steps * 1e6


def bullet_overhead(name):
    def measure():
        from sims.engines.bullet import Bullet

        run, steps, plant = loop(designs()[name], Bullet)
        q, v, tau = np.zeros((3, plant.n))

        def bare():
            plant.reset(plant.robot.home, np.zeros(plant.n))
            tau[:] = plant.robot.gravity(plant.robot.home)
            for _ in range(steps):
                plant.read(q, v)
                plant.push(tau)

        with plant:
            ours, theirs = best(run, bare, seconds=1.5)
        return ours / steps * 1e6, theirs / steps * 1e6

    return measure


def error(run):
    log = run.log
    return np.sqrt(np.mean((log.q - log.q_ref) ** 2)) if not run.outcome.diverged else np.inf


def tracking(payload, latency):
    """Largest rms error over a kilogram more and a kilogram less than the model has."""

    def measure():
        from robocalc.control import ComputedTorque
        from robocalc.dynamics import load

        bare = load("panda")
        loaded = bare.with_payload(payload) if payload else bare
        design = ComputedTorque(**TRACKING) if payload else ComputedTorque(40)
        pairs = [(bare, loaded), (loaded, bare)] if payload else [(bare, bare)]
        runs = [loop(design, believed=b, true=t, latency=latency)[0]() for b, t in pairs]
        return max(error(run) for run in runs), None

    return measure


TRACKING = {"wn": 45, "integral": True, "adapt_payload": True}
ABOUT = "Panda, 1 s move and 0.5 s hold at 1 kHz, rms joint error"
LINES = [
    Line(
        "loop-twin-us-per-step",
        "closed loop compiled, Panda, PD with friction, limits, record",
        "-",
        "at_most",
        1.5,
        "µs",
        twin_step("pd"),
    ),
    Line(
        "loop-twin-us-per-step-ct",
        "the same with computed torque and integral action",
        "-",
        "at_most",
        1.5,
        "µs",
        twin_step("ct"),
    ),
    Line(
        "loop-twin-vs-bullet",
        "the same loop in the twin and through PyBullet",
        "PyBullet",
        "faster",
        20,
        "µs",
        twin_vs_bullet,
    ),
    Line(
        "loop-bullet-overhead",
        "PyBullet loop with law, effects, record; bare read, torque, step",
        "bare loop",
        "ratio",
        1.35,
        "µs",
        bullet_overhead("pd"),
    ),
    Line(
        "loop-bullet-overhead-ct",
        "the same with computed torque and integral action",
        "bare loop",
        "ratio",
        1.35,
        "µs",
        bullet_overhead("ct"),
    ),
    Line("tracking-exact", f"{ABOUT}, exact model", "-", "at_most", 1e-12, "rad", tracking(0.0, 0.0)),
    Line(
        "tracking-exact-latency",
        f"{ABOUT}, exact model, 5 ms latency",
        "-",
        "at_most",
        1e-12,
        "rad",
        tracking(0.0, 5e-3),
    ),
    Line("tracking-payload", f"{ABOUT}, ±1 kg unmodelled", "-", "at_most", 1e-4, "rad", tracking(1.0, 0.0)),
    Line(
        "tracking-payload-latency",
        f"{ABOUT}, ±1 kg unmodelled, 5 ms latency",
        "-",
        "at_most",
        1e-4,
        "rad",
        tracking(1.0, 5e-3),
    ),
]
