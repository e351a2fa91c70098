"""Tuning against Optuna's samplers on one problem: the 14 PD gains of the Panda, in the compiled twin.

0.6 s move and 0.3 s hold at 500 Hz, 1 kg that the law does not know of, 2 ms latency, noise of the encoders; gains
between 1 and 10,000 N m/rad and 1/10 and 1,000 N m s/rad; J = 1000 rms e + 0.002 rms dτ/dt + 20 saturated share + 200
final error. Figures are medians over five seeds of noise and sampler. A cost with its gradient counts as
SIMS_A_GRADIENT simulations.
"""

from statistics import median

import numpy as np

from tests.benchmarks.harness import Line, best
from tests.sims.tune.cases import COST, panda

SEEDS = range(5)
SIMS_A_GRADIENT = 6  # see tune-gradient-time


def problem(scenario, scenarios=None, engine="twin", seed=None):
    """With a seed: as a study trains, each scenario with gains that are off by a quarter."""
    from sims.tune.goals import make_goals
    from sims.tune.problem import Problem
    from sims.tune.randomise import gain_errors
    from sims.tune.schema import Goal, Randomise, Vary
    from sims.tune.space import make_space

    ranges = {"controller.kp": Vary(range=(1.0, 1e4)), "controller.kd": Vary(range=(0.1, 1e3))}
    goals = make_goals({name: Goal(weight=w) for name, w in COST.items()}, {}, "mean")
    scenarios, space = scenarios or [scenario], make_space(scenario, ranges)
    shifts = None if seed is None else gain_errors(space, Randomise().gains, seed, len(scenarios))
    return Problem(scenarios, space, goals, engine, shifts=shifts)


def task(p, budget, seed=0):
    from sims.build import believed_robot
    from sims.tune.guess import first_points
    from sims.tune.methods.protocol import Task

    scenario = p.scenarios[0]
    starts = first_points(scenario, believed_robot(scenario), p.space)
    return Task(starts, budget, seed, np.repeat([0, 1], 7), np.zeros(14, int))


def curve(p, method, budget, seed=0, sims=None, gradients=None):
    """Best cost of a method of ours, until so many simulations or gradients are used up; its point."""
    from sims.tune.methods import METHODS
    from sims.tune.methods.protocol import Answer

    run, used, sloped, found = METHODS[method](task(p, budget, seed)), 0, 0, (np.inf, None)
    try:
        ask = next(run)
        while True:
            answers = []
            for x in ask.points:
                used, sloped = used + (SIMS_A_GRADIENT if ask.slopes else 1), sloped + ask.slopes
                if (sims and used > sims) or (gradients and sloped > gradients):
                    return found
                e = p.evaluate(x, ask.slopes)
                found = min(found, (e.cost, x), key=lambda item: item[0])
                answers.append(Answer(e.cost, e.gradient, e.curvature))
            ask = run.send(answers)
    except StopIteration:
        return found


def noisy(seed):
    return panda().with_(seed=seed + 100)


def sampled(p, sampler, trials):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=sampler)

    def cost(trial):
        return p.evaluate([trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(14)]).cost

    study.optimize(cost, n_trials=trials)
    return study.best_value


def against(name, trials):
    """(our median after 50 simulations, the sampler's after `trials`)."""

    def measure():
        import warnings

        import optuna

        warnings.simplefilter("ignore")
        ours, theirs = [], []
        for seed in SEEDS:
            p = problem(noisy(seed))
            ours.append(curve(p, "gauss_newton", 60, seed, sims=50)[0])
            theirs.append(sampled(p, getattr(optuna.samplers, name)(seed=seed), trials))
        return median(ours), median(theirs)

    return measure


def twenty_gradients():
    """(after 20 costs with gradients, after 300 simulations of Nelder-Mead), from the same starts."""
    pairs = []
    for seed in SEEDS:
        p = problem(noisy(seed))
        pairs.append((curve(p, "gauss_newton", 60, seed, gradients=20)[0], curve(p, "nelder_mead", 300, seed)[0]))
    return tuple(median(column) for column in zip(*pairs, strict=True))


