"""What a task of safe-control-gym starts from, follows, costs and allows.

    Task    one task; `task.start(seed)`, `task.robot`

States are in the gym's order (position, velocity in turns; Euler angles, then body rates in 3D) where a name ends in
`_gym`, else in ours: x = (q, v). Seeds draw the gym's own initial states: numpy's PCG64, in the order of its labels.
Source: Yuan et al., "Safe-Control-Gym", RA-L 2022; examples/lqr and examples/pid of its repository at e39a569.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np

from robocalc.errors import InvalidInput

G = 9.8  # [m/s²], in all tasks


@dataclass(frozen=True)
class Task:
    """One task.

    file        URDF below scenarios/robots
    order       (2n,) int: gym state = x[order]
    rates       control and physics steps per second
    weights     (2n,) of the states in the gym's order, `effort` of the inputs: a period costs
                ½ Σ weights (y - r)² + ½ Σ effort (u - u₀)² after its step
    path        (t (N,), seconds, reference (N, 2n) to fill, the gym's order); None: stay at `goal`
    late        the cost compares the state with the reference of the period's begin (the gym's cart-pole) or end
    draws       ((low, high), ...) of the initial state in the order drawn
    bounds_gym  |state| beyond which an episode ends, in the gym's order; low as in `floor`
    space       |state| of its observation space, of which its default constraints are made
    seen        gym states whose errors are the RMSE
    damping     PyBullet's default of linear and angular damping, which the gym takes off quadrotors of its first client
                alone: its examples fly with it, and so do the figures that it gives
    inertia     ((property, value), ...) of gym_inertia in place of the URDF's
    """

    name: str
    what: str
    file: str
    order: tuple
    rates: tuple
    weights: tuple
    effort: float
    goal: tuple
    path: Callable | None
    draws: tuple
    bounds_gym: tuple
    space: tuple
    seen: tuple
    seed: int
    late: bool = False
    seconds: float = 6.0
    floor: dict = field(default_factory=dict)
    damping: float = 0.0
    spatial: bool = False
    inertia: tuple = ()

    def with_inertia(self, values) -> "Task":
        """The same with these inertias {property: value}, others as they are."""
        return replace(self, inertia=tuple({**dict(self.inertia), **values}.items()))

    @property
    def dt(self) -> float:
        """Physics step [s]."""
        return 1.0 / self.rates[1]

    @property
    def period(self) -> float:
        """Control period [s]."""
        return 1.0 / self.rates[0]

    @property
    def substeps(self) -> int:
        return self.rates[1] // self.rates[0]

    @property
    def periods(self) -> int:
        return round(self.rates[0] * self.seconds)

    @cached_property
    def robot(self):
        """The robot as the gym's physics has it."""
        return _robot(self.file, self.inertia)

    @cached_property
    def inputs(self) -> np.ndarray:
        """(m, 11) rows of robocalc's Actors, drives included."""
        rows = self.robot.actors.inputs
        if len(rows):
            return rows
        rows = np.zeros((self.robot.m, 11))
        rows[:, 0] = [-1 - j for j, name in enumerate(self.robot.joints) if name in self.robot.inputs]
        return rows

    @cached_property
    def drag(self) -> np.ndarray:
        """(4,) damping times mass and inertias xx, yy, zz of the flying body."""
        mass, inertia = self.flying
        return self.damping * np.array([mass, *inertia])

    @cached_property
    def flying(self) -> tuple:
        """(mass [kg], principal inertias (3,) [kg m²]) of the flying body."""
        body = next(link.inertial for link in self.robot.tree.links if link.inertial and link.inertial.mass > 0)
        return body.mass, np.ascontiguousarray(np.diag(body.tensor))

    @cached_property
    def half_pole(self) -> float:
        """Half the pole's length [m]: of the cart-pole alone."""
        return next(float(link.inertial.origin.p[2]) for link in self.robot.tree.links if link.name == "pole")

    def plant(self, fresh=True):
        """What the kernels take: kernels_gym.Plant; fresh: the motion begins an episode."""
        from sims.bench.kernels_gym import Plant

        return Plant(self.inputs, self.drag, np.array([self.dt, self.substeps, self.spatial, fresh], float))

    @cached_property
    def hover(self) -> np.ndarray:
        """u₀ (m,): inputs at rest, from which effort counts; the gym's equilibrium."""
        u = self.robot.inputs_for(self.robot.home, self.robot.gravity(self.robot.home))
        return np.where(np.abs(u) < 1e-12, 0.0, u)

    @cached_property
    def limits(self) -> np.ndarray:
        """(2, m) of the inputs."""
        return np.ascontiguousarray(self.robot.input_limits)

    @cached_property
    def reference_gym(self) -> np.ndarray:
        """(periods + 1, 2n) at the control periods."""
        t = np.arange(self.periods + 1) * self.period
        out = np.zeros((len(t), len(self.order)))
        if self.path is None:
            out[:] = self.goal
        else:
            self.path(t, self.seconds, out)
        return out

    @cached_property
    def reference(self) -> np.ndarray:
        """(periods + 1, 2n) in our order."""
        return self.ours(self.reference_gym)

    @cached_property
    def targets(self) -> np.ndarray:
        """(periods + 1, 2n), ours: what the state at the end of period k - 1 is compared with in row k."""
        return np.vstack([self.reference[:1], self.reference[:-1]]) if self.late else self.reference

    @cached_property
    def diagonal(self) -> np.ndarray:
        """(2n,) weights in our order."""
        return self.ours(np.array(self.weights, float))

    def ours(self, y):
        """Gym states (..., 2n) in our order; in 3D velocities stay body rates (r, q, p)."""
        out = np.empty_like(np.asarray(y, float))
        out[..., list(self.order)] = y
        return out

    def start(self, seed=None) -> np.ndarray:
        """x (2n,) of that seed (the task's own where None), as the gym's episode begins."""
        seed = self.seed if seed is None else seed
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise InvalidInput(f"seed must be a whole number from 0, got {seed!r}")
        rng = np.random.default_rng(seed)
        drawn = np.array([rng.uniform(low, high) for low, high in self.draws])
        return self.ours(drawn) if not self.spatial else _spatial_start(self.ours(drawn))

    @cached_property
    def ends(self) -> np.ndarray:
        """(2, 2n) states in the gym's order beyond which an episode ends."""
        return self._sides(self.bounds_gym)

    @cached_property
    def box(self) -> np.ndarray:
        """(2, 2n) the gym's observation space, in its order."""
        return self._sides(self.space)

    def _sides(self, high):
        low = [self.floor.get(i, -value) for i, value in enumerate(high)]
        return np.array([low, high], float)

    def state_of(self, y) -> np.ndarray:
        """x = (q, v) of a state as the gym has it, in its order."""
        x = self.ours(y)
        if self.spatial:
            x[9:] = np.linalg.solve(body_rates(x[3:6]), x[9:])
        return x

    def measured(self, x) -> np.ndarray:
        """y (2n,) of the cost, our order, for x = (q, v)."""
        y = np.array(x, float)
        if self.spatial:
            y[9:] = body_rates(y[3:6]) @ y[9:]
        return y


