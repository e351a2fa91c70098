"""safe-control-gym's tasks flown in an engine: return, RMSE, CPU time of each controller, beside the gym's own.

fly      one task under one controller -> Flight
bench    tasks by controllers -> rows
THEIRS   what the gym's own controllers reach on the same tasks
"""

from dataclasses import dataclass
from time import process_time

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.bench.gym_free import plant_of, rewards, stepper
from sims.bench.gym_laws import CONTROLLERS, controller, known
from sims.bench.gym_task import Task
from sims.bench.gym_tasks import TASKS
from sims.bench.gym_world import World

# return and RMSE of safe-control-gym at e39a569 on its examples/lqr, with its own seeds; its PID has no weights
THEIRS = {
    "cart_pole_stabilisation": {"lqr": (-6.585497503290104, 0.19357258), "ilqr": (-6.560666823535171, 0.19476970)},
    "cart_pole_tracking": {"lqr": (-225.70207397205962, 1.32362038), "ilqr": (-23.265866187402253, 0.39691179)},
    "quadrotor_2d_stabilisation": {
        "lqr": (-22.321447158846073, 0.24644341),
        "ilqr": (-20.64863644549722, 0.22636248),
        "pid": (-122.06627578311414, 0.15583009),
    },
    "quadrotor_2d_tracking": {
        "lqr": (-5.878324991860316, 0.17238170),
        "ilqr": (-2.86410867742873, 0.09575793),
        "pid": (-6.480033828828676, 0.10923880),
    },
    "quadrotor_3d_stabilisation": {
        "lqr": (-23.643395062259458, 0.27492008),
        "ilqr": (-22.32441068246237, 0.26244060),
        "pid": (-229.18627935680013, 0.18074025),
    },
    "quadrotor_3d_tracking": {
        "lqr": (-36.84086327939423, 0.40812440),
        "ilqr": (-34.45127718183841, 0.34102706),
        "pid": (-52.59735333438881, 0.30667727),
    },
}


@dataclass(frozen=True)
class Flight:
    """One episode.

    X (N + 1, 2n), U (N, m)    states at the control periods and inputs within their limits, as the engine had them
    reward (N,)                of each period; `total` their sum, the gym's return
    rmse                       √ mean Σ e² over the gym's positions (and the pole's angle)
    ended                      "time", or "out of bounds" where the gym ends the episode
    saturated                  periods in which an input was wanted beyond its limits
    violations                 periods in which a constraint was violated
    plan_s, run_s              CPU seconds to make the controller and to fly
    """

    X: np.ndarray
    U: np.ndarray
    reward: np.ndarray
    rmse: float
    ended: str
    saturated: int
    violations: int
    plan_s: float
    run_s: float

    @property
    def total(self) -> float:
        return float(self.reward.sum())


def fly(task, name, *, seed=None, kind="bullet", world=None) -> Flight:
    """One episode of a task (or its name) under the controller of that name, from the start of that seed.

    world    gym_world.World: disturbances and constraints; None: none
    raises   UnknownName     task, controller or engine
             InvalidInput    seed; a controller that is not for the task; a world that does not fit it
    """
    task = _task(task)
    x = task.start(seed)
    world = World() if world is None else world
    task = world.known(task)
    world = world.episode(task, seed)
    begun = process_time()
    act = controller(name, task, x)
    ready = process_time()
    with plant_of(world.flown, kind) as plant:
        X, U, saturated, violations, ended = episode(task, plant, act, x, world)
    y = np.array([task.measured(row) for row in X])
    reward, seconds = rewards(task, y, U), process_time() - ready
    return Flight(X, U, reward, rmse(task, y), ended, saturated, violations, ready - begun, seconds)


