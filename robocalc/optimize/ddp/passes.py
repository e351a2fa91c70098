"""The two kinds of passes behind one face: of a robot's own kernels, and of compiled equations.

RobotPasses, FunctionPasses   roll, derive, gaps of N steps of h
plain_robot                   whether a problem's robot can use its own kernels
"""

import numpy as np

from robocalc.optimize.ddp.reach import EndCost, ReachCost


def plain_robot(problem) -> bool:
    """A robot driven at every joint, for a fixed time: its kernels do all; anything else goes by its equations."""
    if problem.kind != "robot":
        return False
    lo, hi = problem.duration_range
    free = lo < hi or any(a < b for a, b in problem.parameter_ranges.values())
    tree = problem.dynamics.tree
    plain = not getattr(tree, "thrusters", ()) and not getattr(tree, "tyres", ())
    return not free and plain and problem.nu == problem.dynamics.n


class RobotPasses:
    """Semi-implicit Euler steps of a Robot, as the twin takes them, or Runge-Kutta steps; curved as below."""

    costly = True  # the curvature takes five times the other derivatives

    def __init__(self, problem, code, p, h, N):
        from robocalc.optimize.ddp.reach_kernels import Weights

        self.model, self.code, self.p, self.h = problem.dynamics.model(), code.words, p, h
        self.curved = code.words[8] == 0  # it is that of Euler's step
        nothing = ReachCost(problem.dynamics)
        along = problem.running if isinstance(problem.running, ReachCost) else nothing
        end = problem.terminal.cost if isinstance(problem.terminal, EndCost) else nothing
        self.along, self.end = Weights(*along.weights), Weights(*end.weights)
        n = problem.dynamics.n
        self.A, self.A_next = np.empty((N, n)), np.empty((N, n))

    def gaps(self, X, U, gap):
        """Largest gap of a given motion, all in `gap`."""
        from robocalc.optimize.ddp.rigid_passes import gaps_robot

        return gaps_robot(self.model, self.code, self.h, X, U, self.A, gap)

    def roll(self, rows, gap, bounds, alpha, X, U, k, K, d0, Xn, Un):
        """(cost, penalty) of the new motion in Xn, Un."""
        from robocalc.optimize.ddp.rigid_passes import roll_robot

        return roll_robot(
            self.model, self.along, self.end, self.code, self.p, self.h, rows, gap, bounds, alpha,
            X, U, k, K, d0, Xn, Un, self.A_next,
        )  # fmt: skip

    def accept(self):
        """The motion rolled last is the one to derive at."""
        self.A, self.A_next = self.A_next, self.A

    def derive(self, rows, X, U, AB, lz, lzz, full, G, J):
        """Jacobians and cost derivatives at every node, and its rows G, J."""
        from robocalc.optimize.ddp.rigid_passes import derive_robot

        derive_robot(
            self.model, self.along, self.end, self.code, self.p, self.h, rows, X, U, self.A, AB, lz, lzz, G, J
        )  # fmt: skip

    def curve(self, X, AB, lz, lzz, full):
        """Hessians with the curvature of the dynamics, after `derive`."""
        from robocalc.optimize.ddp.rigid_curvature import curve_robot

        curve_robot(self.model, self.h, X, self.A, AB, lz, lzz, full)


class FunctionPasses:
    """Runge-Kutta steps of order 4 of compiled equations; curved: whether they have a curvature that is known."""

    costly = False

    def __init__(self, code, p, h):
        self.code, self.p, self.h = code.words, p, h
        self.curved = bool(code.words[6:].any())

    def gaps(self, X, U, gap):
        """Largest gap of a given motion, all in `gap`."""
        from robocalc.optimize.ddp.function_passes import gaps_functions

        return gaps_functions(self.code, self.p, self.h, X, U, gap)

    def roll(self, rows, gap, bounds, alpha, X, U, k, K, d0, Xn, Un):
        """(cost, penalty) of the new motion in Xn, Un."""
        from robocalc.optimize.ddp.function_passes import roll_functions

        return roll_functions(self.code, self.p, self.h, rows, gap, bounds, alpha, X, U, k, K, d0, Xn, Un)

    def accept(self):
        pass

    def derive(self, rows, X, U, AB, lz, lzz, full, G, J):
        """Jacobians and cost derivatives at every node, and its rows G, J; `full` alone has the curvature."""
        from robocalc.optimize.ddp.function_passes import derive_functions

        derive_functions(self.code, self.p, self.h, rows, X, U, AB, lz, lzz, full, G, J)

    def curve(self, X, AB, lz, lzz, full):
        """Nothing: `derive` has it already."""
