"""Where the tool goes to draw on a board: poses (4, 4) from placements and points in the plane.

turn, frame   rotation of angles, pose of a placement
on_board      tool poses over the points of a stroke
lift          the same, away from the board
"""

import numpy as np

from sims.build_world import rpy
from sims.engines.poses import matrix, rpy_quaternion


def turn(degrees):
    """Rotation matrix of angles about fixed x, y, z [deg]."""
    return matrix(rpy_quaternion(rpy(degrees)))


def frame(placement):
    """4x4 of a placement."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn(placement.rpy_deg), placement.position
    return pose


def on_board(board, facing, stroke, height):
    """Tool poses (K, 4, 4) turned as `facing` (3, 3), `height` [m] above the points [x, y] of a stroke on the board."""
    poses = np.tile(np.eye(4), (len(stroke), 1, 1))
    points = np.array([(x, y, height) for x, y in stroke])
    poses[:, :3, :3] = facing
    poses[:, :3, 3] = board[:3, 3] + points @ board[:3, :3].T
    return poses


def lift(board, height, poses):
    """The poses moved by `height` [m] along the board's z axis."""
    lifted = poses.copy()
    lifted[:, :3, 3] += height * board[:3, 2]
    return lifted