def episode(task, plant, act, x0, world):
    """(X, U, periods with an input at its limit, periods with a violation, why it ended) under held inputs."""
    n, N = task.robot.n, task.periods
    X, U, saturated, violations = np.zeros((N + 1, 2 * n)), np.zeros((N, task.robot.m)), 0, 0
    plant.reset(x0[:n], x0[n:])
    X[0] = x0
    advance = stepper(world.flown, plant)
    seen, order = _seen(task, world, x0, 0), list(task.order)
    for k in range(N):
        wanted = world.disturbed("action", np.asarray(act(k, seen), float), k)
        if not np.isfinite(wanted).all():
            return X[: k + 1], U[:k], saturated, violations, "inputs that are not finite"
        U[k] = np.clip(wanted, *task.limits)
        saturated += bool((U[k] != wanted).any())
        force = world.disturbed("dynamics", np.zeros(3 if task.spatial else 2), k) if world.pushed else None
        advance(U[k], k == 0, X[k + 1], force)
        seen = _seen(task, world, X[k + 1], k)
        broken = world.violated(task.measured(X[k + 1])[order], wanted)
        violations += broken
        if out_of_bounds(task, X[k + 1]) or (broken and world.stops):
            why = "a constraint violated" if broken and world.stops else "out of bounds"
            return X[: k + 2], U[: k + 1], saturated, violations, why
    return X, U, saturated, violations, "time"


def _seen(task, world, x, k):
    """The state that the controller is given."""
    if not world.noisy:
        return x
    return task.state_of(world.disturbed("observation", task.measured(x)[list(task.order)], k))


def out_of_bounds(task, x) -> bool:
    """Whether the gym ends an episode there."""
    y = task.measured(x)[list(task.order)]
    return bool(((y < task.ends[0]) | (y > task.ends[1])).any())


def rmse(task, y) -> float:
    """√ mean over periods of Σ e², e of the gym's positions against the reference of the period's end."""
    mask = np.zeros(len(task.order))
    mask[[task.order[i] for i in task.seen]] = 1.0
    e = (y[1:] - task.reference[1 : len(y)]) * mask
    return float(np.sqrt((e * e).sum(axis=1).mean()))


def bench(tasks=(), controllers=(), *, seed=None, kind="bullet", world=None) -> list:
    """One row (dict) a task and controller, ours and the gym's own; all of them where none are named."""
    rows = []
    for task in [_task(name) for name in tasks] or list(TASKS.values()):
        able = known(task)
        chosen = [name for name in controllers or able if name in able or name not in CONTROLLERS]
        if not chosen:
            raise InvalidInput(f"{', '.join(controllers)} cannot do {task.name}; what can: {', '.join(able)}")
        rows += [_row(task, name, fly(task, name, seed=seed, kind=kind, world=world)) for name in chosen]
        if seed in (None, task.seed) and world is None:
            for name, (total, error) in THEIRS[task.name].items():
                rows.append(
                    {"task": task.name, "controller": f"safe-control-gym {name}", "return": total, "rmse": error}
                )
    return rows


def _row(task, name, flight):
    return {
        "task": task.name,
        "controller": name,
        "return": flight.total,
        "rmse": flight.rmse,
        "periods": len(flight.U),
        "ended": flight.ended,
        "saturated": flight.saturated,
        "violations": flight.violations,
        "plan_s": flight.plan_s,
        "run_s": flight.run_s,
    }


def table(rows) -> list:
    """Rows of text for people: a block a task, points under points, the best return of each marked."""
    head = ("task", "controller", "return", "", "rmse", "ended by", "violations", "CPU s, plan + run")
    best = {task: max(row["return"] for row in rows if row["task"] == task) for task in {row["task"] for row in rows}}
    out, last = [head], None
    for row in rows:
        task = row["task"]
        if last not in (None, task):
            out.append(("",) * len(head))
        time = f"{row['plan_s']:.3f} + {row['run_s']:.3f}" if "plan_s" in row else ""
        figures = f"{row['return']:10.4f}", "best" if row["return"] == best[task] else "", f"{row['rmse']:.4f}"
        more = row.get("ended", ""), row.get("violations", ""), time
        out.append(("" if task == last else task, row["controller"], *figures, *more))
        last = task
    return out


def _task(task) -> Task:
    if isinstance(task, Task):
        return task
    if task not in TASKS:
        raise UnknownName("task", task, TASKS)
    return TASKS[task]
