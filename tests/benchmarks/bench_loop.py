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
    from robocalc.control import PD, ComputedTorque, damping_limit
    from robocalc.dynamics import load

    robot = load("panda")
    kd = damping_limit(robot, robot.home, DT) / 8
    return {"pd": PD(20 * kd, kd), "ct": ComputedTorque(40, integral=True)}


def steps_of(design, plant_of=None):
    """(run, steps, plant): reset and all steps, with law, effects and record; feed-forward and arrays made before."""
    from robocalc.control.signature import law_address
    from robocalc.dynamics import load
    from sims.effects import make_effects
    from sims.engines.close import close_loop
    from sims.engines.loop import _march, _march_twin
    from sims.engines.twin import Twin

    robot = load("panda")
    ref, still = reference(robot), np.zeros(robot.n)
    law, plant = design.law(robot, DT), (plant_of or Twin)(robot, DT)
    closed, steps = close_loop(plant, law, ref, make_effects(robot, DT, len(ref) - 1)), len(ref) - 1
    address, march = law_address(law.step), _march if plant_of else _march_twin

    def run():
        plant.reset(robot.home, still)
        assert march(plant, address, closed, 0, steps) == (steps, 0)

    return run, steps, plant


def twin_step(name):
    def measure():
        run, steps, _ = steps_of(designs()[name])
        return best(run)[0] / steps * 1e6, None

    return measure


def twin_vs_bullet(name):
    def measure():
        from sims.engines.bullet import Bullet

        fast, steps, _ = steps_of(designs()[name])
        slow, _, plant = steps_of(designs()[name], Bullet)
        with plant:
            ours, theirs = best(fast, slow, seconds=1.0)
        return ours / steps * 1e6, theirs / steps * 1e6

    return measure


def bullet_overhead(name):
    def measure():
        from sims.engines.bullet import Bullet

        run, steps, plant = steps_of(designs()[name], Bullet)
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


def whole_run():
    run, steps, _ = loop(designs()["ct"])
    return best(run)[0] / steps * 1e6, None


def error(run):
    log = run.log
    return np.sqrt(np.mean((log.q - log.q_ref) ** 2)) if not run.outcome.diverged else np.inf


def tracking(payload, latency):
    """Largest rms error over a kilogram more and a kilogram less than the model has."""

    def measure():
        from robocalc.control import ComputedTorque
        from robocalc.dynamics import load

        design = ComputedTorque(**TRACKING) if payload else ComputedTorque(40)
        masses = MASSES if payload else [(0, 0)]
        pairs = [[load("panda").with_payload(float(m)) for m in pair] for pair in masses]
        runs = [loop(design, believed=b, true=t, latency=latency)[0]() for b, t in pairs]
        return max(error(run) for run in runs), None

    return measure


def held_out(seed, count, robot):
    """`count` moves (1501, 3, 7) on which nothing was tuned: 1 s, largest joint travel 1.1 rad, and 0.5 s hold."""
    from robocalc.trajectory import Trajectory, discrete_reference, minimum_jerk

    rng, (low, high) = np.random.default_rng(seed), robot.limits.position
    for _ in range(count):
        begin = rng.uniform(0.75 * low + 0.25 * high, 0.25 * low + 0.75 * high)
        way = rng.uniform(-1, 1, robot.n)
        end = np.clip(begin + 1.1 * way / abs(way).max(), low + 0.05, high - 0.05)
        hold = Trajectory(np.array([0.0, 0.5]), end[None, None])
        yield discrete_reference(minimum_jerk([begin, end], duration=1.0).join(hold), DT)


def within_drives(robot, ref):
    """Whether the drives give the torque that the motion takes: what they cannot hold up, no law tracks."""
    q, v, a = ref[::10].transpose(1, 0, 2)
    tau = robot.inverse_dynamics(q, v, a) + robot.friction[0] * v + robot.friction[1] * np.sign(v)
    return (abs(tau) <= robot.limits.bounds("torque", robot.n)[1]).all()


