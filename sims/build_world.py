"""The world of a scenario as shapes of the engines.

world_shapes   one for each thing
known_world    those that the planner knows of
rpy            angles of a file, in degrees, as the engines take them
"""

from math import radians

import numpy as np

from sims.engines import motions, shapes
from sims.engines.poses import rpy_quaternion
from sims.engines.written import grid_file, ground_file


def rpy(degrees) -> tuple:
    return tuple(radians(angle) for angle in degrees)


def world_shapes(scenario) -> tuple:
    """One shape of sims.engines.shapes for each thing in the scenario's world."""
    return tuple(_shape(scenario, item) for item in scenario.world)


def _shape(scenario, item):
    words = item.model_dump(exclude={"shape", "known_to_planner", "motion", "rpy_deg", "color", "mount"})
    words |= {"rpy": rpy(item.rpy_deg), "motion": None if item.motion is None else _motion(item)}
    words |= {"mount": None if item.mount is None else _mount(item.mount)}
    if item.color is not None:
        words["color"] = item.color
    if item.shape == "height_field":
        heights, size = words.pop("heights"), words.pop("size")
        return shapes.Mesh(file=ground_file(item.name, heights, size), **words)
    if item.shape == "grid":
        file = grid_file(item.name, words.pop("file"), words.pop("spacing"))
        return shapes.Mesh(file=file, convex=True, **words)  # the hull of each of its parts
    return shapes.SHAPES[item.shape](**words)


def _mount(spec):
    """A hinge's angles are degrees in the file."""
    slides = spec.type == "slide"
    unit = 1.0 if slides else radians(1.0)
    places = ("lower", "upper", "start", "rest") if slides else ("lower_deg", "upper_deg", "start_deg", "rest_deg")
    values = [getattr(spec, key) for key in places]
    lower, upper = (sign * np.inf if x is None else x * unit for x, sign in zip(values, (-1, 1)))
    words = spec.model_dump(include={"axis", "damping", "friction", "stiffness"})
    at = (0.0, 0.0, 0.0) if slides else spec.at
    return shapes.Mount(slides, at=at, lower=lower, upper=upper, start=values[2] * unit, rest=values[3] * unit, **words)


def _motion(item):
    spec, turn = item.motion, tuple(rpy_quaternion(rpy(item.rpy_deg)))
    if spec.type == "keyframes":
        angles = [rpy(item.rpy_deg if frame.rpy_deg is None else frame.rpy_deg) for frame in spec.frames]
        times, positions = [frame.t for frame in spec.frames], [frame.position for frame in spec.frames]
        return motions.Keyframes(times, positions, rpys=angles, interpolation=spec.interpolation, repeat=spec.repeat)
    if spec.type == "line":
        words = spec.model_dump(exclude={"type"})
        return motions.Line(position=item.position, quaternion=turn, **words)
    words = spec.model_dump(exclude={"type", "phase_deg"})
    return motions.Circle(phase=radians(spec.phase_deg), quaternion=turn, **words)


def known_world(scenario, world) -> tuple:
    """The shapes that the planner knows of."""
    hidden = {item.name for item in scenario.world if item.known_to_planner is not True}
    return tuple(shape for shape in world if shape.name not in hidden)
