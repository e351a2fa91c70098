"""Scenarios of the tests of sweeps."""

from sims import Scenario


def swing(**changes):
    """A quarter of a second of the two-link arm in the twin, with noise, so that seeds matter."""
    base = Scenario.of(
        {
            "format": "robocalc/1",
            "name": "swing",
            "sim": {"engine": "twin"},
            "robot": {"model": "two_link", "home": [-1.5708, 0]},
            "task": [{"do": "move", "name": "up", "to": {"joints": [-1.2, -0.2]}, "duration": 0.25}],
            "controller": {"type": "pid", "kp": 300, "ki": 600, "kd": 25, "feedforward": "inverse_dynamics"},
            "sensors": {"joint_position": {"std": 1e-4}},
            "accept": {"tracking.joint_rms_deg": {"max": 5}},
        }
    )
    return base.with_(changes) if changes else base
