"""Robots that are not arms: how well a planned motion is tracked by an exact model, and how well both engines agree."""

from pathlib import Path

import numpy as np

from sims import Scenario, run
from tests.benchmarks.harness import Line

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
QUIET = {"disturbances": [], "sensors": {}}
PLANS = ("swing_up/cart_pole_swing_up", "swing_up/acrobot_swing_up", "flight/quadrotor_flip")


def quiet(name, **changes):
    return Scenario.load(SCENARIOS / f"{name}.yaml").with_(QUIET | changes)


def tracked():
    """Largest joint error [deg] in PyBullet, nothing disturbing, over all plans of the dynamics."""
    return max(run(quiet(name)).metrics["tracking.joint_max_deg"].value for name in PLANS), None


def apart():
    """Largest difference [rad | m] of PyBullet and the twin, pushes, noise and wrong payload included."""
    worst = 0.0
    for name in ("flight/quadrotor_flip", "flight/quadrotor_figure_eight"):
        scenario = Scenario.load(SCENARIOS / f"{name}.yaml")
        logs = [run(scenario, engine=engine).log for engine in ("twin", "bullet")]
        worst = max(worst, np.abs(logs[0].q - logs[1].q).max())
    return worst, None


LINES = [
    Line("flight-tracked", "swing-ups and a flip in PyBullet, exact model", "-", "at_most", 1e-5, "deg", tracked),
    Line("flight-engines", "quadrotor flights disturbed, twin to PyBullet", "-", "at_most", 1e-12, "rad", apart),
]
