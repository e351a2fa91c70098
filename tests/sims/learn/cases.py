"""Motions from which a Panda is learned: random moves, a payload and friction that its controller does not know of."""

import numpy as np

from sims import Scenario

HOME = np.array([0, -0.785, 0, -2.356, 0, 1.571, 0.785])
MASS, COM = 1.3, (0.02, -0.01, 0.05)
VISCOUS, COULOMB = [1.0, 2.0, 0.8, 1.1, 0.5, 0.4, 0.3], [2.0, 3.0, 1.5, 2.0, 0.8, 0.6, 0.5]
LOAD = {"type": "payload_error", "mass": MASS, "com": COM}
FRICTION = {"type": "joint_friction", "viscous": VISCOUS, "coulomb": COULOMB}
NOISE = {"joint_position": {"std": 1e-4}, "joint_velocity": {"std": 1e-2}}
PD = {"type": "pd", "kp": [600, 600, 600, 600, 250, 150, 50], "kd": [20, 20, 20, 10, 8, 6, 2]}


def moves(seed, moves=4, duration=1.25, **more) -> Scenario:
    """5 s of moves between random places near home, noisy encoders."""
    rng = np.random.default_rng(seed)
    places = HOME + rng.uniform(-0.5, 0.5, (moves, 7))
    words = {
        "format": "robocalc/1",
        "name": f"moves-{seed}",
        "seed": seed,
        "sim": {"engine": "twin"},
        "robot": {"model": "panda", "home": HOME.tolist()},
        "task": [{"do": "move", "to": {"joints": place.tolist()}, "duration": duration} for place in places],
        "controller": PD,
        "disturbances": [LOAD, FRICTION],
        "sensors": NOISE,
    }
    return Scenario.of({**words, **more})


def swing(duration=4.0, **more) -> Scenario:
    """The two-link arm, to and fro: cheap."""
    there, back = {"joints": [-0.6, 0.9]}, {"joints": [-1.5708, 0.3]}
    words = {
        "format": "robocalc/1",
        "name": "swing",
        "sim": {"engine": "twin"},
        "robot": {"model": "two_link", "home": [-1.5708, 0.3]},
        "task": [{"do": "move", "to": to, "duration": duration / 4} for to in (there, back, there, back)],
        "controller": {"type": "pd", "kp": [180.0, 90.0], "kd": [14.0, 5.0], "feedforward": "inverse_dynamics"},
        "disturbances": [
            {"type": "payload_error", "mass": 0.4},
            {"type": "joint_friction", "viscous": [0.8, 0.5], "coulomb": [0.5, 0.3]},
        ],
        "sensors": {"joint_position": {"std": 1e-4}},
    }
    return Scenario.of({**words, **more})
