"""Linear error dynamics of chosen natural frequency and damping, by inverse dynamics of the model.

    τ = M(q̂) (a_ref + kp e + kd ė + ki ∫e) + h(q̂, v̂) + friction along the reference,   q̂ = q_ref - e, v̂ = v_ref - ė

With the error taken where it was measured and the reference now, an exact model tracks exactly, delayed or not; where
measurements are delayed, the error is carried to now by what was commanded since: robocalc.control.prediction.
"""

from dataclasses import dataclass, field

import numpy as np

from robocalc.control.gains import Gain, about, check_period, check_substeps, checked, per_joint
from robocalc.control.law import Law
from robocalc.control.observing import SPEED_NOISE, searching
from robocalc.control.prediction import prediction
from robocalc.errors import InvalidInput


def error_gains(poles, dt, substeps=1) -> np.ndarray:
    """Gains kp, kd (of two poles) or kp, kd, ki (of three) that put the sampled error's poles at exp(poles dt).

    The error of a unit mass under a command u held over `substeps` steps of semi-implicit Euler, together dt:

        ė₊ = ė - dt u,  e₊ = e + dt ė - σ dt² u,  s₊ = s + dt e₊,  u = kp e + kd ė + ki s,  σ = (1 + 1/substeps) / 2

    With w = z - 1 the characteristic polynomial is w³ + d w² + p w (1 + σ w) + i (1 + w) (1 + σ w), where d = kd dt,
    p = kp dt², i = ki dt³; matching it to Π (w - wₖ) is linear. poles (m,) or (m, n) [1/s], real or in conjugate pairs;
    returns (m,) or (m, n) [1/s², 1/s, 1/s³].
    """
    poles = np.asarray(poles, complex)
    roots = np.expm1(poles * dt).reshape(len(poles), -1)  # w = z - 1
    C = np.array([np.poly(column).real for column in roots.T]).T[::-1]  # coefficients of wᵏ, ascending
    sigma = 0.5 + 0.5 / substeps
    if len(poles) == 2:
        p = C[0]
        gains = np.array([p / dt**2, (C[1] - sigma * p) / dt])
    else:
        i = C[0]
        p = C[1] - (1.0 + sigma) * i
        gains = np.array([p / dt**2, (C[2] - sigma * (p + i)) / dt, i / dt**3])
    return gains.reshape(len(poles), *poles.shape[1:])


LOAD = np.array([2.0, 0.2, 0.2, 0.2])  # [kg, kg m] spread of m and m c expected of an unknown payload
DRIFT = 1e-3 * LOAD**2  # [per s] by which their variance grows, so that a payload may change
SMOOTHING = 4.5e-3  # [s] over which the search takes the mean of motion and torque


def delayed(gains, robot, dt, substeps, latency) -> Law:
    """The law for measurements that are old; gains (3, n) = kp, kd, ki dt."""
    from robocalc.control import kernels as k

    predict = prediction(latency, dt, substeps)
    table = np.zeros((k.PREDICT + 3, max(robot.n, predict.shape[1])))
    table[: k.PREDICT, : robot.n] = gains
    table[k.PREDICT :, : predict.shape[1]] = predict
    memory = np.zeros((k.PAST + predict.shape[1] - 2, robot.n))
    return Law(k.computed_torque_delayed, table, memory, dt, "friction", robot)


def adaptive(gains, robot, dt, substeps, latency) -> Law:
    """The law of ComputedTorque(adapt_payload=True); gains (3, n) = kp, kd, ki dt.

    A joint's torque is trusted as far as its velocity is known and its friction:
    variance = (M(home)ᵢᵢ σ_v/dt)² + Coulomb's².
    """
    from robocalc.control import kernels_payload as k

    table, memory = searching("adapt_payload", gains, robot, dt, substeps, latency, SMOOTHING)
    inertia = np.diag(robot.mass_matrix(robot.home))
    table[k.VARIANCE, : robot.n] = (inertia * SPEED_NOISE / dt) ** 2 + robot.friction[1] ** 2
    table[k.CONSTANTS, k.DRIFT : k.DRIFT + 4] = DRIFT * dt
    memory[k.COVARIANCE : k.HEAD, :4] = np.diag(LOAD**2)
    return Law(k.computed_torque_payload, table, memory, dt, "friction", robot)


@dataclass(frozen=True)
class ComputedTorque:
    """wn [rad/s] natural frequency, zeta [-] damping ratio, one number or one a joint; exact for the sampled loop.

    integral        also drive the integrated error to zero, by a third pole at `rate` [rad/s] (None: at wn); a number
                    here is that rate
    adapt_payload   also find mass and centre of mass of an unmodelled payload (more or less than believed) at the
                    robot's tool, from the torque that the model does not explain: robocalc.control.kernels_payload

    A latency is made good by prediction (robocalc.control.prediction): the poles stay where they are without it. How
    fast they may be is then a matter of what the model has wrong: with wn L ≤ 0.4 at a latency L, the arm may be from
    half to twice as heavy as believed. For a tool that may be a kilogram off the model, wn = 75 with integral and
    adapt_payload; that payload stays off by default, since a robot may be wrong in other ways as well, and noise and
    pushes, which the search takes for payload, cost up to twice the error that integral action alone leaves.
    """

    wn: Gain = field(default=40.0, metadata=about("[rad/s] natural frequency of the error, one or per joint"))
    zeta: Gain = field(default=1.0, metadata=about("[-] damping ratio of the error, one or per joint"))
    integral: bool = field(default=False, metadata=about("true: the integrated error goes to zero as well"))
    rate: Gain | None = field(default=None, metadata=about("[rad/s] pole of the integral action; left out: wn"))

    adapt_payload: bool = field(
        default=False, metadata=about("true: finds a payload at the tool that the model does not know of, while moving")
    )

    def __post_init__(self):
        if not isinstance(self.integral, bool | np.bool_):
            if self.rate is not None:
                raise InvalidInput(f"integral = {self.integral!r} and rate = {self.rate!r} name one pole; give one")
            object.__setattr__(self, "rate", checked("integral", self.integral, positive=True))
            object.__setattr__(self, "integral", True)
        for name in ("wn", "zeta", "rate"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, checked(name, getattr(self, name), positive=True))

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps; q_nominal changes nothing here.

        latency   age of a measurement [s] when the law gets it, whole control periods or not
        """
        from robocalc.control.kernels import computed_torque

        check_period(dt)
        check_substeps(substeps)
        gains = np.zeros((3, robot.n))
        poles = self._poles(robot)
        gains[: len(poles)] = error_gains(poles, dt, substeps)
        gains[2] *= dt  # per control period
        dt, latency = float(dt), checked("latency", latency)
        if self.adapt_payload:
            return adaptive(gains, robot, dt, substeps, latency)
        if latency > 0:
            return delayed(gains, robot, dt, substeps, latency)
        return Law(computed_torque, gains, np.zeros((5, robot.n)), dt, "friction", robot)

    def _poles(self, robot):
        """(2 or 3, n) [1/s]."""
        wn, zeta = per_joint("wn", self.wn, robot), per_joint("zeta", self.zeta, robot)
        spread = wn * np.sqrt(zeta.astype(complex) ** 2 - 1.0)
        poles = [-zeta * wn + spread, -zeta * wn - spread]
        if self.integral:
            poles.append(-(wn if self.rate is None else per_joint("rate", self.rate, robot)).astype(complex))
        return np.array(poles)
