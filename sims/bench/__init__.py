"""Benchmarks on files of problems, and on the tasks of a known gym.

mbm   planning problems of MotionBenchMaker's kind: solved, how fast, how long, and what PyBullet says of the motion
gym   safe-control-gym's cart-pole and quadrotor tasks under our controllers: return, RMSE, CPU time
"""
