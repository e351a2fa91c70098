"""`estimator:` and `sensors:` of a scenario as the loop takes them.

estimator_of   the scenario's estimator for a robot, or None
law_latency    [s] what the law itself has to make up for
"""

import numpy as np

from robocalc.control.estimator import Senses, deviation_of


def senses_of(scenario, robot) -> Senses:
    """What the joint sensors tell, and how well."""
    position, velocity = scenario.sensors.joint_position, scenario.sensors.joint_velocity
    told = _each(position, robot)
    told[[robot.joints.index(name) for name in position.missing]] = np.nan
    useful = velocity.available and velocity.filter_hz is None
    return Senses(told, _each(velocity, robot) if useful else None, scenario.sensors.latency)


def _each(sensor, robot):
    return np.array(np.broadcast_to(deviation_of(sensor.std, sensor.quantization), robot.n), float)


def estimator_of(scenario, robot, q_nominal, senses=None):
    """The Estimator for the robot as it is believed to be, gains at q_nominal (n,); None where there is none.

    senses    Senses of this robot where they are not the scenario's, else None
    raises    InvalidInput: a robot or sensors that it cannot work with
    """
    if scenario.estimator is None:
        return None
    sim = scenario.sim
    words = {"substeps": sim.control_every}
    senses = senses_of(scenario, robot) if senses is None else senses
    return scenario.estimator.design().estimator(robot, sim.timestep * sim.control_every, senses, q_nominal, **words)


def law_latency(scenario) -> float:
    """The sensors' latency, or nothing where the estimator tells of now."""
    predicts = scenario.estimator is not None and scenario.estimator.design().predicts
    return 0.0 if predicts else scenario.sensors.latency
