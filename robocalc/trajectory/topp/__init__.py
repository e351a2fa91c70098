"""A given path as fast as limits allow: velocity, acceleration, torque, tool speed and acceleration, rows, jerk.

time_optimal   any path and limits -> TimedPath, a Trajectory
TimedPath      with s(t), the path speed, and which constraint is active where
"""

from robocalc.trajectory.topp.optimal import time_optimal
from robocalc.trajectory.topp.timed import TimedPath

__all__ = ["TimedPath", "time_optimal"]
