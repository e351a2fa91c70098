"""Scenarios on which tuning is tested: a two-link arm, cheap and coupled, and the Panda's 14 PD gains."""

from sims import Scenario

EFFECTS = {
    "none": {},
    "payload": {"disturbances": [{"type": "payload_error", "mass": 0.5}]},
    "viscous friction": {"disturbances": [{"type": "joint_friction", "viscous": 0.8}]},
    "coulomb friction": {"disturbances": [{"type": "joint_friction", "viscous": 0.3, "coulomb": 0.4}]},
    "latency": {"sensors": {"latency": 0.0035}},
    "noise": {"sensors": {"joint_position": {"std": 1e-4}, "joint_velocity": {"std": 1e-2}}, "seed": 5},
    "filter": {"sensors": {"joint_velocity": {"std": 1e-2, "filter_hz": 60}}, "seed": 5},
    "push": {
        "disturbances": [{"type": "push", "link": "forearm", "force": [8, 0, 3], "start": 0.1, "duration": 0.0505}]
    },
    "control period": {"sim": {"engine": "twin", "timestep": 0.001, "control_rate": 250}},
    "saturation": {"robot": {"model": "two_link", "home": [-1.5708, 0.3], "limits": {"effort_scale": 0.5}}},
}
GAINS = {
    "pd": {"kp": [180.0, 90.0], "kd": [14.0, 5.0], "feedforward": "gravity"},
    "pid": {"kp": [180.0, 90.0], "ki": [300.0, 200.0], "kd": [14.0, 5.0], "feedforward": "gravity"},
    "computed_torque": {"wn": [18.0, 25.0], "zeta": [0.8, 1.1], "integral": True, "rate": [6.0, 9.0]},
    "impedance": {"stiffness": 400.0, "rotation": 2.0, "null_stiffness": [40.0, 20.0], "zeta": 0.3},
}


def two_link(controller="pd", gains=None, **more) -> Scenario:
    """A 0.3 s swing and 0.15 s at rest."""
    return Scenario.of(
        {
            "format": "robocalc/1",
            "name": f"two-link-{controller}",
            "sim": {"engine": "twin", "timestep": 0.001},
            "robot": {"model": "two_link", "home": [-1.5708, 0.3]},
            "task": [
                {"do": "move", "to": {"joints": [-1.25, 0.1]}, "duration": 0.3},
                {"do": "wait", "duration": 0.15},
            ],
            "controller": {"type": controller, **(GAINS.get(controller, {}) if gains is None else gains)},
            **more,
        }
    )


def panda(**more) -> Scenario:
    """14 PD gains: 0.6 s move and 0.3 s hold, 1 kg that the law does not know of, 2 ms latency, noise, 500 Hz."""
    return Scenario.of(
        {
            "format": "robocalc/1",
            "name": "panda-14",
            "seed": 3,
            "sim": {"engine": "twin", "timestep": 0.002},
            "robot": {"model": "panda", "home": [0, -0.785, 0, -2.356, 0, 1.571, 0.785]},
            "task": [
                {"do": "move", "to": {"joints": [0.5, -0.5, 0.3, -2.0, 0.3, 1.9, 1.1]}, "duration": 0.6},
                {"do": "wait", "duration": 0.3},
            ],
            "controller": {
                "type": "pd",
                "kp": [600, 600, 600, 600, 250, 150, 50],
                "kd": [50, 50, 50, 20, 20, 20, 10],
            },
            "disturbances": [{"type": "payload_error", "mass": 1.0}],
            "sensors": {"joint_position": {"std": 1e-4}, "joint_velocity": {"std": 1e-2}, "latency": 0.002},
            **more,
        }
    )


COST = {  # 1e3 rms e + 0.002 rms torque rate + 20 saturated share + 200 final max error [rad]
    "tracking.joint_rms_rad": 1e3,
    "torque.rate_rms": 0.002,
    "torque.saturated_fraction": 20.0,
    "tracking.joint_final_deg": 200 * 3.141592653589793 / 180,
}
