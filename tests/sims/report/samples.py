"""Small scenarios for the tests of pages: a Panda that moves for a second, with whatever a test wants."""

from sims import Scenario

MOVE = {
    "format": "robocalc/1",
    "name": "small-move",
    "description": "One move of the Panda.",
    "sim": {"engine": "twin"},
    "robot": {"model": "panda"},
    "task": [{"do": "move", "name": "there", "to": {"offset": [0.1, 0.1, -0.1]}}],
    "controller": {"type": "computed_torque", "wn": 20, "zeta": 1},
    "accept": {"tracking.joint_rms_deg": {"max": 5}, "tracking.tcp_max_mm": {"max": 1e-12}},
}
PAYLOAD = {"type": "payload_error", "mass": 1.0}
FRICTION = {"type": "joint_friction", "viscous": 1.0, "coulomb": 0.5}
PUSH = {"type": "push", "link": "panda_link4", "force": [0, 20, 0], "start": 0.2, "duration": 0.2}
SENSORS = {"joint_position": {"std": 2e-4}, "latency": 0.004}


def move(**changes):
    """The scenario with other top-level parts."""
    return Scenario.of(MOVE | changes)
