"""Collocation as tables: how the states of one interval are tied to their rates.

    Scheme    Σⱼ Aᵣⱼ x(cⱼ) = h Σⱼ Bᵣⱼ f(cⱼ), cost h Σⱼ wⱼ L(cⱼ), for the points c of an interval of length h
    SCHEMES   trapezoidal (order 2), hermite_simpson (4), radau (Legendre-Gauss-Radau, 3 points, 5)

Source: Kelly (2017), SIAM Review 59, sections 3 and 4; Garg et al. (2011) for Radau's points.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from robocalc.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Scheme:
    """Points c (m + 1,) from 0 to 1, an interval's last being the next one's first; A, B (rows, m + 1), w (m + 1,).

    Rates (and inputs) are polynomials through the points where B is not zero: `free` (the first is left out by Radau).
    raises   InvalidInput   a polynomial x of a degree up to `order` breaks the rows
    """

    name: str
    order: int
    c: np.ndarray
    A: np.ndarray
    B: np.ndarray
    w: np.ndarray
    dual_powers: tuple = ()  # of h in the multiplier of each row, over the costate; zeros where empty

    def __post_init__(self):
        for name in ("c", "A", "B", "w"):
            value = np.array(getattr(self, name), dtype=float)
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        object.__setattr__(self, "dual_powers", self.dual_powers or (0,) * len(self.A))
        exact = len(self.nodes)  # rates of this degree less one are met exactly
        for d in range(exact + 1):
            rates = d * self.c ** max(d - 1, 0)
            if abs(self.A @ self.c**d - self.B @ rates).max() > 1e-12:
                raise InvalidInput(f"scheme {self.name!r}: rows do not hold for t^{d}")
            if d and abs(self.w @ rates - 1) > 1e-12:
                raise InvalidInput(f"scheme {self.name!r}: weights do not integrate t^{d - 1}")

    @cached_property
    def free(self) -> np.ndarray:
        """Indices of the points that have rates and inputs of their own."""
        return np.flatnonzero(np.abs(self.B).max(axis=0) > 0)

    @cached_property
    def nodes(self) -> np.ndarray:
        """Their fractions of the interval."""
        return self.c[self.free]

    @cached_property
    def powers(self) -> np.ndarray:
        """(d, d): values at the nodes -> coefficients of ascending powers of the fraction."""
        return np.linalg.inv(np.vander(self.nodes, increasing=True))


def _radau(s):
    """Right Radau points, and the differentiation matrix of the polynomial through 0 and them."""
    p = np.polynomial.legendre.Legendre.basis(s) - np.polynomial.legendre.Legendre.basis(s - 1)
    inner = np.sort(p.roots().real)
    c = np.concatenate([[0.0], (inner[:-1] + 1) / 2, [1.0]])
    V = np.vander(c, increasing=True)
    slope = np.array([[d * x ** max(d - 1, 0) for d in range(s + 1)] for x in c[1:]])
    w = np.linalg.solve(np.vander(c[1:], increasing=True).T, 1 / np.arange(1, s + 1))
    return c, slope @ np.linalg.inv(V), np.hstack([np.zeros((s, 1)), np.eye(s)]), np.append(0.0, w)


SCHEMES = {
    "trapezoidal": Scheme("trapezoidal", 2, [0, 1], [[-1, 1]], [[0.5, 0.5]], [0.5, 0.5]),
    "hermite_simpson": Scheme(
        "hermite_simpson",
        4,
        [0, 0.5, 1],
        [[-0.5, 1, -0.5], [-1, 0, 1]],
        [[1 / 8, 0, -1 / 8], [1 / 6, 4 / 6, 1 / 6]],
        [1 / 6, 4 / 6, 1 / 6],
        (1, 0),
    ),
    "radau": Scheme("radau", 5, *_radau(3)),
}
