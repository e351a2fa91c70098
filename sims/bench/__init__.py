"""Benchmarks on files of problems.

mbm   planning problems of MotionBenchMaker's kind: solved, how fast, how long, and what PyBullet says of the motion
"""
