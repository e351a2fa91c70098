"""A Panda that moves for a second beside a post, with a payload nobody told its controller of."""

from sims import Scenario

POST = {"name": "post", "shape": "box", "size": [0.1, 0.1, 0.6], "position": [0.6, -0.5, 0.3]}
BACK = {"position": [0.4, 0, 0.5], "rpy_deg": [180, 0, 0]}
MOVE = {
    "format": "robocalc/1",
    "name": "studio-move",
    "robot": {"model": "panda"},
    "world": [POST],
    "task": [
        {"do": "move", "name": "there", "to": {"offset": [0.1, 0.1, -0.1]}, "duration": 0.6},
        {"do": "move", "name": "back", "to": {"pose": BACK}, "duration": 0.4},
    ],
    "controller": {"type": "pd", "kp": [400, 600, 400, 400, 60, 60, 20], "kd": [20, 60, 40, 40, 2, 2, 0.3]},
    "disturbances": [{"type": "payload_error", "mass": 0.5}],
    "accept": {"tracking.joint_max_deg": {"max": 10}},
}
SOFT = [100, 150, 100, 100, 15, 15, 5]


def move(**changes):
    """The scenario with other top-level parts."""
    return Scenario.of(MOVE | changes)
