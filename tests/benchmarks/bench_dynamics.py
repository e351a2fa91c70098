"""Rigid-body kernels and inverse kinematics: 1,000 Panda states, one call of ours against a loop over pinocchio's."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.benchmarks.harness import Line, best

N = 1000


def _panda():
    """Robot, pinocchio's model and data, and N random states."""
    import pinocchio as pin

    from robocalc.dynamics import load

    robot = load("panda")
    model = pin.buildModelFromUrdf(str(robot.path))
    q, v, a = np.random.default_rng(0).uniform(-1, 1, (3, N, robot.n))
    return pin, robot, model, model.createData(), q, v, a


def _each(call, *columns):
    """Call for every row, as a user of the peer would."""
    return lambda: [call(*row) for row in zip(*columns)]


def measure_rnea():
    pin, robot, model, data, q, v, a = _panda()
    peer = _each(lambda *row: pin.rnea(model, data, *row), q, v, a)
    return _microseconds(lambda: robot.inverse_dynamics(q, v, a), peer)


def measure_aba():
    pin, robot, model, data, q, v, a = _panda()
    peer = _each(lambda *row: pin.aba(model, data, *row), q, v, a)
    return _microseconds(lambda: robot.forward_dynamics(q, v, a), peer)


def measure_crba():
    pin, robot, model, data, q, _, _ = _panda()
    return _microseconds(lambda: robot.mass_matrix(q), _each(lambda x: pin.crba(model, data, x), q))


def measure_jacobian():
    pin, robot, model, data, q, _, _ = _panda()
    frame = model.getFrameId(robot.tool)
    peer = _each(lambda x: pin.computeFrameJacobian(model, data, x, frame, pin.LOCAL_WORLD_ALIGNED), q)
    return _microseconds(lambda: robot.jacobian(q), peer)


def measure_one():
    """Forward dynamics in a compiled loop: what a step of the twin pays."""
    from robocalc.dynamics import load
    from robocalc.dynamics.kernels_batch import many_acceleration

    robot = load("panda")
    model, a = robot.model(), np.zeros((N, robot.n))
    q, v, tau = np.random.default_rng(0).uniform(-1, 1, (3, N, robot.n))
    return best(lambda: many_acceleration(model, q, v, tau, a))[0] / N * 1e6, None


def measure_ik():
    """Mean over random reachable poses from home, against nothing: pinocchio has no inverse kinematics to call."""
    from robocalc.dynamics import load

    robot = load("panda")
    low, high = robot.limits.bounds("position")
    poses = robot.pose(np.random.default_rng(0).uniform(low, high, (200, robot.n)))
    return best(lambda: [robot.solve_ik(T) for T in poses])[0] / len(poses) * 1e6, None


def measure_ik_near():
    """From 0.1 rad away, against PyBullet's calculateInverseKinematics with as many iterations as it needs for 1 mm."""
    import pybullet as p

    from robocalc.dynamics import load

    robot = load("panda")
    low, high = robot.limits.bounds("position")
    rng = np.random.default_rng(0)
    q = rng.uniform(low + 0.1, high - 0.1, (100, robot.n))
    poses, starts = robot.pose(q), q + rng.uniform(-0.1, 0.1, q.shape)
    client = p.connect(p.DIRECT)
    with tempfile.TemporaryDirectory() as folder:
        file = robot.write_urdf(Path(folder) / "panda.urdf", visuals=False)
        arm = p.loadURDF(str(file), useFixedBase=1, physicsClientId=client)
    joints = [k for k in range(p.getNumJoints(arm)) if p.getJointInfo(arm, k)[2] != p.JOINT_FIXED]
    names = [p.getJointInfo(arm, k)[12].decode() for k in range(p.getNumJoints(arm))]
    tool = names.index(robot.tool)
    targets = [(T[:3, 3], _quaternion(T[:3, :3])) for T in poses]

    def theirs():
        for start, (position, turn) in zip(starts, targets, strict=True):
            for k, x in zip(joints, start, strict=True):
                p.resetJointState(arm, k, x)
            p.calculateInverseKinematics(arm, tool, position, turn, maxNumIterations=100, residualThreshold=1e-3)

    ours, peer = best(lambda: [robot.solve_ik(T, start=s) for T, s in zip(poses, starts, strict=True)], theirs)
    p.disconnect(client)
    return ours / len(poses) * 1e6, peer / len(poses) * 1e6