def body_rates(angles):
    """T with (r, q, p) = T (rates of yaw, pitch, roll)."""
    _, pitch, roll = angles
    s, c, st, ct = np.sin(roll), np.cos(roll), np.sin(pitch), np.cos(pitch)
    return np.array([[ct * c, -s, 0.0], [ct * s, c, 0.0], [-st, 0.0, 1.0]])


def _spatial_start(y):
    """x of a drawn state: the gym gives the drawn rates to PyBullet as world rates, reads body rates, and gives these
    as world rates once more when the episode begins."""
    yaw, pitch, roll = y[3:6]
    T = body_rates(y[3:6])
    R = turned(yaw, pitch, roll)
    twice = R.T @ (R.T @ y[[11, 10, 9]])
    x = y.copy()
    x[9:] = np.linalg.solve(T, twice[::-1])
    return x


def turned(yaw, pitch, roll):
    """R_z(yaw) R_y(pitch) R_x(roll)."""
    (a, b, c), (d, e, f) = np.sin([yaw, pitch, roll]), np.cos([yaw, pitch, roll])
    Rz, Ry = np.array([[d, -a, 0], [a, d, 0], [0, 0, 1]]), np.array([[e, 0, b], [0, 1, 0], [-b, 0, e]])
    return Rz @ Ry @ np.array([[1, 0, 0], [0, f, -c], [0, c, f]])


@cache
def _robot(file, inertia):
    from robocalc.dynamics import Robot
    from robocalc.dynamics.registry import OURS
    from sims.bench.gym_inertia import changed

    robot = changed(OURS / file, dict(inertia)) if inertia else Robot.from_urdf(OURS / file)
    return robot.with_gravity((0.0, 0.0, -G))
