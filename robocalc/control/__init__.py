"""Laws that follow a reference: a design is a frozen set of gains, a law is one compiled function.

    PD, PID, ComputedTorque, LQR, LQI, Hinf, TVLQR, MPC   designs; fields are keys of `controller:`
    Cascade, SlidingMode, DisturbanceObserver, Adaptive   more of joints; what adaptive finds: payload_found -> Payload
    Impedance, Admittance, OperationalSpace, CartesianVelocity   of the tool and of what touches it
    Geometric, Flatness, PurePursuit                      of robots that fly or roll: `made_for` names one
    CONTROLLERS                     name -> design
    together                        laws of several robots as one law of all
    Law                             compiled step, gains, memory; any njit function of LAW's signature serves as step
    lqr, dlqr, tvlqr                linear-quadratic gains: continuous, sampled, along a motion
    hinf                            gains that bound the effect of the worst disturbance
    region_of_attraction            from where a linear feedback brings a nonlinear plant back
    ESTIMATORS                      name -> design of what a law may run on; Estimator, Senses
    kalman                          the steady gain of a linear filter, and the covariance that it reaches
    KalmanFilter, EKF, UKF          states from measurements, of linear systems, Systems and Robots; Estimates
    solve_horizon                   the quadratic program of MPC by itself
    linearise                       the sampled dynamics about a configuration: what LQR is designed on
    shape                           input shaping: a motion that leaves no vibration behind
    damping_limit, inertia_bound    how stiff a sampled loop may be
    analyse, Analysis               poles and margins of a design on a robot, before anything runs

numba and scipy load when a law is made, not here.
"""

from importlib import import_module

from robocalc.control.adaptive import Adaptive, Payload, payload_found
from robocalc.control.cascade import Cascade
from robocalc.control.computed_torque import ComputedTorque, error_gains
from robocalc.control.disturbance import Admittance, DisturbanceObserver
from robocalc.control.estimators import ESTIMATORS
from robocalc.control.geometric import Geometric
from robocalc.control.impedance import Impedance
from robocalc.control.law import FEEDFORWARD, Law
from robocalc.control.linear import LQR, linearise
from robocalc.control.lqi import LQI
from robocalc.control.mpc import MPC
from robocalc.control.pd import PD, PID
from robocalc.control.riccati import dlqr, lqr, tvlqr
from robocalc.control.rolling import Flatness, PurePursuit
from robocalc.control.sliding import SlidingMode
from robocalc.control.stability import damping_limit, inertia_bound
from robocalc.control.task_space import CartesianVelocity, OperationalSpace
from robocalc.control.tracking import TVLQR
from robocalc.control.worst_case import Hinf, hinf

CONTROLLERS = {
    "pd": PD,
    "pid": PID,
    "computed_torque": ComputedTorque,
    "lqr": LQR,
    "lqi": LQI,
    "hinf": Hinf,
    "tvlqr": TVLQR,
    "mpc": MPC,
    "cascade": Cascade,
    "sliding_mode": SlidingMode,
    "disturbance_observer": DisturbanceObserver,
    "impedance": Impedance,
    "admittance": Admittance,
    "operational_space": OperationalSpace,
    "cartesian_velocity": CartesianVelocity,
    "adaptive": Adaptive,
    "geometric": Geometric,
    "flatness": Flatness,
    "pure_pursuit": PurePursuit,
}

__all__ = [
    "CONTROLLERS",
    "EKF",
    "ESTIMATORS",
    "FEEDFORWARD",
    "LAW",
    "LQI",
    "LQR",
    "MPC",
    "PD",
    "PID",
    "TVLQR",
    "UKF",
    "Adaptive",
    "Admittance",
    "Analysis",
    "CartesianVelocity",
    "Cascade",
    "ComputedTorque",
    "DisturbanceObserver",
    "Estimates",
    "Estimator",
    "Flatness",
    "Geometric",
    "Hinf",
    "HorizonSolution",
    "Impedance",
    "KalmanFilter",
    "Law",
    "OperationalSpace",
    "Payload",
    "PurePursuit",
    "Region",
    "Senses",
    "SlidingMode",
    "analyse",
    "damping_limit",
    "dlqr",
    "error_gains",
    "hinf",
    "inertia_bound",
    "kalman",
    "linearise",
    "lqr",
    "payload_found",
    "region_of_attraction",
    "shape",
    "solve_horizon",
    "together",
    "tvlqr",
]


LATER = {  # name -> module, loaded when first asked for
    "Analysis": "analysis",
    "analyse": "analysis",
    "Estimates": "estimating",
    "Estimator": "estimator",
    "Senses": "estimator",
    "EKF": "estimation",
    "UKF": "estimation",
    "KalmanFilter": "estimation",
    "kalman": "estimation",
    "HorizonSolution": "horizon",
    "solve_horizon": "horizon",
    "Region": "region",
    "region_of_attraction": "region",
    "shape": "shaping",
    "together": "composite",
}


def __getattr__(name):
    if name in ("LAW", "LAW_SIGNATURE"):  # numba's types: loaded when first asked for
        from robocalc.control import signature

        return getattr(signature, name)
    if name in LATER:
        value = globals()[name] = getattr(import_module(f"robocalc.control.{LATER[name]}"), name)
        return value
    raise AttributeError(f"module 'robocalc.control' has no attribute {name!r}")
