"""A Panda's reach solved by robocalc and by Crocoddyl in one process, in turns; prints the figures as JSON.

Run by bench_ddp.py inside an environment of its own, for Crocoddyl's wheel needs pinocchio 4.0.0 exactly. Same robot,
same semi-implicit Euler step, same costs (pose of the tool, states, torques), same start (at rest, no torque), same
first regularisation, same stopping size.
"""

import json
from pathlib import Path
from time import process_time

import crocoddyl
import numpy as np
import pinocchio as pin

from robocalc.dynamics import Robot
from robocalc.optimize import Problem, ReachCost, solve
from robocalc.optimize.ddp.descent import REG_FIRST

PANDA = Path(__file__).resolve().parents[2] / "scenarios" / "robots" / "panda.urdf"
HOME = np.pi * np.array([0, -0.25, 0, -0.75, 0, 0.5, 0.25])
N, H, STOP, BLOCKS = 100, 0.01, 1e-9, 15
SHIFT = np.array([0.1, 0.3, -0.2])  # [m] from the tool's pose at home to its goal
RUNNING, STATE, TORQUE = 1.0, 1e-2, 1e-3
LAST, STILL = 1e3, 10.0  # at the end: pose, velocities


def ours(robot, q):
    """A call that solves it, from the statement of the problem on; returns the Plan."""
    n = robot.n
    goal = robot.pose(q)
    goal[:3, 3] += SHIFT
    rest = np.append(q, np.zeros(n))
    along = ReachCost(robot, goal, weight=RUNNING, state=STATE, input=TORQUE, x_ref=rest)
    end = ReachCost(robot, goal, weight=LAST, state=np.append(np.zeros(n), np.full(n, STILL)))
    free = (-np.inf, np.inf)

    def call():
        problem = Problem(
            robot, duration=N * H, initial=rest, running=along, terminal=end.end, state_bounds=free, input_bounds=free,
            guess=(np.tile(rest, (N + 1, 1)), np.zeros((N + 1, n))),
        )  # fmt: skip
        return solve(problem, "ddp", nodes=N, tol=1e3 * STOP, starts=1)

    return call


def theirs(robot, q):
    """A call that solves it, from a ready ShootingProblem on; returns the solver."""
    model = pin.buildModelFromUrdf(str(robot.path))
    data, frame, n = model.createData(), model.getFrameId(robot.tool), model.nq
    pin.framesForwardKinematics(model, data, q)
    goal = pin.SE3(data.oMf[frame].rotation, data.oMf[frame].translation + SHIFT)
    state, rest = crocoddyl.StateMultibody(model), np.append(q, np.zeros(n))
    actuation = crocoddyl.ActuationModelFull(state)

    def action(pose, weights, torque, ref, h):
        costs = crocoddyl.CostModelSum(state)
        residual = crocoddyl.ResidualModelFramePlacement(state, frame, goal)
        costs.addCost("pose", crocoddyl.CostModelResidual(state, residual), pose)
        activation, residual = (
            crocoddyl.ActivationModelWeightedQuad(weights),
            crocoddyl.ResidualModelState(state, ref, n),
        )
        costs.addCost("state", crocoddyl.CostModelResidual(state, activation, residual), 1.0)
        if torque:
            costs.addCost(
                "torque", crocoddyl.CostModelResidual(state, crocoddyl.ResidualModelControl(state, n)), torque
            )
        free = crocoddyl.DifferentialActionModelFreeFwdDynamics(state, actuation, costs)
        return crocoddyl.IntegratedActionModelEuler(free, h)

    along = action(RUNNING, np.full(2 * n, STATE), TORQUE, rest, H)
    end = action(LAST, np.append(np.zeros(n), np.full(n, STILL)), 0.0, np.zeros(2 * n), 0.0)
    problem = crocoddyl.ShootingProblem(rest, [along] * N, end)

    def call():
        solver = crocoddyl.SolverFDDP(problem)
        solver.th_stop = STOP
        solver.solve([rest] * (N + 1), [np.zeros(n)] * N, 300, False, REG_FIRST)
        return solver

    return call


def main():
    robot = Robot.from_urdf(PANDA, tool="panda_grasptarget", home=HOME, meshes=False)
    calls = (ours(robot, robot.home), theirs(robot, robot.home))
    plan, solver = (call() for call in calls)
    assert plan.solved
    least = [np.inf, np.inf]
    inner = np.inf
    for _ in range(BLOCKS):
        for k, call in enumerate(calls):
            begun = process_time()
            out = call()
            least[k] = min(least[k], process_time() - begun)
            inner = min(inner, out.timings["descent"]) if k == 0 else inner
    figures = {
        "total": least,
        "iteration": [inner / plan.iterations, least[1] / solver.iter],
        "iterations": [plan.iterations, solver.iter],
        "cost": [plan.cost, solver.cost],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
