"""What is not known of a robot: bodies in log-Cholesky coordinates, friction of the joints, delay of the encoders.

Unknowns    values, how sure one is beforehand, and what may move; a vector of numbers and back
WHAT        the kinds that identify fits
"""

from dataclasses import dataclass, replace

import numpy as np

from robocalc.dynamics.model import COM, INERTIA, MASS
from robocalc.dynamics.regressor import (
    COLUMNS,
    ROWS,
    body_of,
    log_cholesky,
    parameters,
    physical,
    physical_slopes,
    pi_of,
    pseudo_inertia,
)

WHAT = ("payload", "friction", "inertia", "delay")
BALL = 1000.0  # kg/m³: what a payload's extent is taken from where the motion does not tell
# how far from where one starts a value may lie: factor of mass, factor and share of extent, [m] of the centre
LOAD_SPREAD, BODY_SPREAD = (3.0, 0.5, 0.5, 0.5), (0.15, 0.15, 0.15, 0.03)
RESISTANCE, LATE = 100.0, 0.1  # likewise of friction [N m s/rad, N m] and delay [s]
LEAST_EXTENT = 1e-3  # [m]


@dataclass(frozen=True, eq=False)
class Unknowns:
    """B bodies at frames `offsets` (B, 12) of `places` (B,), n joints.

    robot         without what is unknown of its bodies and its payload; `replaced`: bodies whose own inertia is unknown
    x             (B, 10) log-Cholesky coordinates; resistance (2, n) viscous and Coulomb; delay [s]
    centre, spread, free   of the vector (10 B + 2 n + 1,): where it is expected, how far from there, what may move
    names         of the vector's entries
    """

    robot: object
    replaced: tuple
    places: np.ndarray
    offsets: np.ndarray
    x: np.ndarray
    resistance: np.ndarray
    delay: float
    centre: np.ndarray = None
    spread: np.ndarray = None
    free: np.ndarray = None
    names: tuple = ()

    @property
    def vector(self) -> np.ndarray:
        return np.concatenate([self.x.ravel(), self.resistance.ravel(), [self.delay]])

    def at(self, vector) -> "Unknowns":
        """These with other values; friction and delay are never negative."""
        B, n = len(self.x), self.robot.n
        bodies, rest = vector[: 10 * B].reshape(B, 10), np.maximum(vector[10 * B :], 0.0)
        return replace(self, x=bodies, resistance=rest[:-1].reshape(2, n), delay=float(rest[-1]))

    def model(self):
        """A Model of the robot with these bodies, and (B, 10, 10) slopes of their parameters."""
        model = self.robot.model()
        for body in self.replaced:
            model.bodies[body, MASS : INERTIA + 6] = 0.0
        for body, offset, x in zip(self.places, self.offsets, self.x, strict=True):
            _attach(model.bodies[body], offset, physical(x))
        return model, np.array([physical_slopes(x) for x in self.x]).reshape(-1, 10, 10)


def _attach(row, offset, pi):
    """Add a body with parameters π at a frame to a row of Model.bodies."""
    own = pi_of(row[MASS], row[COM : COM + 3], _full(row[INERTIA : INERTIA + 6]))
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = offset[:9].reshape(3, 3), offset[9:]
    P = pseudo_inertia(own) + T @ pseudo_inertia(pi) @ T.T
    S = P[:3, :3]
    about = np.trace(S) * np.eye(3) - S
    mass, com, inertia = body_of(np.concatenate([[P[3, 3]], P[:3, 3], about[ROWS, COLUMNS]]))
    row[MASS], row[COM : COM + 3], row[INERTIA : INERTIA + 6] = mass, com, inertia[ROWS, COLUMNS]


def _full(six):
    xx, xy, xz, yy, yz, zz = six
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def unknowns_of(robot, load, resistance, delay, what, link) -> Unknowns:
    """From a first guess.

    robot       without payload where that is asked for
    load        (mass, com) of the payload at the frame `link`, None where there is none to look for
    what        of WHAT
    """
    n, places, offsets, xs, spread, names = robot.n, [], [], [], [], []
    if load is not None:
        mass, com = load
        body, offset = robot.frame(link)
        places, offsets, xs = [body], [offset], [ball(mass, com)]
        spread, names = [_spread(xs[0], LOAD_SPREAD)], _names("payload")
    replaced = range(n) if "inertia" in what else ()
    for body, pi in enumerate(parameters(robot)):
        if body in replaced:
            places.append(body)
            offsets.append(np.concatenate([np.eye(3).ravel(), np.zeros(3)]))
            xs.append(log_cholesky(pi, least=LEAST_EXTENT))
            spread.append(_spread(xs[-1], BODY_SPREAD))
            names += _names(f"body of {robot.joints[body]}")
    B = len(xs)
    names += [f"{kind} friction of {joint}" for kind in ("viscous", "Coulomb") for joint in robot.joints] + ["delay"]
    made = Unknowns(
        robot,
        tuple(replaced),
        np.array(places, np.int64),
        np.reshape(offsets, (B, 12)).astype(float),
        np.reshape(xs, (B, 10)).astype(float),
        np.array(resistance, float),
        float(delay),
        spread=np.concatenate([*spread, np.full(2 * n, RESISTANCE), [LATE]]),
        free=np.repeat([True, "friction" in what, "delay" in what], [10 * B, 2 * n, 1]),
        names=tuple(names),
    )
    centre = made.vector
    centre[10 * B :] = 0.0
    return replace(made, centre=centre)


def ball(mass, com) -> np.ndarray:
    """Log-Cholesky coordinates of a ball of BALL."""
    radius = (mass / (BALL * 4 / 3 * np.pi)) ** (1 / 3)
    return log_cholesky(pi_of(mass, com, 0.4 * mass * radius**2 * np.eye(3)))


def _spread(x, kind):
    mass, factor, share, centre = kind
    extent = np.exp(np.mean(x[1:4]))
    return np.repeat([mass, factor, share * extent, centre], [1, 3, 3, 3])


def _names(whose):
    words = ("mass", *(f"extent along {a}" for a in "xyz"), *(f"turn {a}" for a in ("xy", "xz", "yz")))
    return [f"{whose}: {word}" for word in (*words, *(f"com {a}" for a in "xyz"))]
