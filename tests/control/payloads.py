"""There and back with an unmodelled payload: what adaptation is tested and measured on."""

import numpy as np

from robocalc.dynamics import load
from tests.sims.loop_cases import DT, differences, move, roll

WAY = 2.06 / 1.875 * np.array([1.0, 0.4, -0.5, 0.6, 0.5, 0.5, -0.8])  # 1 s, 2.06 rad/s at most
MASSES = [(1, 2), (1, 0), (0, 1)]  # [kg] that the model has, and that are there
NOISE = {"position_noise": 1e-4, "velocity_noise": 5e-3, "velocity_filter_hz": 100}


def there_and_back(design, believed, true, com=(0.0, 0.0, 0.0), **effects):
    """(law, Simulated, rms joint error, rms torque rate (Euclidean over joints)) of the way back, on the Panda."""
    robots = [load("panda").with_payload(float(m), com=com) for m in (believed, true)]
    home = robots[0].home
    q = np.concatenate([move(home, home + WAY)[:, 0], move(home + WAY, home)[1:, 0]])
    law = design.law(robots[0], DT, latency=effects.get("latency", 0.0))
    run = roll(law, differences(q), plant=robots[1], **effects)
    back = slice(len(q) // 2, None)
    error = np.sqrt(np.mean((run.log.q - run.log.q_ref)[back] ** 2))
    rate = np.diff(run.log.tau[back], axis=0) / DT
    return law, run, error, np.sqrt(np.mean((rate**2).sum(axis=1)))
