"""Runs that are steered while they go.

    Pilot   called at pauses of the loop; says where the reference goes next

seen (what moves, predicted), track (where the reference is), guard (safety), again (planning again), pilot (all of it).
"""

from sims.pilot.pilot import Pilot

__all__ = ["Pilot"]