def gradient_error():
    """Largest difference of gradient and central differences of whole simulations, of the largest component."""
    p = problem(panda())
    x, h = task(p, 1).starts[0], 1e-6
    numeric = np.array([(p.evaluate(x + h * e).cost - p.evaluate(x - h * e).cost) / (2 * h) for e in np.eye(14)])
    return float(abs(p.evaluate(x, True).gradient - numeric).max() / abs(numeric).max()), None


def gradient_time():
    p = problem(panda())
    x = task(p, 1).starts[0]
    return best(lambda: p.evaluate(x, True), lambda: p.evaluate(x))


def at_1_khz():
    return panda(sim={"engine": "twin", "timestep": 0.001})


def three_hundred():
    p = problem(at_1_khz())
    x = task(p, 1).starts[0]

    def run():
        for k in range(300):
            p.evaluate(np.clip(x + 1e-6 * k, 0, 1))

    return best(run, blocks=3)[0], None


def twin_and_bullet():
    """One simulation of the tuned loop: (in the twin, through PyBullet), both prepared."""
    from robocalc.control.signature import law_address
    from sims.engines.bullet import Bullet
    from sims.engines.loop import _march

    p = problem(at_1_khz())
    case, x = p.cases()[0], task(p, 1).starts[0]
    law = case.law(p.space.scenario(case.scenario, x).controller)
    closed, address = case.closed(law), law_address(law.step)
    with Bullet(case.made.plant_robot, 0.001) as plant:

        def bullet():
            closed.memory[:] = law.memory
            plant.reset(*case.start)
            _march(plant, address, closed, 0, case.steps)

        return best(lambda: case.run(law), bullet, seconds=1.0)


HAND = {"kp": [200, 600, 400, 400, 20, 20, 3], "kd": [20, 60, 40, 40, 2, 2, 0.3]}


def robust(seeds=range(10)):
    """Share of ten seeds in which gains tuned on 12 scenarios beat hand gains and gains tuned on one, held out."""
    from sims.tune.randomise import variants
    from sims.tune.schema import Randomise

    base, draws, won = panda(controller={"type": "pd", **HAND}), Randomise(payload=(0.0, 1.0), moves=0.4), 0
    base = base.with_({"disturbances": []})
    for seed in seeds:
        robust_on = problem(base, variants([base], draws, seed, "training", 12), seed=seed)
        single = problem(base, robust_on.scenarios[:1])
        held_out = problem(base, variants([base], draws, seed, "validation", 16))
        points = [robust_on.space.before(), *(curve(p, "gauss_newton", 150, seed)[1] for p in (single, robust_on))]
        costs = [held_out.evaluate(x).costs for x in points]
        means, worsts = [np.mean(c) for c in costs], [max(c) for c in costs]
        won += means[2] < min(means[:2]) and worsts[2] < min(worsts[:2])
    return won / len(seeds), None


PANDA = "14 PD gains of the Panda"
LINES = [
    Line(
        "tune-tpe",
        f"{PANDA}: J after 50 simulations",
        "Optuna TPE, 1,000",
        "ratio",
        1.0,
        "",
        against("TPESampler", 1000),
    ),
    Line(
        "tune-cmaes",
        f"{PANDA}: J after 50 simulations",
        "Optuna CMA-ES, 300",
        "ratio",
        1.0,
        "",
        against("CmaEsSampler", 300),
    ),
    Line(
        "tune-gradient",
        f"{PANDA}: J after 20 gradients",
        "Nelder-Mead, 300 simulations",
        "ratio",
        1.0,
        "",
        twenty_gradients,
    ),
    Line("tune-gradient-error", f"gradient for {PANDA} against differences", "-", "at_most", 1e-6, "", gradient_error),
    Line("tune-gradient-time", f"cost and gradient for {PANDA}", "one simulation", "ratio", 10, "s", gradient_time),
    Line("tune-300", "300 costs of 0.9 s at 1 kHz", "-", "at_most", 1.0, "s", three_hundred),
    Line("tune-bullet", "one simulation of 0.9 s at 1 kHz", "PyBullet", "faster", 20, "s", twin_and_bullet),
    Line(
        "tune-robust",
        "share of 10 seeds: tuned on 12 scenarios beats hand gains and tuned on one, mean and worst of 16 held out",
        "-",
        "at_least",
        0.9,
        "",
        robust,
    ),
]
