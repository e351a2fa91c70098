"""Motions found by optimization, and what a planner returns."""

from robocalc.optimize.plan import Plan, Status, Violation

__all__ = ["Plan", "Status", "Violation"]
