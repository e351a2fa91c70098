"""Wind, and drag of links in it: as people write them, and as arrays.

Drag         F = ½ ρ c A |w - u| (w - u) on a point of a link that moves at u in air that moves at w
Wind         a steady velocity, one gust, and turbulence; winds add up
"""

import math
from dataclasses import dataclass

import numpy as np

from robocalc.control.gains import checked
from robocalc.errors import InvalidInput
from sims.effects.places import acting

SEA_LEVEL = 1.225  # [kg/m³] density of air at 15 °C


@dataclass(frozen=True)
class Drag:
    """A link of drag area c A [m²] in air of a density [kg/m³]; the force acts on `point` (3,) [m] of its frame."""

    link: str
    area: float
    point: tuple[float, float, float] = (0.0, 0.0, 0.0)
    density: float = SEA_LEVEL

    def __post_init__(self):
        object.__setattr__(self, "point", _three(f"drag of {self.link}: point", self.point))
        for key in ("area", "density"):
            object.__setattr__(self, key, checked(f"drag of {self.link}: {key}", getattr(self, key)))


@dataclass(frozen=True)
class Wind:
    """w(t) = velocity + gust/2 (1 - cos 2π (t - start)/duration) while it lasts + turbulence, in world [m/s].

    turbulence    standard deviation of each component [m/s]; correlation: its time constant [s]
    source        the gust: MIL-F-8785C, "1 - cosine"; turbulence of first order: Dryden's, along the wind
    """

    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gust: tuple[float, float, float] = (0.0, 0.0, 0.0)
    start: float = 0.0
    duration: float = 1.0
    turbulence: float = 0.0
    correlation: float = 1.0

    def __post_init__(self):
        for key in ("velocity", "gust"):
            object.__setattr__(self, key, _three(f"wind: {key}", getattr(self, key)))
        for key in ("start", "duration", "turbulence", "correlation"):
            positive = key in ("duration", "correlation")
            object.__setattr__(self, key, checked(f"wind: {key}", getattr(self, key), positive=positive))

    def at(self, t):
        """(N, 3) at t (N,) [s], without turbulence: that is drawn."""
        s = np.clip((np.asarray(t, float) - self.start) / self.duration, 0.0, 1.0)
        return np.array(self.velocity) + 0.5 * (1 - np.cos(2 * np.pi * s))[:, None] * np.array(self.gust)

    def drawn(self, steps, dt, generator):
        """(steps + 1, 3) of turbulence: wₖ₊₁ = e wₖ + σ √(1 - e²) N(0, 1), e = exp(-dt/correlation)."""
        from scipy.signal import lfilter

        e = math.exp(-dt / self.correlation)
        x = self.turbulence * generator.standard_normal((steps + 1, 3))
        x[1:] *= math.sqrt(1 - e * e)
        return lfilter([1.0], [1.0, -e], x, axis=0)


def wind_rows(winds, dt, steps, generators):
    """(steps + 1, 3) velocity of the air, the mean over each step's middle; (0, 3) where it is still."""
    if not winds:
        return np.zeros((0, 3))
    t, total = (np.arange(steps + 1) + 0.5) * dt, np.zeros((steps + 1, 3))
    for wind, generator in zip(winds, generators, strict=True):
        total += wind.at(t)
        if wind.turbulence > 0:
            total += wind.drawn(steps, dt, generator)
    return total


def drag_rows(robot, drags):
    """Bodies (D,) and rows (D, 4) of Effects.drag; raises InvalidInput for a link that does not move."""
    bodies, table = np.zeros(len(drags), np.int64), np.zeros((len(drags), 4))
    for i, drag in enumerate(drags):
        bodies[i], table[i, :3] = acting(robot, drag.link, drag.point, f"drag of {drag.link} slows nothing")
        table[i, 3] = 0.5 * drag.density * drag.area
    return bodies, table


def _three(name, value):
    x = np.asarray(value, dtype=float)
    if x.shape != (3,) or not np.isfinite(x).all():
        raise InvalidInput(f"{name} must be 3 finite numbers, got {value!r}")
    return tuple(x.tolist())
