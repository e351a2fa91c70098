"""safe-control-gym's tracking tasks in PyBullet: returns as it defines them, and CPU time of plan and run.

Peers are its LQR and iLQR on the same episodes in the same process (gym_ilqr.py), without what its environment adds.
"""

from dataclasses import replace
from functools import cache

from tests.benchmarks.harness import Line

PEER = "safe-control-gym's iLQR"
# its PID (examples/pid, default weights 1 and 1e-4), as measured with the package at e39a569: seed, return
PIDS = {
    "quadrotor_2d_stabilisation": (42, -54.60844400435932),
    "quadrotor_2d_tracking": (1337, -48.59264888457437),
    "quadrotor_3d_stabilisation": (1337, -229.17874058215554),
    "quadrotor_3d_tracking": (42, -254.01820163402326),
}


@cache
def _both(name):
    """((return, CPU seconds) of ours, the same of its iLQR): best of two interleaved, after a warm one."""
    from sims.bench.gym import fly
    from sims.bench.gym_tasks import TASKS
    from tests.benchmarks.gym_ilqr import measure

    fly(name, "optimal")
    ours, theirs = [], []
    for _ in range(2):
        flight = fly(name, "optimal")
        ours.append((flight.total, flight.plan_s + flight.run_s))
        theirs.append(measure(TASKS[name]))
    return tuple(min(runs, key=lambda run: run[1]) for runs in (ours, theirs))


def _return(name):
    ours, theirs = _both(name)
    return ours[0], theirs[0]


def _seconds(name):
    ours, theirs = _both(name)
    return 1e3 * ours[1], 1e3 * theirs[1]


def _lqr():
    """Least of ours less theirs over all six tasks, LQR with LQR."""
    from sims.bench.gym import THEIRS, fly

    return min(fly(name, "lqr").total - known["lqr"][0] for name, known in THEIRS.items()), None


def _pid():
    """Least of ours less theirs over the quadrotor tasks, PID with PID, with the weights and seeds of its PID."""
    from sims.bench.gym import fly
    from sims.bench.gym_tasks import TASKS

    found = []
    for name, (seed, theirs) in PIDS.items():
        task = replace(TASKS[name], weights=(1.0,) * len(TASKS[name].weights), effort=1e-4)
        found.append(fly(task, "pid", seed=seed).total - theirs)
    return min(found), None


def _lines():
    for name, short, target in (
        ("cart_pole_tracking", "cart-pole", -21.6),
        ("quadrotor_2d_tracking", "quadrotor 2D", -2.8),
    ):
        where = f"{short} tracking in PyBullet, seed of the example"
        tag = f"gym-{short.replace(' ', '-').lower()}"
        yield Line(tag, f"{where}: return", PEER, "at_least", target, "", lambda name=name: _return(name))
        yield Line(
            f"{tag}-cpu",
            f"{where}: plan and run; the peer's training and run",
            PEER,
            "ratio",
            0.5,
            "ms",
            lambda name=name: _seconds(name),
        )
    yield Line(
        "gym-lqr", "all six tasks, LQR: least gain in return", "safe-control-gym's LQR", "at_least", 0.0, "", _lqr
    )
    yield Line("gym-pid", "four tasks, PID: least gain in return", "safe-control-gym's PID", "at_least", 0.0, "", _pid)


LINES = list(_lines())