def errors_held_out(latency, seeds, count, masses=None):
    """rms errors over held-out moves and over masses believed and true; infinite where a run diverged."""
    from robocalc.control import ComputedTorque
    from robocalc.dynamics import load
    from sims.effects import make_effects
    from sims.engines.loop import simulate
    from sims.engines.twin import Twin

    out = []
    for believed, true in ([load("panda").with_payload(float(m)) for m in pair] for pair in masses or MASSES):
        law, plant = ComputedTorque(**TRACKING).law(believed, DT, latency=latency), Twin(true, DT)
        for ref in (r for seed in seeds for r in held_out(seed, count, believed) if within_drives(true, r)):
            run = simulate(plant, law, ref, make_effects(true, DT, len(ref) - 1, latency=latency))
            out.append(error(run))
    return np.array(out)


def tracking_held_out(latency, of):
    return lambda: (of(errors_held_out(latency, HELD_OUT, 20)), None)


TRACKING = {"wn": 75, "integral": True, "adapt_payload": True}
MASSES = [(1, 2), (1, 0), (0, 1)]  # [kg] at the tool that the model has, and that are there
HELD_OUT = (12345, 777, 2026)  # seeds
PD_LOOP = "closed loop a step, Panda, 7 joints: PD, feed-forward, friction, limits, record"
SAME = "the same with computed torque and integral action"
BARE = "read, torque, step"
ABOUT = "Panda, 1 s move and 0.5 s hold at 1 kHz, rms joint error"
MOVES = "Panda, ±1 kg unmodelled, 60 random moves, rms joint error"
LINES = [
    Line("loop-twin-us-per-step", f"compiled {PD_LOOP}", "-", "at_most", 1.5, "µs", twin_step("pd")),
    Line("loop-twin-us-per-step-ct", SAME, "-", "at_most", 1.5, "µs", twin_step("ct")),
    Line("loop-twin-whole-run", f"{SAME}, all preparation included", "-", "at_most", 2.0, "µs", whole_run),
    Line("loop-twin-vs-bullet", f"twin, PyBullet: {PD_LOOP}", "PyBullet", "faster", 20, "µs", twin_vs_bullet("pd")),
    Line("loop-bullet-overhead", f"PyBullet {PD_LOOP}", BARE, "ratio", 1.35, "µs", bullet_overhead("pd")),
    Line("loop-bullet-overhead-ct", SAME, BARE, "ratio", 1.35, "µs", bullet_overhead("ct")),
    Line("tracking-exact", f"{ABOUT}, exact model", "-", "at_most", 1e-12, "rad", tracking(0.0, 0.0)),
    Line("tracking-exact-latency", f"{ABOUT}, exact, 5 ms latency", "-", "at_most", 1e-12, "rad", tracking(0.0, 5e-3)),
    Line("tracking-payload", f"{ABOUT}, ±1 kg unmodelled", "-", "at_most", 1e-4, "rad", tracking(1.0, 0.0)),
    Line("tracking-payload-latency", f"{ABOUT}, ±1 kg, 5 ms latency", "-", "at_most", 1e-4, "rad", tracking(1.0, 5e-3)),
    Line("tracking-payload-moves", f"{MOVES}, worst", "-", "at_most", 1e-4, "rad", tracking_held_out(0.0, np.max)),
    Line(
        "tracking-payload-moves-latency",
        f"{MOVES}, 5 ms latency, share at most 1e-4 rad",
        "-",
        "at_least",
        0.95,
        "",
        tracking_held_out(5e-3, lambda e: np.mean(e <= 1e-4)),
    ),
    Line(
        "tracking-payload-moves-latency-worst",
        f"{MOVES}, 5 ms latency, worst",
        "-",
        "at_most",
        2e-4,
        "rad",
        tracking_held_out(5e-3, np.max),
    ),
]