def measure_derivatives():
    """A, B of 100 states, the twin's discrete map; the peer's loop stops at the continuous ∂a/∂(q, v, τ)."""
    pin, robot, model, data, q, v, tau = _panda()
    q, v, tau = q[:100], v[:100], tau[:100]
    peer = _each(lambda *row: pin.computeABADerivatives(model, data, *row), q, v, tau)
    return tuple(t / 100 * 1e6 for t in best(lambda: robot.step_derivatives(q, v, tau, 1e-3), peer))


def measure_inverse():
    pin, robot, model, data, q, v, a = _panda()
    peer = _each(lambda *row: pin.computeRNEADerivatives(model, data, *row), q, v, a)
    return _microseconds(lambda: robot.inverse_dynamics_derivatives(q, v, a), peer)


def measure_drake():
    """A, B of 100 states by Drake's AutoDiff through forward dynamics, the same URDF without shapes."""
    from pydrake.autodiffutils import ExtractGradient, InitializeAutoDiff
    from pydrake.multibody.parsing import Parser
    from pydrake.multibody.plant import MultibodyPlant

    from robocalc.dynamics import load

    robot = load("panda")
    bare = replace(robot.tree, links=tuple(replace(k, visuals=(), collisions=()) for k in robot.tree.links))
    plant = MultibodyPlant(0.0)
    with tempfile.TemporaryDirectory() as folder:
        Parser(plant).AddModels(str(replace(robot, tree=bare).write_urdf(Path(folder) / "panda.urdf")))
    plant.WeldFrames(plant.world_frame(), plant.GetFrameByName("panda_link0"))
    plant.Finalize()
    dual = plant.ToAutoDiffXd()
    context = dual.CreateDefaultContext()
    _, _, _, _, q, v, tau = _panda()
    forces = dual.get_applied_generalized_force_input_port()

    def one(*row):
        x = InitializeAutoDiff(np.concatenate(row))[:, 0]
        dual.SetPositionsAndVelocities(context, x[:14])
        forces.FixValue(context, x[14:])
        return ExtractGradient(dual.EvalTimeDerivatives(context).get_generalized_velocity().CopyToVector())

    a = one(q[0], v[0], tau[0])
    ours = robot.forward_dynamics_derivatives(q[0], v[0], tau[0])
    assert np.allclose(a, np.hstack(ours), rtol=1e-6, atol=1e-6 * abs(a).max())
    states = q[:100], v[:100], tau[:100]
    return tuple(
        t / 100 * 1e6 for t in best(lambda: robot.step_derivatives(*states, 1e-3), _each(one, *states), blocks=3)
    )


def _quaternion(R):
    """xyzw of a rotation whose trace is not near -1, or the nearest axis otherwise."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_matrix(R).as_quat()


def _microseconds(ours, peer):
    """Per state."""
    return tuple(t / N * 1e6 for t in best(ours, peer))


S = "1,000 Panda states"
LINES = [
    Line("dynamics-rnea", f"inverse dynamics, {S}", "pinocchio", "faster", 2, "us", measure_rnea),
    Line("dynamics-aba", f"forward dynamics, {S}", "pinocchio", "faster", 2, "us", measure_aba),
    Line("dynamics-crba", f"mass matrix, {S}", "pinocchio", "faster", 1.5, "us", measure_crba),
    Line("dynamics-jacobian", f"tool Jacobian, {S}", "pinocchio", "faster", 2, "us", measure_jacobian),
    Line("dynamics-step", "forward dynamics in a compiled loop, 7 joints", "-", "at_most", 0.7, "us", measure_one),
    Line("dynamics-ab", "A, B of 100 Panda states", "pinocchio", "ratio", 0.6, "us", measure_derivatives),
    Line("dynamics-ab-drake", "A, B of 100 Panda states", "Drake AutoDiff", "faster", 100, "us", measure_drake),
    Line("dynamics-rnea-ab", f"derivatives of inverse dynamics, {S}", "pinocchio", "ratio", 0.6, "us", measure_inverse),
    Line("dynamics-ik", "inverse kinematics, random Panda poses from home", "-", "at_most", 1000, "us", measure_ik),
    Line("dynamics-ik-near", "inverse kinematics from 0.1 rad away", "PyBullet", "faster", 2, "us", measure_ik_near),
]
