"""How far a robot is from what it must not touch: signed distances, gradients, checks without gaps along motions.

    CollisionChecker    of a robot among obstacles: check, distance, nearest, gaps, check_edge, check_motion
    Gap, Hit            a pair with its distance, points and gradient; where a motion comes too near
    Box, Sphere, Cylinder, Capsule, HalfSpace, ConvexMesh   obstacles as values; `read_obstacle` takes others as well

Kernels, from the ground up: support (farthest point of a shape), simplex (nearest point of four), gjk (distance of two
convex shapes), polish (of cylinders), epa (depth of an overlap), pairs, bounds (what can be skipped), query (whole
robots), edges (whole motions).
"""

from importlib import import_module

EXPORTS = {
    "CollisionChecker": "checker",
    "Gap": "checker",
    "Hit": "checker",
    "Box": "obstacles",
    "Sphere": "obstacles",
    "Cylinder": "obstacles",
    "Capsule": "obstacles",
    "HalfSpace": "obstacles",
    "ConvexMesh": "obstacles",
    "HeightField": "obstacles",
    "Grid": "obstacles",
    "read_obstacle": "obstacles",
}
__all__ = list(EXPORTS)


def __getattr__(name):
    if name in EXPORTS:
        value = getattr(import_module(f"robocalc.dynamics.collision.{EXPORTS[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'robocalc.dynamics.collision' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *EXPORTS})
