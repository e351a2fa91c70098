"""Plants and sensors as filters take them.

motion_of    a System or a Robot -> Motion, one step of dt: nx, nu, linear(t, x, u) -> (x₊, ∂x₊/∂x), many(t, X, u) -> X₊
sensor_of    a matrix C or a function h -> Sensor: p, h(x) (p,), jac(x) (p, nx)
"""

from dataclasses import dataclass

import numpy as np

from robocalc.control.estimating import finite
from robocalc.control.gains import check_period, check_substeps
from robocalc.dynamics.system import System
from robocalc.errors import InvalidInput

STEP = 1e-3  # of differences of h, relative to max(1, |xᵢ|): error about STEP⁴


def motion_of(plant, dt, substeps):
    check_period(dt)
    check_substeps(substeps)
    if isinstance(plant, System):
        return SystemMotion(plant, float(dt), substeps)
    if hasattr(plant, "step_derivatives"):
        return RobotMotion(plant, float(dt), substeps)
    raise InvalidInput(f"a filter's plant must be a System or a Robot, got {type(plant).__name__}")


@dataclass(frozen=True)
class SystemMotion:
    """x₊ by Runge-Kutta 4 under constant u."""

    system: System
    dt: float
    substeps: int

    @property
    def nx(self):
        return self.system.nx

    @property
    def nu(self):
        return self.system.nu

    def linear(self, t, x, u):
        """(x₊, ∂x₊/∂x): each stage's derivative is carried along, Kᵢ' = J(xᵢ) (I + cᵢ h Kᵢ₋₁')."""
        h, f, jacobian, A = self.dt / self.substeps, self.system.rates, self.system.linearise, np.eye(self.nx)
        for s in range(self.substeps):
            k, D, rate, slope = 0.0, 0.0, 0.0, 0.0
            for c, weight in ((0.0, 1 / 6), (0.5, 1 / 3), (0.5, 1 / 3), (1.0, 1 / 6)):
                at, ts = x + c * h * k, t + (s + c) * h
                D = jacobian(ts, at, u)[0] @ (np.eye(self.nx) + c * h * D)
                k = f(ts, at, u)
                rate, slope = rate + weight * k, slope + weight * D
            x, A = x + h * rate, A + h * slope @ A
        return x, A

    def many(self, t, X, u):
        h, f = self.dt / self.substeps, self.system.rates
        for s in range(self.substeps):
            k, rate = 0.0, 0.0
            for c, weight in ((0.0, 1 / 6), (0.5, 1 / 3), (0.5, 1 / 3), (1.0, 1 / 6)):
                k = f(t + (s + c) * h, X + c * h * k, u)
                rate = rate + weight * k
            X = X + h * rate
        return X


@dataclass(frozen=True)
class RobotMotion:
    """x = (q, v) by the twin's semi-implicit Euler under constant torque u = τ."""

    robot: object
    dt: float
    substeps: int

    @property
    def nx(self):
        return 2 * self.robot.n

    @property
    def nu(self):
        return self.robot.n

    def linear(self, t, x, u):
        h, n, A = self.dt / self.substeps, self.robot.n, np.eye(self.nx)
        for _ in range(self.substeps):
            A = self.robot.step_derivatives(x[:n], x[n:], u, h).A @ A
            x = np.concatenate(self.robot.step(x[:n], x[n:], u, h))
        return x, A

    def many(self, t, X, u):
        h, n = self.dt / self.substeps, self.robot.n
        torque = np.tile(u, (len(X), 1))
        for _ in range(self.substeps):
            X = np.hstack(self.robot.step(X[:, :n].copy(), X[:, n:].copy(), torque, h))
        return X


@dataclass(frozen=True)
class Sensor:
    """y = h(x) of p measurements, and ∂h/∂x."""

    h: object
    jac: object
    p: int


def sensor_of(C, jac_h, nx, R) -> Sensor:
    if callable(C):
        p = len(finite("R", R, 2))
        h = _checked("h(x)", C, (p,))
        return Sensor(h, _differences(h) if jac_h is None else _checked("jac_h(x)", jac_h, (p, nx)), p)
    if jac_h is not None:
        raise InvalidInput("jac_h is the derivative of a function h; C is a matrix")
    C = finite("C", C, 2)
    finite("C", C, 2, (len(C), nx))
    return Sensor(lambda x: C @ x, lambda x: C, len(C))


def _checked(name, function, shape):
    def checked(x):
        y = np.asarray(function(x), float)
        if y.shape != shape:
            raise InvalidInput(f"{name} must have shape {shape}, as R has {shape[0]} rows, got {y.shape}")
        return y

    return checked


def _differences(h):
    """∂h/∂x by central differences of fourth order."""

    def jacobian(x):
        columns = []
        for i in range(len(x)):
            e = np.zeros(len(x))
            e[i] = STEP * max(1.0, abs(x[i]))
            columns.append((8 * (h(x + e) - h(x - e)) - (h(x + 2 * e) - h(x - 2 * e))) / (12 * e[i]))
        return np.stack(columns, axis=1)

    return jacobian
