"""What runs teach: identification from five noisy seconds of a Panda with a payload and friction."""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from tests.benchmarks.harness import Line
from tests.sims.learn.cases import COULOMB, MASS, VISCOUS, moves

SEEDS = range(5)


def identified():
    """(payload's relative error, worst relative error of a joint's friction) of each seed."""
    from sims import run
    from sims.learn import identify

    for seed in SEEDS:
        made = run(moves(seed))
        found = identify(made)
        truth = made.robot.friction + np.array([VISCOUS, COULOMB])
        yield abs(found.payload["mass"] / MASS - 1), abs(found.friction / truth - 1).max()


def payload_error():
    return median(error for error, _ in identified()), None


def friction_error():
    return median(error for _, error in identified()), None


def repeated():
    """How many times smaller the error is after 10 repetitions, payload and friction unknown."""
    from sims.learn import repeat

    errors = repeat(moves(1, moves=2, duration=1.0, sensors={}), 10).errors
    return errors[0] / errors[10], None


def held_out():
    """(rms tracking error with what was learned, without), worst of three motions that learning never saw."""
    from sims import run
    from sims.learn import learn

    with TemporaryDirectory() as room:
        file = str(learn([run(moves(seed)) for seed in range(1, 7)]).save(Path(room) / "learned.npz"))
        pairs = []
        for seed in (21, 22, 23):
            both = (moves(seed).with_({"learned": {"file": file}}), moves(seed))
            pairs.append(tuple(run(s).metrics["tracking.joint_rms_rad"].value for s in both))
    return min(pairs, key=lambda pair: pair[1] / pair[0])


FIVE = "from 5 s of a Panda's moves with encoder noise, median of 5 seeds:"
LINES = [
    Line("identify-payload", f"{FIVE} relative error of the payload", "-", "at_most", 0.01, "", payload_error),
    Line("identify-friction", f"{FIVE} of the worst friction", "-", "at_most", 0.05, "", friction_error),
    Line(
        "learn-held-out",
        "rms tracking error with learned torque on held-out motions, payload and friction unknown",
        "without",
        "faster",
        3,
        "rad",
        held_out,
    ),
    Line("learn-repeat", "error of the first run over that after 10 repetitions", "-", "at_least", 50, "", repeated),
]
