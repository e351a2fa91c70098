"""What a scenario says of disturbances is the same world in twin and PyBullet: every tag, every robot, to 1e-12."""

from functools import cache

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.dynamics.registry import ROBOTS
from robocalc.errors import InvalidInput
from sims import Scenario, run
from sims.scenario.schema_effects import DISTURBANCES

pytest.importorskip("pybullet")


@cache
def light(name):
    """(n,) inertia of each joint at home [kg m² | kg], 1 for more than that."""
    robot = load(name)
    return np.minimum(1.0, np.diag(robot.mass_matrix(robot.home)))


def disturbance(tag, name):
    """One of each kind, as strong as a robot of that weight bears."""
    robot, size = load(name), light(name)
    m, link = float(size[0]), robot.tool
    inertia = 0.2 * size
    return {
        "push": {"link": link, "point": [0.01, 0.02, 0.03], "force": [3 * m, -2 * m, m], "start": 0.0203,
                 "duration": 0.03},
        "payload_error": {"mass": 0.3 * m, "com": [0.01, 0.0, 0.02]},
        "joint_friction": {"viscous": (0.1 * size).tolist(), "coulomb": (0.2 * size).tolist()},
        "torque_ripple": {"std": (0.01 * size).tolist()},
        "drag": {"link": link, "area": 0.3 * m, "point": [0.01, 0.02, 0.03]},
        "wind": {"velocity": [1, 2, -0.5], "gust": [0, 3, 0], "start": 0.02, "duration": 0.1, "turbulence": 0.5},
        "hanging_load": {"link": link, "mass": 0.3 * m, "length": 0.4, "stretch": 0.01},
        "motor_lag": {"time_constant": 0.003},
        "flexible_joint": {
            "stiffness": (2e3 * inertia).tolist(), "motor_inertia": inertia.tolist(), "damping": (2 * inertia).tolist(),
            "play": 1e-4,
        },
    }[tag] | {"type": tag}  # fmt: skip


def scenario(name, *tags):
    tags = (*tags, "drag") if "wind" in tags and "drag" not in tags else tags
    size = light(name)
    gains = {"kp": (20 * size).tolist(), "kd": (0.5 * size).tolist()}
    noise = {"std": 1e-5, "quantization": 1e-5}
    return Scenario.of(
        {
            "format": "robocalc/1", "name": "both", "seed": 3,
            "robot": {"model": name, "start_velocity": [0.2] * len(size)},
            "task": [{"do": "wait", "duration": 0.1}], "controller": {"type": "pd", **gains},
            "sensors": {"joint_position": noise, "joint_velocity": {"std": 1e-4, "filter_hz": 80}, "latency": 0.0025},
            "sim": {"control_rate": 500}, "disturbances": [disturbance(tag, name) for tag in tags],
        }
    )  # fmt: skip


def agree(made):
    one, two = (run(made, engine=engine) for engine in ("twin", "bullet"))
    assert one.outcome == two.outcome
    np.testing.assert_allclose(one.log.q, two.log.q, rtol=0, atol=1e-12)
    assert np.array_equal(one.log.q_ref, two.log.q_ref)
    return one


@pytest.mark.parametrize("tag", DISTURBANCES)
@pytest.mark.parametrize("name", ROBOTS)
def test_a_disturbance_is_the_same_in_both_engines(name, tag):
    if tag == "flexible_joint" and len(load(name).actors[0]):
        with pytest.raises(InvalidInput, match="not through gears at its joints"):
            run(scenario(name, tag))
        return
    made = agree(scenario(name, tag))
    calm = run(scenario(name), engine="twin")
    assert not np.array_equal(made.log.q, calm.log.q), "it does nothing"


@pytest.mark.parametrize("name", ROBOTS)
def test_all_disturbances_at_once_are_the_same_in_both_engines(name):
    gears = not len(load(name).actors[0])
    agree(scenario(name, *(tag for tag in DISTURBANCES if gears or tag != "flexible_joint")))
