"""Constant state feedback on measurements that are old.

held    the law of constant gains about a configuration, latency made good or none
"""

import numpy as np

from robocalc.control.along import along, delay
from robocalc.control.gains import check_period, check_substeps, checked
from robocalc.control.law import Law


def held(K, robot, q, dt, substeps, latency, feedforward) -> Law:
    """τ = τ_ff + K x̂, x̂ the error (q, v) now: as measured, or carried to now by the dynamics about q and the torques
    applied since, so that an exact model's poles stay where they are without latency.

    K         (n, 2n) torque per error        q   (n,) configuration of the design
    latency   age of a measurement [s]        dt  [s] control period of `substeps` physics steps
    source    Artstein (1982), Linear systems with delayed controls: a reduction, IEEE TAC 27(4)
    """
    check_period(dt)
    check_substeps(substeps)
    dt, latency = float(dt), checked("latency", latency)
    if latency == 0:
        from robocalc.control.kernels import state_feedback

        return Law(state_feedback, K.T, np.zeros((1, robot.n)), dt, feedforward, robot)
    from robocalc.control import kernels_along as k

    rest = np.zeros((2, 3, robot.n))
    rest[:, 0] = q
    Phi, Gamma = delay(along(robot, rest, dt / substeps, substeps), latency, dt, substeps)
    return Law(k.feedback_along, *k.tables((K @ Phi[-1])[None], (K @ Gamma[-1])[None], dt), dt, feedforward, robot)
