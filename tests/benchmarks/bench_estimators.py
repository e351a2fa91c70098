"""Estimators: what a call costs for 7 joints, and what the drives are spared where only encoders tell of the motion."""

from pathlib import Path

import numpy as np

from robocalc.control import ESTIMATORS
from tests.benchmarks.harness import Line, best

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "disturbance" / "panda_encoders_only.yaml"
TARGETS = {"difference": 1.0, "observer": 1.0, "kalman": 1.0, "ekf": 20.0, "ukf": 100.0}  # [µs]


def call_of(name, **gains):
    """Microseconds of one call on the Panda, encoders alone, at rest."""

    def measure():
        from numba import njit

        from robocalc.control.estimator import Senses
        from robocalc.control.signature import ESTIMATE, estimate_address, estimate_at
        from robocalc.dynamics import load

        robot, steps, n = load("panda"), 1000, 7
        found = ESTIMATORS[name](**gains).estimator(robot, 1e-3, Senses(np.full(n, 1e-4)), robot.home)
        applied, reference = np.tile(robot.gravity(robot.home), (steps + 1, 1)), np.zeros((steps + 1, 3, n))
        reference[:, 0] = robot.home
        model, ref, out, q, v = robot.model(), np.zeros((6, n)), np.zeros((4, n)), robot.home.copy(), np.zeros(n)
        address, gains_, memory = estimate_address(found.step), found.gains, found.memory.copy()
        applied = np.ascontiguousarray(np.repeat(applied[:, None], 2, axis=1))[:, 0]  # strided, as in the log
        assert ESTIMATE is not None

        @njit
        def many(address, model, gains, memory, applied, reference, q, v, ref, out):
            for k in range(1, len(applied)):
                estimate_at(address)(model, gains, memory, k, applied, reference, q, v, ref, out)

        words = (address, model, gains_, memory, applied, reference, q, v, ref, out)
        return best(lambda: many(*words))[0] * 1e6 / steps, None

    return measure


def spared():
    """Torque rate on the Kalman filter's estimates, over that on filtered differences."""
    from sims import Scenario, run

    given = Scenario.load(SCENARIO)
    rates = [
        run(given.with_({"estimator": {"type": name}})).metrics["torque.rate_rms"].value
        for name in ("ekf", "difference")
    ]
    return rates[0], rates[1]


CALL = "one call of the estimator {}, 7 joints, encoders alone"
LINES = [
    Line(f"law-estimator-{name}", CALL.format(name), "-", "at_most", target, "µs", call_of(name))
    for name, target in TARGETS.items()
] + [
    Line(
        "estimator-torque-rate",
        "Panda on encoders of 50 µrad, 2 ms late, 0.5 kg unknown: torque rate on an EKF",
        "filtered differences",
        "ratio",
        0.1,
        "N m/s",
        spared,
    )
]
